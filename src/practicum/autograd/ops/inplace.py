"""Changes in place: `x += y`, `x[key] = y`.

Where a gradient is at stake, nothing that a rule may still need is overwritten: `x += y` then makes a new tensor.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from practicum.autograd.ops.elementwise import add, div, mul, sub
from practicum.autograd.ops.layout import plain_key
from practicum.autograd.recording import mode
from practicum.autograd.tensor import Array, Operand, Tensor


def iadd(x: Tensor, other: Operand) -> Tensor:
    """Add to x in place, or return x + other where a gradient is at stake."""
    return x if _changed(x, lambda a, b: np.add(a, b, out=a), other) else add(x, other)


def isub(x: Tensor, other: Operand) -> Tensor:
    """Subtract from x in place, or return x − other where a gradient is at stake."""
    return x if _changed(x, lambda a, b: np.subtract(a, b, out=a), other) else sub(x, other)


def imul(x: Tensor, other: Operand) -> Tensor:
    """Multiply x in place, or return x · other where a gradient is at stake."""
    return x if _changed(x, lambda a, b: np.multiply(a, b, out=a), other) else mul(x, other)


def itruediv(x: Tensor, other: Operand) -> Tensor:
    """Divide x in place, or return x / other where a gradient is at stake."""
    return x if _changed(x, lambda a, b: np.divide(a, b, out=a), other) else div(x, other)


def assign(x: Tensor, key: Any, value: Operand) -> None:
    """Set x[key] in place.

    Raises:
        RuntimeError: where a gradient is at stake.
    """
    if not _changed(x, lambda a, b: a.__setitem__(plain_key(key), b), value):
        raise RuntimeError("an element of a recorded tensor cannot be assigned to; build the result with where, cat or stack")


def _changed(x: Tensor, how: Callable[[Array, Array], Any], other: Operand) -> bool:
    """Change `data` in place where no gradient is at stake; return whether it did."""
    value = other if isinstance(other, Tensor) else Tensor(other, dtype=x.dtype)
    if mode.recording and (x.requires_grad or value.requires_grad):
        if x.requires_grad and x.is_leaf:
            raise RuntimeError(
                "a leaf that requires grad cannot be changed in place while operations are recorded; use no_grad()"
            )
        return False
    how(x.data, value.data)
    x._version += 1  # backward refuses results that were computed from the old values
    return True
