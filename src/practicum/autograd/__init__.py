"""Automatic differentiation in NumPy: tensors, operations, `nn` and `optim` under PyTorch's names.

A model moves between the two engines by its imports:

    from practicum import autograd as torch          # import torch
    from practicum.autograd import Tensor, nn, optim  # from torch import Tensor, nn, optim

Each file builds on those before it: `recording` (whether operations are recorded), `tensor` (the array that remembers), `ops`
(the operations with the rules for their gradients), `graph` (differentiation), `operators` (the operations as methods).
"""

from typing import Any

import numpy as np
from numpy import float32, float64, int64
from numpy.typing import DTypeLike

from practicum.autograd import functional, nn, optim
from practicum.autograd.graph import grad
from practicum.autograd.operators import give_operators
from practicum.autograd.ops.elementwise import (
    abs,
    clamp,
    cos,
    exp,
    log,
    maximum,
    minimum,
    relu,
    sigmoid,
    sin,
    sqrt,
    tanh,
    where,
)
from practicum.autograd.ops.layout import cat, gather, stack
from practicum.autograd.ops.matrix import matmul
from practicum.autograd.ops.reduction import amax, argmax, logsumexp, max, mean, softmax, sum, var
from practicum.autograd.random import manual_seed, rand, randint, randn, randperm
from practicum.autograd.recording import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from practicum.autograd.tensor import Tensor

__all__ = [
    "Tensor", "abs", "amax", "arange", "argmax", "cat", "clamp", "cos", "enable_grad", "exp", "eye", "float32", "float64",
    "from_numpy", "functional", "gather", "grad", "int64", "is_grad_enabled", "log", "logsumexp", "manual_seed", "matmul",
    "max", "maximum", "mean", "minimum", "nn", "no_grad", "ones", "ones_like", "optim", "rand", "randint", "randn", "randperm",
    "relu", "set_grad_enabled", "sigmoid", "sin", "softmax", "sqrt", "stack", "sum", "tanh", "tensor", "var", "where", "zeros",
    "zeros_like",
]  # fmt: skip

give_operators(Tensor)


def tensor(data: Any, *, dtype: DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor with a copy of the data; Python floats become float32."""
    return Tensor(data.copy() if isinstance(data, np.ndarray) else data, requires_grad, dtype)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """Return a tensor that shares memory with the array."""
    return Tensor(array)


def zeros(*size: int, dtype: DTypeLike = float32) -> Tensor:
    """Return zeros of the given shape."""
    return Tensor(np.zeros(size, dtype))


def ones(*size: int, dtype: DTypeLike = float32) -> Tensor:
    """Return ones of the given shape."""
    return Tensor(np.ones(size, dtype))


def zeros_like(input: Tensor) -> Tensor:
    """Return zeros of the same shape and dtype."""
    return Tensor(np.zeros_like(input.data))


def ones_like(input: Tensor) -> Tensor:
    """Return ones of the same shape and dtype."""
    return Tensor(np.ones_like(input.data))


def arange(*args: int) -> Tensor:
    """Return the integers from start (0 if left out) to before end, in steps, as `range`."""
    return Tensor(np.arange(*args))


def eye(n: int) -> Tensor:
    """Return the identity matrix of n rows."""
    return Tensor(np.eye(n, dtype=float32))
