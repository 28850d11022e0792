"""The decorators of a check: how many points it gives, whether it is hidden, whether it trains, how long it may take."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from practicum.checks.mistakes import Misused

Check = TypeVar("Check", bound=Callable[..., Any])


def points(number: int | float | str, hint: str = "") -> Callable[[Check], Check]:
    """Return how many points a check gives, and what a student reads when it fails.

    Raises:
        ValueError: not a non-negative number.
    """
    if callable(number):
        raise Misused("points: expected a number, got none; write @points(2, hint=…)")
    try:
        exact = Decimal(str(number))
    except InvalidOperation:
        raise Misused(f"points: expected a number, got {number!r}") from None
    if not exact.is_finite() or exact < 0:
        raise Misused(f"points: expected a number that is 0 or more, got {number!r}")

    def mark(check: Check) -> Check:
        check.practicum_points = exact  # type: ignore[attr-defined]
        check.practicum_hint = hint  # type: ignore[attr-defined]
        return check

    return mark


def hidden(*check: Check) -> Check:
    """Keep a check out of the handout, and its values out of the feedback.

    Raises:
        ValueError: written with brackets.
    """
    if len(check) != 1 or not callable(check[0]):
        raise Misused("write @hidden without ()")
    check[0].practicum_hidden = True  # type: ignore[attr-defined]
    return check[0]


def trains(*check: Check) -> Check:
    """Say that a check trains a model, so that it takes long: `practicum lab verify` holds the solution in fewer seeds at it.

    Raises:
        ValueError: written with brackets.
    """
    if len(check) != 1 or not callable(check[0]):
        raise Misused("write @trains without ()")
    check[0].practicum_trains = True  # type: ignore[attr-defined]
    return check[0]


def timeout(seconds: float) -> Callable[[Check], Check]:
    """Return how many seconds of its own time a submission has in a check: what it computes and sleeps.

    The check's own code may compute as long, or for ten seconds.

    Raises:
        ValueError: not a positive number.
    """
    if callable(seconds):
        raise Misused("timeout: expected a number of seconds, got none; write @timeout(5)")
    if not isinstance(seconds, int | float) or not 0 < seconds < 1e6:
        raise Misused(f"timeout: expected a positive number of seconds, got {seconds!r}")

    def mark(check: Check) -> Check:
        check.practicum_timeout = float(seconds)  # type: ignore[attr-defined]
        return check

    return mark
