"""One run of a recipe: train, measure, draw, and write down what came of it."""

import dataclasses
import json
import os
import platform
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from practicum.errors import PracticumError
from practicum.training import checkpoint, recipes
from practicum.training.curve import draw_curve
from practicum.training.experiment import Outcome
from practicum.training.loop import fit
from practicum.training.machine import Machine, launch


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        recipe: its name.
        seed: of weights, order and noise.
        knobs: all of them, as they were.
        code: the recipe's `code_hash`.
        metrics: on the test data.
        metric: the one that the target is about.
        value: of that metric.
        target: the figure to reach, as text.
        met: whether it was reached; None where only a sample was there to train on.
        minutes: by the clock.
        cpu_minutes: of processor time, over all threads.
        threads: that PyTorch computed with.
        device: the kind of processor.
        versions: of Python, PyTorch and NumPy.
        date: when the run ended, UTC.
    """

    recipe: str
    seed: int
    knobs: dict[str, Any]
    code: str
    metrics: dict[str, float]
    metric: str
    value: float
    target: str
    met: bool | None
    minutes: float
    cpu_minutes: float
    threads: int
    device: str
    versions: dict[str, str]
    date: str


def read_result(path: Path) -> Result:
    """Read a result that a run wrote.

    Raises:
        PracticumError: it is not one.
    """
    try:
        return Result(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise PracticumError(f"{path}: not a run's result ({error})") from None


def write_result(path: Path, result: Result) -> None:
    """Write a result as JSON, all at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(json.dumps(asdict(result), indent=1, ensure_ascii=False) + "\n")
    os.replace(temporary, path)


def train(
    name: str,
    folder: Path,
    *,
    seed: int = 0,
    knobs: Mapping[str, str] | None = None,
    machine: Machine | None = None,
    fresh: bool = False,
    progress: bool = True,
) -> Result | None:
    """Train a recipe into a folder, go on where a killed run stopped, and return what it came to.

    Args:
        name: of the recipe.
        folder: gets checkpoint, logs, pictures and result.json.
        seed: of weights, order and noise.
        knobs: new values of some, as text.
        machine: what to train on.
        fresh: delete what an earlier run left in the folder.
        progress: show a bar, where stderr is a terminal.

    Returns:
        The result; None in every process but the first, where there are several.

    Raises:
        PracticumError: unknown recipe or knob, missing data, or a folder that holds another run.
    """
    machine = machine or Machine()
    recipe = recipes.turned(recipes.load(name), dict(knobs or {}))
    identity: dict[str, Any] = {
        "recipe": name,
        "seed": seed,
        "knobs": dataclasses.asdict(recipe),
        "code": recipes.code_hash(name),
    }
    torch.manual_seed(seed)
    if hasattr(recipe, "run"):
        _claim(folder, identity, fresh)
        if (done := _done(folder)) and done.met is not None:
            return done
        began, cpu = time.monotonic(), time.process_time()
        outcome = recipe.run(seed, folder)
        spent, spent_cpu = time.monotonic() - began, time.process_time() - cpu
    else:
        experiment = recipe.build(seed)
        fabric = launch(machine, experiment.fit.precision)
        if fabric.is_global_zero:
            _claim(folder, identity | {"sample": experiment.sample}, fresh)
        fabric.barrier()
        if done := _done(folder):
            return done if fabric.is_global_zero else None
        validation = experiment.validation
        if validation is None and not experiment.fit.best:
            validation = experiment.test
        rows = fit(
            experiment.model, experiment.method, experiment.train, experiment.fit,
            validation=validation, folder=folder, machine=machine, seed=seed, progress=progress, fabric=fabric,
        )  # fmt: skip
        with torch.no_grad():
            metrics = experiment.method.evaluate(experiment.model, (fabric.to_device(batch) for batch in experiment.test))
        outcome = Outcome(metrics, experiment.sample)
        spent, spent_cpu = rows[-1]["seconds"], rows[-1]["cpu_seconds"]
        if not fabric.is_global_zero:
            return None
        draw_curve(rows, folder / "curve.png", title=f"{name}, seed {seed}")
        if hasattr(recipe, "picture") and machine.strategy != "fsdp":
            recipe.picture(dataclasses.replace(experiment, model=experiment.model.cpu()), folder)
    target = recipe.target
    if target.metric not in outcome.metrics:
        raise PracticumError(f"{name}: its target is about {target.metric!r}, and it measured {', '.join(outcome.metrics)}")
    value = outcome.metrics[target.metric]
    packages = {package: version(package).split("+")[0] for package in ("torch", "numpy")}
    result = Result(
        **identity,
        metrics=outcome.metrics,
        metric=target.metric,
        value=value,
        target=str(target),
        met=None if outcome.sample else target.met(value),
        minutes=round(spent / 60, 3),
        cpu_minutes=round(spent_cpu / 60, 3),
        threads=torch.get_num_threads(),
        device=_device(machine),
        versions={"python": platform.python_version(), **packages},
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
    )
    write_result(folder / "result.json", result)
    return result


def _done(folder: Path) -> Result | None:
    path = folder / "result.json"
    return read_result(path) if path.exists() else None


def _claim(folder: Path, identity: dict[str, Any], fresh: bool) -> None:
    """Make the folder this run's, unless it already is another's."""
    if fresh and (folder / "run.json").exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "run.json"
    if note.exists():
        before = json.loads(note.read_text())
        changed = [key for key in identity if before.get(key) != identity[key]]
        if changed:
            told = "; ".join(f"{key} was {before.get(key)}, is {identity[key]}" for key in changed)
            raise PracticumError(
                f"{folder} holds another run ({told}). Start again with --fresh, or choose another folder with --out."
            )
    elif (folder / checkpoint.NAME).exists():
        raise PracticumError(f"{folder} holds a checkpoint of something else. Choose another folder with --out.")
    note.write_text(json.dumps(identity, indent=1) + "\n")


def _device(machine: Machine) -> str:
    cuda = machine.device != "cpu" and torch.cuda.is_available()
    kind = torch.cuda.get_device_name() if cuda else f"{platform.machine()} CPU"
    return f"{machine.devices} × {kind}" if machine.devices > 1 else kind
