"""The recipes of the image networks, on packaged samples and with small settings: they learn, and their pictures are drawn."""

from pathlib import Path
from typing import Any

import pytest
import torch

from practicum.data.mnist import fashion_mnist
from practicum.recipes import (
    _fashion,
    alexnet_fashion,
    googlenet_fashion,
    lenet_mnist,
    mobilenet_fashion,
    resnet_fashion,
    vgg_fashion,
)
from practicum.training.loop import fit


@pytest.fixture(autouse=True)
def only_samples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("recipe", "accuracy", "pictures"),
    [
        (lenet_mnist.Recipe(epochs=2, batch_size=32), 0.7, {"confusion", "filters"}),
        (vgg_fashion.Recipe(epochs=1, batch_size=25), 0.5, {"confusion", "filters", "mistakes"}),
    ],
    ids=["lenet", "vgg"],
)
def test_recipe_learns_the_sample_and_draws(recipe: Any, accuracy: float, pictures: set[str], tmp_path: Path) -> None:
    torch.manual_seed(0)
    experiment = recipe.build(0)
    assert experiment.sample
    rows = fit(experiment.model, experiment.method, experiment.train, experiment.fit, validation=experiment.test, progress=False)
    assert accuracy < rows[-1]["accuracy"] < 0.99
    recipe.picture(experiment, tmp_path)
    assert {path.stem for path in tmp_path.glob("*.png")} == pictures


@pytest.mark.parametrize(
    "module", [alexnet_fashion, googlenet_fashion, mobilenet_fashion, resnet_fashion], ids=lambda m: m.__name__
)
def test_recipe_learns_a_batch_by_heart(module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch.manual_seed(0)
    recipe = module.Recipe(batch_size=32)
    experiment = recipe.build(0)
    optimizer, batch = experiment.fit.optimizer(experiment.model), next(experiment.train.epoch(0))
    optimizer.param_groups[0]["lr"] /= 3
    losses = []
    for _ in range(13):
        loss = experiment.method.loss(experiment.model.train(), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.97 * losses[0]
    drawn: list[torch.nn.Conv2d] = []
    monkeypatch.setattr(_fashion, "draw", lambda experiment, first, folder: drawn.append(first))
    recipe.picture(experiment, tmp_path)
    assert drawn[0].in_channels == 1


def test_clothes_are_learned_from_changed_and_measured_on_unchanged_images() -> None:
    clothes = fashion_mnist()
    experiment = vgg_fashion.Recipe(epochs=1, batch_size=100).build(3)
    expected = (clothes.test_images.float() / 255 - 0.2860) / 0.3530
    torch.testing.assert_close(torch.cat([images for images, _ in experiment.test]), expected)
    assert torch.equal(torch.cat([labels for _, labels in experiment.test]), clothes.test_labels)
    plain, changed = (torch.cat([images for images, _ in batches]) for batches in (experiment.train, experiment.train.epoch(0)))
    assert torch.isin(changed.unique(), plain.unique()).all()  # what comes in at the edges is black, no new grey
    assert float(changed.min()) == float(plain.min())
    assert abs(float(changed.mean()) - float(plain.mean())) < 0.05
    assert plain.shape == (1500, 1, 28, 28)
    assert changed.shape == (1500, 1, 28, 28)
    assert not torch.equal(changed[:100], next(iter(experiment.train.epoch(1)))[0])
