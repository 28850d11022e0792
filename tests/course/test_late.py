"""Late rules: every boundary of every course, to the second."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from practicum.course.calendar import due
from practicum.course.late import LateRule, parse_duration
from practicum.gradebook.events import Exemption, Extension
from practicum.gradebook.scoring import lateness
from tests.course.conftest import DAY, DUE, HOUR, ONE_LAB, SECOND, book, shipped, small, submitted


@pytest.mark.parametrize(
    ("late", "multiplier"),
    [
        (-SECOND, "1"),
        (0 * SECOND, "1"),
        (SECOND, "0.9"),
        (24 * HOUR, "0.9"),
        (24 * HOUR + SECOND, "0.7"),
        (3 * DAY - SECOND, "0.7"),
        (3 * DAY, "0.5"),
        (3 * DAY + SECOND, "0.5"),
        (100 * DAY, "0.5"),
    ],
)
@pytest.mark.parametrize("name", ["a1", "a4", "proposal", "report"])
def test_xmu(name: str, late: timedelta, multiplier: str) -> None:
    course = shipped("xmu")
    assert course.late_rule(course.find(name)).outcome(late).apply(Decimal(80), Decimal(100)) == 80 * Decimal(multiplier)


@pytest.mark.parametrize(
    ("late", "multiplier", "with_certificate"),
    [
        (0 * SECOND, "1", "1"),
        (SECOND, "0.9", "0.9"),
        (24 * HOUR, "0.9", "0.9"),
        (24 * HOUR + SECOND, "0.8", "0.8"),
        (48 * HOUR, "0.8", "0.8"),
        (48 * HOUR + SECOND, "0.7", "0.7"),
        (72 * HOUR, "0.7", "0.7"),
        (72 * HOUR + SECOND, "0", "0.7"),
        (30 * DAY, "0", "0.7"),
    ],
)
@pytest.mark.parametrize("name", ["a1", "a2", "a3", "a4", "project"])
def test_polyu(name: str, late: timedelta, multiplier: str, with_certificate: str) -> None:
    course = shipped("polyu")
    rule = course.late_rule(course.find(name))
    assert rule.outcome(late).apply(Decimal(80), Decimal(100)) == 80 * Decimal(multiplier)
    excused = rule.outcome(late, {"medical certificate"}).apply(Decimal(80), Decimal(100))
    assert excused == 80 * Decimal(with_certificate)
    assert rule.outcome(late, {"another certificate"}) == rule.outcome(late)


@pytest.mark.parametrize(
    ("late", "score", "applied"),
    [(0 * SECOND, "38", "38"), (SECOND, "38", "20"), (SECOND, "20", "20"), (SECOND, "12", "12"), (90 * DAY, "38", "20")],
)
def test_dda4220_project(late: timedelta, score: str, applied: str) -> None:
    course = shipped("dda4220")
    rule = course.late_rule(course.find("project"))
    assert rule.outcome(late).apply(Decimal(score), Decimal(40)) == Decimal(applied)


@pytest.mark.parametrize(("course", "items"), [("cs324", ["a1", "a2", "a3"]), ("dda4220", ["a1", "a2"])])
def test_no_rule_is_stated(course: str, items: list[str]) -> None:
    plan = shipped(course)
    for name in items:
        assert plan.late_rule(plan.find(name)).outcome(100 * DAY).apply(Decimal(7), Decimal(10)) == 7


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize(
    ("late", "score"),
    [(0 * SECOND, 100), (SECOND, 90), (24 * HOUR, 90), (24 * HOUR + SECOND, 80), (72 * HOUR, 70), (72 * HOUR + SECOND, 0)],
)
def test_through_the_gradebook(zone: str, late: timedelta, score: int) -> None:
    course = small(zone=zone)
    at = due(course, course.items[0])
    assert at is not None
    for stamped in (UTC, ZoneInfo("Pacific/Auckland"), timezone(timedelta(hours=-7)), course.term.zone):
        events = submitted("ada", "lab", (at + late).astimezone(stamped), 100)
        assert book(course, events).of("ada").items[0].score == score


@pytest.mark.parametrize(
    ("zone", "due_local", "clock_a_day_later"),
    [  # the night of the change lies between the deadline and the same clock time on the next day
        ("Europe/Berlin", datetime(2027, 3, 27, 12, 0), 23),
        ("Europe/Berlin", datetime(2027, 10, 30, 12, 0), 25),
        ("America/New_York", datetime(2027, 3, 13, 12, 0), 23),
        ("America/New_York", datetime(2027, 11, 6, 12, 0), 25),
    ],
)
def test_a_day_is_24_hours_also_when_the_clocks_change(zone: str, due_local: datetime, clock_a_day_later: int) -> None:
    body = ONE_LAB.replace("2027-03-26T23:59:59", due_local.isoformat())
    course = small(body, zone=zone)
    local = due_local.replace(tzinfo=ZoneInfo(zone))
    next_noon = local + DAY  # the same clock time tomorrow, 23 or 25 hours away
    elapsed = next_noon.astimezone(UTC) - local.astimezone(UTC)
    assert elapsed == clock_a_day_later * HOUR
    score = book(course, submitted("ada", "lab", next_noon, 100)).of("ada").items[0].score
    assert score == (90 if clock_a_day_later < 24 else 80)
    exactly = (local.astimezone(UTC) + DAY).astimezone(ZoneInfo(zone))
    assert book(course, submitted("ada", "lab", exactly, 100)).of("ada").items[0].score == 90
    assert book(course, submitted("ada", "lab", (exactly.astimezone(UTC) + SECOND), 100)).of("ada").items[0].score == 80


def test_fractions_of_a_second_are_the_students() -> None:
    almost = timedelta(microseconds=999_999)
    assert lateness(DUE + almost, DUE) == timedelta(0)
    assert lateness(DUE + SECOND, DUE) == SECOND
    assert lateness(DUE + DAY + almost, DUE) == DAY


def test_certificate_through_the_gradebook() -> None:
    course = small()
    late = submitted("ada", "lab", DUE + 80 * HOUR, 100)
    certificate = Exemption("a1", "in hospital", "medical certificate", student="ada")
    assert book(course, late).of("ada").items[0].score == 0
    assert book(course, [*late, certificate]).of("ada").items[0].score == 70
    early = submitted("ada", "lab", DUE + HOUR, 100)
    assert book(course, [*early, certificate]).of("ada").items[0].score == 90, "it waives the zero, not the deduction"


def test_extension_moves_every_boundary() -> None:
    course = small()
    extension = Extension("a1", DUE + 2 * DAY, "illness", student="ada")
    for late, score in [(2 * DAY, 100), (2 * DAY + SECOND, 90), (3 * DAY, 90), (5 * DAY, 70), (5 * DAY + SECOND, 0)]:
        events = [extension, *submitted("ada", "lab", DUE + late, 100)]
        assert book(course, events).of("ada").items[0].score == score
    before = Extension("a1", DUE - 10 * DAY, "a slip of the pen", student="ada")
    assert book(course, [before, *submitted("ada", "lab", DUE, 100)]).of("ada").items[0].score == 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [("24 h", DAY), ("24h", DAY), ("1 day", DAY), ("3 days", 3 * DAY), ("90 min", 90 * 60 * SECOND), ("5 s", 5 * SECOND),
     ("1 week", 7 * DAY), ("30 seconds", 30 * SECOND)],
)  # fmt: skip
def test_durations(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "day", "1.5 days", "3 parsecs", "-1 day"])
def test_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="whole number and a unit"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"steps": [{"up_to": "1 day", "multiplier": "0.5"}], "then": {"multiplier": "0.6"}}, "no more than the last step"),
        ({"steps": [{"up_to": "2 days"}, {"up_to": "1 day"}], "then": {}}, "end later"),
        ({"steps": [{"up_to": "1 day", "cap": "0.5"}, {"up_to": "2 days"}], "then": {}}, "later must never gain"),
        ({"steps": [{"up_to": "1 day", "under": "1 day"}], "then": {}}, "exactly one"),
        ({"steps": [{"multiplier": "0.5"}], "then": {}}, "exactly one"),
        ({"then": {"multiplier": "1.1"}}, "less than or equal to 1"),
        ({"then": {"multiplier": "0.5"}, "excused": {"kind": "x", "then": {"multiplier": "0.4"}}}, "lie between"),
    ],
)
def test_a_rule_that_pays_for_lateness_is_refused(rule: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LateRule.model_validate(rule)
