"""What a platform has at present: the file it exported, joined with the roster."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from practicum.course.roster import Known, Student, read_roster
from practicum.course.roster.spelling import folded
from practicum.errors import PracticumError

_NUMBER = re.compile(r"-?[\d.,]*\d")
_NOTHING = ("", "-", "needs grading", "in progress")


@dataclass(frozen=True, slots=True)
class Current:
    """A platform's own gradebook file.

    Attributes:
        name: the file.
        header: its headings.
        rows: each student's cells, by the roster's id.
        found: each student as that file knows them, by the roster's id.
        notes: what one should know of how it was read.
    """

    name: str
    header: Sequence[str]
    rows: Mapping[str, Sequence[str]]
    found: Mapping[str, Student]
    notes: tuple[str, ...]

    def cell(self, student: Student, heading: str) -> str:
        """Return what the platform has for a student, as an import takes it; nothing where it has nothing."""
        if heading not in self.header:
            return ""
        text = self.rows[student.id][self.header.index(heading)].strip()
        return "" if text.casefold() in _NOTHING else with_point(text)

    def column(self, heading: str) -> list[str]:
        """Return all that is in a column."""
        place = self.header.index(heading)
        return [cells[place].strip() for cells in self.rows.values()]


def with_point(text: str) -> str:
    """Return a number with a decimal point: `8,50` is 8.50 and `1.234,5` is 1234.5; other text stays."""
    if not _NUMBER.fullmatch(text) or "," not in text:
        return text
    whole, last = re.split(r"[.,](?=[^.,]*$)", text)
    return f"{re.sub('[.,]', '', whole)}.{last}"


def read_current(path: Path, platform: str, roster: Sequence[Student]) -> Current:
    """Read the file that a platform exported.

    Args:
        path: the file.
        platform: `canvas`, `blackboard` or `moodle`.
        roster: the students; others in the file are left alone.

    Raises:
        PracticumError: it is missing, no file of this platform, or shares ids with two students of the roster.
    """
    file = read_roster(path)
    if file.form.name.lower() != platform:
        raise PracticumError(f"{path}: expected the gradebook that {platform.title()} exports, got {file.form.name}")
    known = Known(roster)
    rows: dict[str, Sequence[str]] = {}
    found: dict[str, Student] = {}
    others, named = 0, 0
    for student, where, cells in zip(file.students, file.where, file.written, strict=True):
        place = known.place(student, where)
        if place is None and (place := known.by_name(student, file.students)) is not None:
            named += 1
        if place is None:
            others += 1
            continue
        own = roster[place].id
        if own in rows:
            raise PracticumError(f"{where}: expected one row for each student, got a second one for `{own}`")
        rows[own], found[own] = cells, student
    notes = list(file.notes)
    if named:
        notes.append(f"{path}: {named} of its students share no id with the roster and were joined by their names")
    if others:
        notes.append(f"{path}: {others} of its students are not on the roster and are left alone")
    return Current(str(path), file.header, rows, found, tuple(notes))


def same_heading(one: str, other: str) -> bool:
    """Return whether two headings are one to people."""
    return folded(one) == folded(other)
