"""Checkpoints that a killed run resumes from exactly: model, optimiser, generators, and the place in the data.

A run goes on with other settings where that has a meaning (more epochs, another learning rate, another number of processes), and
says so where it has none.
"""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from practicum.errors import PracticumError
from practicum.finite import better
from practicum.training import generators
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
        best: the best value of each metric that chooses, as a number to maximise; empty before the first evaluation.
        since_best: evaluations since any of them was reached.
        best_weights: the model's state when all of them were last reached.
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
    best: tuple[float, ...] = ()
    since_best: int = 0
    best_weights: dict[str, Tensor] | None = None

    def better(self, metrics: str, row: dict[str, float]) -> bool:
        """Note the row's metrics (`-name`: lower is better) and tell whether its weights are the best so far.

        One metric has to rise above its best value. Of several, with commas in between, each has to be at least as good as ever;
        one alone that is so starts the count of `since_best` again.

        Source: Veličković et al. 2018, section 3.3, and the authors' code (github.com/PetarV-/GAT, execute_cora.py).
        """
        values = tuple(_to_maximise(metric, row) for metric in metrics.split(","))
        best = self.best or (-math.inf,) * len(values)
        if len(values) == 1:
            reached = [better(values[0], best[0])]
        else:
            reached = [not better(before, value) for value, before in zip(values, best, strict=True)]
        self.best = tuple(value if good else before for value, before, good in zip(values, best, reached, strict=True))
        self.since_best = 0 if any(reached) else self.since_best + 1
        return all(reached)


def _to_maximise(metric: str, row: dict[str, float]) -> float:
    name = metric.removeprefix("-")
    if name not in row:
        raise PracticumError(f"best={metric!r}: the evaluation has no such metric, only {', '.join(row)}")
    return -row[name] if metric.startswith("-") else row[name]


@dataclass(frozen=True)
class Settings:
    """What a run cannot change on its way.

    Attributes:
        batches: of an epoch; the place in it is counted in them.
        accumulate: batches of a step.
        optimizer: the class, whose state is kept.
        precision: of weights and passes.
        sharded: whether each process has a shard of the weights.
        ema: whether the weights are averaged.
        best: the metrics by which the best weights are kept, or None.
    """

    batches: int
    accumulate: int
    optimizer: str
    precision: str
    sharded: bool
    ema: bool
    best: str | None

    def changed(self, before: dict[str, Any]) -> str:
        """Say what differs from a checkpoint's settings so that its run cannot go on; nothing if it can.

        An average cannot be begun late. It may be left out, and so may the best weights; these may also be kept from now on.
        """
        for name in ("batches", "accumulate", "optimizer", "precision", "sharded", "ema", "best"):
            was, now = before.get(name), getattr(self, name)
            optional = (name == "ema" and not now) or (name == "best" and None in (was, now))
            if name in before and was != now and not optional:
                return f"{name}={was!r}, not {now!r}"
        return ""


def save(fabric: Any, folder: Path, place: Place, settings: Settings, model: nn.Module, optimizer: Any, ema: EMA | None) -> None:
    """Write the checkpoint under a temporary name, then put it in place, so that a kill leaves the old one or the new one."""
    state = {
        "model": model,
        "optimizer": optimizer,
        "average": ema.values if ema else {},
        # Rows as text: walking through thousands of numbers would take longer than an epoch on a graph.
        "place": vars(place) | {"rows": json.dumps(place.rows)},
        "settings": asdict(settings),
        "generators": _of_all(fabric, generators.state()),
    }
    # A rename is all or nothing; a write is not.
    temporary = folder / f".{NAME}"
    fabric.save(temporary, state)
    if fabric.is_global_zero:
        os.replace(temporary, folder / NAME)
    fabric.barrier()


def load(fabric: Any, folder: Path, settings: Settings, model: nn.Module, optimizer: Any, ema: EMA | None) -> Place:
    """Put everything back as it was saved and return the place. Learning rate and the like stay the optimiser's present ones.

    Raises:
        PracticumError: the file is broken, or belongs to another model or to a run whose settings were others.
    """
    path = folder / NAME
    try:
        before = torch.load(path, map_location="meta", weights_only=True, mmap=True).get("settings", {})
    except Exception as error:  # torch raises many kinds for a broken or foreign file
        raise _foreign(path, error) from error
    if told := settings.changed(before):
        raise PracticumError(f"{path}: this run was begun with {told}. Set that back, or start again with --fresh.")
    chosen = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    state: dict[str, Any] = {"model": model, "optimizer": optimizer}
    try:
        rest = fabric.load(path, state, weights_only=True)
    except Exception as error:
        raise _foreign(path, error) from error
    for group, values in zip(optimizer.param_groups, chosen, strict=True):
        group.update(values)
    if ema:
        if not rest["average"].keys() >= ema.values.keys():
            raise PracticumError(f"{path}: this run was begun without ema. Leave it out, or start again with --fresh.")
        for name, value in ema.values.items():
            value.copy_(rest["average"][name])
    known = {each.name for each in fields(Place)}
    place = Place(**{name: value for name, value in rest["place"].items() if name in known})
    # Older checkpoints have a list, and one number.
    place.rows = json.loads(place.rows) if isinstance(place.rows, str) else place.rows
    if isinstance(place.best, float):
        place.best = (place.best,) if place.best > -math.inf else ()
    if not settings.best:
        place.best, place.since_best, place.best_weights = (), 0, None
    # The generators come last: nothing above may draw from what was put back.
    generators.restore_of(_generators(rest), fabric.global_rank)
    return place


def _generators(rest: dict[str, Any]) -> Sequence[generators.State]:
    """Return the generators' state in each process. Older checkpoints have one state for all, but for PyTorch's."""
    if "generators" in rest:
        states: list[generators.State] = rest["generators"]
        return states
    return [{"torch": each, **{kind: rest[kind] for kind in ("cuda", "numpy", "python")}} for each in rest["torch"]]


def _foreign(path: Path, error: Exception) -> PracticumError:
    told = f"{type(error).__name__}: {error}"
    return PracticumError(f"{path}: not a checkpoint of this model ({told}). Delete it, or start again with --fresh.")


def _of_all(fabric: Any, value: Any) -> list[Any]:
    """Return the value of every process, in order."""
    values: list[Any] = [value] * fabric.world_size
    if fabric.world_size > 1:
        torch.distributed.all_gather_object(values, value)
    return values
