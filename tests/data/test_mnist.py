"""MNIST, Fashion-MNIST and scikit-learn's digits in three sets: which rows are in which."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from practicum.data import mnist as module
from practicum.data import store
from practicum.data.digits import digits
from practicum.data.mnist import FASHION_MNIST, MNIST, fashion_mnist, mnist


@pytest.fixture(autouse=True)
def only_samples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("load", "dataset", "rows"),
    [(mnist, MNIST, (1833, 167, 500)), (fashion_mnist, FASHION_MNIST, (1375, 125, 400))],
    ids=["mnist", "fashion"],
)
def test_every_image_is_in_one_of_three_sets_with_its_label(load: Any, dataset: Any, rows: tuple[int, ...]) -> None:
    sets = load()
    (path,) = store.sample(dataset)
    with np.load(path) as arrays:
        images, labels = torch.from_numpy(arrays["x_train"])[:, None], torch.from_numpy(arrays["y_train"]).long()
        test_images, test_labels = torch.from_numpy(arrays["x_test"])[:, None], torch.from_numpy(arrays["y_test"]).long()
    assert (len(sets.train_images), len(sets.validation_images), len(sets.test_images)) == rows
    assert torch.equal(sets.test_images, test_images)
    assert torch.equal(sets.test_labels, test_labels)
    together = {
        image.numpy().tobytes() + bytes([int(label)])
        for part in ("train", "validation")
        for image, label in zip(getattr(sets, f"{part}_images"), getattr(sets, f"{part}_labels"), strict=True)
    }
    assert together == {image.numpy().tobytes() + bytes([int(label)]) for image, label in zip(images, labels, strict=True)}
    assert len(together) == rows[0] + rows[1] == len(images)
    assert torch.equal(load().validation_images, sets.validation_images)


def test_a_twelfth_of_the_60000_validates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    numbered = np.arange(60_000)[:, None, None]
    files = {"train-images": numbered, "train-labels": numbered[:, 0, 0] % 10, "t10k-images": -1 - numbered[:10_000],
             "t10k-labels": numbered[:10_000, 0, 0] % 10}  # fmt: skip
    monkeypatch.setattr(store, "find", lambda dataset: tmp_path)
    monkeypatch.setattr(module, "read_idx", lambda path: files[path.name.split("-idx")[0]])
    sets = mnist()
    train, validation = sets.train_images.flatten(), sets.validation_images.flatten()
    assert (len(train), len(validation), len(sets.test_images)) == (55_000, 5_000, 10_000)
    assert torch.cat([train, validation]).sort().values.equal(torch.arange(60_000))
    assert torch.equal(sets.train_labels, train % 10)
    assert torch.equal(sets.validation_labels, validation % 10)
    assert int(sets.test_images.max()) < 0


def test_digits_are_split_in_proportion_and_apart() -> None:
    data = digits()
    parts = ((data.train_images, data.train_labels), (data.validation_images, data.validation_labels),
             (data.test_images, data.test_labels))  # fmt: skip
    assert [len(labels) for _, labels in parts] == [1149, 288, 360]
    whole = load_digits()
    for _, labels in parts:
        assert abs(np.bincount(labels) / len(labels) - np.bincount(whole.target) / 1797).max() < 0.003
    rows = [image.tobytes() + bytes([label]) for images, labels in parts for image, label in zip(images, labels, strict=True)]
    assert len(set(rows)) == 1797
    assert set(rows) == {image.tobytes() + bytes([label]) for image, label in zip(whole.images, whole.target, strict=True)}
    assert np.array_equal(digits().test_images, data.test_images)


def test_digits_of_two_computers_are_split_alike() -> None:
    data = digits()
    assert [labels[:12].tolist() for labels in (data.train_labels, data.validation_labels, data.test_labels)] == [
        [8, 9, 3, 8, 9, 0, 5, 3, 7, 6, 5, 9], [3, 1, 7, 8, 2, 8, 6, 6, 9, 5, 3, 0], [7, 6, 3, 7, 7, 3, 2, 8, 9, 3, 2, 6],
    ]  # fmt: skip
