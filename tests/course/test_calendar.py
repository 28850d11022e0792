"""Weeks, dates and instants."""

import datetime as dt
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from practicum.course.calendar import (
    date_mistakes,
    date_warnings,
    due,
    instant,
    local_instant,
    opens,
    term_end,
    week_of,
    week_start,
)
from practicum.course.term import Holiday, Term, When
from tests.course.conftest import shipped, small


def term(**fields: object) -> Term:
    base: dict[str, object] = {"name": "t", "start": date(2027, 2, 22), "weeks": 15, "timezone": "Europe/Berlin"}
    return Term.model_validate(base | fields)


def test_weeks_begin_on_the_monday_of_the_week_of_the_start() -> None:
    assert week_start(term(), 1) == date(2027, 2, 22)
    assert week_start(term(start=date(2027, 2, 25)), 1) == date(2027, 2, 22)
    assert week_start(term(), 15) == date(2027, 5, 31)
    assert term_end(term()) == date(2027, 6, 6)
    assert term_end(term(end=date(2027, 6, 30))) == date(2027, 6, 30)


def test_a_break_takes_its_weeks_out_of_the_count() -> None:
    easter = Holiday.model_validate({"name": "break", "first": date(2027, 3, 29), "last": date(2027, 4, 9), "skips_week": True})
    day_off = Holiday.model_validate({"name": "day off", "first": date(2027, 3, 10), "last": date(2027, 3, 10)})
    t = term(holiday=(easter, day_off))
    assert week_start(t, 5) == date(2027, 3, 22)
    assert week_start(t, 6) == date(2027, 4, 12)
    assert week_of(t, date(2027, 4, 1)) is None
    assert week_of(t, date(2027, 4, 12)) == 6
    assert week_of(t, date(2027, 3, 10)) == 3


def test_week_relative_times_follow_the_start_and_the_zone() -> None:
    when = When(week=4, day="Friday", time=dt.time(18))
    assert instant(term(), when) == datetime(2027, 3, 19, 17, tzinfo=UTC)
    assert instant(term(timezone="America/New_York"), when) == datetime(2027, 3, 19, 22, tzinfo=UTC)
    # after the European clocks changed
    assert instant(term(), When(week=6, day="Friday", time=dt.time(18))) == datetime(2027, 4, 2, 16, tzinfo=UTC)
    assert instant(term(), When(week=1)) == datetime(2027, 2, 28, 22, 59, 59, tzinfo=UTC)
    assert instant(term(), When(week=1), opens=True) == datetime(2027, 2, 21, 23, 0, 0, tzinfo=UTC)
    assert instant(term(), When(end_of_term=True)) == datetime(2027, 6, 6, 21, 59, 59, tzinfo=UTC)


def test_times_the_clock_skips_or_shows_twice_favour_the_student() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert local_instant(datetime(2027, 10, 31, 2, 30), berlin) == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    assert local_instant(datetime(2027, 3, 28, 2, 30), berlin) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_a_due_time_may_state_its_own_zone() -> None:
    body = """
    [[component]]
    name = "w"
    title = "W"
    weight = 100
    [[component.item]]
    name = "a1"
    points = 1
    due = 2027-03-01T23:59:59-08:00
    """
    course = small(body, zone="Asia/Shanghai")
    assert due(course, course.items[0]) == datetime(2027, 3, 2, 7, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("course", "item", "expected"),
    [
        ("dda4220", "a1", "2023-03-19 23:59:59"),
        ("dda4220", "a2", "2023-04-23 23:59:59"),
        ("polyu", "a1", "2027-02-07 23:59:59"),
        ("xmu", "proposal", "2021-10-31 23:59:59"),
        ("xmu", "report", "2021-12-19 23:59:59"),
    ],
)
def test_due_dates_of_the_courses(course: str, item: str, expected: str) -> None:
    plan = shipped(course)
    at = due(plan, plan.find(item))
    assert at is not None
    assert at.astimezone(plan.term.zone).strftime("%Y-%m-%d %H:%M:%S") == expected


def test_the_week_of_every_hand_out_and_deadline() -> None:
    weeks = {
        "polyu": {"a1": (2, 4), "a2": (4, 6), "a3": (6, 8), "a4": (8, 10), "project": (None, 13)},
        "cs324": {"a1": (2, 5), "a2": (6, 9), "a3": (10, 13)},
        "xmu": {"proposal": (None, 8), "report": (None, 15), "presentation": (None, 16)},
    }
    for name, items in weeks.items():
        plan = shipped(name)
        for item, (out, end) in items.items():
            opened, closed = opens(plan, plan.find(item)), due(plan, plan.find(item))
            assert closed is not None
            assert week_of(plan.term, closed.astimezone(plan.term.zone).date()) == end
            assert (opened and week_of(plan.term, opened.astimezone(plan.term.zone).date())) == out


def test_strange_dates_are_warned_of() -> None:
    body = """
    [[term.holiday]]
    name = "Labour Day"
    first = 2027-05-01
    last = 2027-05-05
    [[component]]
    name = "w"
    title = "W"
    weight = 100
    [[component.item]]
    name = "a1"
    points = 1
    due = 2027-05-03
    out = 2027-05-10
    [[component.item]]
    name = "a2"
    points = 1
    due = 2026-05-03
    """
    course = small(body)
    path = ("component", 0, "item", 0, "due")
    assert list(date_warnings(course)) == [(path, "Mon 2027-05-03 is in Labour Day")]
    outside, before = date_mistakes(course)
    assert outside[0] == ("component", 0, "item", 1, "due")
    assert outside[1].startswith("expected a day of the term (2027-02-22 to 2027-06-06), got Sun 2026-05-03; write a week")
    assert before[0] == path
    assert "after the hand-out (Mon 2027-05-10 00:00:00 UTC), got Mon 2027-05-03 23:59:59 UTC" in before[1]
