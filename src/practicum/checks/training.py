"""What a check measures of training: gradients, curves and scores. See `assertions` for what holds of every helper."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from practicum.checks.assertions import FloatArray, _at, _finite, _first, _number, _real, _same_shape, _show


def _parts(value: object, names: Sequence[str], count: int, what: str) -> list[FloatArray]:
    if not isinstance(value, list | tuple) or len(value) != count:
        raise AssertionError(f"{what}: expected {count} arrays, got {_show(value)}")
    return [_finite(part, name) for part, name in zip(value, names, strict=True)]


def _constant(actual: list[FloatArray], expected: list[FloatArray]) -> float:
    """Return the least-squares constant from `expected` to `actual`; 0 where `expected` is zero."""
    dot = sum(float(np.sum(a * e)) for a, e in zip(actual, expected, strict=True))
    square = sum(float(np.sum(e * e)) for e in expected)
    return dot / square if square > 0 else 0.0


def _misses(actual: FloatArray, expected: FloatArray, constant: float, rtol: float) -> npt.NDArray[np.bool_]:
    """Return where `actual` is not `constant` times `expected`, for entries of at most 1."""
    tolerance = rtol * abs(constant) * max(float(np.abs(expected).max()), 1e-3)
    wrong: npt.NDArray[np.bool_] = ~(np.abs(actual - constant * expected) <= tolerance)
    return wrong


def assert_proportional(
    actual: object,
    expected: object,
    *,
    rtol: float = 1e-4,
    positive: bool = False,
    what: str | Sequence[str] = "value",
) -> float:
    """Say that `actual` is `expected` times one constant that is not zero.

    A list or tuple of arrays on both sides shares the constant among its parts: gradients of a sum where the mean was
    asked are right, a bias gradient summed where the weight gradient is averaged is not. The constant is the
    least-squares one; an entry may miss it by rtol times the largest expected entry of its part (or a thousandth of
    the largest of all, for parts that are nearly zero).

    Args:
        actual: What the student's code returned: one array, or as many as `expected`.
        expected: One array, or a list or tuple of arrays.
        rtol: The relative tolerance.
        positive: Whether the constant must be positive.
        what: What the value is, or one name for each part.

    Returns:
        The constant.

    Raises:
        AssertionError: No such constant, NaN or infinity on either side, or nothing but zeros on either side, for
            which every constant or none would do.
    """
    title = what if isinstance(what, str) else " and ".join(what)
    if isinstance(expected, list | tuple) and any(isinstance(part, np.ndarray) for part in expected):
        count = len(expected)
        names = [f"{what}[{i}]" for i in range(count)] if isinstance(what, str) else list(what)
        if len(names) != count:
            raise ValueError(f"{count} parts need {count} names, got {len(names)}")
        a_parts = _parts(actual, names, count, title)
        e_parts = _parts(expected, [f"expected {name}" for name in names], count, title)
    else:
        names = [title]
        a_parts, e_parts = [_finite(actual, title)], [_finite(expected, f"expected {title}")]
    for a, e, name in zip(a_parts, e_parts, names, strict=True):
        _same_shape(a, e, name)

    # Both sides are scaled to a largest entry of 1 first, so that no square overflows or vanishes.
    a_top = max(float(np.abs(a).max()) for a in a_parts)
    e_top = max(float(np.abs(e).max()) for e in e_parts)
    if e_top == 0.0:
        raise AssertionError(f"{title}: the expected values are all zero, so there is nothing to compare")
    if a_top == 0.0:
        raise AssertionError(f"{title}: expected values up to {e_top:.3g}, got zeros only")
    a_unit, e_unit = [a / a_top for a in a_parts], [e / e_top for e in e_parts]
    constant = _constant(a_unit, e_unit)
    factor = constant * (a_top / e_top)
    if positive and not constant > 0:
        raise AssertionError(f"{title}: expected values of the same sign, got a constant factor of {factor:.3g}")
    if any(_misses(a, e, constant, rtol).any() for a, e in zip(a_unit, e_unit, strict=True)):
        own = [_constant([a], [e]) for a, e in zip(a_unit, e_unit, strict=True)]
        for a, e, c, name in zip(a_unit, e_unit, own, names, strict=True):
            if (wrong := _misses(a, e, c, rtol)).any():  # this part is at fault by itself
                where = _first(wrong)
                raise AssertionError(
                    f"{name}: expected the right values times one constant, but with the best constant "
                    f"{c * (a_top / e_top):.4g} expected {c * e[where] * a_top:.6g}{_at(where)}, "
                    f"got {a[where] * a_top:.6g} ({np.count_nonzero(wrong)} of {a.size} values of shape {a.shape} differ)"
                )
        factors = ", ".join(f"{name} by {c * (a_top / e_top):.4g}" for name, c in zip(names, own, strict=True))
        raise AssertionError(f"{title}: expected one constant factor for all, got {factors}")
    if factor == 0.0 or not math.isfinite(factor):
        raise AssertionError(f"{title}: expected values near {e_top:.3g} in size, got values near {a_top:.3g}")
    return factor


def numeric_gradient(f: Callable[[FloatArray], object], x: object, eps: float = 1e-6) -> FloatArray:
    """Return the gradient of `f` at `x` by central differences, (f(x + eps) - f(x - eps)) / (2 eps) for each entry.

    Args:
        f: Takes an array of the shape of `x` (its own copy) and returns one number. It is called twice per entry.
        x: Where.
        eps: Half the step. About 1e-6 for code in float64, 1e-3 for code in float32.

    Returns:
        The gradient, float64, in the shape of `x`.

    Raises:
        AssertionError: `f` returns something other than one finite number, or `x` holds something else.
    """
    point = _finite(x, "the point of the gradient")
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        ends = []
        for sign in (1.0, -1.0):
            moved = point.copy()
            moved[index] += sign * eps
            ends.append(_number(f(moved), "the function to differentiate"))
        gradient[index] = (ends[0] - ends[1]) / (2.0 * eps)
    return gradient


def assert_decreases(losses: object, *, factor: float = 0.9, window: int | None = None, what: str = "loss") -> None:
    """Say that a curve goes down: the mean of its last values is at most `factor` times the mean of its first.

    Args:
        losses: The values in order, at least two.
        factor: How far down. For a mean below zero, down by as much: by (1 - factor) of its size.
        window: How many values each mean takes; a tenth of the curve if not given.
        what: What the curve shows, for the message.

    Raises:
        AssertionError: It does not, holds NaN or infinity, or is no list of at least two numbers.
    """
    curve = _finite(losses, what)
    if curve.ndim != 1 or curve.size < 2:
        raise AssertionError(f"{what}: expected a list of at least 2 numbers, got shape {curve.shape}")
    width = max(1, curve.size // 10) if window is None else window
    if width < 1:
        raise ValueError(f"window must be at least 1, got {window}")
    if 2 * width > curve.size:
        raise AssertionError(f"{what}: expected at least {2 * width} values, got {curve.size}")
    first, last = float(curve[:width].mean()), float(curve[-width:].mean())
    most = first - (1.0 - factor) * abs(first)
    if not last <= most:
        raise AssertionError(f"{what}: expected to fall from {first:.4g} to at most {most:.4g}, got {last:.4g}")


def _labels(value: object, what: str) -> FloatArray:
    array = _finite(value, what)
    if array.ndim == 2:
        return array.argmax(axis=1).astype(np.float64) if array.shape[1] > 1 else array[:, 0]
    if array.ndim != 1:
        raise AssertionError(f"{what}: expected one label or one row of scores per example, got shape {array.shape}")
    return array


def accuracy(predicted: object, labels: object, *, what: str = "predictions") -> float:
    """Return the share of examples labelled right.

    Args:
        predicted: N labels, or N rows of scores or probabilities of which the largest counts.
        labels: N labels, or N one-hot rows.
        what: What was predicted, for the message.

    Returns:
        A number from 0 to 1.

    Raises:
        AssertionError: Another number of predictions than labels, NaN or infinity, or not made of numbers.
    """
    p, y = _labels(predicted, what), _labels(labels, "labels")
    if p.shape != y.shape:
        raise AssertionError(f"{what}: expected {y.size} of them, got {p.size}")
    return float(np.mean(p == y))


def interpolate(value: object, zero_at: float, full_at: float) -> float:
    """Return a fraction for `award`: 0 at `zero_at`, 1 at `full_at`, straight in between, and never outside.

    Args:
        value: The score. NaN and infinity earn nothing.
        zero_at: The score that earns nothing. Above `full_at` when less is better.
        full_at: The score that earns everything.

    Raises:
        AssertionError: `value` is no number.
        ValueError: The two cut-offs are equal or not finite.
    """
    if zero_at == full_at or not (math.isfinite(zero_at) and math.isfinite(full_at)):
        raise ValueError(f"two different cut-offs are needed, got {zero_at} and {full_at}")
    score = _real(value, "score")
    if score.size != 1:
        raise AssertionError(f"score: expected one number, got {_show(score)}")
    number = float(score.reshape(()))
    if not math.isfinite(number):
        return 0.0
    return min(1.0, max(0.0, (number - zero_at) / (full_at - zero_at)))


@dataclass(frozen=True)
class Scores:
    """A score over several seeds: its mean, its sample standard deviation (0 for one seed) and the values."""

    mean: float
    std: float
    values: tuple[float, ...]


def over_seeds(f: Callable[[int], object], seeds: int | Iterable[int]) -> Scores:
    """Call `f(seed)` for every seed and sum up what it returned.

    Args:
        f: Takes a seed and returns one number.
        seeds: The seeds, or how many: 5 means 0 to 4.

    Raises:
        AssertionError: `f` returns something other than one finite number.
        ValueError: No seeds.
    """
    chosen = range(seeds) if isinstance(seeds, int) else list(seeds)
    if not chosen:
        raise ValueError("over_seeds needs at least one seed")
    values = tuple(_number(f(seed), f"score of seed {seed}") for seed in chosen)
    std = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return Scores(mean=float(np.mean(values)), std=std, values=values)
