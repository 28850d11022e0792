"""The files that every platform writes: zips and tables."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass
class Written:
    """Where the files of a platform were written.

    `submissions` and `worksheets` are by the title of the assignment; `rosters` are by what the platform calls the file:
    `gradebook`, `participants`, `grades`.
    """

    submissions: dict[str, Path] = field(default_factory=dict)
    rosters: dict[str, Path] = field(default_factory=dict)
    worksheets: dict[str, Path] = field(default_factory=dict)


def write_zip(path: Path, entries: Iterable[tuple[str, bytes]], at: datetime) -> Path:
    """Write a zip whose entries all have one time: the moment of the download, as on every platform."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


def write_rows(
    path: Path, rows: Iterable[Sequence[str]], *, separator: str = ",", encoding: str = "utf-8", quote_all: bool = False
) -> Path:
    """Write a table. `encoding` is Python's name; `utf-8-sig` has a byte-order mark, and so has `utf-16` in its first bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    dialect = csv.unix_dialect if quote_all else csv.excel
    csv.writer(text, dialect, delimiter=separator, lineterminator="\n").writerows(rows)
    # The codec `utf-16` takes the byte order of the machine; a file must be the same everywhere.
    data = b"\xff\xfe" + text.getvalue().encode("utf-16-le") if encoding == "utf-16" else text.getvalue().encode(encoding)
    path.write_bytes(data)
    return path


def number(value: object, decimal: str = ".") -> str:
    """Return a number of points with two decimals and the decimal sign of a language."""
    return f"{value:.2f}".replace(".", decimal)
