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
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from practicum.checks.confusions import confusion

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]

_RETURNED_NONE = "nothing came back: does every way through the function end with `return`?"
_NUMBERS = "return the numbers themselves, in an array or a list whose rows are equally long"
_SHAPE = "print the shape of what you return, and compare it with the task sheet"
_FINITE = "NaN and infinity come from a division by zero, the logarithm of zero, or `exp` of a large number: find the first one"


class Unusable(AssertionError):
    """What came is not the kind of value that was asked for, so its numbers were not compared.

    Attributes:
        hint: answers that; the author's hint is about wrong numbers.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


_DEEPEST_LIST = 32  # NumPy's limit before 2.0; nobody nests deeper by intent
_NO_WARNINGS: dict[str, Any] = {"all": "ignore"}


def _show(value: object) -> str:
    """Return a short, safe text for one value: long strings are cut and huge integers do not trip over the digit limit."""
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
    """Return why nested lists do not hold numbers only, or None when they do."""
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
    """Return whether nested lists of numbers hold a complex one."""
    if isinstance(value, list | tuple):
        return any(_any_complex(item) for item in value)
    return isinstance(value, complex) or (isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "c")


def _array(value: object, what: str) -> Array:
    """Return the value as a float64 or complex128 array; anything that is not made of numbers is an `AssertionError`."""
    wanted = f"{what}: expected a number or an array of numbers"
    if not isinstance(value, bool | int | float | complex | np.generic | np.ndarray | list | tuple):
        raise Unusable(f"{wanted}, got {_show(value)}", _RETURNED_NONE if value is None else _NUMBERS)
    if (why := _leaf_problem(value)) is not None:
        raise Unusable(f"{wanted}, got {_show(value)}" + (f" that {why}" if isinstance(value, list | tuple) else ""), _NUMBERS)
    try:
        raw = np.asarray(value)
        if raw.dtype.kind == "O":  # integers beyond 64 bits
            raw = raw.astype(np.complex128 if _any_complex(value) else np.float64)
    except ValueError:
        raise Unusable(f"{wanted}, got {_show(value)} whose rows differ in length", _NUMBERS) from None
    except OverflowError:
        raise AssertionError(f"{what}: holds an integer too large for a float") from None
    with np.errstate(**_NO_WARNINGS):
        return raw.astype(np.complex128 if raw.dtype.kind == "c" else np.float64)


def _real(value: object, what: str) -> FloatArray:
    """As `_array`, and real."""
    array = _array(value, what)
    if array.dtype.kind == "c":
        raise Unusable(f"{what}: expected real numbers, got complex ones", _NUMBERS)
    return array


def _finite(value: object, what: str) -> FloatArray:
    """As `_real`, and without NaN or infinity."""
    array = _real(value, what)
    assert_finite(array, what=what)
    return array


def _number(value: object, what: str) -> float:
    """Return the one real, finite number that `value` holds (a scalar, or an array with one entry)."""
    array = _real(value, what)
    if array.size != 1:
        raise AssertionError(f"{what}: expected one number, got {_show(array)}")
    number = float(array.reshape(()))
    if not math.isfinite(number):
        raise AssertionError(f"{what}: expected a finite number, got {_show(number)}")
    return number


def _at(index: tuple[int, ...]) -> str:
    """Return where in an array, for a message; nothing for a scalar."""
    return f" at [{', '.join(map(str, index))}]" if index else ""


def _first(mask: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the first index, in reading order, at which the mask is true."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def _same_shape(actual: Array, expected: Array, what: str) -> None:
    if actual.shape != expected.shape:
        that = _that_is(confusion(actual, expected))
        raise Unusable(f"{what}: expected shape {expected.shape}, got shape {actual.shape}{that}", _SHAPE)


def _that_is(words: str) -> str:
    return f": that is {words}" if words else ""


def assert_close(
    actual: object,
    expected: object,
    *,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    what: str = "value",
    allow_inf: bool = False,
    mean_over: int = 0,
    sum_over: int = 0,
) -> None:
    """Say that two values agree: |actual - expected| <= atol + rtol |expected| in every entry.

    Args:
        actual: What the student's code returned: a number, an array, or nested lists of numbers.
        expected: What it should be. Shapes must be equal; nothing is broadcast.
        rtol: Relative tolerance, in units of the expected entry.
        atol: Absolute tolerance.
        what: What the value is, as the student would call it; every message starts with it.
        allow_inf: Let an infinity agree with the same infinity. By default any infinity fails, since a check of an
            invariance, where both sides come from the student, would else be passed by infinity on both.
        mean_over: How many numbers the expected value is a mean over, where it is one: the message then says so where
            the sum came, or the mean of the mean.
        sum_over: How many numbers the expected value is a sum of, where it is one.

    Raises:
        AssertionError: They differ, or either holds NaN or something that is no number.
    """
    e = _array(expected, f"expected {what}")
    if isinstance(actual, np.ndarray):  # before it is copied: float64 takes eight times as much as small integers
        _same_shape(actual, e, what)
    a = _array(actual, what)
    if a.dtype.kind == "c" and e.dtype.kind != "c":
        raise Unusable(f"{what}: expected real numbers, got complex ones", _NUMBERS)
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
    if not np.isfinite(a[where]) and np.isfinite(e[where]):
        raise Unusable(message, _FINITE)
    raise AssertionError(message + _that_is(confusion(a, e, mean_over, sum_over)))


def assert_shape(actual: object, shape: int | Sequence[int | None], *, what: str = "value") -> None:
    """Say that an array (or number, or nested lists of numbers) has a shape.

    Args:
        actual: What the student's code returned.
        shape: The lengths of its axes; -1 or None stands for any length. A number has the shape `()`.
        what: What the value is, for the message.

    Raises:
        AssertionError: Another number of axes or another length, or not made of numbers.
    """
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    # The shape of an array of numbers needs no copy of it.
    got = (actual if isinstance(actual, np.ndarray) and actual.dtype.kind in "biufc" else _array(actual, what)).shape
    if len(got) != len(wanted) or any(w not in (None, -1, g) for w, g in zip(wanted, got, strict=True)):
        names = ["any" if w in (None, -1) else str(w) for w in wanted]
        raise AssertionError(f"{what}: expected shape ({', '.join(names)}{',' * (len(names) == 1)}), got shape {got}")


def assert_dtype(actual: object, dtype: Any, *, what: str = "value") -> None:
    """Say that an array or a number has a dtype.

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
    """Say that a value holds neither NaN nor infinity, and at least one number.

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
        raise Unusable(
            f"{what}: expected finite numbers, got {_show(array[where])}{_at(where)} "
            f"({np.count_nonzero(bad)} of {array.size} values are not finite)",
            _FINITE,
        )


def _count(value: object, what: str, depth: int = 0) -> int:
    if depth > _DEEPEST_LIST:
        raise AssertionError(f"{what}: expected arrays in lists or dicts, got more than {_DEEPEST_LIST} levels of them")
    if isinstance(value, dict):
        return sum(_count(item, what, depth + 1) for item in value.values())
    if isinstance(value, list | tuple) and any(isinstance(item, dict | list | tuple | np.ndarray) for item in value):
        return sum(_count(item, what, depth + 1) for item in value)
    return int(value.size if isinstance(value, np.ndarray) and value.dtype.kind in "biufc" else _array(value, what).size)


def assert_parameter_count(parameters: object, expected: int | tuple[int, int], *, what: str = "number of parameters") -> None:
    """Say how many parameters a model has.

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
