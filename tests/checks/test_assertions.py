"""The assertion helpers: right values pass, wrong and hostile ones fail with a message that says why."""

import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from practicum import checks
from practicum.checks.assertions import assert_close, assert_dtype, assert_finite, assert_parameter_count, assert_shape
from practicum.checks.training import (
    Scores,
    accuracy,
    assert_decreases,
    assert_proportional,
    interpolate,
    numeric_gradient,
    over_seeds,
)


class Handle:
    """Stands for what the proxy returns for an object that is no plain data; touching it is an error."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"touched {name}")

    def __array__(self, *_: Any) -> Any:
        raise RuntimeError("touched")

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def nested(depth: int) -> Any:
    value: Any = 1.0
    for _ in range(depth):
        value = [value]
    return value


NO_NUMBERS = {
    "none": None,
    "text": "1.0",
    "long text": "1" * 100_000,
    "bytes": b"1.0",
    "dict": {"a": 1.0},
    "set": {1.0},
    "ragged": [[1.0, 2.0], [3.0]],
    "ragged arrays": [np.zeros(2), np.zeros(3)],
    "list with none": [1.0, None, 3.0],
    "list with text": [1.0, "2.0", 3.0],
    "list with dict": [{}],
    "deep list": nested(200),
    "very deep list": nested(5000),
    "text array": np.array(["1.0", "2.0"]),
    "object array": np.array([1.0, None], dtype=object),
    "dates": np.array(["2027-02-01"], dtype="datetime64[D]"),
    "one date": np.datetime64("2027-02-01"),
    "records": np.zeros(2, dtype=[("a", "f8")]),
    "handle": Handle(),
    "list with handle": [1.0, Handle()],
    "integer of many digits": 10**5000,
    "list with an integer of many digits": [1, 10**5000],
    "complex and a huge integer": [1j, 10**5000],
}
BAD_NUMBERS = {
    "nan": math.nan,
    "inf": math.inf,
    "nan array": np.array([1.0, math.nan, 3.0]),
    "inf array": np.array([1.0, math.inf, 3.0]),
    "nan list": [1.0, math.nan, 3.0],
    "all nan": np.full(3, math.nan),
    "minus inf": np.full(3, -math.inf),
    "overflowing longdouble": np.array([1.0, 2.0, 3.0], dtype=np.longdouble) * np.longdouble(1e308) * 100,
}
WRONG_SHAPES = {
    "scalar": 1.0,
    "empty": np.array([]),
    "empty list": [],
    "column": np.array([[1.0], [2.0], [3.0]]),
    "row": np.array([[1.0, 2.0, 3.0]]),
    "short": np.array([1.0, 2.0]),
    "huge int": 2**70,
    "bool": True,
}
EXPECTED = np.array([1.0, 2.0, 3.0])


def call_all(value: Any) -> dict[str, Callable[[], Any]]:
    """Every helper applied to a value where three real numbers, or one, are due."""
    return {
        "assert_close": lambda: assert_close(value, EXPECTED),
        "assert_close expected": lambda: assert_close(EXPECTED, value),
        "assert_close to itself": lambda: assert_close(value, value),
        "assert_shape": lambda: assert_shape(value, (3,)),
        "assert_dtype": lambda: assert_dtype(value, np.floating),
        "assert_finite": lambda: assert_finite(value),
        "assert_proportional": lambda: assert_proportional(value, EXPECTED),
        "assert_proportional expected": lambda: assert_proportional(EXPECTED, value),
        "assert_proportional part": lambda: assert_proportional([EXPECTED, value], [EXPECTED, EXPECTED]),
        "assert_proportional parts": lambda: assert_proportional(value, [EXPECTED, EXPECTED]),
        "numeric_gradient": lambda: numeric_gradient(lambda x: value, EXPECTED),
        "assert_decreases": lambda: assert_decreases(value),
        "assert_parameter_count": lambda: assert_parameter_count(value, 7),
        "accuracy": lambda: accuracy(value, EXPECTED),
        "accuracy labels": lambda: accuracy(EXPECTED, value),
        "interpolate": lambda: interpolate(value, 0.0, 1.0),
        "over_seeds": lambda: over_seeds(lambda seed: value, 3),
    }


HELPERS = list(call_all(None))


@pytest.mark.parametrize("helper", HELPERS)
@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_is_no_number_is_an_assertion_error(helper: str, kind: str) -> None:
    if (helper, kind) == ("assert_dtype", "integer of many digits"):
        pytest.skip("covered below: an integer of any size has an integer's dtype at most")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(AssertionError) as caught:
            call_all(NO_NUMBERS[kind])[helper]()
    assert 10 < len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "helper", [h for h in HELPERS if h not in ("assert_shape", "assert_dtype", "assert_parameter_count", "interpolate")]
)
@pytest.mark.parametrize("kind", BAD_NUMBERS)
def test_nan_and_infinity_never_pass(helper: str, kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(AssertionError):
            call_all(BAD_NUMBERS[kind])[helper]()


@pytest.mark.parametrize("kind", WRONG_SHAPES)
@pytest.mark.parametrize("helper", ["assert_close", "assert_shape", "assert_proportional", "accuracy", "assert_decreases"])
def test_wrong_shapes_never_pass(helper: str, kind: str) -> None:
    if (helper, kind) in {("assert_decreases", "short"), ("accuracy", "column")}:
        pytest.skip("two numbers are a curve, a column is a list of labels")
    with pytest.raises(AssertionError):
        call_all(WRONG_SHAPES[kind])[helper]()


def test_a_handle_is_named_and_left_alone() -> None:
    with pytest.raises(AssertionError, match="got an object of type Handle"):
        assert_close(Handle(), 1.0, what="forward(x)")


class TestClose:
    def test_equal_values_pass(self) -> None:
        assert_close([1, 2, 3], EXPECTED)
        assert_close(np.float32(0.1), 0.1, rtol=1e-6)
        assert_close(True, 1)
        assert_close(2**70, 2.0**70)
        assert_close([[1, 2**70]], np.array([[1.0, 2.0**70]]))
        assert_close(1 + 2j, 1 + 2j)
        assert_close(np.array([1.0, 2.0], dtype=np.float16), [1.0, 2.0])

    def test_the_tolerance_is_the_stated_one(self) -> None:
        assert_close(101.0, 100.0, rtol=0.01, atol=0.0)
        with pytest.raises(AssertionError):
            assert_close(101.1, 100.0, rtol=0.01, atol=0.0)
        assert_close(1e-9, 0.0)
        with pytest.raises(AssertionError):
            assert_close(1e-7, 0.0)

    def test_the_message_names_the_first_difference(self) -> None:
        actual = np.array([[1.0, 2.0], [3.5, 4.0], [5.0, 7.0]])
        expected = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        with pytest.raises(AssertionError) as caught:
            assert_close(actual, expected, what="dx")
        assert str(caught.value) == ("dx: expected 3 at [1, 0], got 3.5 (2 of 6 values of shape (3, 2) differ, by up to 1)")

    def test_shapes_are_not_broadcast(self) -> None:
        with pytest.raises(AssertionError, match=re.escape("y: expected shape (3,), got shape (3, 1)")):
            assert_close(np.ones((3, 1)), np.ones(3), what="y")

    def test_infinity_agrees_only_when_asked(self) -> None:
        scores = np.array([0.0, -np.inf])
        with pytest.raises(AssertionError, match="got -inf"):
            assert_close(scores, scores)
        assert_close(scores, scores, allow_inf=True)
        with pytest.raises(AssertionError):
            assert_close(-scores, scores, allow_inf=True)
        with pytest.raises(AssertionError, match="got nan"):
            assert_close(np.full(2, np.nan), np.full(2, np.nan), allow_inf=True)

    def test_complex_where_real_is_due(self) -> None:
        with pytest.raises(AssertionError, match="real numbers"):
            assert_close(1 + 0j, 1.0)

    @given(
        hnp.arrays(np.float64, hnp.array_shapes(max_dims=3), elements=st.floats(-1e6, 1e6)),
        st.integers(0, 10**6),
        st.floats(0.01, 1e3),
    )
    @settings(max_examples=100, deadline=None)
    def test_one_changed_entry_is_found(self, expected: Any, where: int, change: float) -> None:
        assert_close(expected.copy(), expected)
        actual = expected.copy()
        actual.flat[where % actual.size] += change + 1e-4 * abs(actual.flat[where % actual.size])
        index = tuple(int(i) for i in np.unravel_index(where % actual.size, actual.shape))
        with pytest.raises(AssertionError, match=re.escape(f"at [{', '.join(map(str, index))}]")):
            assert_close(actual, expected)


class TestShapeAndDtype:
    def test_wildcards(self) -> None:
        assert_shape(np.zeros((4, 7)), (-1, 7))
        assert_shape(np.zeros((4, 7)), (4, None))
        assert_shape(np.zeros(5), 5)
        assert_shape([[1, 2], [3, 4]], (2, 2))
        assert_shape(3.0, ())

    @pytest.mark.parametrize("shape", [(4,), (4, 8), (7, 4), (4, 7, 1), ()])
    def test_other_shapes_fail(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(AssertionError, match=re.escape("got shape (4, 7)")):
            assert_shape(np.zeros((4, 7)), shape)

    def test_the_message_shows_wildcards(self) -> None:
        with pytest.raises(AssertionError) as caught:
            assert_shape(np.zeros(4), (-1,) * 2, what="probabilities")
        assert str(caught.value) == "probabilities: expected shape (any, any), got shape (4,)"

    def test_dtypes(self) -> None:
        assert_dtype(np.zeros(2, np.float32), np.float32)
        assert_dtype(np.zeros(2, np.float32), np.floating)
        assert_dtype(np.zeros(2, np.int8), (np.floating, np.integer))
        assert_dtype(1.0, "float64")
        assert_dtype(np.float32(1), "float32")
        with pytest.raises(AssertionError, match="expected dtype float32, got float64"):
            assert_dtype(np.zeros(2), np.float32)
        with pytest.raises(AssertionError, match="expected dtype floating or bool, got int64"):
            assert_dtype(np.zeros(2, np.int64), (np.floating, bool))
        with pytest.raises(AssertionError, match="got object"):
            assert_dtype(10**5000, np.integer)

    def test_finite(self) -> None:
        assert_finite([0.0, 1e308])
        with pytest.raises(AssertionError, match=re.escape("got nan at [1] (1 of 2 values are not finite)")):
            assert_finite([0.0, np.nan])
        with pytest.raises(AssertionError, match="empty"):
            assert_finite(np.zeros((0, 3)))


class TestProportional:
    @given(
        hnp.arrays(np.float64, (3, 2), elements=st.floats(0.1, 10)),
        st.floats(1e-3, 1e3),
        st.booleans(),
    )
    @settings(max_examples=100, deadline=None)
    def test_any_constant_passes_and_is_returned(self, expected: Any, size: float, negative: bool) -> None:
        factor = -size if negative else size
        assert assert_proportional(factor * expected, expected) == pytest.approx(factor)
        if negative:
            with pytest.raises(AssertionError, match="same sign"):
                assert_proportional(factor * expected, expected, positive=True)

    def test_parts_share_the_constant(self) -> None:
        weight, bias = np.arange(1.0, 7.0).reshape(2, 3), np.array([1.0, -2.0, 0.5])
        assert assert_proportional([8 * weight, 8 * bias], [weight, bias]) == pytest.approx(8.0)
        with pytest.raises(AssertionError) as caught:
            assert_proportional([weight, 8 * bias], [weight, bias], what=("dW", "db"))
        assert str(caught.value) == "dW and db: expected one constant factor for all, got dW by 1, db by 8"
        with pytest.raises(AssertionError, match="dW by 1, dV by -1"):
            assert_proportional([weight, -weight], [weight, weight], what=("dW", "dV"))
        with pytest.raises(AssertionError, match="db: expected the right values times one constant"):
            assert_proportional([weight, bias + 1], [weight, bias], what=("dW", "db"))

    def test_a_small_part_is_judged_by_its_own_size(self) -> None:
        large, small = np.array([100.0, -50.0]), np.array([0.5, 0.25])
        with pytest.raises(AssertionError):
            assert_proportional([large, small[::-1].copy()], [large, small])
        with pytest.raises(AssertionError):
            assert_proportional([large, 0 * small], [large, small])

    def test_a_part_that_is_zero_must_stay_zero(self) -> None:
        one, zero = np.ones(3), np.zeros(2)
        assert_proportional([2 * one, zero], [one, zero])
        with pytest.raises(AssertionError):
            assert_proportional([2 * one, zero + 1e-3], [one, zero])

    def test_zeros_prove_nothing(self) -> None:
        with pytest.raises(AssertionError, match="nothing to compare"):
            assert_proportional(np.zeros(3), np.zeros(3))
        with pytest.raises(AssertionError, match="zeros only"):
            assert_proportional(np.zeros(3), EXPECTED)

    @pytest.mark.parametrize("wrong", [EXPECTED[::-1], EXPECTED + 1, EXPECTED**2, np.array([1.0, -2.0, 3.0])])
    def test_wrong_directions_fail(self, wrong: Any) -> None:
        with pytest.raises(AssertionError):
            assert_proportional(wrong, EXPECTED)

    def test_sizes_at_the_edge_of_float(self) -> None:
        assert assert_proportional(EXPECTED * 1e300, EXPECTED) == pytest.approx(1e300)
        assert assert_proportional(EXPECTED * 1e-300, EXPECTED) == pytest.approx(1e-300)
        with pytest.raises(AssertionError):
            assert_proportional(EXPECTED * 1e300, EXPECTED * 1e-300)

    def test_the_number_of_parts_and_names(self) -> None:
        with pytest.raises(AssertionError, match="expected 2 arrays, got a list of length 1"):
            assert_proportional([EXPECTED], [EXPECTED, EXPECTED])
        with pytest.raises(ValueError, match="names"):
            assert_proportional([EXPECTED], [EXPECTED], what=("a", "b"))

    def test_shapes_are_not_broadcast(self) -> None:
        with pytest.raises(AssertionError, match="shape"):
            assert_proportional(EXPECTED[None], EXPECTED)
        with pytest.raises(AssertionError, match="shape"):
            assert_proportional(1.0, np.ones(3))


class TestNumericGradient:
    def test_against_a_gradient_in_closed_form(self) -> None:
        x = np.array([[0.3, -1.2], [2.0, 0.7]])
        got = numeric_gradient(lambda v: np.sum(np.sin(v) * v**2), x)
        np.testing.assert_allclose(got, np.cos(x) * x**2 + 2 * x * np.sin(x), rtol=1e-7)

    def test_the_function_gets_its_own_copy(self) -> None:
        x = np.array([1.0, 2.0])

        def spoils(v: Any) -> float:
            value = float(np.sum(v**2))
            v[:] = 0.0
            return value

        np.testing.assert_allclose(numeric_gradient(spoils, x), [2.0, 4.0], rtol=1e-8)
        np.testing.assert_array_equal(x, [1.0, 2.0])

    def test_one_entry_in_an_array_is_a_number(self) -> None:
        np.testing.assert_allclose(numeric_gradient(lambda v: np.array([[v.sum()]]), [3, 4]), [1.0, 1.0], rtol=1e-8)

    def test_a_number_per_example_is_not(self) -> None:
        with pytest.raises(AssertionError, match="expected one number, got an array of shape"):
            numeric_gradient(lambda v: v, [3.0, 4.0])


class TestCurvesAndCounts:
    def test_decreases(self) -> None:
        assert_decreases([1.0, 0.5])
        assert_decreases(np.linspace(2, 1, 50))
        assert_decreases([-1.0, -2.0])
        for curve in ([1.0, 0.95], [0.5, 1.0], [1.0, 1.0], [-1.0, -1.05], [0.0, 0.0]):
            if curve == [0.0, 0.0]:
                assert_decreases(curve)  # nothing is left to lose
                continue
            with pytest.raises(AssertionError, match="expected to fall from"):
                assert_decreases(curve)

    def test_the_window_smooths(self) -> None:
        spiky = [1.0, 1.0, 1.0, 0.2, 0.2, 5.0]
        with pytest.raises(AssertionError):
            assert_decreases(spiky)
        assert_decreases([1.0, 1.0, 1.0, 0.2, 0.2, 0.2], window=3, factor=0.25)
        with pytest.raises(AssertionError, match="expected at least 8 values"):
            assert_decreases(spiky, window=4)
        with pytest.raises(ValueError, match="window"):
            assert_decreases(spiky, window=0)

    def test_parameter_count(self) -> None:
        layer = {"weight": np.zeros((2, 20)), "bias": np.zeros(20)}
        assert_parameter_count(layer, 60)
        assert_parameter_count([layer, layer], 120)
        assert_parameter_count(60, (50, 70))
        with pytest.raises(AssertionError, match="expected 60, got 40"):
            assert_parameter_count([layer["weight"]], 60)
        with pytest.raises(AssertionError, match="expected 50 to 59, got 60"):
            assert_parameter_count(layer, (50, 59))
        with pytest.raises(AssertionError, match="integer of"):
            assert_parameter_count(10**5000, 60)

    def test_parameter_count_of_endless_nesting(self) -> None:
        value: Any = {}
        for _ in range(5000):
            value = {"a": value}
        with pytest.raises(AssertionError, match="levels"):
            assert_parameter_count(value, 0)


class TestScores:
    def test_accuracy(self) -> None:
        one_hot = np.eye(3)[[0, 2, 1, 1]]
        assert accuracy([0, 2, 1, 0], [0, 2, 1, 1]) == 0.75
        assert accuracy(one_hot * 5 - 2, [0, 2, 1, 1]) == 1.0
        assert accuracy([0, 2, 1, 1], one_hot) == 1.0
        assert accuracy(one_hot, one_hot) == 1.0
        assert accuracy(np.array([[1.0], [-1.0]]), [1, 1]) == 0.5
        assert accuracy([0.0, 1.0], [-1.0, 1.0]) == 0.5

    def test_accuracy_needs_as_many_predictions_as_labels(self) -> None:
        with pytest.raises(AssertionError, match="expected 3 of them, got 1"):
            accuracy([1], [1, 1, 1])
        with pytest.raises(AssertionError, match="one row of scores"):
            accuracy(np.zeros((3, 2, 2)), [1, 1, 1])

    def test_interpolate(self) -> None:
        assert interpolate(0.9, 0.8, 1.0) == pytest.approx(0.5)
        assert [interpolate(v, 0.8, 0.9) for v in (0.0, 0.8, 0.9, 5)] == [0.0, 0.0, 1.0, 1.0]
        assert [interpolate(v, 2.0, 1.0) for v in (3.0, 2.0, 1.5, 1.0, 0.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
    def test_interpolate_gives_nothing_for_what_is_not_finite(self, value: float) -> None:
        assert interpolate(value, 0.0, 1.0) == 0.0
        assert interpolate(value, 1.0, 0.0) == 0.0

    @pytest.mark.parametrize("cuts", [(1.0, 1.0), (math.nan, 1.0), (0.0, math.inf)])
    def test_interpolate_needs_two_cuts(self, cuts: tuple[float, float]) -> None:
        with pytest.raises(ValueError, match="cut-offs"):
            interpolate(0.5, *cuts)

    def test_over_seeds(self) -> None:
        assert over_seeds(lambda seed: seed, 3) == Scores(mean=1.0, std=1.0, values=(0.0, 1.0, 2.0))
        assert over_seeds(lambda seed: 2 * seed, [7]) == Scores(mean=14.0, std=0.0, values=(14.0,))
        with pytest.raises(AssertionError, match="score of seed 1: expected a finite number, got nan"):
            over_seeds(lambda seed: math.nan if seed else 0.0, 3)
        with pytest.raises(ValueError, match="at least one seed"):
            over_seeds(lambda seed: 0.0, 0)


def test_every_helper_says_what_it_takes_and_raises() -> None:
    for name in ("assert_close", "assert_shape", "assert_proportional", "numeric_gradient", "over_seeds"):
        text = getattr(checks, name).__doc__
        assert "Args:" in text
        assert "Raises:" in text
