"""`submitters.csv` as the commands write it: a row more, or one row less."""

import csv
import io
import os
from pathlib import Path

from practicum.course.workspace import SUBMITTERS
from practicum.csvfile import decode, guard, read_bytes
from practicum.errors import PracticumError
from practicum.gradebook.events import Submitter
from practicum.gradebook.rows import append_row, draft, header


def append_submitter(path: Path, event: Submitter) -> None:
    """Add a correction as the last row.

    Raises:
        PracticumError: the file lacks a column, or cannot be written.
    """
    cells = {
        "lab": event.lab,
        "submitter": guard(event.submitter),
        "student": event.student,
        "at": event.at.isoformat(timespec="seconds") if event.at else "",
        "note": guard(" ".join(event.note.split())),
    }
    append_row(path, SUBMITTERS, cells)


def undo_submitter(path: Path) -> dict[str, str]:
    """Take the last row away, and return it by column.

    Raises:
        PracticumError: there is no row, or the file cannot be written.
    """
    text = decode(read_bytes(path), str(path)) if path.exists() else ""
    names, delimiter = header(text, path, SUBMITTERS) if text.strip() else ([], ",")
    last: tuple[int, int, list[str]] | None = None
    start, headed = 0, False
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for cells in reader:
        begin, start = start, reader.line_num
        if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
            continue
        if headed:
            last = (begin, reader.line_num, cells)
        headed = True
    if last is None:
        raise PracticumError(f"{path}: expected a correction to take back, got none")
    begin, end, cells = last
    lines = list(io.StringIO(text, newline=""))  # as the reader counts them: str.splitlines also ends lines at U+2028 and others
    try:
        os.replace(draft(path, "".join(lines[:begin] + lines[end:])), path)
    except OSError as error:
        raise PracticumError(f"{path}: cannot be written ({error.strerror})") from None
    return dict(zip(names, cells, strict=False))
