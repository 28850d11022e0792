"""A student on the roster, and our own roster file."""

from collections.abc import Sequence
from dataclasses import dataclass

from practicum.csvfile import guard, write_table

COLUMNS = ("id", "name", "first", "last", "email", "section", "team", "login", "lms_id", "participants")
"""The columns of our own roster file; only `id` is required."""


@dataclass(frozen=True, slots=True)
class Student:
    """A student on the roster.

    Attributes:
        id: what the university calls the student; names folders and keys every event.
        name: the whole name as it was given.
        first: given name, where the source tells it apart.
        last: family name, where the source tells it apart.
        email: e-mail address.
        section: section or cohort.
        team: team for team work, if the roster says.
        login: the login name in the learning-management system.
        lms_id: the learning-management system's own number for the student.
        participants: Moodle's numbers for the student that are known so far; each assignment has another one.
    """

    id: str
    name: str = ""
    first: str = ""
    last: str = ""
    email: str = ""
    section: str = ""
    team: str = ""
    login: str = ""
    lms_id: str = ""
    participants: tuple[str, ...] = ()

    @property
    def sortable(self) -> str:
        """`Last, First` where both are known, else the name as given."""
        return f"{self.last}, {self.first}" if self.last and self.first else self.name


def write_roster(students: Sequence[Student]) -> str:
    """Write a roster in our own columns; `parse_roster` reads it back as it was."""
    rows = [[s.id, *(guard(str(getattr(s, column))) for column in COLUMNS[1:-1]), " ".join(s.participants)] for s in students]
    return write_table([COLUMNS, *rows])
