"""Submitters who are not on the roster."""

from __future__ import annotations

from practicum.course.roster import Student
from practicum.gradebook.events import Submitter
from practicum.gradebook.gradebook import gradebook
from practicum.gradebook.unknown import unknown_submitters
from tests.course.conftest import DUE, small, submitted

ADA = Student("s0001", "Ada Lovelace", login="alove", lms_id="4711")
BOB = Student("s0002", "Bob Roe", lms_id="4712", participants=("12345",))


def test_a_roster_that_learns_a_number_later_is_enough() -> None:
    events = [*submitted("4711", "lab", DUE, 70), *submitted("S0001", "lab", DUE, 80), *submitted("12345", "lab", DUE, 90)]
    book = gradebook(small(), [ADA, BOB], events)
    assert [row.total for row in book.students] == [80, 90]
    assert book.problems == ()
    unaware = gradebook(small(), [Student("s0001"), Student("s0002")], events)
    assert [row.total for row in unaware.students] == [80, 0]
    assert len(unaware.problems) == 2


def test_a_correction_comes_before_what_the_roster_says() -> None:
    book = gradebook(small(), [ADA, BOB], [*submitted("4711", "lab", DUE, 70), Submitter("4711", "s0002")])
    assert [row.total for row in book.students] == [0, 70]


def test_who_is_nobody_is_named_with_what_puts_it_right() -> None:
    first, second = unknown_submitters({"s0003": {"lab", "b"}, "zzz": {"lab"}, "4711": {"lab"}}, [ADA, BOB])
    assert first.startswith("submissions of s0003, who is not on the roster (did you mean `s000")
    assert first.endswith("b, lab counts for nobody. Say whose it is: practicum submissions assign s0003 STUDENT")
    assert second.startswith("submissions of zzz, who is not on the roster: what came for lab")
    (both,) = unknown_submitters({"4711": {"lab"}}, [ADA, Student("4711")])
    assert "means more than one student" in both
