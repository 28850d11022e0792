"""Arithmetic and functions that act on each element; operands of different shapes are broadcast as in NumPy.

Where an operand was broadcast, its gradient is the sum over the copies (`sum_to`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from practicum.autograd.ops.reduction import sum_to
from practicum.autograd.tensor import Array, Operand, Scalar, Tensor, record

_erf = np.frompyfunc(math.erf, 1, 1)


def tensors(a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    """Return both operands as tensors. A Python number takes the dtype of the other, so float32 stays float32."""
    if isinstance(a, Tensor):
        return a, b if isinstance(b, Tensor) else _constant(b, a)
    if isinstance(b, Tensor):
        return _constant(a, b), b
    x = Tensor(a)
    return x, _constant(b, x)


def _constant(value: Array | Scalar, like: Tensor) -> Tensor:
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return record(np.asarray(value, like.dtype if like.dtype.kind == "f" else np.result_type(like.data, value)))
    return record(np.asarray(value))


def add(a: Operand, b: Operand) -> Tensor:
    """Return a + b."""
    x, y = tensors(a, b)
    return record(x.data + y.data, (x, lambda g, out: sum_to(g, x.shape)), (y, lambda g, out: sum_to(g, y.shape)))


def sub(a: Operand, b: Operand) -> Tensor:
    """Return a - b."""
    x, y = tensors(a, b)
    return record(x.data - y.data, (x, lambda g, out: sum_to(g, x.shape)), (y, lambda g, out: sum_to(-g, y.shape)))


def mul(a: Operand, b: Operand) -> Tensor:
    """Return a · b, element by element."""
    x, y = tensors(a, b)
    return record(x.data * y.data, (x, lambda g, out: sum_to(g * y, x.shape)), (y, lambda g, out: sum_to(g * x, y.shape)))


def div(a: Operand, b: Operand) -> Tensor:
    """Return a / b, element by element."""
    x, y = tensors(a, b)
    return record(x.data / y.data, (x, lambda g, out: sum_to(g / y, x.shape)), (y, lambda g, out: sum_to(-g * out / y, y.shape)))


def pow(a: Operand, b: Operand) -> Tensor:
    """Return aᵇ; the gradient with respect to b takes 0ᵇ · log 0 as 0."""
    if isinstance(a, Tensor) and isinstance(b, int | float):
        base, n = a, b
        return record(base.data**n, (base, lambda g, out: g * (n * base ** (n - 1)) if n else g * 0))
    x, y = tensors(a, b)

    def to_base(g: Tensor, out: Tensor) -> Tensor:
        # y · x^(y−1) is 0 for y = 0, also where x = 0 and the power is infinite
        return sum_to(g * where(y.data == 0, 0, y * x ** where(y.data == 0, 1, y - 1)), x.shape)

    def to_exponent(g: Tensor, out: Tensor) -> Tensor:
        zero = (x.data == 0) & (y.data >= 0)
        return sum_to(g * where(zero, 0, out * log(where(zero, 1, x))), y.shape)

    return record(x.data**y.data, (x, to_base), (y, to_exponent))


def rsub(a: Operand, b: Operand) -> Tensor:
    """Return b − a, for a number on the left."""
    return sub(b, a)


def rdiv(a: Operand, b: Operand) -> Tensor:
    """Return b / a, for a number on the left."""
    return div(b, a)


def rpow(a: Operand, b: Operand) -> Tensor:
    """Return bᵃ, for a number on the left."""
    return pow(b, a)


def neg(x: Tensor) -> Tensor:
    """Return −x."""
    return record(-x.data, (x, lambda g, out: -g))


def abs(x: Tensor) -> Tensor:
    """Return |x|; the gradient at 0 is 0."""
    return record(np.abs(x.data), (x, lambda g, out: g * np.sign(x.data)))


def exp(x: Tensor) -> Tensor:
    """Return eˣ."""
    return record(np.exp(x.data), (x, lambda g, out: g * out))


def log(x: Tensor) -> Tensor:
    """Return the natural logarithm."""
    return record(np.log(x.data), (x, lambda g, out: g / x))


def sqrt(x: Tensor) -> Tensor:
    """Return √x."""
    return record(np.sqrt(x.data), (x, lambda g, out: g / (out * 2)))


def sin(x: Tensor) -> Tensor:
    """Return sin x."""
    return record(np.sin(x.data), (x, lambda g, out: g * cos(x)))


def cos(x: Tensor) -> Tensor:
    """Return cos x."""
    return record(np.cos(x.data), (x, lambda g, out: -g * sin(x)))


def tanh(x: Tensor) -> Tensor:
    """Return tanh x."""
    return record(np.tanh(x.data), (x, lambda g, out: g * (1 - out * out)))


def sigmoid(x: Tensor) -> Tensor:
    """Return 1 / (1 + e⁻ˣ), as (1 + tanh(x/2)) / 2, which cannot overflow."""
    return record((np.tanh(x.data * 0.5) + 1) * 0.5, (x, lambda g, out: g * (out * (1 - out))))


def softplus(x: Tensor) -> Tensor:
    """Return log(1 + eˣ), without overflow."""
    return record(np.logaddexp(x.data, np.zeros((), x.dtype)), (x, lambda g, out: g * sigmoid(x)))


def relu(x: Tensor) -> Tensor:
    """Return max(x, 0); the gradient at 0 is 0."""
    return record(np.maximum(x.data, 0), (x, lambda g, out: g * (out.data > 0)))


def erf(x: Tensor) -> Tensor:
    """Return the error function 2/√π ∫₀ˣ e^(−t²) dt."""
    values = np.asarray(_erf(x.data), dtype=x.dtype)
    return record(values, (x, lambda g, out: g * exp(-x * x) * (2 / math.sqrt(math.pi))))


def maximum(a: Operand, b: Operand) -> Tensor:
    """Return the larger of both; where they are equal, each gets half of the gradient."""
    x, y = tensors(a, b)

    def share(mine: Array, other: Array, g: Tensor) -> Tensor:
        return mul(g, ((mine > other) + 0.5 * (mine == other)).astype(g.dtype))

    return record(
        np.maximum(x.data, y.data),
        (x, lambda g, out: sum_to(share(x.data, y.data, g), x.shape)),
        (y, lambda g, out: sum_to(share(y.data, x.data, g), y.shape)),
    )


def minimum(a: Operand, b: Operand) -> Tensor:
    """Return the smaller of both; where they are equal, each gets half of the gradient."""
    x, y = tensors(a, b)
    return -maximum(-x, -y)


def clamp(x: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    """Return x, kept in [min, max]; the gradient passes where x was inside, bounds included."""
    low, high = -np.inf if min is None else min, np.inf if max is None else max
    return record(np.clip(x.data, min, max), (x, lambda g, out: g * ((x.data >= low) & (x.data <= high))))


def where(condition: Tensor | Array, a: Operand, b: Operand) -> Tensor:
    """Return a where the condition holds, b elsewhere."""
    x, y = tensors(a, b)
    mask = np.asarray(condition)
    if mask.dtype != np.bool_:
        raise TypeError(f"where: expected a boolean condition, got {mask.dtype}")
    return record(
        np.where(mask, x.data, y.data),
        (x, lambda g, out: sum_to(where(mask, g, 0), x.shape)),
        (y, lambda g, out: sum_to(where(mask, 0, g), y.shape)),
    )


def where_method(x: Tensor, condition: Tensor, other: Operand) -> Tensor:
    """Return x where the condition holds, `other` elsewhere."""
    return where(condition, x, other)


def masked_fill(x: Tensor, mask: Tensor | Array, value: float) -> Tensor:
    """Return x with `value` where the mask holds."""
    return where(mask, value, x)


def to(x: Tensor, dtype: DTypeLike) -> Tensor:
    """Return x in another dtype, or itself if it has that already."""
    return x if x.dtype == dtype else record(x.data.astype(dtype), (x, lambda g, out: to(g, x.dtype)))


def to_float32(x: Tensor) -> Tensor:
    """Return x in single precision."""
    return to(x, np.float32)


def to_float64(x: Tensor) -> Tensor:
    """Return x in double precision."""
    return to(x, np.float64)


def to_int64(x: Tensor) -> Tensor:
    """Return x as integers, outside the graph."""
    return record(x.data.astype(np.int64))


def clone(x: Tensor) -> Tensor:
    """Return a copy of the values that stays in the graph."""
    return record(x.data.copy(), (x, lambda g, out: g))


def eq(a: Tensor, b: Any) -> Tensor:
    """Return where a = b; no gradient."""
    return record(np.equal(*_data(a, b)))


def ne(a: Tensor, b: Any) -> Tensor:
    """Return where a ≠ b; no gradient."""
    return record(np.not_equal(*_data(a, b)))


def lt(a: Tensor, b: Operand) -> Tensor:
    """Return where a < b; no gradient."""
    return record(np.less(*_data(a, b)))


def le(a: Tensor, b: Operand) -> Tensor:
    """Return where a ≤ b; no gradient."""
    return record(np.less_equal(*_data(a, b)))


def gt(a: Tensor, b: Operand) -> Tensor:
    """Return where a > b; no gradient."""
    return record(np.greater(*_data(a, b)))


def ge(a: Tensor, b: Operand) -> Tensor:
    """Return where a ≥ b; no gradient."""
    return record(np.greater_equal(*_data(a, b)))


def _data(a: Operand, b: Operand) -> tuple[Array, Array]:
    x, y = tensors(a, b)
    return x.data, y.data
