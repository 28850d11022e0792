"""What a lab's author imports to write checks. See docs/labs.md.

    from practicum.grading.checks import assert_close, hidden, points, timeout
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from .assertions import (
    accuracy,
    assert_close,
    assert_decreases,
    assert_dtype,
    assert_finite,
    assert_parameter_count,
    assert_proportional,
    assert_shape,
    interpolate,
    numeric_gradient,
    over_seeds,
)
from .results import Died
from .student import StudentError, plain, ref

__all__ = [
    "Died",
    "StudentError",
    "accuracy",
    "assert_close",
    "assert_decreases",
    "assert_dtype",
    "assert_finite",
    "assert_parameter_count",
    "assert_proportional",
    "assert_shape",
    "hidden",
    "interpolate",
    "numeric_gradient",
    "over_seeds",
    "plain",
    "points",
    "ref",
    "timeout",
]

Check = TypeVar("Check", bound=Callable[..., Any])


def points(number: int | float | str, hint: str = "") -> Callable[[Check], Check]:
    """How many points a check gives, and what a student reads when it fails.

    Raises:
        ValueError: not a non-negative number.
    """
    exact = Decimal(str(number))
    if not exact.is_finite() or exact < 0:
        raise ValueError(f"points must be a number that is 0 or more, got {number!r}")

    def mark(check: Check) -> Check:
        check.practicum_points = exact  # type: ignore[attr-defined]
        check.practicum_hint = hint  # type: ignore[attr-defined]
        return check

    return mark


def hidden(check: Check) -> Check:
    """Keep a check out of the handout, and its values out of the feedback."""
    check.practicum_hidden = True  # type: ignore[attr-defined]
    return check


def timeout(seconds: float) -> Callable[[Check], Check]:
    """Wall seconds for a check, start to end."""
    if not 0 < seconds < 1e6:
        raise ValueError(f"a timeout must be a positive number of seconds, got {seconds!r}")

    def mark(check: Check) -> Check:
        check.practicum_timeout = float(seconds)  # type: ignore[attr-defined]
        return check

    return mark
