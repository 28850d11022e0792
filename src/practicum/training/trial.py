"""Trial runs: inside a block every training ends after its first steps, and the loss of each step is kept.

    with first_steps(20) as losses:
        recipe.run(seed, folder)

A study may train several networks; so the limit is per training, and the losses of all of them come one after another.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import islice
from typing import Any


@dataclass
class Trial:
    """Attributes: `limit` steps of each training, `batches` of each evaluation (None for all), and the `losses` of all trainings
    so far.
    """

    limit: int
    batches: int | None = None
    losses: list[float] = field(default_factory=list)


_current: ContextVar[Trial | None] = ContextVar("trial", default=None)


@contextmanager
def first_steps(limit: int, batches: int | None = None) -> Iterator[list[float]]:
    """Make every training in the block a trial of `limit` optimiser steps; yield the list that their losses go to.

    Args:
        limit: steps of each training.
        batches: that each evaluation looks at; all by default.
    """
    trial = Trial(limit, batches)
    token = _current.set(trial)
    try:
        yield trial.losses
    finally:
        _current.reset(token)


def over(step: int, loss: float) -> bool:
    """Note the loss of a training's `step`-th step, counted from 1, where there is a trial; tell whether its limit is reached."""
    trial = _current.get()
    if trial is None:
        return False
    trial.losses.append(loss)
    return step >= trial.limit


def shortened(batches: Iterable[Any]) -> Iterable[Any]:
    """Return the batches that an evaluation looks at: all, or the first few of a trial that says so."""
    trial = _current.get()
    return batches if trial is None or trial.batches is None else islice(batches, trial.batches)
