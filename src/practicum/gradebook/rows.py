"""A CSV file of events as the commands write it: a row more, in one write; earlier rows stay as they are, byte for byte."""

import csv
import io
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from practicum.csvfile import decode, read_bytes
from practicum.errors import PracticumError
from practicum.private import write_private


def append_row(path: Path, columns: Sequence[str], cells: Mapping[str, str]) -> None:
    """Add a row as the last one; the file is made, with its header, if it is not there.

    Args:
        path: the file.
        columns: all that it may have, in the order of a new file.
        cells: the row, by column.

    Raises:
        PracticumError: the file lacks a column, or cannot be written.
    """
    try:
        if not path.exists():
            new = draft(path, _line(columns, ",") + _line([cells[name] for name in columns], ","))
            try:
                os.link(new, path)  # fails where somebody else has just made the file
                return
            except FileExistsError:
                pass
            finally:
                new.unlink()
        data = read_bytes(path)
        text = decode(data, str(path))
        names, delimiter = header(text, path, columns)
        missing = [name for name, cell in cells.items() if cell and name not in names]
        if missing or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            wanted = f"columns {', '.join(columns)} in UTF-8"
            raise PracticumError(f"{path}: expected {wanted}, got {', '.join(names)}; nothing was written")
        row = _line([cells.get(name, "") for name in names], delimiter)
        with path.open("ab") as file:
            file.write(("" if text.endswith("\n") else "\n").encode() + row.encode())
    except OSError as error:
        raise PracticumError(f"{path}: cannot be written ({error.strerror})") from None


def header(text: str, path: Path, columns: Sequence[str]) -> tuple[list[str], str]:
    """Return the names of the columns, and what separates them.

    Raises:
        PracticumError: there is no header; the message names `columns`.
    """
    for line in text.splitlines():
        if line.strip() and not line.lstrip('"').startswith("#"):
            delimiter = max(",;\t", key=line.count)
            return [cell.strip().lower().replace(" ", "_") for cell in next(csv.reader([line], delimiter=delimiter))], delimiter
    raise PracticumError(f"{path}: expected a header row ({', '.join(columns)}), got none")


def draft(path: Path, text: str) -> Path:
    """Write a file beside another, to take its place or its name."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    write_private(beside, text)
    return beside


def _line(cells: Sequence[str], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return out.getvalue()
