"""`submitters.csv` as the commands write it: a row more, or one row less."""

import csv
import io
import os
import secrets
from pathlib import Path

from practicum.course.workspace import SUBMITTERS
from practicum.csvfile import decode, guard, read_bytes
from practicum.errors import PracticumError
from practicum.gradebook.events import Submitter
from practicum.private import write_private


def append_submitter(path: Path, event: Submitter) -> None:
    """Add a correction as the last row, in one write; the file is made, with its header, if it is not there.

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
    try:
        if not path.exists():
            draft = _draft(path, _line(SUBMITTERS, ",") + _line([cells[name] for name in SUBMITTERS], ","))
            try:
                os.link(draft, path)  # fails where somebody else has just made the file
                return
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        data = read_bytes(path)
        text = decode(data, str(path))
        header, delimiter = _header(text, path)
        missing = [name for name, cell in cells.items() if cell and name not in header]
        if missing or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            wanted = f"columns {', '.join(SUBMITTERS)} in UTF-8"
            raise PracticumError(f"{path}: expected {wanted}, got {', '.join(header)}; nothing was written")
        row = _line([cells.get(name, "") for name in header], delimiter)
        with path.open("ab") as file:
            file.write(("" if text.endswith("\n") else "\n").encode() + row.encode())
    except OSError as error:
        raise PracticumError(f"{path}: cannot be written ({error.strerror})") from None


def undo_submitter(path: Path) -> dict[str, str]:
    """Take the last row away, and return it by column.

    Raises:
        PracticumError: there is no row, or the file cannot be written.
    """
    text = decode(read_bytes(path), str(path)) if path.exists() else ""
    header, delimiter = _header(text, path) if text.strip() else ([], ",")
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
        os.replace(_draft(path, "".join(lines[:begin] + lines[end:])), path)
    except OSError as error:
        raise PracticumError(f"{path}: cannot be written ({error.strerror})") from None
    return dict(zip(header, cells, strict=False))


def _header(text: str, path: Path) -> tuple[list[str], str]:
    """Return the names of the columns, and what separates them."""
    for line in text.splitlines():
        if line.strip() and not line.lstrip('"').startswith("#"):
            delimiter = max(",;\t", key=line.count)
            return [cell.strip().lower().replace(" ", "_") for cell in next(csv.reader([line], delimiter=delimiter))], delimiter
    raise PracticumError(f"{path}: expected a header row ({', '.join(SUBMITTERS)}), got none")


def _line(cells: list[str] | tuple[str, ...], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    write_private(draft, text)
    return draft
