"""The plain CSV of our own: items and components by name, the total, and how much of it is decided. It comes back as it was.

Where there are outcomes of integrity cases, a last column `cases` has them: `perceptron: zero; project: referred`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from practicum.course.rounding import rounded
from practicum.csvfile import guard, parse_table, unguard, write_table
from practicum.errors import PracticumError
from practicum.gradebook.export.sheet import SHOWN
from practicum.gradebook.gradebook import Gradebook


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
    cases: str = ""


_LEAD = ("student", "name", "section")
_COMPONENT = "component "
_LAST = ["total", "decided"]
_CASES = "cases"
_EXEMPT = "exempt"
_ZERO = Decimal("0.00")


def plain_rows(book: Gradebook) -> list[PlainRow]:
    """Return what the plain CSV holds."""
    return [
        PlainRow(
            row.student.id,
            row.student.name,
            row.student.section,
            {g.item.name: rounded(g.score) if g.status in SHOWN else None for g in row.items},
            frozenset(g.item.name for g in row.items if g.status == "exempt"),
            {c.component.name: rounded(c.score) for c in row.components},
            rounded(row.total),
            rounded(row.decided),
            "; ".join(f"{case.lab}: {case.outcome}" for case in row.cases),
        )
        for row in book.students
    ]


def to_plain(book: Gradebook) -> str:
    """Write the plain CSV: items and components by name, the total, and how many points of it are decided."""
    return write_plain(plain_rows(book), [item.name for item in book.course.items], [c.name for c in book.course.component])


def write_plain(rows: list[PlainRow], items: list[str], components: list[str]) -> str:
    """Write plain rows; `read_plain` gives them back."""
    last = [*_LAST, _CASES] if any(row.cases for row in rows) else _LAST
    lines = [[*_LEAD, *items, *(_COMPONENT + name for name in components), *last]]
    for row in rows:
        scores = [_EXEMPT if n in row.exempt else "" if (m := row.items[n]) is None else str(m) for n in items]
        sums = [str(row.components[name]) for name in components]
        ends = [str(row.total), str(row.decided), row.cases][: len(last)]
        lines.append([row.student, guard(row.name), guard(row.section), *scores, *sums, *ends])
    return write_table(lines)


def read_plain(text: str, name: str = "gradebook.csv") -> list[PlainRow]:
    """Read a plain CSV back.

    Raises:
        PracticumError: it is not one; the message names file and line.
    """
    table = parse_table(text, name)
    header = list(table.header)
    with_cases = header[-1:] == [_CASES]
    last = len(header) - len(_LAST) - with_cases
    if tuple(header[:3]) != _LEAD or header[last : last + len(_LAST)] != _LAST:
        raise PracticumError(f"{name}: expected the columns {', '.join(_LEAD)}, …, total, decided; got {', '.join(header)}")
    rows = []
    for cells, line in zip(table.rows, table.lines, strict=True):
        scores = dict(zip(header[3 : last + len(_LAST)], cells[3:], strict=False))
        numbers = {key: _number(value, f"{name}:{line}", key) for key, value in scores.items()}
        sums = {key.removeprefix(_COMPONENT): value for key, value in numbers.items() if key.startswith(_COMPONENT)}
        items = {key: numbers[key] for key in header[3:last] if not key.startswith(_COMPONENT)}
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
                cells[-1] if with_cases else "",
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
