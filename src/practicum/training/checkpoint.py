"""Checkpoints that a killed run resumes from exactly: model, optimiser, generators, and the place in the data."""

import os
import random
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from practicum.errors import PracticumError
from practicum.finite import better
from practicum.training.ema import EMA

NAME = "checkpoint.pt"


@dataclass
class Place:
    """How far a training has come.

    Attributes:
        epoch: epochs done.
        index: batches done in the present epoch.
        step: the optimiser's steps.
        loss_sum: of the training loss over the steps since the last evaluation.
        loss_count: the number of those steps.
        seconds: that training has taken by the clock.
        cpu_seconds: that it has taken of the processor, over all threads.
        rows: one per evaluation.
        stopped: why training ended before its last epoch, or nothing.
        best: the best value of the metric that chooses, as a number to maximise.
        since_best: evaluations since then.
        best_weights: the model's state then.
    """

    epoch: int = 0
    index: int = 0
    step: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    rows: list[dict[str, float]] = field(default_factory=list)
    stopped: str = ""
    best: float = float("-inf")
    since_best: int = 0
    best_weights: dict[str, Tensor] | None = None

    def better(self, metric: str, row: dict[str, float]) -> bool:
        """Note the row's metric (`-name`: lower is better) and tell whether it is the best so far."""
        name = metric.removeprefix("-")
        if name not in row:
            raise PracticumError(f"best={metric!r}: the evaluation has no such metric, only {', '.join(row)}")
        value = -row[name] if metric.startswith("-") else row[name]
        if better(value, self.best):
            self.best, self.since_best = value, 0
            return True
        self.since_best += 1
        return False


def save(fabric: Any, folder: Path, place: Place, model: nn.Module, optimizer: Any, ema: EMA | None) -> None:
    """Write the checkpoint under a temporary name, then put it in place, so that a kill leaves the old one or the new one."""
    state = {
        "model": model,
        "optimizer": optimizer,
        "average": ema.values if ema else {},
        "place": asdict(place),
        "torch": _of_all(fabric, torch.get_rng_state()),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": _plain(np.random.get_state()),
        "python": random.getstate(),
    }
    # A rename is all or nothing; a write is not.
    temporary = folder / f".{NAME}"
    fabric.save(temporary, state)
    if fabric.is_global_zero:
        os.replace(temporary, folder / NAME)
    fabric.barrier()


def load(fabric: Any, folder: Path, model: nn.Module, optimizer: Any, ema: EMA | None) -> Place:
    """Put everything back as it was saved and return the place.

    Raises:
        PracticumError: the file is broken, or belongs to another model.
    """
    path = folder / NAME
    state: dict[str, Any] = {"model": model, "optimizer": optimizer}
    try:
        rest = fabric.load(path, state, weights_only=True)
    except Exception as error:  # torch raises many kinds for a broken or foreign file
        raise PracticumError(
            f"{path}: not a checkpoint of this model ({type(error).__name__}: {error}). Delete it, or start again with --fresh."
        ) from error
    if ema:
        for name, value in ema.values.items():
            value.copy_(rest["average"][name])
    # The generators come last: nothing above may draw from what was put back.
    torch.set_rng_state(rest["torch"][fabric.global_rank])
    if rest["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(rest["cuda"])
    kind, keys, *others = rest["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *others))
    version, numbers, gauss = rest["python"]
    random.setstate((version, tuple(numbers), gauss))
    return Place(**rest["place"])


def _of_all(fabric: Any, value: Tensor) -> list[Tensor]:
    """Return the value of every process, in order."""
    values: list[Any] = [value] * fabric.world_size
    if fabric.world_size > 1:
        torch.distributed.all_gather_object(values, value)
    return values


def _plain(state: Any) -> list[Any]:
    kind, keys, *others = state
    return [kind, keys.tolist(), *others]
