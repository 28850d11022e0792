"""Names the confusion behind a wrong value, where there is one that explains it exactly: a sum for a mean, a transpose, a sign.

One is named only where it cannot be chance. It must give every number to within 1e-6 of its size, or 1e-12 of the largest,
and the numbers must tell: a number with more than three digits that is met to 1e-6 is enough, while `4` for `2` is also what
`2 + 2` gives; of short numbers, four different ones must agree. Where the author has said how many numbers a mean is over,
a sum in its place is likely, and the expected numbers count as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_RTOL = 1e-6
_SHORT = 4  # different numbers of at most three digits that must agree
_MOST_RATIO = 1_000_000
_RATIO_ATOL = 1e-5  # how near a ratio must be to a whole number, however large that is
_MOST_SIZE = 1_000_000  # numbers that are looked at; more are no help to anybody


def confusion(actual: Array, expected: Array, mean_over: int = 0, sum_over: int = 0) -> str:
    """Return what `actual` is, in words that follow "that is"; nothing where no confusion fits.

    Args:
        actual: what came; finite where a confusion is named.
        expected: what should have come.
        mean_over: how many numbers the expected value is a mean over, where it is one.
        sum_over: how many numbers the expected value is a sum of, where it is one.
    """
    if not 0 < actual.size == expected.size <= _MOST_SIZE or actual.dtype.kind not in "biufc":
        return ""
    if not (np.isfinite(actual).all() and np.isfinite(expected).all()):
        return ""
    with np.errstate(all="ignore"):
        for words, other in _of_counts(expected, mean_over, sum_over):
            if _agree(actual, other) and _tells(np.concatenate([other.ravel(), expected.ravel()])):
                return words
        for words, other in _candidates(actual, expected):
            if _agree(actual, other) and _tells(other):
                return words
    return ""


def _of_counts(expected: Array, mean_over: int, sum_over: int) -> Iterator[tuple[str, Array]]:
    """Yield the confusions of a sum and a mean over a known count, and what each would have given."""
    if mean_over > 1:
        yield "the sum, the mean is expected", expected * mean_over
        yield f"divided by {mean_over} once more: the mean is taken twice", expected / mean_over
    if sum_over > 1:
        yield "the mean, the sum is expected", expected / sum_over


def _candidates(actual: Array, expected: Array) -> Iterator[tuple[str, Array]]:
    """Yield every other confusion's words and what it would have given."""
    if actual.shape != expected.shape:
        if actual.ndim == 2 and actual.shape == expected.shape[::-1]:
            yield "the transpose of what is expected", expected.T
        return
    yield "what is expected with the opposite sign", -expected
    if expected.ndim == 2 and expected.shape[0] == expected.shape[1]:
        yield "the transpose of what is expected", expected.T
    yield "twice what is expected", 2 * expected
    yield "half of what is expected", expected / 2
    yield "the square of what is expected", expected**2
    if expected.dtype.kind != "c" and (expected >= 0).all():
        yield "the square root of what is expected", np.sqrt(expected)
    largest = np.unravel_index(int(np.argmax(np.abs(expected))), expected.shape)
    if expected[largest] == 0 or actual[largest] == 0:
        return
    ratio = complex(actual[largest] / expected[largest]).real
    for times, words in (
        (ratio, "{} times what is expected: a sum in the place of a mean?"),
        (1 / ratio, "what is expected divided by {}: a mean in the place of a sum, or a mean that is taken twice?"),
    ):
        count = round(times) if abs(times) < _MOST_RATIO else 0
        if count > 2 and abs(times - count) <= min(_RTOL * count, _RATIO_ATOL):
            yield words.format(count), expected * count if times == ratio else expected / count


def _agree(actual: Array, other: Array) -> bool:
    if actual.shape != other.shape or not np.isfinite(other).all():
        return False
    size = np.abs(other)
    return bool((np.abs(actual - other) <= _RTOL * size + 1e-12 * size.max()).all())


def _tells(numbers: Array) -> bool:
    """Return whether an agreement in these numbers is none by chance: one is not short, or enough of them differ."""
    size = np.abs(numbers)
    telling = np.unique(size[size > 1e-9 * size.max()])
    return bool((~_short(telling)).any() or telling.size >= _SHORT)


def _short(numbers: Array) -> npt.NDArray[np.bool_]:
    """Return which numbers have at most three digits."""
    step = 10.0 ** (np.floor(np.log10(numbers)) - 2)
    return np.abs(numbers / step - np.round(numbers / step)) < 1e-6
