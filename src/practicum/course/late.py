"""Late rules as data: what a late submission is worth.

A rule is a list of steps in time. The first step that still holds gives the outcome; after the last one `then` holds.
Lateness is elapsed time: "1 day" is exactly 24 hours, also across a change to or from daylight-saving time.

    [late.standard]
    steps = [
      { up_to = "1 day", multiplier = 0.9 },    # closed: exactly 24 h late still belongs here
      { under = "3 days", multiplier = 0.7 },   # open: exactly 72 h late does not
    ]
    then = { multiplier = 0.5 }
"""

import re
from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from practicum.course.rounding import plain
from practicum.course.term import Table

_SECONDS = {"s": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": 86400, "week": 604800}
_DURATION = re.compile(r"(\d{1,6})\s*([a-z]+)")


def parse_duration(value: object) -> object:
    """Read `"24 h"`, `"3 days"`, `"90 min"`; hand anything that is not text on unchanged.

    Raises:
        ValueError: the text is not a whole number and a known unit.
    """
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip().lower())
    unit = match[2] if match else ""
    unit = unit if unit in _SECONDS else unit.removesuffix("s")
    if not match or unit not in _SECONDS:
        raise ValueError("expected a whole number and a unit (s, min, h, days, weeks), such as `24 h`")
    return timedelta(seconds=int(match[1]) * _SECONDS[unit])


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(str)]
Fraction01 = Annotated[Decimal, Field(ge=0, le=1)]


class LateOutcome(Table):
    """What becomes of a score: multiplied, capped at a fraction of the points, or both (multiplied first)."""

    multiplier: Fraction01 = Decimal(1)
    cap: Fraction01 = Decimal(1)

    def apply(self, raw: Decimal, points: Decimal) -> Decimal:
        """Return the score that counts.

        Args:
            raw: the score before the late rule.
            points: what the work is worth; the cap is a fraction of it.
        """
        score = raw * self.multiplier
        return score if self.cap == 1 else min(score, self.cap * points)

    def words(self) -> str:
        """Say the outcome in a few words."""
        parts = [f"× {self.multiplier}"] if self.multiplier != 1 else []
        parts += [f"at most {plain(self.cap * 100)} %"] if self.cap != 1 else []
        return ", ".join(parts) or "full credit"

    def no_better_than(self, other: "LateOutcome") -> bool:
        """Return whether no score fares better under this outcome than under `other`."""
        return self.multiplier <= other.multiplier and self.cap <= other.cap


class Step(LateOutcome):
    """One stretch of lateness: up to and including `up_to`, or up to but not including `under`."""

    up_to: Duration | None = None
    under: Duration | None = None

    @model_validator(mode="after")
    def _one_boundary(self) -> Self:
        if (self.up_to is None) == (self.under is None):
            raise ValueError("expected exactly one of `up_to` (boundary included) and `under` (boundary excluded)")
        if self.until <= timedelta(0):
            raise ValueError("expected a boundary after the deadline")
        return self

    @property
    def until(self) -> timedelta:
        """The boundary, whichever way it is stated."""
        return self.up_to if self.up_to is not None else self.under or timedelta(0)

    def holds(self, late: timedelta) -> bool:
        """Return whether work this late still falls in this step or an earlier one."""
        return late <= self.until if self.up_to is not None else late < self.until


class Excused(Table):
    """What stands in place of `then` for a student who holds a certificate of this kind."""

    kind: Annotated[str, Field(min_length=1)]
    then: LateOutcome


class LateRule(Table):
    """Steps of lateness, what holds after them, and what excuses from that end. Later never pays more.

    `sentence` is the rule in the course's own words, shown beside the reading that the steps give it.
    """

    steps: tuple[Step, ...] = ()
    then: LateOutcome
    excused: Excused | None = None
    sentence: str = ""

    @model_validator(mode="after")
    def _never_gains(self) -> Self:
        before: LateOutcome = LateOutcome()
        until = timedelta(0)
        for step in self.steps:
            if step.until <= until:
                raise ValueError("expected each step to end later than the one before it")
            if not step.no_better_than(before):
                raise ValueError("expected no step to be worth more than an earlier one: later must never gain")
            before, until = step, step.until
        if not self.then.no_better_than(before):
            raise ValueError("expected `then` to be worth no more than the last step: later must never gain")
        if self.excused and not (self.then.no_better_than(self.excused.then) and self.excused.then.no_better_than(before)):
            raise ValueError("expected `excused.then` to lie between the last step and `then`")
        return self

    def outcome(self, late: timedelta, certificates: Collection[str] = ()) -> LateOutcome:
        """Return what becomes of a score.

        Args:
            late: elapsed time after the deadline; zero or less is on time.
            certificates: the kinds of certificate the student holds for this work.
        """
        if late <= timedelta(0):
            return ON_TIME
        for step in self.steps:
            if step.holds(late):
                return step
        if self.excused and self.excused.kind in certificates:
            return self.excused.then
        return self.then


ON_TIME = LateOutcome()
"""Full credit."""

NO_RULE = LateRule(then=ON_TIME)
"""No late rule: lateness costs nothing."""
