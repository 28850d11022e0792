"""Moodle's grading worksheet: which person a participant number of one assignment is."""

from pathlib import Path
from typing import NamedTuple

from practicum.course.roster.forms import WORKSHEET, group, participant
from practicum.course.roster.read import student_rows
from practicum.csvfile import decode_export, read_bytes, unguard
from practicum.errors import PracticumError


class Person(NamedTuple):
    """What a worksheet says of a participant; an empty text where it says nothing.

    Attributes:
        name: the whole name; nothing under blind marking.
        id: the university's number, else the login, else the e-mail address.
        email: e-mail address.
        login: login name.
        group: the team, for work of teams.
        submitted: when the submission was last changed, as Moodle writes it in the teacher's language; `-` is nothing.
    """

    name: str = ""
    id: str = ""
    email: str = ""
    login: str = ""
    group: str = ""
    submitted: str = ""


def worksheet_participants(path: Path) -> dict[str, Person]:
    """Read a grading worksheet: the persons by participant number.

    Args:
        path: the worksheet, with English, German, French or Chinese headings.

    Raises:
        PracticumError: it is missing or no worksheet, or a number is missing or there twice; the message names file and line.
    """
    form, header, rows = student_rows(decode_export(read_bytes(path), str(path)).text, str(path))
    if form is not WORKSHEET:
        raise PracticumError(
            f"{path}: expected a Moodle grading worksheet with the columns Identifier and Last modified (submission); "
            f"got {', '.join(header)}"
        )
    persons: dict[str, Person] = {}
    lines: dict[str, str] = {}
    for where, cells, _ in rows:
        number = participant(cells["participants"])
        if not number:
            raise PracticumError(
                f"{where}: expected a participant number such as `Participant 12345`, got {cells['participants']!r}"
            )
        if number in persons:
            raise PracticumError(f"{where}: participant {number} is already on line {lines[number].rpartition(':')[2]}")
        said = {field: unguard(cells[field]) for field in ("name", "id", "email", "login")}
        submitted = "" if cells["submitted"] == "-" else cells["submitted"]
        persons[number] = Person(**said, group=group(unguard(cells["team"])), submitted=submitted)
        lines[number] = where
    return persons
