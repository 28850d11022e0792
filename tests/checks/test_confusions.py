"""Which confusion is named behind a wrong value, and that none is named by chance."""

from __future__ import annotations

import re

import numpy as np
import pytest

from practicum.checks import assert_close
from practicum.checks.assertions import Unusable
from practicum.checks.confusions import confusion

RNG = np.random.default_rng(11)
X = RNG.normal(size=(4, 4))
POSITIVE = np.abs(RNG.normal(size=5)) + 0.1


def said(actual: object, expected: object, **more: int) -> str:
    with pytest.raises(AssertionError) as caught:
        assert_close(actual, expected, what="loss", **more)
    return str(caught.value)


def test_the_sum_in_place_of_the_mean_is_named_as_in_the_task_sheets_words() -> None:
    mean = 0.404225
    assert said(32 * mean, mean, mean_over=32) == "loss: expected 0.404225, got 12.9352: that is the sum, the mean is expected"


@pytest.mark.parametrize(
    ("actual", "expected", "counts", "words"),
    [
        (8 * X, X, {"mean_over": 8}, "the sum, the mean is expected"),
        (X / 8, X, {"mean_over": 8}, "divided by 8 once more: the mean is taken twice"),
        (X / 8, X, {"sum_over": 8}, "the mean, the sum is expected"),
        (-X, X, {}, "what is expected with the opposite sign"),
        (X.T, X, {}, "the transpose of what is expected"),
        (X[:2].T, X[:2], {}, "the transpose of what is expected"),
        (2 * X, X, {}, "twice what is expected"),
        (X / 2, X, {}, "half of what is expected"),
        (POSITIVE**2, POSITIVE, {}, "the square of what is expected"),
        (np.sqrt(POSITIVE), POSITIVE, {}, "the square root of what is expected"),
        (37 * X, X, {}, "37 times what is expected: a sum in the place of a mean?"),
        (X / 37, X, {}, "what is expected divided by 37: a mean in the place of a sum, or a mean that is taken twice?"),
        ((2 * X).astype(np.float32), X, {}, "twice what is expected"),
        (1j * X * 2, 1j * X, {}, "twice what is expected"),
        (np.array([2.0, 4, 6, 8]), np.array([1.0, 2, 3, 4]), {}, "twice what is expected"),
    ],
)
def test_each_confusion_is_named_where_it_fits(
    actual: np.ndarray, expected: np.ndarray, counts: dict[str, int], words: str
) -> None:
    assert said(actual, expected, **counts).endswith(f": that is {words}")


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (5.0, 5 / 3),  # three times, but five is short
        (4.0, 2.0),  # also what 2 + 2 gives
        (np.array([2.0, 4, 6]), np.array([1.0, 2, 3])),
        (np.zeros((3, 3)), X[:3, :3]),
        (X + 1e-4, X),
        (np.where(np.arange(16).reshape(4, 4) == 5, 0, 2 * X), X),  # all but one
        (np.array([[1.0, 2], [3, 1]]), np.array([[1.0, 3], [2, 1]])),  # two short numbers that were swapped
        (np.full(3, np.inf), X[0, :3]),
        (X[0, :3], np.zeros(3)),
    ],
)
def test_none_is_named_where_it_may_be_chance_or_is_not_the_whole_of_it(actual: np.ndarray, expected: np.ndarray) -> None:
    assert "that is" not in said(actual, expected)


def test_with_a_count_that_the_author_gives_less_is_enough() -> None:
    assert said(5.0, 5 / 3, mean_over=3).endswith("got 5: that is the sum, the mean is expected")
    assert said(np.array([3.0, 6.0]), np.array([1.0, 2.0]), mean_over=3).endswith(": that is the sum, the mean is expected")
    assert "that is" not in said(6.0, 2.0, mean_over=3), "one short number may be anything"
    assert "that is" not in said(np.array([3.0, 7.0]), np.array([1.0, 2.0]), mean_over=3)


def test_wrong_numbers_at_random_are_called_no_confusion() -> None:
    rng = np.random.default_rng(5)
    scalars = rng.lognormal(0, 3, size=(1_500, 2))
    assert not any(confusion(a, e, mean_over=32, sum_over=32) for a, e in scalars.reshape(-1, 2, 1))
    pairs = rng.normal(size=(400, 2, 2, 2))
    assert not any(confusion(a, e, mean_over=4) for a, e in pairs)


def test_a_huge_array_of_another_shape_is_refused_before_it_is_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = np.broadcast_to(np.int8(1), (1 << 20, 1 << 20))  # a byte here; 8 TiB as float64
    assert "expected shape (3,), got shape (1048576, 1048576)" in said(huge, np.ones(3))


@pytest.mark.parametrize(
    ("actual", "hint"),
    [
        (None, "nothing came back"),
        ("text", "return the numbers themselves"),
        ([[1.0], [1.0, 2.0]], "rows are equally long"),
        (np.ones(4), "print the shape of what you return"),
        (np.array([1.0, np.nan, 1.0]), "NaN and infinity come from"),
        (np.array([1j, 1, 1]), "return the numbers themselves"),
    ],
)
def test_what_is_of_another_kind_brings_a_hint_of_its_own(actual: object, hint: str) -> None:
    with pytest.raises(Unusable) as caught:
        assert_close(actual, np.ones(3))
    assert re.search(hint, caught.value.hint)
