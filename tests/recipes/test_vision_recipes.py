"""The recipes of the image networks, on packaged samples and with small settings: they learn, and their pictures are drawn."""

from pathlib import Path
from typing import Any

import pytest
import torch

from practicum.data.mnist import fashion_mnist, mnist
from practicum.recipes import (
    _fashion,
    alexnet_fashion,
    googlenet_fashion,
    lenet_mnist,
    mlp_mnist,
    mobilenet_fashion,
    resnet_fashion,
    s4d_row_mnist,
    vgg_fashion,
    vit_fashion,
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
    rows = fit(
        experiment.model, experiment.method, experiment.train, experiment.fit, validation=experiment.validation, progress=False
    )
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


@pytest.mark.parametrize(
    ("module", "load", "mean", "deviation"),
    [
        (lenet_mnist, mnist, 0.1307, 0.3081),
        (mlp_mnist, mnist, 0.1307, 0.3081),
        (s4d_row_mnist, mnist, 0.1307, 0.3081),
        (vgg_fashion, fashion_mnist, 0.2860, 0.3530),
        (vit_fashion, fashion_mnist, 0.286, 0.353),
    ],
    ids=lambda given: getattr(given, "__name__", None),
)
def test_each_of_the_three_sets_is_its_own_images(module: Any, load: Any, mean: float, deviation: float) -> None:
    """Another seed changes the order alone, and no set holds the rows of another."""
    images, experiment = load(), module.Recipe(batch_size=100).build(3)
    assert experiment.unit == "images"
    assert not experiment.fit.best  # validation draws the curve and chooses nothing
    for part in ("train", "validation", "test"):
        expected = (getattr(images, f"{part}_images").float() / 255 - mean) / deviation
        for batches in (getattr(experiment, part), getattr(module.Recipe(batch_size=100).build(4), part)):
            pixels, labels = batches.tensors
            torch.testing.assert_close(pixels.reshape(expected.shape), expected)
            assert torch.equal(labels, getattr(images, f"{part}_labels"))
    assert experiment.train.transform is not None or module is s4d_row_mnist
    assert experiment.validation.transform is experiment.test.transform is None


def test_the_transformers_head_is_none_of_muons_matrices() -> None:
    experiment = vit_fashion.Recipe(layers=1).build(0)
    matrices, others = ({id(p) for p in group["params"]} for group in experiment.fit.optimizer(experiment.model).param_groups)
    names = {id(parameter): name for name, parameter in experiment.model.named_parameters()}
    assert {"head.weight", "head.bias", "patch_embedding.weight"} <= {names[i] for i in others}
    assert all(names[i].startswith("blocks.") and names[i].endswith("weight") for i in matrices)
    assert len(matrices) + len(others) == len(names)


def test_clothes_are_learned_from_changed_images() -> None:
    experiment = vgg_fashion.Recipe(epochs=1, batch_size=100).build(3)
    plain, changed = (torch.cat([images for images, _ in batches]) for batches in (experiment.train, experiment.train.epoch(0)))
    assert torch.isin(changed.unique(), plain.unique()).all()  # what comes in at the edges is black, no new grey
    assert float(changed.min()) == float(plain.min())
    assert abs(float(changed.mean()) - float(plain.mean())) < 0.05
    assert plain.shape == (1300, 1, 28, 28)  # whole batches of 100 out of 1,375
    assert changed.shape == (1300, 1, 28, 28)
    assert not torch.equal(changed[:100], next(iter(experiment.train.epoch(1)))[0])
