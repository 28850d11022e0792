"""Trial runs: inside a block every training ends after its first steps, and the loss of each step is kept.

    with first_steps(20) as losses:
        recipe.run(seed, folder)

A study may train several networks; so the limit is per training, and the losses of all of them come one after another.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Trial:
    """Attributes: `limit` steps of each training, and the `losses` of all trainings so far."""

    limit: int
    losses: list[float] = field(default_factory=list)


_current: ContextVar[Trial | None] = ContextVar("trial", default=None)


@contextmanager
def first_steps(limit: int) -> Iterator[list[float]]:
    """Make every training in the block a trial of `limit` optimiser steps; yield the list that their losses go to."""
    trial = Trial(limit)
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
