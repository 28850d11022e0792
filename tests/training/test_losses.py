"""Changed code that computes the same keeps its results; code that computes something else loses them."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from practicum.errors import PracticumError
from practicum.training.runs import recipes
from practicum.training.runs.losses import STEPS, carry, first_losses, read_losses
from practicum.training.runs.results import run_missing
from practicum.training.runs.run import read_result, read_results, write_result

RECIPE = '''"""A made recipe."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from practicum.data.batches import Batches
from practicum.methods.classify import Classify
from practicum.training.experiment import Experiment, Target
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit


@dataclass(frozen=True)
class Recipe:
    """The training and its hyperparameters."""

    epochs: int = option(3, "passes")
    lr: float = option(0.1, "learning rate")
    target: ClassVar[Target] = Target("accuracy", at_least=0.5, seeds=2)

    def build(self, seed):
        x = torch.randn(96, 3, generator=torch.Generator().manual_seed(0))
        y = (x[:, 0] > 0).long()
        how = Fit(self.epochs, lambda model: torch.optim.SGD(model.parameters(), lr=self.lr), best="-loss")
        test = Batches(x, y, batch_size=64, shuffle=False)
        train = Batches(x, y, batch_size=8, seed=seed)
        return Experiment(torch.nn.Linear(3, 2), Classify(), train, test, test, how)
'''
STUDY = '''"""Two trainings."""

from dataclasses import dataclass
from typing import ClassVar

from practicum.recipes import made_up
from practicum.training.experiment import Sets, StudyResult, Target
from practicum.training.loop import fit


@dataclass(frozen=True)
class Recipe:
    """The study."""

    target: ClassVar[Target] = Target("error", at_most=2.5, seeds=1)

    def run(self, seed, folder):
        for lr in (0.1, 0.2):
            made = made_up.Recipe(lr=lr).build(seed)
            rows = fit(made.model, made.method, made.train, made.fit, validation=made.test, seed=seed, progress=False)
        return StudyResult({"error": rows[-1]["loss"]}, Sets(96, 96, 96))
