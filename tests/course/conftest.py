"""What the tests of the course side share: the four courses, small courses of their own, and short ways to make events."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from practicum.course.load import load_course, parse_course
from practicum.course.model import Course
from practicum.course.roster import Student
from practicum.course.workspace import course_path
from practicum.gradebook.events import Event, Result, Submission
from practicum.gradebook.gradebook import Gradebook, gradebook

HEAD = """
name = "small"
title = "Small"
[term]
name = "Spring"
start = 2027-02-22
weeks = 15
timezone = "{zone}"
[grade]
late = "{late}"
submissions = "{submissions}"
[late.polyu]
steps = [
  {{ up_to = "24 h", multiplier = 0.9 }},
  {{ up_to = "48 h", multiplier = 0.8 }},
  {{ up_to = "72 h", multiplier = 0.7 }},
]
then = {{ multiplier = 0 }}
excused = {{ kind = "medical certificate", then = {{ multiplier = 0.7 }} }}
[late.half]
then = {{ cap = 0.5 }}
"""

ONE_LAB = """
[[component]]
name = "work"
title = "Work"
weight = 100
[[component.item]]
name = "a1"
points = 100
lab = "lab"
due = 2027-03-26T23:59:59
"""


def small(body: str = ONE_LAB, zone: str = "UTC", late: str = "polyu", submissions: str = "best") -> Course:
    """Returns a course with the given components."""
    return parse_course(HEAD.format(zone=zone, late=late, submissions=submissions) + body)


def shipped(name: str) -> Course:
    """Returns one of the four courses."""
    return load_course(course_path(name))


def submitted(
    student: str, lab: str, at: datetime, score: str | int | None = None, out_of: str | int = 100, name: str = ""
) -> list[Event]:
    """Returns a submission, and its result where a score is given."""
    name = name or f"{student}-{lab}-{at.isoformat()}-{score}"
    events: list[Event] = [Submission(name, student, lab, at)]
    if score is not None:
        events.append(Result(name, student, lab, Decimal(score), Decimal(out_of)))
    return events


def book(course: Course, events: Sequence[Event], students: Sequence[str] = ("ada",), now: datetime | None = None) -> Gradebook:
    """Computes the gradebook of students who have nothing but an id."""
    return gradebook(course, [Student(s, s.title()) for s in students], events, now)


DUE = datetime(2027, 3, 26, 23, 59, 59, tzinfo=UTC)
"""When the one lab of `small()` is due in UTC."""

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(params=["cs324", "dda4220", "polyu", "xmu"])
def course(request: pytest.FixtureRequest) -> Course:
    """Each of the four courses in turn."""
    return shipped(request.param)
