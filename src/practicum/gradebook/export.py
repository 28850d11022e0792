"""The gradebook as CSV: for Canvas, Blackboard and Moodle in the columns they import, and a plain one of our own.

Scores are in points of each item, after late rules, rounded to two places (half up). An item that is not decided for a
student (open, waiting, unmarked) is an empty cell, so that an import overwrites nothing; missing work is 0.
Text that a spreadsheet would run as a formula gets an apostrophe before it. Ids never need one: the roster refuses them.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from practicum.course.rounding import plain, rounded
from practicum.csvfile import guard, parse_table, unguard, write_table
from practicum.errors import PracticumError
from practicum.gradebook.gradebook import Gradebook, StudentGrade
from practicum.gradebook.scoring import ItemGrade

_SHOWN = ("graded", "partly graded", "missing")


def _cell(grade: ItemGrade, exempt: str = "") -> str:
    if grade.status == "exempt":
        return exempt
    return str(rounded(grade.score)) if grade.status in _SHOWN else ""


def to_canvas(book: Gradebook, total: bool = False) -> str:
    """Write a Canvas gradebook import.

    Args:
        book: the grades.
        total: adds the final grade as an assignment of its own.
    """
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    points = ["    Points Possible", "", "", "", ""]
    for item in book.course.items:
        header.append(f"{item.label} ({item.lms.canvas})" if item.lms.canvas else guard(item.label))
        points.append(plain(item.points))
    if total:
        header.append("Course total")
        points.append(plain(book.course.grade.out_of))
    rows = [header, points]
    for row in book.students:
        s = row.student
        cells = [guard(s.sortable), s.lms_id, s.id, guard(s.login), guard(s.section)]
        cells += [_cell(grade, "EX") for grade in row.items]
        rows.append(cells + _total(row, total))
    return write_table(rows)


def to_blackboard(book: Gradebook, total: bool = False) -> str:
    """Write a Blackboard Grade Center import; a column with a Blackboard id is found again, others are made anew."""
    header = ["Last Name", "First Name", "Username", "Student ID"]
    for item in book.course.items:
        column = f"{item.label} [Total Pts: {plain(item.points)} Score]"
        header.append(f"{column} |{item.lms.blackboard}" if item.lms.blackboard else guard(column))
    if total:
        header.append(f"Course total [Total Pts: {plain(book.course.grade.out_of)} Score]")
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    for row in book.students:
        s = row.student
        who = [guard(s.last), guard(s.first or ("" if s.last else s.name)), guard(s.login) or s.id, s.id]
        writer.writerow(who + [_cell(grade) for grade in row.items] + _total(row, total))
    return out.getvalue()


def to_moodle(book: Gradebook, total: bool = False) -> str:
    """Write a Moodle grade import, with the columns that Moodle's own export has."""
    header = ["First name", "Last name", "ID number", "Email address"]
    header += [item.lms.moodle or f"Assignment: {item.label} (Real)" for item in book.course.items]
    rows = [header + (["Course total (Real)"] if total else [])]
    for row in book.students:
        s = row.student
        who = [guard(s.first or ("" if s.last else s.name)), guard(s.last), s.id, guard(s.email)]
        rows.append(who + [_cell(grade) for grade in row.items] + _total(row, total))
    return write_table(rows)


def _total(row: StudentGrade, wanted: bool) -> list[str]:
    return [str(rounded(row.total))] if wanted else []


@dataclass(frozen=True, slots=True)
class PlainRow:
    """A row of the plain CSV: scores to two places, None where nothing is decided, and who is exempt."""

    student: str
    name: str
    section: str
    items: Mapping[str, Decimal | None]
    exempt: frozenset[str]
    components: Mapping[str, Decimal]
    total: Decimal
    decided: Decimal


_LEAD = ("student", "name", "section")
_COMPONENT = "component "
_EXEMPT = "exempt"
_ZERO = Decimal("0.00")


def plain_rows(book: Gradebook) -> list[PlainRow]:
    """Return what the plain CSV holds."""
    return [
        PlainRow(
            row.student.id,
            row.student.name,
            row.student.section,
            {g.item.name: rounded(g.score) if g.status in _SHOWN else None for g in row.items},
            frozenset(g.item.name for g in row.items if g.status == "exempt"),
            {c.component.name: rounded(c.score) for c in row.components},
            rounded(row.total),
            rounded(row.decided),
        )
        for row in book.students
    ]


def to_plain(book: Gradebook) -> str:
    """Write the plain CSV: items and components by name, the total, and how many points of it are decided."""
    return write_plain(plain_rows(book), [item.name for item in book.course.items], [c.name for c in book.course.component])


def write_plain(rows: list[PlainRow], items: list[str], components: list[str]) -> str:
    """Write plain rows; `read_plain` gives them back."""
    lines = [[*_LEAD, *items, *(_COMPONENT + name for name in components), "total", "decided"]]
    for row in rows:
        scores = [_EXEMPT if n in row.exempt else "" if (m := row.items[n]) is None else str(m) for n in items]
        sums = [str(row.components[name]) for name in components]
        lines.append([row.student, guard(row.name), guard(row.section), *scores, *sums, str(row.total), str(row.decided)])
    return write_table(lines)


def read_plain(text: str, name: str = "gradebook.csv") -> list[PlainRow]:
    """Read a plain CSV back.

    Raises:
        PracticumError: it is not one; the message names file and line.
    """
    table = parse_table(text, name)
    header = list(table.header)
    if tuple(header[:3]) != _LEAD or header[-2:] != ["total", "decided"]:
        raise PracticumError(f"{name}: expected the columns {', '.join(_LEAD)}, …, total, decided; got {', '.join(header)}")
    rows = []
    for cells, line in zip(table.rows, table.lines, strict=True):
        scores = dict(zip(header[3:], cells[3:], strict=False))
        numbers = {key: _number(value, f"{name}:{line}", key) for key, value in scores.items()}
        sums = {key.removeprefix(_COMPONENT): value for key, value in numbers.items() if key.startswith(_COMPONENT)}
        items = {key: numbers[key] for key in header[3:-2] if not key.startswith(_COMPONENT)}
        rows.append(
            PlainRow(
                cells[0],
                unguard(cells[1]),
                unguard(cells[2]),
                items,
                frozenset(key for key, value in scores.items() if value == _EXEMPT),
                {key: _ZERO if value is None else value for key, value in sums.items()},
                _ZERO if (total := numbers["total"]) is None else total,
                _ZERO if (decided := numbers["decided"]) is None else decided,
            )
        )
    return rows


def _number(text: str, where: str, column: str) -> Decimal | None:
    if text in ("", _EXEMPT):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise PracticumError(f"{where}: expected a number in column `{column}`, got {text!r}") from None


EXPORTS: Mapping[str, Callable[[Gradebook, bool], str]] = {
    "canvas": to_canvas,
    "blackboard": to_blackboard,
    "moodle": to_moodle,
    "plain": lambda book, total: to_plain(book),
}
"""Each export by its name on the command line. The plain one always has the total."""
