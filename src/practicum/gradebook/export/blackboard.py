"""Grades for Blackboard, by the rules of its Grade Center upload.

It finds a row by the username and a column by the number after `|` in its heading; without one it makes a new column.
"""

import csv
import io
import re
from collections.abc import Sequence

from practicum.course.roster import Student
from practicum.course.roster.spelling import folded
from practicum.course.rounding import plain
from practicum.errors import PracticumError
from practicum.gradebook.export.current import Current
from practicum.gradebook.export.headings import Numbers, numbered, safe_titles
from practicum.gradebook.export.sheet import Column, Export, Platform, columns_of, make_export, one_line, some, text_cell
from practicum.gradebook.gradebook import Gradebook

WHO = ("Last Name", "First Name", "Username", "Student ID")
_NUMBERED = re.compile(r"(?P<title>.*?)\s*\[Total Pts: (?P<points>.*)\]\s*\|\s*(?P<id>\w+)\s*", re.DOTALL)


def to_blackboard(book: Gradebook, total: bool = False, current: Current | None = None, only: str = "") -> Export:
    """Write Grade Center uploads.

    Args:
        book: the grades.
        total: adds the final grade as a column of its own.
        current: what Blackboard's gradebook download says.
        only: the name of one item to export alone.

    Raises:
        PracticumError: nothing is decided, a column's number is none or another's, or two students have one username.
    """
    columns = [column for column in columns_of(book, total, None) if only in ("", column.name)]
    headings, warnings = _headings(columns, current)
    students = [row.student for row in book.students]
    unknown = [student for student in students if not _username(student, current)]
    if unknown:
        warnings.append(
            f"the roster has no Blackboard username of {some(unknown)}; their id stands in its place "
            "(`practicum roster import` takes usernames from a gradebook download)"
        )
    owners: dict[str, str] = {}
    for student in students:
        username = _username(student, current) or student.id
        if (other := owners.setdefault(folded(username), student.id)) != student.id:
            raise PracticumError(f"expected a username of each student's own, got `{username}` for `{other}` and `{student.id}`")

    def identify(student: Student) -> Sequence[str]:
        first = student.first or ("" if student.last else student.name)
        return [text_cell(student.last), text_cell(first), text_cell(_username(student, current)) or student.id, student.id]

    return make_export(book, columns, headings, Platform("Blackboard", WHO, identify, _table), current, warnings)


def _username(student: Student, current: Current | None) -> str:
    return current.found[student.id].login if current and student.id in current.found else student.login


def _headings(columns: Sequence[Column], current: Current | None) -> tuple[dict[str, str], list[str]]:
    headings: dict[str, str] = {}
    warnings: list[str] = []
    matches = [(h, m) for h in (current.header if current else ()) if (m := _NUMBERED.fullmatch(h))]
    there = {m["id"]: (h, m["title"]) for h, m in matches if not m["points"].startswith("up to")}  # those are totals
    form = Numbers("Blackboard", re.compile(r"\w+"), "what stands after | in its heading")
    for column, number in numbered(columns, form, {known: title for known, (_, title) in there.items()}):
        if number in there:
            headings[column.name] = there[number][0]
        else:
            headings[column.name] = f"{_heading(one_line(column.title), column)} |{number}"
            if current is not None:
                warnings.append(f"{column.name}: {current.name} has no column |{number}")
    new = [column for column in columns if column.name not in headings]
    titles, renamed = safe_titles(new, "Blackboard", _trouble, (*WHO, *(title for _, title in there.values())))
    made = {column.name: text_cell(_heading(titles[column.name], column)) for column in new}
    return headings | made, warnings + renamed


def _heading(title: str, column: Column) -> str:
    return f"{title} [Total Pts: {plain(column.points)} Score]"


def _trouble(title: str) -> str:
    return "takes what stands after | or [Total Pts: for its own" if "|" in title or "[total pts" in title.casefold() else ""


def _table(header: Sequence[str], columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([header, *rows])
    return out.getvalue()
