"""What a check says about values that came from a student's code.

Those values are plain data, yet nothing else about them can be trusted: `None`, a string, a ragged list, NaN, an integer
of ten thousand digits. Every helper turns such a value into an `AssertionError` that a student can act on. Conditions
are written so that NaN fails them, shapes must agree without broadcasting, and comparison is in float64 (complex128
where the expected value is complex).

Helpers that say something return nothing, or the one number they found on the way; `ValueError` is for the author of a
check who called a helper wrongly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]

_DEEPEST_LIST = 32  # NumPy's limit before 2.0; nobody nests deeper by intent
_NO_WARNINGS: dict[str, Any] = {"all": "ignore"}


def _show(value: object) -> str:
    """A short, safe text for one value: long strings are cut and huge integers do not trip over the digit limit."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, complex):
        return f"{value:.6g}"
    if value is None or isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, str | bytes):
        text = repr(value[:41])
        return f"the {type(value).__name__} {text if len(value) <= 40 else text[:40] + '…'}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, list | tuple | dict | set | frozenset):
        return f"a {type(value).__name__} of length {len(value)}"
    return f"an object of type {type(value).__name__}"


def _leaf_problem(value: object, depth: int = 0) -> str | None:
    """Why nested lists do not hold numbers only, or None when they do."""
    if isinstance(value, bool | int | float | complex):
        return None
    if isinstance(value, np.ndarray | np.generic):
        return None if value.dtype.kind in "biufc" else f"holds {_show(value)}"
    if isinstance(value, list | tuple):
        if depth == _DEEPEST_LIST:
            return f"is nested more than {_DEEPEST_LIST} lists deep"
        return next((why for item in value if (why := _leaf_problem(item, depth + 1))), None)
    return f"holds {_show(value)}"


def _any_complex(value: object) -> bool:
    """Whether nested lists of numbers hold a complex one."""
    if isinstance(value, list | tuple):
        return any(_any_complex(item) for item in value)
    return isinstance(value, complex) or (isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "c")


def _array(value: object, what: str) -> Array:
    """The value as a float64 or complex128 array; anything that is not made of numbers is an `AssertionError`."""
    wanted = f"{what}: expected a number or an array of numbers"
    if not isinstance(value, bool | int | float | complex | np.generic | np.ndarray | list | tuple):
        raise AssertionError(f"{wanted}, got {_show(value)}")
    if (why := _leaf_problem(value)) is not None:
        raise AssertionError(f"{wanted}, got {_show(value)}" + (f" that {why}" if isinstance(value, list | tuple) else ""))
    try:
        raw = np.asarray(value)
        if raw.dtype.kind == "O":  # integers beyond 64 bits
            raw = raw.astype(np.complex128 if _any_complex(value) else np.float64)
    except ValueError:
        raise AssertionError(f"{wanted}, got {_show(value)} whose rows differ in length") from None
    except OverflowError:
        raise AssertionError(f"{what}: holds an integer too large for a float") from None
    with np.errstate(**_NO_WARNINGS):
        return raw.astype(np.complex128 if raw.dtype.kind == "c" else np.float64)


def _real(value: object, what: str) -> FloatArray:
    """As `_array`, and real."""
    array = _array(value, what)
    if array.dtype.kind == "c":
        raise AssertionError(f"{what}: expected real numbers, got complex ones")
    return array


def _finite(value: object, what: str) -> FloatArray:
    """As `_real`, and without NaN or infinity."""
    array = _real(value, what)
    assert_finite(array, what=what)
    return array


def _number(value: object, what: str) -> float:
    """The one real, finite number that `value` holds (a scalar, or an array with one entry)."""
    array = _real(value, what)
    if array.size != 1:
        raise AssertionError(f"{what}: expected one number, got {_show(array)}")
    number = float(array.reshape(()))
    if not math.isfinite(number):
        raise AssertionError(f"{what}: expected a finite number, got {_show(number)}")
    return number


