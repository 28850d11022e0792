"""The catalogue, the packaged samples, and the sets that no recipe uses yet."""

import os
import re
from decimal import Decimal
from pathlib import Path

import pytest
import torch

from practicum.data import store
from practicum.data.catalog import datasets, named
from practicum.data.emoji import cells, emoji
from practicum.data.faces import congress_faces
from practicum.data.gsm8k import gsm8k
from practicum.data.instructions import instructions
from practicum.data.names import names
from practicum.data.omniglot import omniglot
from practicum.errors import PracticumError

full = pytest.mark.skipif("PRACTICUM_DATA" not in os.environ, reason="PRACTICUM_DATA is not set")


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data but the packaged samples."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)


def test_every_description_is_complete() -> None:
    described = datasets()
    assert {"mnist", "planetoid", "emoji_pairs", "omniglot", "tatoeba_deu_eng"} <= {dataset.name for dataset in described}
    for dataset in described:
        assert dataset.title
        assert dataset.licence
        assert dataset.source
        for file in dataset.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256), file
            assert file.url is None or file.url.startswith("https://")
        for name in dataset.sample:
            assert (store.SAMPLES / name).is_file()
    with pytest.raises(PracticumError, match=r"no dataset `mnits` \(did you mean `mnist`\?\); there are: banking77"):
        named("mnits")


def test_samples_are_small_and_licensed() -> None:
    told = (store.SAMPLES / "LICENCES.md").read_text()
    files = [path for path in store.SAMPLES.iterdir() if path.name != "LICENCES.md"]
    assert sum(path.stat().st_size for path in files) < 5_000_000
    for path in files:
        assert f"`{path.name}`" in told


@full
def test_every_set_in_the_data_folder_is_what_was_published() -> None:
    for dataset in datasets():
        assert store.find(dataset) is not None, dataset.title


@pytest.mark.usefixtures("alone")
def test_samples_stand_in() -> None:
    pictures = emoji()
    assert pictures.images.shape == (772, 3, 24, 24)
    assert pictures.sample
    assert pictures.names[0] == "monkey face"
    brown = pictures.images[0].float().mean((1, 2))
    assert brown[0] > brown[2] + 20  # a monkey's red is stronger than its blue
    assert len(names()) == 8403
    for load in (congress_faces, gsm8k, instructions, omniglot):
        with pytest.raises(PracticumError, match="is not here"):
            load()


@full
def test_full_sets() -> None:
    pictures = emoji(64)
    assert pictures.images.shape == (1911, 3, 64, 64)
    assert (len(set(pictures.groups)), len(set(pictures.subgroups))) == (10, 99)
    circles = (pictures.images[pictures.names.index(f"large {colour} circle")] for colour in ("red", "blue"))
    red, blue = (circle.float().mean((1, 2)) for circle in circles)
    assert red[0] > red[2] + 50
    assert blue[2] > blue[0] + 50
    assert congress_faces(32).shape == (813, 1, 32, 32)
    assert 60 < congress_faces(64).float().mean() < 180
    assert (len(names()), names()[:2]) == (32033, ("emma", "olivia"))
    train, test = gsm8k()
    assert (len(train), len(test), train[0].answer) == (7473, 1319, Decimal(72))
    assert train[0].reasoning.endswith("<<48+24=72>>72 clips altogether in April and May.")
    tasks = instructions()
    assert len(tasks) == 1100
    assert tasks[1].output != tasks[1].rejected


@full
def test_omniglot_has_242_characters() -> None:
    drawn = omniglot()
    assert drawn.images.shape == (242, 20, 1, 28, 28)
    assert len(set(drawn.alphabets)) == 8
    assert 0.05 < drawn.images.float().mean() / 255 < 0.12
    flat = drawn.images.flatten(1).float()
    assert len(torch.unique(flat, dim=0)) == 242


def test_a_broken_sheet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    path.write_bytes((store.SAMPLES / "emoji_24_sheet.png").read_bytes()[:5000])
    with pytest.raises(PracticumError, match=r"sheet\.png: expected a whole PNG image"):
        cells(path, 24, 10)
    with pytest.raises(PracticumError, match=r"expected 900 squares of 24 pixels, got 960 × 480 pixels"):
        cells(store.SAMPLES / "emoji_24_sheet.png", 24, 900)
    with pytest.raises(ValueError, match="32 or 64 pixels, got 48"):
        emoji(48)
