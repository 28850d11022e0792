"""What a recipe cannot be run with, said in one sentence before anything is trained."""

import inspect
from typing import Any

import torch

from practicum.errors import PracticumError
from practicum.training import loop
from practicum.training.accelerator import Accelerator, has_rows
from practicum.training.experiment import Experiment

KNOWN = {
    "device": ("auto", "cpu", "cuda", "mps"),
    "strategy": ("auto", "ddp", "fsdp"),
    "precision": ("32-true", "bf16-mixed", "16-mixed", "bf16-true", "64-true"),
}
SHARDED = ("32-true", "bf16-mixed")  # precisions that sharded weights can be measured in


def check_accelerator(name: str, recipe: Any, accelerator: Accelerator) -> None:
    """Refuse what this machine does not have, and what a study cannot use.

    Args:
        name: of the recipe.
        recipe: itself.
        accelerator: what its user asks for.

    Raises:
        PracticumError: with what to do instead.
    """
    for option, known in KNOWN.items():
        value = getattr(accelerator, option)
        if value is not None and value not in known:
            raise PracticumError(f"--{option}: expected one of {', '.join(known)}, got {value!r}")
    device, devices = device_of(accelerator), accelerator.devices
    count = {"cpu": devices, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}[device]
    if not count:
        raise PracticumError(f"--device {device}: this machine has none that PyTorch can use; leave it out, or say --device cpu")
    if devices > count:
        raise PracticumError(f"--devices {devices}: this machine has {count} of --device {device}; use at most that many")
    if accelerator.strategy == "fsdp" and devices == 1:
        raise PracticumError("--strategy fsdp shares the weights between processes; say how many with --devices")
    if accelerator.precision == "16-mixed" and device == "cpu":
        raise PracticumError("--precision 16-mixed needs a GPU; on a CPU use bf16-mixed")
    if accelerator.precision == "64-true" and device == "mps":
        raise PracticumError("--precision 64-true: an Apple GPU has no float64; use --device cpu")
    if not hasattr(recipe, "build"):
        _check_study(name, recipe, accelerator)


def check_experiment(name: str, experiment: Experiment, accelerator: Accelerator) -> None:
    """Refuse what this training cannot be run with.

    Args:
        name: of the recipe.
        experiment: what it builds.
        accelerator: what its user asks for.

    Raises:
        PracticumError: with what to do instead.
    """
    if accelerator.devices > 1 and not has_rows(next(iter(experiment.train.epoch(0)))):
        raise PracticumError(f"--devices: a batch of {name} is a whole, a graph say, that processes cannot share; leave it out")
    if accelerator.strategy != "fsdp":
        return
    if experiment.fit.ema or experiment.fit.best:
        raise PracticumError(
            f"--strategy fsdp: {name} keeps averaged or best weights, which no process has whole; use --strategy ddp"
        )
    if any(hasattr(experiment.model, part) for part in ("vectors", "start")):  # word vectors, and translations step by step
        raise PracticumError(
            f"--strategy fsdp: {name} is measured by parts of its model, whose weights no process has whole; use --strategy ddp"
        )
    precision = accelerator.precision or experiment.fit.precision or "32-true"
    if precision not in SHARDED:
        raise PracticumError(f"--precision {precision} is not for --strategy fsdp; use {' or '.join(SHARDED)}")


def trains(recipe: Any) -> bool:
    """Tell whether a recipe trains through the loop: it builds an experiment, or it is a study that calls `fit`."""
    return hasattr(recipe, "build") or getattr(inspect.getmodule(type(recipe)), "fit", None) is loop.fit


def _check_study(name: str, recipe: Any, accelerator: Accelerator) -> None:
    asked = {
        "--device": accelerator.device not in ("auto", "cpu"),
        "--devices": accelerator.devices > 1,
        "--strategy": accelerator.strategy != "auto",
        "--precision": accelerator.precision is not None,
        "--compile": accelerator.compile,
    }
    if not trains(recipe):
        reason = "does not train through the loop and computes on the CPU as it is written"
    else:
        reason = "is a study of several trainings, each in one process"
        asked = {option: asked[option] for option in ("--devices", "--strategy")}
    if given := [option for option, there in asked.items() if there]:
        raise PracticumError(f"{name} {reason}; leave out {' and '.join(given)}")


def device_of(accelerator: Accelerator) -> str:
    """Return the device that an accelerator means: cpu, cuda or mps."""
    if accelerator.device != "auto":
        return accelerator.device
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
