"""What the gradebook makes of work whose time nobody states."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from practicum.gradebook.events import Event, Extension, ManualGrade, Result, Submission, SubmissionId, Timing
from practicum.gradebook.scoring import ItemGrade
from tests.course.conftest import DAY, DUE, SECOND, book, small


def work(at: datetime, timing: Timing, score: int = 100, name: str = "x", lab: str = "lab") -> list[Event]:
    result = Result(SubmissionId(name), "ada", lab, Decimal(score), Decimal(100))
    return [Submission(SubmissionId(name), "ada", lab, at, timing), result]


def grade(*events: Event, submissions: str = "best") -> ItemGrade:
    return book(small(submissions=submissions), events).of("ada").items[0]


@pytest.mark.parametrize("at", [DUE - DAY, DUE + SECOND, DUE + 33 * DAY])
def test_an_unknown_time_is_on_time_and_said(at: datetime) -> None:
    got = grade(*work(at, "unknown"))
    assert (got.score, got.late.total_seconds()) == (grade(*work(DUE, "stated")).score, 0)
    assert got.why.endswith("time unknown: counted as on time")
    assert "time unknown" not in grade(*work(DUE, "stated")).why


def test_late_by_the_platforms_word_is_late_by_the_least() -> None:
    got, least = grade(*work(DUE + 33 * DAY, "late")), grade(*work(DUE + SECOND, "stated"))
    assert got.score == least.score < grade(*work(DUE, "stated")).score
    assert "by the platform's word, time unknown, late" in got.why
    assert grade(*work(DUE, "late")).score == grade(*work(DUE, "stated")).score  # it was read before the deadline


def test_the_platform_knows_nothing_of_an_extension() -> None:
    got = grade(*work(DUE + 33 * DAY, "late"), Extension("a1", DUE + DAY, "illness", "ada"))
    assert got.score == grade(*work(DUE, "stated")).score
    assert "the deadline was moved: counted as on time" in got.why


def test_best_and_last_with_a_time_unknown() -> None:
    events = [*work(DUE + 2 * SECOND, "stated", 80, "first"), *work(DUE + DAY, "unknown", 60, "second")]
    assert grade(*events, submissions="last").units[0].raw == grade(*work(DUE, "stated", 60)).score
    assert grade(*events).units[0].counted[0].id == "first"  # type: ignore[index]


@pytest.mark.parametrize(("timing", "as_if"), [("unknown", DUE), ("late", DUE + SECOND), ("stated", DUE + 33 * DAY)])
def test_work_graded_manually_has_a_timing_too(timing: Timing, as_if: datetime) -> None:
    mark = ManualGrade("a1", Decimal(50), student="ada", at=DUE + 40 * DAY)
    submission = Submission(SubmissionId("x"), "ada", "a1", DUE + 33 * DAY, timing)
    assert grade(mark, submission).score == grade(mark, Submission(SubmissionId("x"), "ada", "a1", as_if)).score
    # Read after it was graded by hand: no time says that it came later.
    before = ManualGrade("a1", Decimal(50), student="ada", at=DUE + DAY)
    late = Submission(SubmissionId("x"), "ada", "a1", DUE + 2 * DAY, "late")
    assert grade(before, late).late == SECOND
