"""A recipe's first losses: what its code computes, to the last digit, and whether changed code still computes the same.

Training again for every renamed variable would take days. So `results/NAME/losses.json` keeps the loss of each of the first
steps of every training in the recipe, and what was measured after them; for a study that takes no steps, its whole result. Where
the present code gives the same numbers, results of the older code count as its own: `carry` moves their code hash on.
"""

import dataclasses
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from practicum.errors import PracticumError
from practicum.training.accelerator import Accelerator
from practicum.training.hyperparameters import hyperparameters
from practicum.training.loop import fit
from practicum.training.runs import recipes
from practicum.training.runs.run import read_results, versions, write_json, write_result
from practicum.training.trial import first_steps

NAME = "losses.json"
STEPS = 20


@dataclass(frozen=True)
class FirstLosses:
    """What a recipe's code computed.

    Attributes:
        recipe: its name.
        seed: of weights, order and noise.
        code: the recipe's `code_hash`.
        losses: of the first steps of its trainings.
        metrics: of an experiment on its first test batch after these steps; of a study all.
        threads: that PyTorch computed with; the last digit depends on them.
        versions: of Python, PyTorch and NumPy.
    """

    recipe: str
    seed: int
    code: str
    losses: list[float]
    metrics: dict[str, float]
    threads: int
    versions: dict[str, str]


def read_losses(path: Path) -> FirstLosses:
    """Read first losses.

    Raises:
        PracticumError: the file holds something else.
    """
    try:
        return FirstLosses(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise PracticumError(f"{path}: expected a recipe's first losses, got something else ({error}). Delete it.") from None


def first_losses(name: str, *, seed: int = 0, threads: int | None = None) -> FirstLosses:
    """Compute a recipe's first losses with the present code, on the CPU.

    Args:
        name: of the recipe.
        seed: of weights, order and noise.
        threads: for PyTorch to compute with; None leaves them as they are.

    Raises:
        PracticumError: the full data are not here.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    torch.manual_seed(seed)
    try:
        with first_steps(STEPS) as losses, tempfile.TemporaryDirectory() as folder:
            metrics, sample = _measure(recipes.load(name)(), seed, Path(folder))
        used = torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
    if sample:
        raise PracticumError(f"{name}: expected the full data, got the packaged sample's; set PRACTICUM_DATA to where they are")
    return FirstLosses(name, seed, recipes.code_hash(name), losses, metrics, used, versions())


def _measure(recipe: Any, seed: int, folder: Path) -> tuple[dict[str, float], bool]:
    """Return what the recipe measures within a trial, and whether it had only a sample of its data."""
    if hasattr(recipe, "run"):
        study = recipe.run(seed, folder)
        return study.metrics, study.sample
    experiment = recipe.build(seed)
    # To choose the best weights takes evaluations, some of them minutes long, and changes none of these steps.
    how = dataclasses.replace(experiment.fit, best=None, patience=None)
    cpu = Accelerator(device="cpu")
    fit(experiment.model, experiment.method, experiment.train, how, seed=seed, accelerator=cpu, progress=False)
    # One batch is enough to notice that the evaluation computes something else.
    with torch.no_grad():
        return experiment.method.evaluate(experiment.model, islice(iter(experiment.test), 1)), experiment.sample


def keep_losses(name: str, folder: Path) -> None:
    """Write a recipe's first losses into its folder of results, unless those of its present code are there."""
    path = folder / NAME
    if not path.exists() or read_losses(path).code != recipes.code_hash(name):
        write_json(path, dataclasses.asdict(first_losses(name)))


def carry(names: Sequence[str], folder: Path, *, progress: Callable[[str], None]) -> list[str]:
    """Move the code hash of stale results on where the present code gives the first losses of theirs, to the last digit.

    Args:
        names: of recipes; none means all.
        folder: of the results.
        progress: is told about each recipe that was stale.

    Returns:
        The recipes that stay stale.
    """
    left = []
    for name in names or recipes.names():
        code = recipes.code_hash(name)
        if all(result.code == code for result in read_results(folder / name)):
            continue
        try:
            count = _carry_one(name, folder / name, code)
            progress(f"{name}: the same first losses, {count} results carried over")
        except PracticumError as error:
            progress(f"{name}: stays stale: {error}")
            left.append(name)
    return left


def _carry_one(name: str, folder: Path, code: str) -> int:
    """Carry a recipe's results over and return how many, or raise a PracticumError that says why not."""
    path = folder / NAME
    if not path.exists():
        raise PracticumError(f"there is no record of its first losses, {path}")
    record = read_losses(path)
    defaults = {key: value.default for key, value in hyperparameters(recipes.load(name)).items()}
    # Steps say nothing of how many there are: with other hyperparameters, other epochs above all, it is another run.
    stale = [
        result for result in read_results(folder) if result.code == record.code and result.hyperparameters == defaults
    ]  # fmt: skip
    if not stale:
        raise PracticumError("its results are of other code than the losses, or of other hyperparameters than today's")
    now = first_losses(name, seed=record.seed, threads=record.threads)
    if difference := _difference(record, now):
        raise PracticumError(difference)
    for result in stale:
        write_result(folder / f"{result.seed}.json", dataclasses.replace(result, code=code))
    # The record comes last: a kill in between leaves it with the old code, and the same command goes on.
    write_json(path, dataclasses.asdict(dataclasses.replace(record, code=code)))
    return len(stale)


def _difference(old: FirstLosses, new: FirstLosses) -> str:
    """Say where two records first differ; nothing where they don't. `repr` tells all digits and finds NaN equal to NaN."""
    if len(old.losses) != len(new.losses):
        return f"expected {len(old.losses)} losses, got {len(new.losses)}"
    for step, (before, now) in enumerate(zip(old.losses, new.losses, strict=True), start=1):
        if repr(before) != repr(now):
            return f"loss {step} of {len(old.losses)} was {before!r}, is {now!r}"
    if list(old.metrics) != list(new.metrics):
        return f"expected the metrics {', '.join(old.metrics)}, got {', '.join(new.metrics)}"
    for name, before in old.metrics.items():
        if repr(before) != repr(new.metrics[name]):
            return f"{name} after the first steps was {before!r}, is {new.metrics[name]!r}"
    return ""
