"""The nuclei and the blood cells: made archives are read as said, wrong ones are told, the real ones are what is said of them."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from practicum.data import bccd, dsb2018, store
from practicum.errors import PracticumError
from tests.data.test_voc import note
from tests.data.zips import packed, picture

DATA = Path(os.environ.get("PRACTICUM_DATA", "nowhere"))
random = np.random.default_rng(0)


def nuclei(**changed: bytes | None) -> dict[str, bytes | str]:
    members: dict[str, Any] = {}
    for name, shape in (("b", (4, 6)), ("a", (5, 3))):
        members[f"images/{name}.png"] = picture(random.integers(0, 256, (*shape, 3), np.uint8))
        members[f"labels/{name}.png"] = picture(np.arange(shape[0] * shape[1], dtype=np.uint16).reshape(shape) * 300)
    members |= {name.replace("_", "/") + ".png": data for name, data in changed.items()}
    return {name: data for name, data in members.items() if data is not None}


def test_nuclei_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    images, instances = dsb2018.read(packed(tmp_path / "n.zip", nuclei()))
    assert [tuple(image.shape) for image in images] == [(3, 5, 3), (3, 4, 6)]
    assert images[0].dtype == torch.uint8
    assert images[0].is_contiguous()
    assert instances[1].dtype == torch.int64
    assert instances[1].flatten().tolist() == list(range(0, 24 * 300, 300))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"labels_a": None}, "holds no labels/a.png"),
        ({"labels_a": picture(np.zeros((5, 4), np.uint16))}, r"labels of image a with its shape, \(5, 3\), got \(5, 4\)"),
        ({"labels_b": b"no"}, "labels/b.png is not a whole image"),
        ({"images_a": None, "images_b": None}, r"expected images/\*.png, got none"),
    ],
)
def test_wrong_nuclei_are_told(tmp_path: Path, changed: dict[str, bytes | None], told: str) -> None:
    with pytest.raises(PracticumError, match=told):
        dsb2018.read(packed(tmp_path / "n.zip", nuclei(**changed)))


def cells(**changed: bytes | str | None) -> dict[str, bytes | str]:
    """Three images of 30 × 40 pixels, in three splits; the first is half black."""
    members: dict[str, Any] = {}
    half = np.full((30, 40, 3), 200, np.uint8)
    half[:, :20] = 0
    for split, name in (("train", "i1"), ("val", "i2"), ("test", "i3")):
        members[f"BCCD/ImageSets/Main/{split}.txt"] = f"{name}\n"
        members[f"BCCD/JPEGImages/{name}.jpg"] = picture(half, "JPEG")
        members[f"BCCD/Annotations/{name}.xml"] = note(("WBC", 4, 3, 40, 30), ("RBC", 9, 9, 9, 9), ("Platelets", 0, 0, 10, 6))
    members["BCCD/ImageSets/Main/train.txt"] = "i1\ni2\n"
    members["BCCD/Annotations/i2.xml"] = note(("RBC", 1, 2, 3, 4))
    members |= {f"BCCD/{name}": data for name, data in changed.items()}
    return {name: data for name, data in members.items() if data is not None}


def test_cells_are_scaled_with_their_boxes_and_padded(tmp_path: Path) -> None:
    found = bccd.read(packed(tmp_path / "c.zip", cells()), 15, 10)
    train = found.train
    assert tuple(train.images.shape) == (2, 3, 15, 10)
    assert train.images.dtype == torch.uint8
    assert (train.images[0, :, :, :4] < 10).all()
    assert (train.images[0, :, :, 6:] > 190).all()
    assert train.labels.tolist() == [[1, 2], [0, -1]]
    assert train.boxes.tolist() == [[[1, 1.5, 10, 15], [0, 0, 2.5, 3]], [[0.25, 1, 0.75, 2], [0, 0, 0, 0]]]
    assert len(found.validation.images) == len(found.test.images) == 1
    assert found.broken == tuple(f"{name}.xml: RBC has the box (9, 9, 9, 9) in an image of 40 × 30" for name in ("i1", "i3"))
    assert bccd.read(tmp_path / "c.zip", 30, 40).test.boxes[0, 0].tolist() == [4, 3, 40, 30]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"JPEGImages/i3.jpg": None}, "holds no BCCD/JPEGImages/i3.jpg"),
        ({"Annotations/i3.xml": None}, "holds no BCCD/Annotations/i3.xml"),
        ({"ImageSets/Main/val.txt": None}, "holds no BCCD/ImageSets/Main/val.txt"),
        ({"ImageSets/Main/val.txt": "\n"}, "images in the split val, got none"),
        ({"JPEGImages/i1.jpg": b"\xff\xd8\xff"}, "i1.jpg is not a whole image"),
        (
            {"JPEGImages/i1.jpg": picture(np.zeros((40, 30, 3), np.uint8), "JPEG")},
            "i1.jpg: expected 40 × 30 as its annotation says, got 30 × 40",
        ),
        ({"Annotations/i1.xml": note(("Fish", 1, 2, 3, 4))}, "i1.xml: expected one of RBC, WBC, Platelets, got 'Fish'"),
    ],
)
def test_wrong_cells_are_told(tmp_path: Path, changed: dict[str, bytes | str | None], told: str) -> None:
    with pytest.raises(PracticumError, match=told):
        bccd.read(packed(tmp_path / "c.zip", cells(**changed)), 15, 10)


def test_without_the_data_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for load, dataset in ((bccd.bccd, bccd.BCCD), (dsb2018.dsb2018, dsb2018.DSB2018)):
        with pytest.raises(PracticumError, match=f"set PRACTICUM_DATA to a folder that holds {dataset.name}/") as told:
            load()
        assert dataset.source in str(told.value)
        assert dataset.sample == ()
    with pytest.raises(ValueError, match="got 0 and 5"):
        bccd.bccd(0, 5)


@pytest.mark.skipif(not (DATA / "dsb2018_nuclei").is_dir(), reason="PRACTICUM_DATA has no dsb2018_nuclei/")
def test_the_real_nuclei() -> None:
    found = dsb2018.dsb2018()
    assert (len(found.train_images), len(found.test_images)) == (50, 15)
    for image, marks in zip(found.train_images + found.test_images, found.train_instances + found.test_instances, strict=True):
        assert image.shape == (3, *marks.shape)
        assert marks.unique().equal(torch.arange(int(marks.max()) + 1))  # numbered without gaps, and with some background
        assert marks.max() >= 3


@pytest.mark.skipif(not (DATA / "bccd").is_dir(), reason="PRACTICUM_DATA has no bccd/")
def test_the_real_cells(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_said", set())
    found = bccd.bccd(60, 80)
    assert "2 boxes left out" in capsys.readouterr().err
    assert len(found.broken) == 2
    parts = (found.train, found.validation, found.test)
    assert [len(part.images) for part in parts] == [205, 87, 72]
    counts = sum(torch.bincount(part.labels[part.labels >= 0], minlength=3) for part in parts)
    assert counts.tolist() == [4155 - 2, 372, 361]
    for part in parts:
        boxes = part.boxes[part.labels >= 0]
        assert (boxes[:, :2] < boxes[:, 2:]).all()
        assert (boxes >= 0).all()
        assert (boxes <= torch.tensor([80.0, 60, 80, 60])).all()
        assert (part.boxes[part.labels < 0] == 0).all()
