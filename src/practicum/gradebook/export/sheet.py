"""What the exports share: columns of scores, some of them undecided, and files in which no cell hurts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from practicum.course.assessment import Item
from practicum.course.roster import Student
from practicum.course.rounding import rounded
from practicum.csvfile import guard
from practicum.errors import PracticumError
from practicum.gradebook.export.current import Current
from practicum.gradebook.gradebook import Gradebook

SHOWN = ("graded", "partly graded", "missing")
"""The statuses of items that have a score."""

TOTAL = "total"
TOTAL_TITLE = "Course total"

_NAMED = 5  # students named in a warning


class ExportFile(NamedTuple):
    """A file to import: what is put behind its name (nothing for the main one), and its text."""

    suffix: str
    text: str


class Export(NamedTuple):
    """The files to import, each on its own, and what one should know of them."""

    files: tuple[ExportFile, ...]
    warnings: tuple[str, ...]


class Column(NamedTuple):
    """A column of scores: per student what is to be imported, None where nothing may be.

    Attributes:
        name: the item's name, or `total`.
        title: what people call it.
        item: the item, or None for the total.
        points: how many there can be.
        cells: in the order of the roster.
        exempt: students who are exempt and of whom the platform knows no such thing, by their places.
    """

    name: str
    title: str
    item: Item | None
    points: Decimal
    cells: tuple[str | None, ...]
    exempt: frozenset[int] = frozenset()

    @property
    def decided(self) -> frozenset[int]:
        """The places of the students who have something in this column."""
        return frozenset(place for place, cell in enumerate(self.cells) if cell is not None)


@dataclass(frozen=True, slots=True)
class Platform:
    """What differs between the platforms.

    Attributes:
        name: what it is called.
        who: the headings that say who a student is.
        identify: the cells below those.
        table: writes header, columns and rows as text; the columns are there for a row of points.
        exempt: what the platform calls exempt; None if it has no word for it.
    """

    name: str
    who: Sequence[str]
    identify: Callable[[Student], Sequence[str]]
    table: Callable[[Sequence[str], Sequence[Column], Sequence[Sequence[str]]], str]
    exempt: str | None = None


def columns_of(book: Gradebook, total: bool, exempt: str | None) -> list[Column]:
    """Return the columns of a gradebook, undecided ones included.

    Args:
        book: the grades.
        total: adds the final grade as it stands.
        exempt: what stands for an exemption; None where the platform has nothing for it.
    """
    columns = []
    for place, item in enumerate(book.course.items):
        grades = [row.items[place] for row in book.students]
        cells = tuple(
            exempt if grade.status == "exempt" else str(rounded(grade.score)) if grade.status in SHOWN else None
            for grade in grades
        )
        left = frozenset(i for i, grade in enumerate(grades) if grade.status == "exempt" and exempt is None)
        columns.append(Column(item.name, item.label, item, item.points, cells, left))
    if total:
        totals = tuple(str(rounded(row.total)) for row in book.students)
        columns.append(Column(TOTAL, TOTAL_TITLE, None, book.course.grade.out_of, totals))
    return columns


def make_export(
    book: Gradebook,
    columns: Sequence[Column],
    headings: dict[str, str],
    platform: Platform,
    current: Current | None,
    warnings: Sequence[str],
) -> Export:
    """Put columns into files so that no import takes anything away.

    With the platform's own file, what is undecided is repeated from there; without it, the students for whom a column is
    undecided are not in the file of that column. So there may be several files, each with the columns that are decided
    for the same students.

    Args:
        book: the grades.
        columns: its columns.
        headings: what the platform calls each column, by its name.
        platform: the platform.
        current: the platform's own file.
        warnings: what there is to say already.

    Raises:
        PracticumError: nothing is decided.
    """
    students = [row.student for row in book.students]
    said = list(warnings)
    if any(column.name == TOTAL for column in columns) and any(row.decided < book.course.grade.out_of for row in book.students):
        said.append("total: the grade as it stands; what is undecided counts 0 in it")
    if any(column.name == TOTAL for column in columns) and (failed := [row.student for row in book.students if row.failed]):
        said.append(f"total: 0 for {some(failed)}, who fails the course by the outcome of an integrity case")
    there = frozenset(range(len(students)))
    if current is not None:
        there = frozenset(place for place in there if students[place].id in current.rows)
        absent = [students[place] for place in range(len(students)) if place not in there]
        if absent:
            said.append(f"{current.name} knows nothing of {some(absent)}; left out, as {platform.name} may refuse the whole file")
    groups: dict[frozenset[int], list[Column]] = {}
    nothing = []
    for column in columns:
        decided = column.decided & there
        if not decided:
            nothing.append(column.name)
            continue
        undecided = there - decided
        if undecided:
            said.append(_undecided(column, [students[place] for place in sorted(undecided)], platform, current))
        if exempt := column.exempt & there:
            who = some([students[place] for place in sorted(exempt)])
            said.append(f"{column.name}: {who} exempt, which no {platform.name} import can say; set it there by hand")
        if undecided and current is not None:
            column = column._replace(cells=_filled(column, headings[column.name], students, current))
            decided = there
        groups.setdefault(decided, []).append(column)
    if nothing:
        said.append(f"left out, as nothing is decided for anyone: {', '.join(nothing)}")
    if not groups:
        raise PracticumError(
            f"expected grades to export for {platform.name}, got none: nothing is decided for anyone"
            + (f" who is in {current.name}" if current else "")
        )
    ordered = sorted(groups.items(), key=lambda group: -len(group[0]) * len(group[1]))
    files = []
    for number, (places, grouped) in enumerate(ordered):
        cells = {place: [column.cells[place] or "" for column in grouped] for place in sorted(places)}
        # Who has nothing here nor there is left out: there may be something by the time of the import.
        rows = [[*platform.identify(students[place]), *own] for place, own in cells.items() if any(own)]
        header = [*platform.who, *(headings[column.name] for column in grouped)]
        files.append(ExportFile(_suffix(grouped) if number else "", platform.table(header, grouped, rows)))
    return Export(tuple(files), tuple(said))


def _undecided(column: Column, students: Sequence[Student], platform: Platform, current: Current | None) -> str:
    kept = (
        f"what {current.name} has is repeated" if current else f"not in this column's file, so {platform.name} keeps what it has"
    )
    return f"{column.name}: undecided for {some(students)}; {kept}"


def _filled(column: Column, heading: str, students: Sequence[Student], current: Current) -> tuple[str | None, ...]:
    return tuple(
        current.cell(student, heading) if cell is None and student.id in current.rows else cell
        for student, cell in zip(students, column.cells, strict=True)
    )


def _suffix(columns: Sequence[Column]) -> str:
    names = [column.name for column in columns]
    return "-" + "-".join(names[:3]) + (f"-and-{len(names) - 3}-more" if len(names) > 3 else "")


def some(students: Sequence[Student]) -> str:
    """Name students, the first of them, and say how many they are."""
    names = [f"{student.id} {one_line(student.name)}".strip() for student in students[:_NAMED]]
    more = f" and {len(students) - _NAMED} more" if len(students) > _NAMED else ""
    return f"{len(students)} student{'s' * (len(students) != 1)} ({', '.join(names)}{more})"


def one_line(text: str) -> str:
    """Return text without line ends and control characters: platforms guess the separator from the first lines of a file."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def text_cell(text: str) -> str:
    """Return text as a cell: on one line, and no formula."""
    return guard(one_line(text))
