"""The global random generators of Python, NumPy and PyTorch, taken together: seeded, kept and put back."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

State = dict[str, Any]


def seed(number: int) -> None:
    """Seed them all."""
    torch.manual_seed(number)
    random.seed(number)
    np.random.seed(number % 2**32)


def state() -> State:
    """Return the state of all in plain types and tensors, so that `torch.load` reads it with `weights_only`."""
    numpy: Any = np.random.get_state()
    kind, keys, *others = numpy
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [kind, keys.tolist(), *others],
        "python": random.getstate(),
    }


def restore(state: State) -> None:
    """Put a state back; that of GPUs where there are as many as then."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    kind, keys, *others = state["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *others))
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))


def restore_of(states: Sequence[State], rank: int) -> None:
    """Put the state of this process back. One that was not there begins a stream of its own, drawn from another's."""
    restore(states[rank % len(states)])
    if rank >= len(states):
        seed(int(torch.randint(2**62, ())) + rank)


@contextmanager
def kept() -> Iterator[None]:
    """Leave all as they were before the block, whatever it draws."""
    before = state()
    try:
        yield
    finally:
        restore(before)