def _at(index: tuple[int, ...]) -> str:
    """Where in an array, for a message; nothing for a scalar."""
    return f" at [{', '.join(map(str, index))}]" if index else ""


def _first(mask: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    """The first index, in reading order, at which the mask is true."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def _same_shape(actual: Array, expected: Array, what: str) -> None:
    if actual.shape != expected.shape:
        raise AssertionError(f"{what}: expected shape {expected.shape}, got shape {actual.shape}")


def assert_close(
    actual: object,
    expected: object,
    *,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    what: str = "value",
    allow_inf: bool = False,
) -> None:
    """Says that two values agree: |actual - expected| <= atol + rtol |expected| in every entry.

    Args:
        actual: What the student's code returned: a number, an array, or nested lists of numbers.
        expected: What it should be. Shapes must be equal; nothing is broadcast.
        rtol: Relative tolerance, in units of the expected entry.
        atol: Absolute tolerance.
        what: What the value is, as the student would call it; every message starts with it.
        allow_inf: Let an infinity agree with the same infinity. By default any infinity fails, since a check of an
            invariance, where both sides come from the student, would else be passed by infinity on both.

    Raises:
        AssertionError: They differ, or either holds NaN or something that is no number.
    """
    a, e = _array(actual, what), _array(expected, f"expected {what}")
    if a.dtype.kind == "c" and e.dtype.kind != "c":
        raise AssertionError(f"{what}: expected real numbers, got complex ones")
    _same_shape(a, e, what)
    with np.errstate(**_NO_WARNINGS):
        difference = np.abs(a - e)
        close = np.isfinite(a) & np.isfinite(e) & (difference <= atol + rtol * np.abs(e))
        if allow_inf:
            close |= np.isinf(e) & (a == e)
    if close.all():
        return
    where = _first(~close)
    message = f"{what}: expected {_show(e[where])}{_at(where)}, got {_show(a[where])}"
    if a.size > 1:
        message += f" ({np.count_nonzero(~close)} of {a.size} values of shape {a.shape} differ"
        largest = np.max(difference, initial=0.0, where=np.isfinite(difference))
        message += f", by up to {largest:.3g})" if np.isfinite(difference[~close]).all() else ")"
    raise AssertionError(message)


def assert_shape(actual: object, shape: int | Sequence[int | None], *, what: str = "value") -> None:
    """Says that an array (or number, or nested lists of numbers) has a shape.

    Args:
        actual: What the student's code returned.
        shape: The lengths of its axes; -1 or None stands for any length. A number has the shape `()`.
        what: What the value is, for the message.

    Raises:
        AssertionError: Another number of axes or another length, or not made of numbers.
    """
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    got = _array(actual, what).shape
    if len(got) != len(wanted) or any(w not in (None, -1, g) for w, g in zip(wanted, got, strict=True)):
        names = ["any" if w in (None, -1) else str(w) for w in wanted]
        raise AssertionError(f"{what}: expected shape ({', '.join(names)}{',' * (len(names) == 1)}), got shape {got}")


def assert_dtype(actual: object, dtype: Any, *, what: str = "value") -> None:
    """Says that an array or a number has a dtype.

    Args:
        actual: What the student's code returned. Python numbers count as NumPy would hold them; lists have no dtype.
        dtype: A dtype (`np.float32`, `"int64"`) or a family of them (`np.floating`, `np.integer`), or a tuple of such.
        what: What the value is, for the message.

    Raises:
        AssertionError: Another dtype, or no array.
    """
    wanted = dtype if isinstance(dtype, tuple) else (dtype,)
    families = [d if isinstance(d, type) and issubclass(d, np.generic) else np.dtype(d).type for d in wanted]
    names = " or ".join(family.__name__ for family in families)
    if not isinstance(actual, bool | int | float | complex | np.generic | np.ndarray):
        raise AssertionError(f"{what}: expected an array of dtype {names}, got {_show(actual)}")
    got = np.asarray(actual).dtype
    if not any(issubclass(got.type, family) for family in families):
        raise AssertionError(f"{what}: expected dtype {names}, got {got}")


def assert_finite(actual: object, *, what: str = "value") -> None:
    """Says that a value holds neither NaN nor infinity, and at least one number.

    Args:
        actual: What the student's code returned.
        what: What the value is, for the message.

    Raises:
        AssertionError: It holds one, is empty, or is not made of numbers.
    """
    array = _array(actual, what)
    if array.size == 0:
        raise AssertionError(f"{what}: expected numbers, got an empty array of shape {array.shape}")
    bad = ~np.isfinite(array)
    if bad.any():
        where = _first(bad)
        raise AssertionError(
            f"{what}: expected finite numbers, got {_show(array[where])}{_at(where)} "
            f"({np.count_nonzero(bad)} of {array.size} values are not finite)"
        )


def _parts(value: object, names: Sequence[str], count: int, what: str) -> list[FloatArray]:
    if not isinstance(value, list | tuple) or len(value) != count:
        raise AssertionError(f"{what}: expected {count} arrays, got {_show(value)}")
    return [_finite(part, name) for part, name in zip(value, names, strict=True)]


def _constant(actual: list[FloatArray], expected: list[FloatArray]) -> float:
    """The least-squares constant from `expected` to `actual`; 0 where `expected` is zero."""
    dot = sum(float(np.sum(a * e)) for a, e in zip(actual, expected, strict=True))
    square = sum(float(np.sum(e * e)) for e in expected)
    return dot / square if square > 0 else 0.0


def _misses(actual: FloatArray, expected: FloatArray, constant: float, rtol: float) -> npt.NDArray[np.bool_]:
    """Where `actual` is not `constant` times `expected`, for entries of at most 1."""
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
    """Says that `actual` is `expected` times one constant that is not zero.

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
    """The gradient of `f` at `x` by central differences, (f(x + eps) - f(x - eps)) / (2 eps) for each entry.

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
    """Says that a curve goes down: the mean of its last values is at most `factor` times the mean of its first.

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


def _count(value: object, what: str, depth: int = 0) -> int:
    if depth > _DEEPEST_LIST:
        raise AssertionError(f"{what}: expected arrays in lists or dicts, got more than {_DEEPEST_LIST} levels of them")
    if isinstance(value, dict):
        return sum(_count(item, what, depth + 1) for item in value.values())
    if isinstance(value, list | tuple) and any(isinstance(item, dict | list | tuple | np.ndarray) for item in value):
        return sum(_count(item, what, depth + 1) for item in value)
    return int(_array(value, what).size)


def assert_parameter_count(
    parameters: object, expected: int | tuple[int, int], *, what: str = "number of parameters"
) -> None:
    """Says how many parameters a model has.

    Args:
        parameters: The arrays, in lists or dicts at will; or the count itself, as an `int`.
        expected: The count, or the least and the most of it.
        what: What is counted, for the message.

    Raises:
        AssertionError: Another count, or something that is neither.
    """
    counted = parameters if type(parameters) is int else _count(parameters, what)
    least, most = expected if isinstance(expected, tuple) else (expected, expected)
    if not least <= counted <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise AssertionError(f"{what}: expected {wanted}, got {_show(counted)}")


def _labels(value: object, what: str) -> FloatArray:
    array = _finite(value, what)
    if array.ndim == 2:
        return array.argmax(axis=1).astype(np.float64) if array.shape[1] > 1 else array[:, 0]
    if array.ndim != 1:
        raise AssertionError(f"{what}: expected one label or one row of scores per example, got shape {array.shape}")
    return array


def accuracy(predicted: object, labels: object, *, what: str = "predictions") -> float:
    """The share of examples labelled right.

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
    """A fraction for `award`: 0 at `zero_at`, 1 at `full_at`, straight in between, and never outside.

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
    """Calls `f(seed)` for every seed and sums up what it returned.

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
