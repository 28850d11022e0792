"""Operations that move numbers without changing them: reshaping, reordering, joining, padding and indexing.

Each is linear, and the rule for its gradient moves the numbers back. `index` reads, `scatter` adds up what was read: each is
the other's rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from practicum.autograd.ops.reduction import as_shape
from practicum.autograd.tensor import Array, Tensor, record


def reshape(x: Tensor, *shape: int | tuple[int, ...]) -> Tensor:
    """Return the same numbers in another shape; one size may be -1."""
    new = as_shape(shape)
    return record(x.data.reshape(new), (x, lambda g, out: reshape(g, x.shape)))


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Make one axis of those from `start_dim` to `end_dim`."""
    if x.ndim == 0:
        return reshape(x, 1)
    start, end = start_dim % x.ndim, end_dim % x.ndim
    return reshape(x, (*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))


def squeeze(x: Tensor, dim: int | None = None) -> Tensor:
    """Drop axes of length 1: all, or `dim` if it has length 1."""
    drop = range(x.ndim) if dim is None else (dim % x.ndim,)
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in drop))


def unsqueeze(x: Tensor, dim: int) -> Tensor:
    """Put an axis of length 1 in front of axis `dim`."""
    at = dim % (x.ndim + 1)
    return reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


def permute(x: Tensor, *dims: int | tuple[int, ...]) -> Tensor:
    """Order the axes anew: axis i of the result is axis dims[i] of x."""
    order = as_shape(dims)
    back = tuple(np.argsort([d % x.ndim for d in order]).tolist())
    return record(x.data.transpose(order), (x, lambda g, out: permute(g, back)))


def transpose(x: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two axes."""
    return record(x.data.swapaxes(dim0, dim1), (x, lambda g, out: transpose(g, dim0, dim1)))


def contiguous(x: Tensor) -> Tensor:
    """Return the same tensor with its values in row-major order."""
    return record(np.asarray(x.data, order="C"), (x, lambda g, out: g))


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an axis that exists."""
    if not tensors or tensors[0].ndim == 0:
        raise ValueError(f"cat: expected at least one tensor, with axes, got {[t.shape for t in tensors]}")
    axis = dim % tensors[0].ndim
    if len({t.shape[:axis] + t.shape[axis + 1 :] for t in tensors}) > 1:
        raise ValueError(f"cat along axis {dim}: expected equal shapes elsewhere, got {', '.join(str(t.shape) for t in tensors)}")
    ends = np.cumsum([t.shape[axis] for t in tensors]).tolist()
    keys = [(*[slice(None)] * axis, slice(end - t.shape[axis], end)) for t, end in zip(tensors, ends, strict=True)]
    edges = [(t, lambda g, out, key=key: index(g, key)) for t, key in zip(tensors, keys, strict=True)]
    return record(np.concatenate([t.data for t in tensors], axis), *edges)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    if len({t.shape for t in tensors}) > 1:
        raise ValueError(f"stack: expected tensors of one shape, got {', '.join(str(t.shape) for t in tensors)}")
    return cat([unsqueeze(t, dim) for t in tensors], dim)


def split(x: Tensor, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Cut x along an axis into parts of this size (the last may be smaller), or of these sizes."""
    length, axis = x.shape[dim], dim % x.ndim
    sizes = (
        [min(split_size, length - i) for i in range(0, length, split_size)] if isinstance(split_size, int) else list(split_size)
    )
    if sum(sizes) != length:
        raise ValueError(f"split: expected sizes that add up to the axis' length, {length}, got {sizes}")
    ends = np.cumsum(sizes).tolist()
    return tuple(index(x, (*[slice(None)] * axis, slice(end - n, end))) for n, end in zip(sizes, ends, strict=True))


def chunk(x: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut x along an axis into this many parts of equal size (the last may be smaller)."""
    return split(x, -(-x.shape[dim] // chunks), dim)


def pad(x: Tensor, pad: Sequence[int], value: float = 0.0) -> Tensor:
    """Put `value` around x; `pad` is (before, after) for the last axis, then for the one before it, and so on."""
    if len(pad) % 2 or len(pad) > 2 * x.ndim or min(pad, default=0) < 0:
        raise ValueError(f"pad: expected (before, after) ≥ 0 for at most {x.ndim} axes of shape {x.shape}, got {tuple(pad)}")
    widths = [(0, 0)] * (x.ndim - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    inside = tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
    data = np.full([before + n + after for (before, after), n in zip(widths, x.shape, strict=True)], value, x.dtype)
    data[inside] = x.data
    return record(data, (x, lambda g, out: index(g, inside)))


def plain_key(key: Any) -> Any:
    """Return an index with arrays in place of tensors and list."""
    if isinstance(key, tuple):
        return tuple(plain_key(k) for k in key)
    if isinstance(key, Tensor | np.ndarray | list):
        array = np.asarray(key, dtype=np.intp if isinstance(key, list) and not key else None)
        if array.dtype.kind not in "iub":
            raise IndexError(f"expected an index of integers or booleans, got {array.dtype} of shape {array.shape}")
        return array
    return key


def index(x: Tensor, key: Any) -> Tensor:
    """x[key]: slices and numbers give a view; integer arrays and boolean masks a copy. An element read twice gets both
    gradients.
    """
    plain = plain_key(key)
    return record(x.data[plain], (x, Scatter(plain, x.shape)))


class Scatter:
    """The rule of `index`. `into` adds to a gradient that is there already, so that reading x piece by piece costs no more
    than reading it whole.
    """

    def __init__(self, key: Any, shape: tuple[int, ...]) -> None:
        self.key, self.shape = key, shape

    def __call__(self, g: Tensor, out: Tensor) -> Tensor:
        """Return the gradient of x: zeros, and g where x was read."""
        return scatter(g, self.key, self.shape)

    def into(self, total: Array, g: Array) -> None:
        """Add the gradient of x into `total`."""
        _add_at(total, self.key, g)


def scatter(x: Tensor, key: Any, shape: tuple[int, ...]) -> Tensor:
    """Return zeros of this shape with x added at `key`."""
    data = np.zeros(shape, x.dtype)
    _add_at(data, key, x.data)
    return record(data, (x, lambda g, out: index(g, key)))


def _add_at(total: Array, key: Any, values: Array) -> None:
    if any(isinstance(k, np.ndarray) for k in (key if isinstance(key, tuple) else (key,))):
        np.add.at(total, key, values)
    else:
        total[key] += values


def gather(x: Tensor, dim: int, index: Tensor | Array) -> Tensor:
    """Read along an axis: out[i][j][k] = x[i][index[i][j][k]][k] for dim = 1. `index` has as many axes as x."""
    at = plain_key(np.asarray(index))
    if at.ndim != x.ndim or at.dtype.kind not in "iu":
        raise ValueError(
            f"gather: expected an integer index with {x.ndim} axes as x of shape {x.shape}, got {at.dtype} of shape {at.shape}"
        )
    # On the other axes an index is its own place; on `dim` it is what was given.
    key = list(np.ogrid[tuple(slice(n) for n in at.shape)]) if at.ndim > 1 else [at]
    key[dim] = at
    return x[tuple(key)]
