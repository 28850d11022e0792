"""Matrix products."""

from __future__ import annotations

import math

import numpy as np

from practicum.autograd.ops.elementwise import tensors
from practicum.autograd.ops.reduction import sum_to
from practicum.autograd.tensor import Operand, Tensor, record


def matmul(a: Operand, b: Operand) -> Tensor:
    """Return the matrix product over the last two axes; those before are broadcast.

    Shapes:
        (…, N, K) @ (…, K, M) -> (…, N, M). A vector (K) counts as one row on the left, one column on the right; that axis is
        dropped again.

    Raises:
        ValueError: if the inner sizes differ, or an operand is a single number.
    """
    x, y = tensors(a, b)
    if x.ndim == 0 or y.ndim == 0 or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        raise ValueError(f"matmul: expected (…, N, K) @ (…, K, M), got {x.shape} and {y.shape}")
    if x.ndim == 1:
        return matmul(x.unsqueeze(0), y).squeeze(-2 if y.ndim > 1 else 0)
    if y.ndim == 1:
        return matmul(x, y.unsqueeze(1)).squeeze(-1)
    if x.ndim > 2 and y.ndim == 2:  # one large product instead of many small ones, and no sum of many gradients of y
        return matmul(x.reshape(math.prod(x.shape[:-1]), x.shape[-1]), y).reshape(*x.shape[:-1], y.shape[-1])
    return record(
        np.matmul(x.data, y.data),
        (x, lambda g, out: sum_to(matmul(g, y.mT), x.shape)),
        (y, lambda g, out: sum_to(matmul(x.mT, g), y.shape)),
    )


def rmatmul(a: Operand, b: Operand) -> Tensor:
    """Return b @ a, for an array on the left."""
    return matmul(b, a)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return x Wᵀ + b in one operation: the bias is added in place, and the gradient of W comes out in W's own layout.

    Shapes:
        input (…, K), weight (M, K), bias (M) -> (…, M).

    Raises:
        ValueError: if the shapes do not fit.
    """
    if input.shape[-1:] != weight.shape[-1:] or weight.ndim != 2 or (bias is not None and bias.shape != weight.shape[:1]):
        raise ValueError(
            f"linear: expected (…, K), (M, K) and (M), got {input.shape}, {weight.shape}, {None if bias is None else bias.shape}"
        )
    # (…, K) -> (N, K): one large product
    x = input if input.ndim == 2 else input.reshape(math.prod(input.shape[:-1]), input.shape[-1])
    data = x.data @ weight.data.T
    edges = [(x, lambda g, out: matmul(g, weight)), (weight, lambda g, out: matmul(g.mT, x))]
    if bias is not None:
        data += bias.data
        edges.append((bias, lambda g, out: g.sum(0)))
    out = record(data, *edges)
    return out if input.ndim == 2 else out.reshape(*input.shape[:-1], weight.shape[0])
