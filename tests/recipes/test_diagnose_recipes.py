"""What the recipes build is healthy: on the packaged data, with small batches, diagnosis finds nothing."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from practicum.errors import PracticumError
from practicum.training.diagnose.recipe import diagnose_experiment
from practicum.training.runs import recipes
from tests.at_hand import built, lacks_data


class Few:
    """The first rows of each batch."""

    def __init__(self, batches: Any, rows: int) -> None:
        self.batches, self.rows = batches, rows

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Any]:
        return map(self._cut, iter(self.batches))

    def epoch(self, number: int) -> Iterator[Any]:
        return map(self._cut, self.batches.epoch(number))

    def _cut(self, batch: Any) -> Any:
        if isinstance(batch, tuple) and all(
            isinstance(part, Tensor) and part.ndim and len(part) == len(batch[0]) for part in batch
        ):
            return tuple(part[: self.rows] for part in batch)
        return batch


def smallest(name: str, empty: Path) -> Any:
    """Return a recipe's experiment on the packaged sample, or on the full data where nothing of them is packaged."""
    with pytest.MonkeyPatch.context() as alone:
        alone.delenv("PRACTICUM_DATA", raising=False)
        alone.setenv("XDG_CACHE_HOME", str(empty))
        torch.manual_seed(0)
        try:
            return recipes.load(name)().build(0)
        except PracticumError as error:
            if not lacks_data(error):
                raise
    return built(name)


# Two recipes share the data of another, and one has the largest pictures: they are left to `make thorough`.
LARGE = ("detector-bccd", "rnn-banking77", "transformer-tatoeba")
TRAINED = [
    pytest.param(name, marks=pytest.mark.thorough) if name in LARGE else name
    for name in recipes.names()
    if hasattr(recipes.load(name), "build")
]


@pytest.mark.parametrize("name", TRAINED)
def test_recipes_are_healthy(name: str, tmp_path: Path) -> None:
    experiment = smallest(name, tmp_path)
    rows = 2 if name in ("detector-bccd", "unet-nuclei") else 16  # of pictures that are large
    experiment = dataclasses.replace(experiment, train=Few(experiment.train, rows), test=Few(experiment.test, rows))
    assert diagnose_experiment(experiment, count=2, steps=5) == []


def test_only_missing_data_are_a_reason_to_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def build(self, seed: int) -> Any:
            raise PracticumError("the file is damaged")

    monkeypatch.setattr(recipes, "load", lambda name: Broken)
    for build in (built, lambda name: smallest(name, tmp_path)):
        with pytest.raises((PracticumError, pytest.skip.Exception)) as told:
            build("broken")
        assert told.type is PracticumError


def test_the_command_names_a_bad_rate_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    from practicum.cli.diagnose import register

    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    app = typer.Typer()
    register(app)
    app.command()(lambda: None)
    picture = tmp_path / "signals.png"
    fine = CliRunner().invoke(app, ["diagnose", "gcn-cora", "--picture", str(picture)])
    assert (fine.exit_code, picture.exists()) == (0, True), fine.output
    assert "gcn-cora: nothing found" in fine.output
    bad = CliRunner().invoke(app, ["diagnose", "gcn-cora", "--lr", "30"])
    assert bad.exit_code == 1
    assert "learning rate too high" in bad.output


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "rate", "fault"),
    [
        *[(name, rate, "high") for name in ("mlp-mnist", "lenet-mnist", "gcn-cora", "textcnn-reviews") for rate in (3.0, 30.0)],
        *[(name, 1e-7, "low") for name in ("mlp-mnist", "lenet-mnist", "gcn-cora", "textcnn-reviews")],
        ("resnet-fashion", 50.0, "high"),
        ("resnet-fashion", 1e-7, "low"),
    ],
)
def test_a_gross_rate_is_named(name: str, rate: float, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    torch.manual_seed(0)
    experiment = recipes.load(name)(lr=rate).build(0)
    experiment = dataclasses.replace(experiment, train=Few(experiment.train, 16), test=Few(experiment.test, 16))
    found = diagnose_experiment(experiment, count=2)
    assert [finding.name for finding in found] == [f"learning rate too {fault}"]
