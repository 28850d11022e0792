"""The small CSV files of a workspace, as events: corrections of who submitted, teams, extensions, exemptions, manual
grades and outcomes of integrity cases.

Local times are meant in the course's zone (`2027-03-19 23:59:59`); a time may also state its own (`…+08:00`, `…Z`).
Every name is checked against the course and the roster, so that a typing error is found where it was made.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from practicum.course.assessment import Item
from practicum.course.calendar import read_moment
from practicum.course.model import Course
from practicum.course.roster import Student
from practicum.course.roster.spelling import folded
from practicum.course.rounding import plain
from practicum.course.workspace import CASES, EXEMPTIONS, EXTENSIONS, MARKS, SUBMITTERS, TEAMS
from practicum.csvfile import CsvRow, read_rows, unguard
from practicum.errors import PracticumError, suggestion
from practicum.gradebook.event_index import markable
from practicum.gradebook.events import EXEMPT, OUTCOMES, Case, Event, Exemption, Extension, ManualGrade, Submitter, Team

_COMMA = re.compile(r"\d+,\d{1,2}")
"""A number as a spreadsheet in many languages writes it."""


def read_events(folder: Path, course: Course, roster: Sequence[Student]) -> list[Event]:
    """Read `submitters.csv`, `teams.csv`, `extensions.csv`, `exemptions.csv`, `marks.csv` and `cases.csv`, where they are there.

    Args:
        folder: the workspace.
        course: its course.
        roster: its students; a team in the roster counts where `teams.csv` does not name the student.

    Raises:
        PracticumError: something in a file is wrong; the message names file and line.
    """
    students = {student.id for student in roster}
    teams = read_teams(folder / "teams.csv", course, roster)
    names = {team.name for team in teams}
    return [
        *read_submitters(folder / "submitters.csv", course, students),
        *teams,
        *_extensions(folder / "extensions.csv", course, students, names),
        *_exemptions(folder / "exemptions.csv", course, students, names),
        *_marks(folder / "marks.csv", course, students, names),
        *read_cases(folder / "cases.csv", course, students),
    ]


def read_submitters(path: Path, course: Course, students: Collection[str]) -> list[Submitter]:
    """Read the corrections that hold: a later row for the same submitter takes the place of earlier ones.

    Raises:
        PracticumError: something in the file is wrong; the message names file and line.
    """
    held: dict[tuple[str, str], Submitter] = {}
    for row in read_rows(path, SUBMITTERS, ("submitter", "student")):
        lab, submitter, student = row.cells.get("lab", ""), unguard(row.need("submitter")), row.cells["student"]
        if lab:
            _known(row, "lab", lab, submittable(course))
        if student:
            _known(row, "student", student, students)
        name = folded(submitter)
        if not lab:  # for every lab, also those that an earlier row was about
            held = {key: event for key, event in held.items() if key[1] != name}
        note = unguard(row.cells.get("note", ""))
        held[lab, name] = Submitter(submitter, student, lab, _time(row, "at", course), note)
    return list(held.values())


def read_cases(path: Path, course: Course, students: Collection[str]) -> list[Case]:
    """Read the outcomes of integrity cases, all of them, in the order of the file.

    Raises:
        PracticumError: something in the file is wrong; the message names file and line.
    """
    cases: list[Case] = []
    seen: dict[tuple[object, ...], str] = {}
    for row in read_rows(path, CASES, CASES):
        lab, student, outcome = row.need("lab"), row.need("student"), row.need("outcome")
        _known(row, "lab", lab, submittable(course))
        _known(row, "student", student, students)
        at = _time(row, "at", course)
        if at is None:
            row.need("at")
            continue
        word = next((each for each in OUTCOMES if each == outcome), None)
        if word is None:
            _known(row, "outcome", outcome, OUTCOMES)
            continue
        if (first := seen.setdefault((lab, student, at), row.where)) != row.where:
            raise PracticumError(f"{row.where}: a second outcome for the same work at the same time (the first is {first})")
        cases.append(Case(student, lab, word, at, unguard(row.need("reason"))))
    return cases


def submittable(course: Course) -> list[str]:
    """Return the names under which work is submitted: every lab, and every item that is not filled by labs alone."""
    return list(dict.fromkeys([*course.labs, *(item.name for item in course.items if _by_hand(item))]))


def _by_hand(item: Item) -> bool:
    leaves = [part for _, part in item.walk() if not part.part]
    return any(not part.lab for part in leaves) if leaves else not item.lab


def read_teams(path: Path, course: Course, roster: Sequence[Student]) -> list[Team]:
    """Read `teams.csv`; a team in the roster counts where it does not name the student.

    Raises:
        PracticumError: something in it is wrong; the message names file and line.
    """
    members: dict[tuple[str, str], list[str]] = {}
    placed: dict[tuple[str, str], str] = {}
    students = {student.id for student in roster}
    for row in read_rows(path, TEAMS, TEAMS[:2]):
        item = row.cells.get("item", "")
        if item:
            _known(row, "item", item, [i.name for i in course.items if i.team])
        team, student = row.need("team"), row.need("student")
        _known(row, "student", student, students)
        if (item, student) in placed:
            raise PracticumError(f"{row.where}: student `{student}` is already in team `{placed[item, student]}`")
        placed[item, student] = team
        members.setdefault((team, item), []).append(student)
    for someone in roster:
        if someone.team and not any(student == someone.id for _, student in placed):
            members.setdefault((someone.team, ""), []).append(someone.id)
    return [Team(name, tuple(who), item) for (name, item), who in members.items()]


def _extensions(path: Path, course: Course, students: Collection[str], teams: Collection[str]) -> list[Event]:
    events: list[Event] = []
    for row in read_rows(path, EXTENSIONS, ("item", "until")):
        owner = _owner(row, students, teams)
        item = _item(row, course)
        until = _time(row, "until", course)
        if until is None:
            row.need("until")
        else:
            events.append(Extension(item, until, row.cells.get("reason", ""), **owner))
    return events


def _exemptions(path: Path, course: Course, students: Collection[str], teams: Collection[str]) -> list[Event]:
    events: list[Event] = []
    for row in read_rows(path, EXEMPTIONS, ("item", "reason")):
        owner = _owner(row, students, teams)
        kind = row.cells.get("kind", "") or EXEMPT
        _known(row, "kind", kind, [EXEMPT, *course.certificates()])
        events.append(Exemption(_item(row, course), row.need("reason"), kind, **owner))
    return events


def _marks(path: Path, course: Course, students: Collection[str], teams: Collection[str]) -> list[Event]:
    events: list[Event] = []
    seen: dict[tuple[str, ...], str] = {}
    for row in read_rows(path, MARKS, ("item", "points")):
        owner = _owner(row, students, teams)
        item = _item(row, course, "total")
        part = row.cells.get("part", "")
        most = {"": course.grade.cap} if item == "total" else markable(course.find(item))
        if part not in most:
            known = [name for name in most if name]
            raise PracticumError(
                f"{row.where}: `{item}` has no part `{part}` that is graded manually{suggestion(part, known)}"
                + (f"; known: {', '.join(known)}" if known else "")
            )
        points = _points(row, most[part])
        at = _time(row, "at", course)
        key = (owner["student"], owner["team"], item, part, str(at))
        if key in seen:
            raise PracticumError(
                f"{row.where}: a second manual grade for the same thing (the first is {seen[key]}); "
                "give the later one a time in column `at`, or delete one"
            )
        seen[key] = row.where
        submitted = _time(row, "submitted", course)
        events.append(ManualGrade(item, points, part, at, submitted, row.cells.get("note", ""), **owner))
    return events


def _points(row: CsvRow, most: Decimal) -> Decimal:
    text = row.need("points")
    try:
        points = Decimal(text.replace(",", ".") if _COMMA.fullmatch(text) else text)
    except InvalidOperation:
        raise PracticumError(f"{row.where}: expected a number in column `points`, got {text!r}") from None
    if not points.is_finite() or not 0 <= points <= most:
        raise PracticumError(f"{row.where}: expected 0 to {plain(most)} points, got {text}")
    return points


def _owner(row: CsvRow, students: Collection[str], teams: Collection[str]) -> Mapping[str, str]:
    student, team = row.cells.get("student", ""), row.cells.get("team", "")
    if bool(student) == bool(team):
        raise PracticumError(f"{row.where}: expected either a student or a team, got {student!r} and {team!r}")
    if student:
        _known(row, "student", student, students)
    else:
        _known(row, "team", team, teams)
    return {"student": student, "team": team}


def _item(row: CsvRow, course: Course, *more: str) -> str:
    item = row.need("item")
    _known(row, "item", item, [*(i.name for i in course.items), *more])
    return item


def _known(row: CsvRow, column: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        names = f"; known: {', '.join(sorted(known))}" if 0 < len(known) <= 20 else ""
        raise PracticumError(f"{row.where}: no {column} `{value}`{suggestion(value, known)}{names}")


def _time(row: CsvRow, column: str, course: Course) -> datetime | None:
    text = row.cells.get(column, "")
    if not text:
        return None
    at = stated_time(text, course)
    if at is None:
        raise PracticumError(f"{row.where}: expected a time such as `2027-03-19 23:59:59` in column `{column}`, got {text!r}")
    return at


def stated_time(text: str, course: Course) -> datetime | None:
    """Return the time that somebody wrote, in the course's zone unless it states its own; None if it is no time."""
    return read_moment(text, course.term.zone)
