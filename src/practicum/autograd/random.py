"""The generator behind initial weights, dropout and random tensors."""

import numpy as np

from practicum.autograd.tensor import Tensor

_generator = np.random.default_rng()


def manual_seed(seed: int) -> None:
    """Start the generator anew from this seed."""
    global _generator
    _generator = np.random.default_rng(seed)


def generator() -> np.random.Generator:
    """Return the generator in use."""
    return _generator


def rand(*size: int) -> Tensor:
    """Return uniform numbers in [0, 1), float32."""
    return Tensor(_generator.random(size, np.float32))


def randn(*size: int) -> Tensor:
    """Return standard normal numbers, float32."""
    return Tensor(_generator.standard_normal(size, np.float32))


def randint(low: int, high: int, size: tuple[int, ...]) -> Tensor:
    """Return integers in [low, high)."""
    return Tensor(_generator.integers(low, high, size))


def randperm(n: int) -> Tensor:
    """Return 0, …, n − 1 in random order."""
    return Tensor(_generator.permutation(n))
