"""When work was submitted, from a file: a CSV of students and times, or Moodle's grading worksheet.

The times stand in a column `submitted` (or as platforms call it), the students in any column with one of their ids. A
worksheet writes times in the teacher's language and zone; English, German, French and Chinese are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path

from practicum.course.calendar import local_instant, read_moment
from practicum.course.roster import Person, Student, worksheet_participants
from practicum.course.roster.forms import WORKSHEET, form_of, heading
from practicum.course.roster.spelling import folded
from practicum.csvfile import decode_export, parse_table, read_bytes
from practicum.errors import PracticumError
from practicum.labs.intake.moodle import read_moodle
from practicum.labs.intake.who import is_platforms

TIMES_FILE = "submission-times.csv"

_MOST_TABLES = 50
_TABLE_BYTES = 8 << 20

_STUDENT = (
    *("student", "student id", "student_id", "id", "sid", "sis user id", "sis login id", "login", "username", "user id"),
    *("user_id", "email", "email address", "identifier", "submitter", "name", "full name"),
)
_SUBMITTED = ("submitted", "submitted at", "submitted_at", "submission time", "date submitted", "time", "at")
_NEVER = ("", "-", "none", "null", "never")
_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    )
    for number, name in enumerate(names.split(), 1)
}
_DAY = re.compile(
    r"(?P<day>\d{1,2})\.? (?P<month>[^\W\d]+) (?P<year>\d{4})\D+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?: (?P<half>am|pm))?"
)
_CHINESE = re.compile(
    r"(?P<year>\d{4})年 ?(?P<month>\d{1,2})月 ?(?P<day>\d{1,2})日\D*?(?P<half>上午|下午)? ?(?P<hour>\d{1,2}):(?P<minute>\d\d)"
)
_WORDED_ZONE = re.compile(r" ?(utc|gmt|z)$", re.IGNORECASE)
_SPACED_OFFSET = re.compile(r" ([+-]\d\d:?\d\d)$")

Times = dict[str, list[datetime]]
"""The times of each submitter, the oldest first: by `student ` and the id, or `participant ` and the number."""


Sheet = Mapping[str, Person]
"""What a grading worksheet says, by participant number."""


def worksheets(folder: Path, paths: Sequence[Path]) -> dict[Path, Sheet]:
    """Return the grading worksheets in a folder of submissions, and beside it where Moodle's download lies in it.

    Raises:
        PracticumError: one of them is wrong.
    """
    # What students upload has a platform's form of name, and must not say who is who.
    tables = [path for path in paths if path.name.lower().endswith(".csv") and not is_platforms(path.name)]
    if any(read_moodle(path.name, is_folder=True) for path in paths):
        tables += sorted(folder.absolute().parent.glob("*.csv"))[:_MOST_TABLES]
    return {
        path: worksheet_participants(path)
        for path in tables
        if path.is_file() and path.stat().st_size <= _TABLE_BYTES and is_worksheet(path)
    }


def is_worksheet(path: Path) -> bool:
    """Return whether a file is a grading worksheet of Moodle."""
    try:
        header = parse_table(decode_export(read_bytes(path), str(path)).text, str(path), comments=False).header
    except PracticumError:
        return False
    return form_of([heading(column) for column in header]) is WORKSHEET


def read_times(path: Path, zone: tzinfo, find: Callable[[str], Student | None]) -> Times:
    """Read a file of times.

    Args:
        path: the file.
        zone: of times that state none.
        find: returns the student with an id.

    Raises:
        PracticumError: it is missing, lacks a column, or a time in it is none; the message names file and line.
    """
    if is_worksheet(path):
        return worksheet_times(worksheet_participants(path), zone, str(path))
    table = parse_table(decode_export(read_bytes(path), str(path)).text, str(path))
    headings = [heading(column) for column in table.header]
    who = [headings.index(name) for name in _STUDENT if name in headings]
    when = [headings.index(name) for name in _SUBMITTED if name in headings]
    for what, places, names in (("a student", who, _STUDENT), ("the time", when, _SUBMITTED)):
        if not places:
            raise PracticumError(
                f"{path}: expected a column with {what}, one of {', '.join(names)}; got {', '.join(table.header)}"
            )
    times: Times = {}
    for cells, line in zip(table.rows, table.lines, strict=True):
        text = cells[when[0]].strip()
        named = [cells[place].strip() for place in who if cells[place].strip()]
        if folded(text) in _NEVER or not named:
            continue
        student = next(filter(None, map(find, named)), None)
        key = f"student {folded(student.id if student else named[0])}"
        times.setdefault(key, []).append(_moment(text, zone, f"{path}:{line}"))
    return {key: sorted(found) for key, found in times.items()}


def worksheet_times(persons: Mapping[str, Person], zone: tzinfo, where: str) -> Times:
    """Return the times in a grading worksheet, by participant number.

    Raises:
        PracticumError: one of them is none.
    """
    return {
        f"participant {number}": [_moment(person.submitted, zone, f"{where}: participant {number}")]
        for number, person in persons.items()
        if person.submitted
    }


def _moment(text: str, zone: tzinfo, where: str) -> datetime:
    plain = _SPACED_OFFSET.sub(r"\1", _WORDED_ZONE.sub("+00:00", text.strip()))
    at = read_moment(plain, zone) or _worded(text, zone)
    if at is None:
        raise PracticumError(f"{where}: expected a time such as `2027-03-19 23:59:59`, got {text!r}")
    return at


def _worded(text: str, zone: tzinfo) -> datetime | None:
    """Read `Sunday, 8 November 2026, 11:30 PM`, and the like in German, French and Chinese."""
    found = _DAY.search(folded(text)) or _CHINESE.search(folded(text))
    month = _MONTHS.get(found["month"]) or (int(found["month"]) if found["month"].isdecimal() else 0) if found else 0
    if not found or not month:
        return None
    hour, half = int(found["hour"]), found["half"]
    if half:
        hour = hour % 12 + 12 * (half in ("pm", "下午"))
    try:
        return local_instant(datetime(int(found["year"]), month, int(found["day"]), hour, int(found["minute"])), zone)
    except ValueError:
        return None
