"""What Blackboard gives: the gradebook's download and the flat zip of an assignment, each attempt with its receipt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from practicum.demo.platforms.people import Assignment, Person, PlatformClass, Submitted
from practicum.demo.platforms.written import DAYS, MONTHS, Written, number, write_rows, write_zip

_RECEIPT = """Name: {name} ({username})
Assignment: {title}
Date Submitted: {date}
Current {grade}: Needs Grading

Submission Field:
{text}

Comments:
There are no student comments for this assignment.

Files:
{files}
"""
_NO_TEXT = "There is no student submission text data for this assignment."
_NO_FILES = "No files were attached to this submission."
_FILE = "\tOriginal filename: {original}\n\tFilename: {name}"


@dataclass(frozen=True)
class _Locale:
    """How the receipt says a date and a grade, and what an attempt is called in a file's name."""

    grade: str = "Grade"
    attempt: str = "attempt"
    american: bool = False


LOCALES = {"en": _Locale(), "en_GB": _Locale("Mark"), "en_US": _Locale(american=True), "nl": _Locale(attempt="poging")}


def write_blackboard(
    class_: PlatformClass, folder: Path, *, locale: str = "en", child_courses: bool = False, mangled: bool = False
) -> Written:
    """Write what a lecturer downloads from Blackboard: the gradebook as `.xls` and as CSV, and the zips.

    How a zip names the work of teams is not known; it comes under the name of the member who submitted.

    Args:
        class_: the class.
        folder: where to write.
        locale: of the receipts: `en`, `en_GB`, `en_US` or `nl`.
        child_courses: the gradebook's column with the courses that were merged into this one.
        mangled: the names in the zip lose what is no ASCII letter, so that only the receipt tells who and what.
    """
    stamp = f"{class_.downloaded:%Y-%m-%d-%H-%M-%S}"
    rows = list(_gradebook(class_, child_courses))
    book = folder / f"gc_{class_.course}_fullgc_{stamp}.xls"
    written = Written(
        rosters={
            "gradebook": write_rows(book, rows, separator="\t", encoding="utf-16", quote_all=True),
            "gradebook csv": write_rows(book.with_suffix(".csv"), rows, encoding="utf-8-sig", quote_all=True),
        }
    )
    for each in class_.assignments:
        name = f"gradebook_{class_.course}_{re.sub(r'[^A-Za-z0-9]', '', each.title)}_{stamp}.zip"
        entries = _submissions(class_, each, LOCALES[locale], mangled)
        written.submissions[each.title] = write_zip(folder / name, entries, class_.downloaded)
    return written


def _gradebook(class_: PlatformClass, child_courses: bool) -> Iterator[list[str]]:
    work = class_.assignments
    child = ["Child Course ID"] if child_courses else []
    total = f"Total [Total Pts: up to {sum(a.points for a in work)} Score] |123499"
    head = ["Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability", *child]
    yield [*head, *(f"{a.title} [Total Pts: {a.points} Score] |{123_456 + n}" for n, a in enumerate(work)), total]
    access = f"{class_.downloaded:%Y-%m-%d %H:%M:%S}"
    for p in class_.people:
        sections = [p.sections[0]] if child_courses else []
        yield [p.family, p.given, p.username, p.id, access, "Yes", *sections, *(_cell(a, p) for a in work), ""]
    sections = [""] if child_courses else []
    yield ["PreviewUser", "Lecturer", "lecturer_previewuser", "", access, "Yes", *sections, *("" for _ in work), ""]


def _cell(assignment: Assignment, person: Person) -> str:
    score = assignment.scores.get(person.id)
    if score is not None:
        return number(score)
    return "Needs Grading" if assignment.submissions.get(person.id) else ""


def _submissions(class_: PlatformClass, assignment: Assignment, locale: _Locale, mangled: bool) -> Iterator[tuple[str, bytes]]:
    for person in class_.people:
        for each in assignment.submissions.get(person.id, ()):
            at = each.at.astimezone(assignment.due.tzinfo)
            start = f"{assignment.title}_{person.username}_{locale.attempt}_{at:%Y-%m-%d-%H-%M-%S}"
            names = {original: _kept(f"{start}_{original}", mangled) for original in each.files}
            for original, name in names.items():
                yield name, each.files[original]
            yield _kept(f"{start}.txt", mangled), _receipt(assignment, person, each, at, locale, names).encode()


def _receipt(
    assignment: Assignment, person: Person, each: Submitted, at: datetime, locale: _Locale, names: dict[str, str]
) -> str:
    files = "\n".join(_FILE.format(original=original, name=name) for original, name in names.items())
    return _RECEIPT.format(
        name=person.full,
        username=person.username,
        title=assignment.title,
        date=_date(at, locale),
        grade=locale.grade,
        text=each.text or each.link or _NO_TEXT,
        files=files or _NO_FILES,
    )


def _date(at: datetime, locale: _Locale) -> str:
    day, month = DAYS[at.weekday()], MONTHS[at.month - 1]
    if locale.american:
        half = "AM" if at.hour < 12 else "PM"
        return f"{day}, {month} {at.day}, {at.year} {at.hour % 12 or 12}:{at:%M:%S} {half} {at:%Z}"
    return f"{day}, {at.day} {month} {at.year} {at:%H:%M:%S} o'clock {at:%Z}"


def _kept(name: str, mangled: bool) -> str:
    """Return a name as it stands in the zip, where `/`, `:` and the like never are."""
    name = re.sub(r'[/\\:*?"<>|]', "_", name)
    return re.sub(r"[^A-Za-z0-9._ -]", "_", name) if mangled else name
