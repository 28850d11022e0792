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
from practicum.training import checkpoint, generators
from practicum.training.accelerator import Accelerator, launch, using
from practicum.training.experiment import Sets
from practicum.training.hyperparameters import with_values
from practicum.training.loop import fit
from practicum.training.plots.curve import draw_curve
from practicum.training.runs import limits, recipes
from practicum.training.trial import shortened


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        recipe: its name.
        seed: of weights, order and noise.
        hyperparameters: all of them, as they were.
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
        sets: sizes of the training, validation and test set, and what validation chose (`experiment.Sets`); None in results of
            older versions.
    """

    recipe: str
    seed: int
    hyperparameters: dict[str, Any]
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
    sets: dict[str, Any] | None = None


def read_result(path: Path) -> Result:
    """Read a result that a run wrote.

    Raises:
        PracticumError: it is not one.
    """
    try:
        return Result(**_renamed(json.loads(path.read_text())))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise PracticumError(f"{path}: not a run's result ({error})") from None


def read_results(folder: Path) -> list[Result]:
    """Return the results of a recipe's runs, `folder/SEED.json`, in the order of their seeds."""
    found = [read_result(path) for path in folder.glob("*.json") if path.stem.isdigit()]
    return sorted(found, key=lambda result: result.seed)


def _renamed(content: dict[str, Any]) -> dict[str, Any]:
    """Return a run's notes with today's keys: those of older versions have `knobs`."""
    return {"hyperparameters" if key == "knobs" else key: value for key, value in content.items()}


def write_result(path: Path, result: Result) -> None:
    """Write a result as JSON, all at once."""
    write_json(path, asdict(result))


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a mapping as JSON under a temporary name, then put it in place: a kill leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    os.replace(temporary, path)


def train(
    name: str,
    folder: Path,
    *,
    seed: int = 0,
    hyperparameters: Mapping[str, str] | None = None,
    accelerator: Accelerator | None = None,
    fresh: bool = False,
    progress: bool = True,
) -> Result | None:
    """Train a recipe into a folder, go on where a killed run stopped, and return what it came to.

    Args:
        name: of the recipe.
        folder: gets checkpoint, logs, pictures and result.json.
        seed: of weights, order and noise.
        hyperparameters: new values of some, as text.
        accelerator: what to train on.
        fresh: delete what an earlier run left in the folder.
        progress: show a bar, where stderr is a terminal.

    Returns:
        The result; None in every process but the first, where there are several.

    Raises:
        PracticumError: unknown recipe or hyperparameter, missing data, an accelerator that the recipe or this machine cannot use
            (`limits.py`), or a folder that holds another run.
    """
    accelerator = accelerator or Accelerator()
    for part in (folder, *folder.absolute().parents):
        if part.exists() and not part.is_dir():
            raise PracticumError(f"{part}: expected a folder for the run, got a file; choose another with --out")
    recipe = with_values(recipes.load(name), dict(hyperparameters or {}))
    identity: dict[str, Any] = {
        "recipe": name,
        "seed": seed,
        "hyperparameters": dataclasses.asdict(recipe),
        "code": recipes.code_hash(name),
    }
    limits.check_accelerator(name, recipe, accelerator)
    generators.seed(seed)
    measured: _Measured | Result | None
    if hasattr(recipe, "run"):
        measured = _run_study(recipe, folder, identity, fresh, accelerator)
    else:
        measured = _run_experiment(recipe, folder, identity, fresh, accelerator, progress)
    if not isinstance(measured, _Measured):
        return measured
    target = recipe.target
    if target.metric not in measured.metrics:
        raise PracticumError(f"{name}: its target is about {target.metric!r}, and it measured {', '.join(measured.metrics)}")
    value = measured.metrics[target.metric]
    result = Result(
        **identity,
        metrics=measured.metrics,
        metric=target.metric,
        value=value,
        target=str(target),
        met=None if measured.sample else target.met(value),
        minutes=round(measured.seconds / 60, 3),
        cpu_minutes=round(measured.cpu_seconds / 60, 3),
        threads=torch.get_num_threads(),
        device=_device(accelerator if limits.trains(recipe) else Accelerator(device="cpu")),
        versions=versions(),
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        sets=asdict(measured.sets),
    )
    write_result(folder / "result.json", result)
    return result


@dataclass(frozen=True)
class _Measured:
    metrics: dict[str, float]
    sample: bool
    seconds: float
    cpu_seconds: float
    sets: Sets


