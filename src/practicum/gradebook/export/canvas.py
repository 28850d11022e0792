"""Grades for Canvas, by the rules of its gradebook import.

Canvas finds a student by its own number, else the SIS id, the login, the exact name; a column by the number in brackets at
the end of its heading, else by the title, else it makes a new one. It drops headings that hold the name of a total.
"""

import re
from collections.abc import Sequence

from practicum.course.roster import Student
from practicum.course.rounding import plain
from practicum.csvfile import write_table
from practicum.gradebook.export.current import Current
from practicum.gradebook.export.headings import Numbers, numbered, safe_titles
from practicum.gradebook.export.sheet import Column, Export, Platform, columns_of, make_export, one_line, some, text_cell
from practicum.gradebook.gradebook import Gradebook

WHO = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
"""By position: without `SIS Login ID`, `SIS User ID` makes the header row invalid."""

EXEMPT = "EX"
_TOTALS = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*)\((\d+)\)\s*")
_NO_STUDENT = re.compile(r"Points Possible|Manual Posting|Muted", re.IGNORECASE)


def to_canvas(book: Gradebook, total: bool = False, current: Current | None = None) -> Export:
    """Write gradebook imports.

    Args:
        book: the grades.
        total: adds the final grade as an assignment of its own.
        current: Canvas' own gradebook export.

    Raises:
        PracticumError: nothing is decided, or a column's number is none or another's.
    """
    columns = columns_of(book, total, EXEMPT)
    headings, warnings = _headings(columns, current)
    students = [row.student for row in book.students]
    unknown = [student for student in students if not _number(student, current)]
    if unknown:
        warnings.append(
            f"the roster has no Canvas number of {some(unknown)}; Canvas looks for their SIS id or login instead "
            "(`practicum roster import` takes the numbers from a gradebook export)"
        )

    def identify(student: Student) -> Sequence[str]:
        name = student.id if _NO_STUDENT.search(student.sortable) else student.sortable
        return [text_cell(name), _number(student, current), student.id, text_cell(student.login), text_cell(student.section)]

    platform = Platform("Canvas", WHO, identify, _table, EXEMPT)
    return make_export(book, columns, headings, platform, current, warnings)


def _number(student: Student, current: Current | None) -> str:
    if student.lms_id or current is None or student.id not in current.found:
        return student.lms_id
    return current.found[student.id].lms_id


def _headings(columns: Sequence[Column], current: Current | None) -> tuple[dict[str, str], list[str]]:
    headings: dict[str, str] = {}
    warnings: list[str] = []
    there = {m[2]: (h, m[1].strip()) for h in (current.header if current else ()) if (m := _NUMBERED.fullmatch(h))}
    form = Numbers("Canvas", re.compile(r"\d+", re.ASCII), "the number in the heading `Title (123)`")
    for column, number in numbered(columns, form, {known: title for known, (_, title) in there.items()}):
        if number in there:
            headings[column.name] = there[number][0]
            warnings += _marks_dropped(column, there[number][0], current)
        else:
            title = one_line(column.title)
            headings[column.name] = f"{text_cell(column.name if _TOTALS.search(title) else title)} ({number})"
            if current is not None:
                warnings.append(f"{column.name}: {current.name} has no column ({number})")
    new = [column for column in columns if column.name not in headings]
    titles, renamed = safe_titles(new, "Canvas", _trouble, (*WHO, *(current.header if current else ())))
    return headings | {name: text_cell(title) for name, title in titles.items()}, warnings + renamed


def _trouble(title: str) -> str:
    if _TOTALS.search(title):
        return "drops columns with the name of a total"
    return "takes a number in brackets at the end for a column of its own" if _NUMBERED.fullmatch(title) else ""


def _marks_dropped(column: Column, heading: str, current: Current | None) -> list[str]:
    """Warn of a column that is complete or incomplete in Canvas: it drops other marks without a word."""
    words = {text.casefold() for text in (current.column(heading) if current else ())}
    if words & {"complete", "incomplete"}:
        return [f"{column.name}: Canvas grades this as complete or incomplete and drops points; set it to points there first"]
    return []


def _table(header: Sequence[str], columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    points = ["    Points Possible", *[""] * (len(WHO) - 1), *(plain(column.points) for column in columns)]
    return write_table([header, points, *rows])
