"""Reading a roster file, ours or a platform's, into students."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

from practicum.course.roster.forms import (
    BLACKBOARD,
    CANVAS,
    OWN,
    WORKSHEET,
    Form,
    form_of,
    group,
    heading,
    participant,
    places_in,
)
from practicum.course.roster.spelling import folded
from practicum.course.roster.student import Student
from practicum.csvfile import CsvTable, decode_export, parse_table, read_bytes, unguard
from practicum.errors import PracticumError, suggestion

_ID = re.compile(r"\w[\w.@+-]{0,99}")
_PREVIEW = "_previewuser"


class RosterRow(NamedTuple):
    """A row that is a student: where it stands, its cells by field, and as they are."""

    where: str
    cells: Mapping[str, str]
    written: Sequence[str]


@dataclass(frozen=True, slots=True)
class Roster:
    """What a roster file says.

    Attributes:
        students: in the order of the file.
        where: file and line of each, for messages.
        notes: what one should know of how the file was read.
        form: what the file is.
        header: its headings as they are.
        written: each student's cells as they are; of several rows of one student, the first.
    """

    students: tuple[Student, ...]
    where: tuple[str, ...]
    notes: tuple[str, ...]
    form: Form
    header: tuple[str, ...] = ()
    written: tuple[Sequence[str], ...] = ()


def load_roster(path: Path) -> list[Student]:
    """Read the students of a roster file.

    Raises:
        PracticumError: the file is missing or wrong; the message names file and line.
    """
    return list(read_roster(path).students)


def read_roster(path: Path, *, names_suffice: bool = False) -> Roster:
    """Read a roster file, with notes of how it was read.

    Args:
        path: the file.
        names_suffice: a grading worksheet may know no id but the participant number; then `id` is empty.

    Raises:
        PracticumError: the file is missing or wrong; the message names file and line.
    """
    decoded = decode_export(read_bytes(path), str(path))
    return _parse(decoded.text, str(path), decoded.notes, names_suffice)


def parse_roster(text: str, name: str = "roster.csv") -> list[Student]:
    """Parse a roster.

    Args:
        text: CSV with a header: our own columns, or an export of Canvas, Blackboard or Moodle.
        name: what errors call the file.

    Raises:
        PracticumError: no column holds the student's id, an id is missing, odd or there twice.
    """
    return list(_parse(text, name).students)


def _parse(text: str, name: str, notes: tuple[str, ...] = (), names_suffice: bool = False) -> Roster:
    form, as_written, rows = student_rows(text, name)
    header = [heading(column) for column in as_written]
    wanted = form.columns["id"]
    by_name = names_suffice and form is WORKSHEET
    if not set(wanted) & set(header) and not by_name:
        hints = [hint for column in header if (hint := suggestion(column, wanted))]
        raise PracticumError(
            f"{name}: expected a column with the student's id, one of {', '.join(wanted)}; "
            f"got {', '.join(header)}{hints[0] if hints else ''}"
        )
    students: dict[str, Student] = {}
    first: dict[str, RosterRow] = {}
    for row in rows:
        student = _student(row, form, by_name)
        key = folded(student.id) or row.where
        if key not in students:
            students[key], first[key] = student, row
        elif form is CANVAS and replace(student, section="") == replace(students[key], section=""):
            sections = [students[key].section, student.section]
            students[key] = replace(student, section=" and ".join(dict.fromkeys(filter(None, sections))))
        else:
            line = first[key].where.rpartition(":")[2]
            differs = f" with another {_difference(student, students[key])}" if form is CANVAS else ""
            raise PracticumError(f"{row.where}: student `{student.id}` is already on line {line}{differs}")
    where, written = tuple(row.where for row in first.values()), tuple(row.written for row in first.values())
    return Roster(tuple(students.values()), where, notes, form, tuple(as_written), written)


def student_rows(text: str, name: str) -> tuple[Form, Sequence[str], list[RosterRow]]:
    """Return the form of a file, its headings as they are and its rows, without those that are no student's.

    Raises:
        PracticumError: it is no CSV.
    """
    table = parse_table(text, name)
    header = [heading(column) for column in table.header]
    form = form_of(header)
    if form is not OWN:  # a name may begin with `#`
        table = parse_table(text, name, comments=False)
    return form, table.header, [row for row in _rows(table, form, header, name) if _is_student(row.cells, form)]


def _rows(table: CsvTable, form: Form, header: list[str], name: str) -> list[RosterRow]:
    places = places_in(form, header)
    found = []
    for cells, line in zip(table.rows, table.lines, strict=True):
        row = {field: next((v for p in ps if (v := cells[p].strip())), "") for field, ps in places.items()}
        if form is CANVAS:  # a test student has no number of the university's
            row["sis"] = cells[header.index("sis user id")].strip() if "sis user id" in header else ""
        found.append(RosterRow(f"{name}:{line}", row, cells))
    return found


def _is_student(row: Mapping[str, str], form: Form) -> bool:
    if form is CANVAS:
        names = {row["name"], f"{row['last']}, {row['first']}"}
        if not row["id"] and (names <= {"", ", "} or row["name"] == "Points Possible" or row["last"] == "Points Possible"):
            return False
        return not (names & {"Student, Test", "Test Student"} and not row["sis"])
    return not (form is BLACKBOARD and row["login"].lower().endswith(_PREVIEW))


def _student(row: RosterRow, form: Form, by_name: bool) -> Student:
    cells = {field: unguard(value) for field, value in row.cells.items() if field not in ("sis", "submitted")}
    own = cells["id"]
    cells["id"] = own[1:] if own.startswith("'") and _ID.fullmatch(own[1:]) else row.cells["id"]
    if not cells["id"] and not (by_name and cells["name"]):
        raise PracticumError(f"{row.where}: expected a student id, got an empty cell")
    if cells["id"] and not _ID.fullmatch(cells["id"]):
        raise PracticumError(
            f"{row.where}: expected a student id of letters, digits and . _ @ + - (it names folders), got {cells['id']!r}"
        )
    name, first, last = (cells.get(field, "") for field in ("name", "first", "last"))
    if (name.count(",") == 1 or (form is CANVAS and "," in name)) and not first and not last:
        last, first = (part.strip() for part in name.split(",", 1))
        name = f"{first} {last}".strip()
    cells |= {"name": name or f"{first} {last}".strip(), "first": first, "last": last}
    if form is not OWN:
        cells["team"] = group(cells.get("team", ""))
    known = cells.pop("participants", "")
    numbers = _participants(known, row.where, form)
    return Student(**cells, participants=numbers)


def _participants(text: str, where: str, form: Form) -> tuple[str, ...]:
    numbers = []
    for each in [text] if form is WORKSHEET else text.split():
        numbers.append(participant(each))
        if not numbers[-1]:
            raise PracticumError(f"{where}: expected a participant number such as `Participant 12345`, got {each!r}")
    return tuple(numbers)


def _difference(one: Student, other: Student) -> str:
    return next(f.name for f in fields(one) if f.name != "section" and getattr(one, f.name) != getattr(other, f.name))