def _run_study(recipe: Any, folder: Path, identity: dict[str, Any], fresh: bool, accelerator: Accelerator) -> _Measured | Result:
    """Run a study; or return what it came to before, unless that was on a packaged sample: the full data may be here now."""
    _claim(folder, identity | {"precision": accelerator.precision or "32-true"}, fresh)
    if (done := _done(folder)) and done.met is not None:
        return done
    began, cpu = time.monotonic(), time.process_time()
    with using(accelerator):
        study = recipe.run(identity["seed"], folder)
    return _Measured(study.metrics, study.sample, time.monotonic() - began, time.process_time() - cpu, study.sets)


def _run_experiment(
    recipe: Any, folder: Path, identity: dict[str, Any], fresh: bool, accelerator: Accelerator, progress: bool
) -> _Measured | Result | None:
    """Train, measure on the test data and draw; or return what this run came to before. None in all processes but the first."""
    seed = identity["seed"]
    # Built before the processes start: they all come from here with the same weights, and the data say whether they are whole.
    experiment = recipe.build(seed)
    limits.check_experiment(identity["recipe"], experiment, accelerator)
    fabric = launch(accelerator, experiment.fit.precision)
    if fabric.is_global_zero:
        precision = accelerator.precision or experiment.fit.precision or "32-true"
        _claim(folder, identity | {"sample": experiment.sample, "precision": precision}, fresh)
    fabric.barrier()
    if done := _done(folder):
        return done if fabric.is_global_zero else None
    rows = fit(
        experiment.model, experiment.method, experiment.train, experiment.fit,
        validation=experiment.validation, folder=folder, accelerator=accelerator, seed=seed, progress=progress, fabric=fabric,
    )  # fmt: skip
    # All processes measure: with sharded weights a forward pass is a joint affair.
    with torch.no_grad():
        metrics = experiment.method.evaluate(experiment.model, (fabric.to_device(batch) for batch in shortened(experiment.test)))
    if not fabric.is_global_zero:
        return None
    draw_curve(rows, folder / "curve.png", title=f"{identity['recipe']}, seed {seed}")
    if hasattr(recipe, "picture") and accelerator.strategy != "fsdp":
        recipe.picture(dataclasses.replace(experiment, model=experiment.model.cpu()), folder)
    return _Measured(metrics, experiment.sample, rows[-1]["seconds"], rows[-1]["cpu_seconds"], experiment.sets())


def versions() -> dict[str, str]:
    """Return the versions of what decides a result's last digits."""
    packages = {package: version(package).split("+")[0] for package in ("torch", "numpy")}
    return {"python": platform.python_version(), **packages}


def _done(folder: Path) -> Result | None:
    path = folder / "result.json"
    return read_result(path) if path.exists() else None


def _claim(folder: Path, identity: dict[str, Any], fresh: bool) -> None:
    """Make the folder this run's, unless it already is another's."""
    note = folder / "run.json"
    if fresh and note.exists():
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PracticumError(f"{folder}: the run's folder cannot be made ({error.strerror})") from None
    if note.exists():
        before = _identity(note)
        # A note of an older version does not name the precision.
        changed = [key for key in identity if before.get(key) != identity[key] and (key in before or key != "precision")]
        if changed == ["sample"] and before["sample"] and not identity["sample"]:
            _set_aside(folder)
            changed = []
        if changed:
            told = "; ".join(f"{key} was {before.get(key)}, is {identity[key]}" for key in changed)
            raise PracticumError(
                f"{folder} holds another run ({told}). Start again with --fresh, or choose another folder with --out."
            )
    elif (folder / checkpoint.NAME).exists():
        raise PracticumError(f"{folder} holds a checkpoint of something else. Choose another folder with --out.")
    note.write_text(json.dumps(identity, indent=1) + "\n")


def _identity(note: Path) -> dict[str, Any]:
    """Return whose a folder is, as its run wrote it down.

    Raises:
        PracticumError: the note is damaged.
    """
    try:
        return {"sample": None} | _renamed(json.loads(note.read_text()))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise PracticumError(f"{note}: not a run's note ({error}). Start again with --fresh, or choose another folder") from None


def _set_aside(folder: Path) -> None:
    """Move a run on the packaged sample out of the way of the one on the full data, in place of an earlier one beside it."""
    aside = folder.with_name(f"{folder.name}-sample")
    if aside.exists():
        shutil.rmtree(aside)
    folder.rename(aside)
    folder.mkdir()


def _device(accelerator: Accelerator) -> str:
    device = limits.device_of(accelerator)
    kind = torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()} {'GPU' if device == 'mps' else 'CPU'}"
    return f"{accelerator.devices} × {kind}" if accelerator.devices > 1 else kind
