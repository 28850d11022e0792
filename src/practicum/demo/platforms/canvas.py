"""What Canvas gives: the gradebook's export and the flat zip of an assignment's newest attempts."""

from __future__ import annotations

import html
import random
import re
import string
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from practicum.demo.platforms.people import Assignment, Person, PlatformClass
from practicum.demo.platforms.written import Written, number, write_rows, write_zip

_PAGE = "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>\n{body}\n</body></html>\n"
_ID_COLUMNS: dict[str, Callable[[Person], str]] = {
    "ID": lambda p: str(p.canvas_id),
    "SIS User ID": lambda p: p.id,
    "SIS Login ID": lambda p: p.login,
    "Integration ID": lambda p: "",
    "Root Account": lambda p: "canvas.uni.example",
}


def write_canvas(
    class_: PlatformClass,
    folder: Path,
    *,
    anonymous: bool = False,
    columns: tuple[str, ...] = ("ID", "SIS User ID", "SIS Login ID"),
    split_names: bool = False,
    totals: tuple[str, ...] = ("Current Score", "Final Score"),
    and_: str = "and",
    semicolon: bool = False,
    bom: bool = False,
    first_file: int = 998,
) -> Written:
    """Write what a lecturer downloads from Canvas.

    Args:
        class_: the class.
        folder: where to write.
        anonymous: the assignments are graded anonymously: no user id in the zips, `N/A` in the gradebook.
        columns: which of the columns with ids the lecturer may see.
        split_names: the names in two columns, `LastName` and `FirstName`.
        totals: the read-only columns at the end.
        and_: the word between two sections, which is translated where the headings are not.
        semicolon: semicolons between the cells and commas in the numbers, by the lecturer's setting.
        bom: a byte-order mark, by the lecturer's setting.
        first_file: Canvas' number of the first file.
    """
    stamp = f"{class_.downloaded:%Y-%m-%dT%H%M}"
    written = Written()
    rows = _gradebook(class_, columns, split_names, totals, and_, "," if semicolon else ".", anonymous)
    written.rosters["gradebook"] = write_rows(
        folder / f"{stamp}_Grades-{class_.course}.csv",
        rows,
        separator=";" if semicolon else ",",
        encoding="utf-8-sig" if bom else "utf-8",
    )
    for each in class_.assignments:
        entries = _submissions(class_, each, anonymous, first_file)
        written.submissions[each.title] = write_zip(folder / f"{each.title} submissions.zip", entries, class_.downloaded)
    return written


def _gradebook(
    class_: PlatformClass,
    columns: tuple[str, ...],
    split_names: bool,
    totals: tuple[str, ...],
    and_: str,
    decimal: str,
    anonymous: bool,
) -> Iterator[list[str]]:
    work = class_.assignments
    names = ["LastName", "FirstName"] if split_names else ["Student"]
    blank = [""] * (len(names) + len(columns))
    yield [*names, *columns, "Section", *(f"{a.title} ({a.number})" for a in work), *totals]
    if any(a.manual_posting for a in work):
        yield [*blank, "", *("Manual Posting" if a.manual_posting else "" for a in work), *("" for _ in totals)]
    possible = [number(a.points, decimal) for a in work]
    yield ["    Points Possible", *blank[1:], "", *possible, *("(read only)" for _ in totals)]
    for person in sorted(class_.people, key=lambda p: p.sortable.casefold()):
        name = [person.family, person.given] if split_names else [person.sortable]
        ids = [_ID_COLUMNS[column](person) for column in columns]
        cells = ["N/A" if anonymous else _cell(a, person, decimal) for a in work]
        yield [*name, *ids, f" {and_} ".join(person.sections), *cells, *("" for _ in totals)]
    test = ["Student", "Test"] if split_names else ["Student, Test"]
    ids = [{"ID": "39999", "SIS Login ID": "4f2a9be07c1d8e6f5a3b"}.get(column, "") for column in columns]
    yield [*test, *ids, class_.people[0].sections[0], *("" for _ in work), *("" for _ in totals)]


def _cell(assignment: Assignment, person: Person, decimal: str) -> str:
    if person.id not in assignment.scores:
        return ""
    score = assignment.scores[person.id]
    return "EX" if score is None else number(score, decimal)


def _submissions(class_: PlatformClass, assignment: Assignment, anonymous: bool, first_file: int) -> Iterator[tuple[str, bytes]]:
    files = count(first_file, 4)
    draw = random.Random(f"{assignment.title} {assignment.number}")
    for person in class_.people:
        attempts = assignment.submissions.get(person.id, ())
        if not attempts:
            continue
        newest, late = attempts[-1], attempts[-1].at > assignment.due
        if anonymous:
            nobody = "".join(draw.choices(string.ascii_letters + string.digits, k=5))
            start = f"{'LATE_' * late}anon_{nobody}"
        else:
            start = f"{_mangled(person, assignment)}{'_LATE' * late}_{person.canvas_id}"
        for name, data in newest.files.items():
            before = sum(name in each.files for each in attempts[:-1])
            yield f"{start}_{next(files)}_{_original(name, before)}", data
        # An attempt at Canvas is of one type: a text beside files would be a comment, which no zip holds.
        if newest.text and not newest.files:
            yield f"{start}_text.html", _PAGE.format(title=f"{assignment.title}: text", body=f"<p>{newest.text}</p>").encode()
        if newest.link:
            link = html.escape(newest.link)
            yield (
                f"{start}_link.html",
                _PAGE.format(title=f"{assignment.title}: link", body=f'<a href="{link}">{link}</a>').encode(),
            )


def _mangled(person: Person, assignment: Assignment) -> str:
    team = assignment.teams.get(person.id)
    name = team.replace(" ", "_") if team else person.sortable
    return re.sub(r"\W", "", name.lower())


def _original(name: str, before: int) -> str:
    """Return a student's name of a file as Canvas keeps it; one that they uploaded before gets a number."""
    stem, dot, ending = re.sub(r'[/\\:*?"<>|]', "_", name).rpartition(".")
    return f"{stem}-{before}{dot}{ending}" if before else f"{stem}{dot}{ending}"