'''


class Shelf:
    """Two recipes of the test's own in place of the shipped ones, and their results."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder, self.kept, self.runs = tmp_path / "practicum" / "recipes", tmp_path / "results", tmp_path / "runs"
        self.folder.mkdir(parents=True)
        self.told: list[str] = []

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.py").write_text(text)
        package = sys.modules["practicum.recipes"]
        for module in [module for module in sys.modules if module.startswith("practicum.recipes.")]:
            del sys.modules[module]
            vars(package).pop(module.rpartition(".")[2], None)  # where `from practicum.recipes import …` looks first

    def run(self, name: str) -> None:
        run_missing([name], self.kept, seeds=None, minutes=None, progress=self.told.append, runs=self.runs)

    def carry(self, *names: str) -> list[str]:
        self.told.clear()
        return carry(names, self.kept, progress=self.told.append)

    def codes(self, name: str) -> set[str]:
        found = {result.code for result in read_results(self.kept / name)}
        path = self.kept / name / "losses.json"
        return found | ({read_losses(path).code} if path.exists() else set())


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    import practicum.recipes

    made = Shelf(tmp_path)
    with monkeypatch.context() as patch:
        for name in [name for name in sys.modules if name.startswith("practicum.recipes.")]:
            patch.delitem(sys.modules, name)
        patch.setattr(practicum.recipes, "__path__", [str(made.folder)])
        patch.setattr(recipes, "FOLDER", made.folder)
        patch.setattr(recipes, "PACKAGE", tmp_path / "practicum")
        made.write("made_up", RECIPE)
        made.write("made_study", STUDY)
        yield made
        for name in ("made_up", "made_study"):
            sys.modules.pop(f"practicum.recipes.{name}", None)
            vars(practicum.recipes).pop(name, None)


def test_the_first_losses_are_those_of_the_run(shelf: Shelf) -> None:
    """Twelve steps per epoch: the mean of the first twelve is the run's loss of the first epoch."""
    shelf.run("made-up")
    record = read_losses(shelf.kept / "made-up" / "losses.json")
    assert (record.recipe, record.seed, record.code) == ("made-up", 0, recipes.code_hash("made-up"))
    assert len(record.losses) == STEPS == 20
    lines = (shelf.runs / "made-up" / "seed-0" / "metrics.csv").read_text().splitlines()
    first = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert sum(record.losses[:12]) / 12 == pytest.approx(float(first["train_loss"]), rel=1e-12)
    assert record.metrics.keys() == {"accuracy", "loss"}


def test_a_study_keeps_the_losses_of_all_its_trainings(shelf: Shelf) -> None:
    record = first_losses("made-study")
    assert len(record.losses) == 2 * STEPS
    assert record.losses[:STEPS] == first_losses("made-up").losses != record.losses[STEPS:]
    assert record.metrics.keys() == {"error"}


def test_code_that_computes_the_same_keeps_its_results(shelf: Shelf) -> None:
    shelf.run("made-up")
    before = read_results(shelf.kept / "made-up")
    shelf.write("made_up", RECIPE.replace("x = torch", "rows = 96\n        x = torch").replace("randn(96", "randn(rows"))
    code = recipes.code_hash("made-up")
    assert shelf.codes("made-up") == {before[0].code} != {code}
    assert shelf.carry() == []
    assert shelf.told == ["made-up: the same first losses, 2 results carried over"]
    assert shelf.codes("made-up") == {code}
    assert read_results(shelf.kept / "made-up") == [replace(result, code=code) for result in before]
    assert shelf.carry() == []
    assert shelf.told == []  # nothing is stale any more, and nothing is computed


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("lr=self.lr", "lr=self.lr * 1.0001", "loss 2 of 20 was "),
        ("lr=self.lr", "lr=self.lr, momentum=0.5", "loss 3 of 20 was "),
        ("Batches(x, y, batch_size=64", "Batches(2 * x, y, batch_size=64", " after the first steps was "),
        ("batch_size=8", "batch_size=16", "expected 20 losses, got 18"),
        ("option(3,", "option(4,", "of other hyperparameters than today's"),
    ],
)
def test_code_that_computes_something_else_stays_stale(shelf: Shelf, old: str, new: str, told: str) -> None:
    shelf.run("made-up")
    before = shelf.codes("made-up")
    assert old in RECIPE
    shelf.write("made_up", RECIPE.replace(old, new))
    assert shelf.carry() == ["made-up"]
    assert shelf.told[0].startswith("made-up: stays stale: ")
    assert told in shelf.told[0]
    assert shelf.codes("made-up") == before


def test_another_learning_rate_by_default_stays_stale(shelf: Shelf) -> None:
    """Also where somebody has edited the results' hyperparameters to match."""
    shelf.run("made-up")
    shelf.write("made_up", RECIPE.replace("option(0.1,", "option(0.11,"))
    assert shelf.carry() == ["made-up"]
    for result in read_results(shelf.kept / "made-up"):
        path = shelf.kept / "made-up" / f"{result.seed}.json"
        write_result(path, replace(result, hyperparameters=result.hyperparameters | {"lr": 0.11}))
    assert shelf.carry() == ["made-up"]
    assert "loss 2 of 20 was " in shelf.told[0]


def test_without_a_record_of_their_own_code_results_stay_stale(shelf: Shelf) -> None:
    shelf.run("made-up")
    path = shelf.kept / "made-up" / "losses.json"
    record = json.loads(path.read_text())
    shelf.write("made_up", RECIPE.replace("x = torch", "rows = 96\n        x = torch"))
    path.write_text(json.dumps(record | {"code": "0123456789ab"}))
    assert shelf.carry() == ["made-up"]
    assert "its results are of other code than the losses" in shelf.told[0]
    path.write_text("[]")
    assert shelf.carry() == ["made-up"]
    assert "expected a recipe's first losses, got something else" in shelf.told[0]
    path.unlink()
    assert shelf.carry() == ["made-up"]
    assert "there is no record of its first losses" in shelf.told[0]


def test_a_result_of_yet_older_code_is_not_carried(shelf: Shelf) -> None:
    shelf.run("made-up")
    path = shelf.kept / "made-up" / "1.json"
    write_result(path, replace(read_result(path), code="0123456789ab"))
    shelf.write("made_up", RECIPE.replace("x = torch", "rows = 96\n        x = torch"))
    assert shelf.carry() == []
    assert [result.code for result in read_results(shelf.kept / "made-up")] == [recipes.code_hash("made-up"), "0123456789ab"]


def test_samples_leave_no_record(shelf: Shelf) -> None:
    shelf.write("made_up", RECIPE.replace("test, test, how)", "test, test, how, sample=True)"))
    with pytest.raises(PracticumError, match="expected the full data, got the packaged sample's"):
        first_losses("made-up")
