"""Sums, means, extremes and softmax: operations that bring many numbers together, and `expand`, the mirror image of `sum_to`.

`dim` is one axis, several, or None for all; `keepdim` leaves each as an axis of length 1. Half precision is added up in single
precision: its range ends at 65504.
"""

from __future__ import annotations

import builtins
import math
from typing import NamedTuple

import numpy as np

from practicum.autograd.tensor import Array, Tensor, record

Dim = int | tuple[int, ...] | None


class Extreme(NamedTuple):
    """What `max` and `min` along an axis return."""

    values: Tensor
    indices: Tensor


def sum_to(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Sum x over what broadcasting `shape` to x's shape would repeat."""
    if x.shape == shape:
        return x
    lead = x.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1 and x.shape[lead + i] != 1))
    return record(_total(x.data, axes).reshape(shape), (x, lambda g, out: expand(g, x.shape)))


def expand(x: Tensor, *shape: int | tuple[int, ...]) -> Tensor:
    """Return x, repeated without copying to fill `shape`; −1 keeps an axis as it is."""
    sizes = as_shape(shape)
    lead = len(sizes) - x.ndim
    full = tuple(x.shape[i - lead] if n == -1 else n for i, n in enumerate(sizes))
    return record(np.broadcast_to(x.data, full), (x, lambda g, out: sum_to(g, x.shape)))


def as_shape(shape: tuple[int | tuple[int, ...], ...]) -> tuple[int, ...]:
    """Return one tuple: f(2, 3) and f((2, 3)) mean the same."""
    return tuple(n for part in shape for n in (part if isinstance(part, tuple | list) else (part,)))


def _kept(shape: tuple[int, ...], dim: Dim) -> tuple[int, ...]:
    """Return the shape that a reduction over `dim` leaves with keepdim."""
    if dim is None:
        return (1,) * len(shape)
    kept = list(shape)
    for axis in dim if isinstance(dim, tuple) else (dim,):
        if kept:  # NumPy takes axis 0 of a single number
            kept[axis] = 1
    return tuple(kept)


def _total(values: Array, dim: Dim, keepdims: bool = False) -> Array:
    if values.dtype != np.float16:
        return np.asarray(values.sum(dim, keepdims=keepdims))
    return np.asarray(values.sum(dim, dtype=np.float32, keepdims=keepdims).astype(np.float16))


def wide(x: Tensor) -> Tensor:
    """Return x, half precision as single precision."""
    return x.to(np.float32) if x.dtype == np.float16 else x


def as_narrow(result: Tensor, x: Tensor) -> Tensor:
    """Return a result of `wide(x)` in half precision where x is."""
    return result.to(np.float16) if x.dtype == np.float16 else result


def sum(x: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return the sum over `dim`, or over everything."""
    kept = _kept(x.shape, dim)
    return record(_total(x.data, dim, keepdim), (x, lambda g, out: (g.reshape(kept) if g.ndim else g).expand(x.shape)))


def mean(x: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return the mean; of nothing, it is nan."""
    kept = _kept(x.shape, dim)
    count = x.numel() // builtins.max(math.prod(kept), 1)
    return as_narrow(sum(wide(x), dim, keepdim) * (1 / count if count else math.nan), x)


def var(x: Tensor, dim: Dim = None, correction: int = 1, keepdim: bool = False) -> Tensor:
    """Return Σ (x − mean)² / (n − correction)."""
    kept = _kept(x.shape, dim)
    difference = wide(x) - mean(wide(x), dim, keepdim=True)
    count = x.numel() // builtins.max(math.prod(kept), 1) - correction
    return as_narrow(sum(difference * difference, dim, keepdim) * (1 / count if count > 0 else math.nan), x)


def std(x: Tensor, dim: Dim = None, correction: int = 1, keepdim: bool = False) -> Tensor:
    """Return the square root of `var`."""
    return as_narrow(var(wide(x), dim, correction, keepdim).sqrt(), x)


def amax(x: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return the largest value; where several are equal, they share the gradient equally."""
    kept = _kept(x.shape, dim)

    def rule(g: Tensor, out: Tensor) -> Tensor:
        ties = (x.data == out.data.reshape(kept)).astype(x.dtype)
        return g.reshape(kept).mul(ties / ties.sum(dim, keepdims=True))

    return record(x.data.max(dim, keepdims=keepdim), (x, rule))


def amin(x: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return the smallest value; where several are equal, they share the gradient equally."""
    return -amax(-x, dim, keepdim)


def max(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | Extreme:
    """Return the largest value; along an axis also where it is, and of several equal ones the first gets the gradient."""
    if dim is None:
        return amax(x)
    indices = argmax(x, dim, keepdim=True)
    values = x.gather(dim, indices)
    return Extreme(values, indices) if keepdim else Extreme(values.squeeze(dim), indices.squeeze(dim))


def min(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | Extreme:
    """Return the smallest value; along an axis also where it is, and of several equal ones the first gets the gradient."""
    if dim is None:
        return amin(x)
    indices = argmin(x, dim, keepdim=True)
    values = x.gather(dim, indices)
    return Extreme(values, indices) if keepdim else Extreme(values.squeeze(dim), indices.squeeze(dim))


def argmax(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the index of the largest element; no gradient."""
    return record(np.argmax(x.data, dim, keepdims=keepdim))


def argmin(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the index of the smallest element; no gradient."""
    return record(np.argmin(x.data, dim, keepdims=keepdim))


def logsumexp(x: Tensor, dim: Dim, keepdim: bool = False) -> Tensor:
    """Return log Σ eˣ, with the largest x taken out first so that nothing overflows."""
    if x.dtype == np.float16:
        return as_narrow(logsumexp(wide(x), dim, keepdim), x)
    kept = _kept(x.shape, dim)
    top = x.data.max(dim, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # all −∞: the result is −∞, not nan
    with np.errstate(divide="ignore"):
        values = np.log(np.exp(x.data - top).sum(dim, keepdims=True)) + top
    shape = values.shape if keepdim else values.squeeze(dim).shape
    return record(values.reshape(shape), (x, lambda g, out: g.reshape(kept) * (x - out.reshape(kept)).exp()))


def softmax(x: Tensor, dim: int) -> Tensor:
    """Return eˣ / Σ eˣ."""
    if x.dtype == np.float16:
        return as_narrow(softmax(wide(x), dim), x)
    powers = np.exp(x.data - x.data.max(dim, keepdims=True))
    powers /= powers.sum(dim, keepdims=True)
    return record(powers, (x, lambda g, out: out * (g - sum(g * out, dim, keepdim=True))))


def log_softmax(x: Tensor, dim: int) -> Tensor:
    """Return x − log Σ eˣ."""
    if x.dtype == np.float16:
        return as_narrow(log_softmax(wide(x), dim), x)
    shifted = x.data - x.data.max(dim, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(dim, keepdims=True))
    return record(shifted, (x, lambda g, out: g - out.exp() * sum(g, dim, keepdim=True)))


def soft_cross_entropy(x: Tensor, q: Array, dim: int | None = None) -> Tensor:
    """Return −Σ_c q_c log softmax(x)_c over the last axis.

    Its gradient is softmax(x) Σ_c q_c − q, with no way through log softmax.

    Shapes:
        x and q (N, C) -> (N) for dim = 1, or their sum.
    """
    log_probs = log_softmax(x, 1)

    def rule(g: Tensor, out: Tensor) -> Tensor:
        return log_probs.exp().mul(q.sum(1, keepdims=True)).sub(q).mul(g if dim is None else g.unsqueeze(1))

    return record(-(q * log_probs.data).sum(dim), (x, rule))
