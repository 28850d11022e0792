"""The roster: who takes the course, from our own CSV or from the files that Canvas, Blackboard and Moodle export."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import compile as regex
from typing import NamedTuple

from practicum.csvfile import decode, guard, parse_table, read_bytes, unguard, write_table
from practicum.errors import PracticumError, suggestion

_ID = regex(r"\w[\w.@+-]{0,99}")

COLUMNS = ("id", "name", "first", "last", "email", "section", "team", "login", "lms_id")
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

    @property
    def sortable(self) -> str:
        """`Last, First` where both are known, else the name as given."""
        return f"{self.last}, {self.first}" if self.last and self.first else self.name


class _Form(NamedTuple):
    """How a source names its columns; it is recognised by columns that it alone has."""

    marks: Sequence[Sequence[str]]
    columns: Mapping[str, Sequence[str]]


_CANVAS = _Form(
    [["student", "sis user id"], ["student", "sis login id"], ["student", "id", "section"]],
    {
        "id": ["sis user id", "sis login id", "id"],
        "name": ["student"],
        "section": ["section"],
        "login": ["sis login id"],
        "lms_id": ["id"],
        "email": ["email", "email address"],
    },
)
_BLACKBOARD = _Form(
    [["last name", "first name", "username"]],
    {
        "id": ["student id", "username"],
        "first": ["first name"],
        "last": ["last name"],
        "login": ["username"],
        "email": ["email", "email address"],
        "section": ["section", "child course id"],
    },
)
_MOODLE = _Form(
    [["first name", "last name", "email address"], ["first name", "surname", "email address"]],
    {
        "id": ["id number", "username", "email address"],
        "first": ["first name"],
        "last": ["last name", "surname"],
        "email": ["email address"],
        "section": ["groups", "group"],
        "login": ["username"],
    },
)
_OWN = _Form(
    [],
    {
        "id": ["id", "student id", "student number", "student no", "student no.", "id number", "sid", "matriculation number"],
        "name": ["name", "full name", "student name", "student"],
        "first": ["first", "first name", "given name"],
        "last": ["last", "last name", "surname", "family name"],
        "email": ["email", "e-mail", "email address", "mail"],
        "section": ["section", "cohort", "group", "class"],
        "team": ["team"],
        "login": ["login", "username", "user name"],
        "lms_id": ["lms_id", "lms id", "canvas id"],
    },
)


def load_roster(path: Path) -> list[Student]:
    """Read a roster file.

    Raises:
        PracticumError: the file is missing or wrong; the message names file and line.
    """
    return parse_roster(decode(read_bytes(path), str(path)), str(path))


def parse_roster(text: str, name: str = "roster.csv") -> list[Student]:
    """Parse a roster.

    Args:
        text: CSV with a header: our own columns, or an export of Canvas, Blackboard or Moodle.
        name: what errors call the file.

    Raises:
        PracticumError: no column holds the student's id, an id is missing, odd or there twice.
    """
    table = parse_table(text, name)
    header = [" ".join(column.strip().lower().split()) for column in table.header]
    form = next((f for f in (_CANVAS, _BLACKBOARD, _MOODLE) if any(set(m) <= set(header) for m in f.marks)), _OWN)
    places = {f: [header.index(alias) for alias in aliases if alias in header] for f, aliases in form.columns.items()}
    if not places["id"]:
        wanted = form.columns["id"]
        hints = [hint for column in header if (hint := suggestion(column, wanted))]
        raise PracticumError(
            f"{name}: expected a column with the student's id, one of {', '.join(wanted)}; "
            f"got {', '.join(header)}{hints[0] if hints else ''}"
        )
    students: list[Student] = []
    lines: dict[str, int] = {}
    for cells, line in zip(table.rows, table.lines, strict=True):
        fields = {f: next((v for p in ps if (v := cells[p].strip())), "") for f, ps in places.items()}
        if form is _CANVAS and (fields["name"] == "Points Possible" or fields["name"] in ("Student, Test", "Test Student")):
            continue
        student = _student(fields, f"{name}:{line}")
        twin = lines.setdefault(student.id.casefold(), line)
        if twin != line:
            raise PracticumError(f"{name}:{line}: student `{student.id}` is already on line {twin}")
        students.append(student)
    return students


def _student(fields: dict[str, str], where: str) -> Student:
    fields = {field: value if field == "id" else unguard(value) for field, value in fields.items()}
    if not fields["id"]:
        raise PracticumError(f"{where}: expected a student id, got an empty cell")
    if not _ID.fullmatch(fields["id"]):
        raise PracticumError(
            f"{where}: expected a student id of letters, digits and . _ @ + - (it names folders), got {fields['id']!r}"
        )
    name, first, last = (fields.get(field, "") for field in ("name", "first", "last"))
    if name.count(",") == 1 and not first and not last:
        last, first = (part.strip() for part in name.split(","))
        name = f"{first} {last}".strip()
    fields |= {"name": name or f"{first} {last}".strip(), "first": first, "last": last}
    return Student(**fields)


def write_roster(students: Sequence[Student]) -> str:
    """Write a roster in our own columns; `parse_roster` reads it back as it was."""
    rows = [[s.id, *(guard(str(getattr(s, column))) for column in COLUMNS[1:])] for s in students]
    return write_table([COLUMNS, *rows])
