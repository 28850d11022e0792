"""Grades for Moodle, by the rules of its CSV import.

One column is mapped to the ID number, the e-mail address or the username, others to items. An empty cell deletes a grade;
one user that Moodle does not know, or a score above the site's maximum, stops the whole import.
"""

import re
from collections.abc import Sequence

from practicum.course.roster import Student
from practicum.course.roster.spelling import folded
from practicum.csvfile import write_table
from practicum.errors import PracticumError
from practicum.gradebook.export.current import Current, same_heading
from practicum.gradebook.export.headings import safe_titles
from practicum.gradebook.export.sheet import Column, Export, Platform, columns_of, make_export, one_line, text_cell
from practicum.gradebook.gradebook import Gradebook

MOST = 100
"""The highest score that a site takes which does not allow unlimited grades."""

_NAMES = ("First name", "Last name")
_MAPPED = {"ID number": "id", "Email address": "email", "Username": "login"}
"""The columns that can say who a student is, and the field of each."""

_REAL = re.compile(
    r"(?:(?:Assignment|Aufgabe|作业)\s*[:\uff1a]\s*|Devoir\s+)?(?P<title>.*?)\s*\((?:Real|Punkte|Brut|分数)\)\s*", re.DOTALL
)


def to_moodle(book: Gradebook, total: bool = False, current: Current | None = None) -> Export:
    """Write grade imports, with the columns that Moodle's own export has.

    Args:
        book: the grades.
        total: adds the final grade as a column of its own.
        current: what Moodle's own grades export says.

    Raises:
        PracticumError: nothing is decided, or no column tells every student from the others.
    """
    columns = columns_of(book, total, None)
    headings, warnings = _headings(columns, current)
    students = [row.student for row in book.students if current is None or row.student.id in current.found]
    who = {student.id: _who(student, current) for student in students}
    mapped = [h for h in _MAPPED if h != "Username" or any(cells[h] for cells in who.values())]
    whole = [h for h in mapped if _tells_apart([cells[h] for cells in who.values()])]
    if students and not whole:
        raise PracticumError(_nobody(who, mapped))
    if students:
        warnings.append(f"in Moodle, map the column `{whole[0]}` to the field of the same name")
    above = [column.name for column in columns if any(cell and float(cell) > MOST for cell in column.cells)]
    if above:
        warnings.append(f"{', '.join(above)}: scores above {MOST} stop the whole import, unless the site allows unlimited grades")

    def identify(student: Student) -> Sequence[str]:
        first = student.first or ("" if student.last else student.name)
        return [text_cell(first), text_cell(student.last), *(who[student.id][heading] for heading in mapped)]

    platform = Platform("Moodle", (*_NAMES, *mapped), identify, lambda header, _, rows: write_table([header, *rows]))
    return make_export(book, columns, headings, platform, current, warnings)


def _who(student: Student, current: Current | None) -> dict[str, str]:
    """Return a student's cells in the columns that can be mapped: as Moodle has them, else as the roster does."""
    known = current.found[student.id] if current else student
    cells = {heading: text_cell(getattr(known, field)) for heading, field in _MAPPED.items()}
    if folded(known.id) in {folded(known.email), folded(known.login)}:
        cells["ID number"] = ""  # the roster's id was taken from that column
    return cells


def _tells_apart(cells: Sequence[str]) -> bool:
    return all(cells) and not any(cell.startswith("'") for cell in cells) and len({folded(cell) for cell in cells}) == len(cells)


def _nobody(who: dict[str, dict[str, str]], mapped: Sequence[str]) -> str:
    lacking = [f"{heading}: {sum(not cells[heading] for cells in who.values())} of {len(who)}" for heading in mapped]
    return (
        f"expected one of {', '.join(_MAPPED)} for every student, each another: Moodle's import finds a student by one of them; "
        f"got empty or double cells ({'; '.join(lacking)} empty). Add them with `practicum roster import PARTICIPANTS.csv`"
    )


def _headings(columns: Sequence[Column], current: Current | None) -> tuple[dict[str, str], list[str]]:
    header = list(current.header if current else ())
    real = {h: m["title"] for h in header if (m := _REAL.fullmatch(h))}
    headings: dict[str, str] = {}
    owners: dict[str, str] = {}
    for column in columns:
        named = column.item.lms.moodle if column.item else ""
        by_title = [h for h, title in real.items() if same_heading(title, column.title)]
        if not named and len(by_title) == 1:
            named = by_title[0]
        if not named:
            continue
        if (other := owners.setdefault(folded(named), column.name)) != column.name:
            raise PracticumError(f"item `{column.name}`: expected a Moodle column of its own, got `{named}`, that of `{other}`")
        headings[column.name] = next((h for h in header if same_heading(h, named)), one_line(named))
    new = [column for column in columns if column.name not in headings]
    titles, renamed = safe_titles(new, "Moodle", lambda title: "", [*real.values(), *(_title(h) for h in headings.values())])
    for column in new:
        prefix = "Assignment: " if column.item else ""
        headings[column.name] = f"{prefix}{titles[column.name]} (Real)"
    return headings, renamed


def _title(heading: str) -> str:
    found = _REAL.fullmatch(heading)
    return found["title"] if found else heading
