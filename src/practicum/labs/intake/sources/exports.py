"""Folders that nbgrader and Otter keep submissions in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from practicum.csvfile import decode, parse_table, read_bytes
from practicum.errors import PracticumError
from practicum.labs.intake.archive_files import Unreadable, open_regular, read_up_to
from practicum.labs.intake.names import ARCHIVES, shown, without_ending
from practicum.labs.intake.sources.found import Found, parse_time, told
from practicum.labs.lab import Lab

TIMESTAMP = "timestamp.txt"
OTTER_GRADES = "final_grades.csv"
_MOST_BYTES = 4096  # of a timestamp


def find_nbgrader(folder: Path, assignment: str, refused: list[str]) -> Iterator[Found]:
    """Find the submissions of an assignment in nbgrader's `submitted/STUDENT/ASSIGNMENT/`.

    Args:
        folder: the course's folder, or `submitted` itself.
        assignment: its name; case, `-` and `_` do not matter.
        refused: gets a line for each that is not read.

    Raises:
        PracticumError: no student has such an assignment.
    """
    submitted = folder / "submitted" if (folder / "submitted").is_dir() else folder
    names: set[str] = set()
    some = False
    for student in _folders(submitted, refused):
        for work in _folders(student, refused):
            names.add(work.name)
            if _same(work.name) == _same(assignment):
                some = True
                at, note = None, f"there is no {TIMESTAMP}"
                if (work / TIMESTAMP).is_symlink() or (work / TIMESTAMP).exists():
                    text = _text(work / TIMESTAMP)
                    at, note = (
                        parse_time(text),
                        f"expected a time like 2026-11-08 23:30:00 UTC in {TIMESTAMP}, got {shown(text.strip())!r}",
                    )
                yield Found((student.name,), work, at, () if at else (note,))
    if not some:
        got = ", ".join(sorted(shown(name) for name in names)[:20]) or "none"
        raise PracticumError(
            f"{submitted}: expected folders STUDENT/{assignment}, got the assignments {got}; say which one is meant"
        )


def find_otter(path: Path, lab: Lab, refused: list[str]) -> Iterator[Found]:
    """Find the submissions that Otter graded: files side by side, named in the column `file` of `final_grades.csv`.

    Files that the table does not name are found as well. Otter knows no times.

    Raises:
        PracticumError: the table is missing or has no such column.
    """
    path = path / OTTER_GRADES if path.is_dir() else path
    table = parse_table(decode(read_bytes(path), str(path)), str(path))
    columns = [name.strip().lower() for name in table.header]
    if "file" not in columns:
        raise PracticumError(f"{path}: expected a column `file`, got {', '.join(columns[:20])}")
    endings = {Path(name).suffix.lower() for name in lab.submit} or {""}
    there = {
        each.name: each
        for each in sorted(path.parent.iterdir())
        if each.is_file() and not each.is_symlink() and each != path and each.name.lower().endswith((*endings, *ARCHIVES))
    }
    for cells, line in zip(table.rows, table.lines, strict=True):
        name = cells[columns.index("file")].strip().replace("\\", "/").rpartition("/")[2]
        if name == "points-per-question":
            continue
        if name in there:
            yield Found((without_ending(name),), there.pop(name))
        else:
            refused.append(f"{path}:{line}: {shown(name)} is not in the folder, or is there twice in the table")
    for name, each in there.items():
        yield Found((without_ending(name),), each, notes=(f"{path.name} does not name the file",))


def _folders(folder: Path, refused: list[str]) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise PracticumError(f"{folder}: cannot be read ({error.strerror})") from None
    for entry in entries:
        if entry.is_symlink():
            refused.append(f"{told(entry)}: is a link, not followed")
        elif entry.is_dir() and not entry.name.startswith("."):
            yield entry


def _same(name: str) -> str:
    return re.sub(r"[-_ ]+", "-", name.casefold())


def _text(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return read_up_to(file.read, _MOST_BYTES).decode("utf-8", "replace")
    except Unreadable as error:
        return f"a file that {error}"
