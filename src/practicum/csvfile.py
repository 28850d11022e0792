"""Small CSV files that people write: tolerant of spelling and separators, exact about where something is wrong.

A row whose first cell begins with `#` is a comment, blank rows are skipped, and the separator (comma, semicolon, tab or
colon) is the one a first line `sep=;` names, else the one the header uses most. Columns are found by name, whatever
their case and order.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from practicum.errors import PracticumError, suggestion


class CsvRow(NamedTuple):
    """A row by canonical column name, with its place for messages."""

    where: str
    cells: Mapping[str, str]

    def need(self, column: str) -> str:
        """Return a cell that must not be empty.

        Raises:
            PracticumError: it is empty.
        """
        value = self.cells.get(column, "")
        if not value:
            raise PracticumError(f"{self.where}: expected a value in column `{column}`, which is empty")
        return value


class CsvTable(NamedTuple):
    """A parsed file: its header as written and its rows."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]


class Decoded(NamedTuple):
    """The text of a file, and what one should know of how it was read."""

    text: str
    notes: tuple[str, ...] = ()


def decode(data: bytes, name: str) -> str:
    """Decode UTF-8 (with or without byte-order mark) and UTF-16 as Blackboard and Excel write it.

    Raises:
        PracticumError: the bytes are in another encoding.
    """
    utf_16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    encoding = "utf-16" if utf_16 else "utf-16-le" if data[1:2] == b"\0" else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PracticumError(f"{name}:{line}: expected UTF-8 text; save the file as `CSV UTF-8`") from None


def decode_export(data: bytes, name: str) -> Decoded:
    """Decode what a platform or a spreadsheet exported: as `decode`, and Chinese GBK or GB18030 where it is no UTF-8.

    Raises:
        PracticumError: the bytes are in another encoding.
    """
    try:
        return Decoded(decode(data, name))
    except PracticumError:
        chinese = _chinese(data)
        if chinese is None:
            raise
        sample = next(line for line in chinese.splitlines() if not line.isascii())
        shown = sample.strip()[:60]
        return Decoded(chinese, (f"{name}: is no UTF-8 and was read as GB18030 (Chinese); look whether this is right: {shown}",))


def _chinese(data: bytes) -> str | None:
    """Return the text if it can be GB18030 and its characters are mostly those of GB 2312, as those of Chinese text are.

    Nearly any Latin-1 text can be GB18030, too, but its accented letters then become rare characters.
    """
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return None
    foreign = [c for c in text if not c.isascii()]
    common = sum(1 for c in foreign if len(c.encode("gb2312", "ignore")) == 2)
    return text if foreign and 2 * common >= len(foreign) else None


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        PracticumError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise PracticumError(f"{path}: no such file") from None
    except OSError as error:
        raise PracticumError(f"{path}: cannot be read ({error.strerror})") from None


_SEPARATOR = re.compile(r'"?sep=([,;\t:|])"?[ \t]*(\r\n|\n|\r|$)', re.IGNORECASE)


def parse_table(text: str, name: str, *, comments: bool = True) -> CsvTable:
    """Split CSV text into header and rows.

    Args:
        text: the file.
        name: what errors call it.
        comments: rows that begin with `#` are comments also below the header; in what a platform wrote they are students.

    Raises:
        PracticumError: there is no header, a quote is never closed, or a row has more cells than the header.
    """
    text = text.removeprefix("\ufeff")
    said = _SEPARATOR.match(text)
    text = text[said.end() :] if said else text
    first = next((line for line in text.splitlines() if line.strip() and not line.lstrip('"').startswith("#")), "")
    bare = re.sub(r'"[^"]*"', "", first)
    delimiter = said[1] if said else max(",;\t:", key=bare.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    above = 1 if said else 0
    start = above + 1
    try:
        for cells in reader:
            line, start = start, above + reader.line_num + 1
            if not any(cell.strip() for cell in cells) or (cells[0].startswith("#") and (comments or not header)):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                continue
            if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                raise PracticumError(f"{name}:{line}: expected {len(header)} cells as in the header, got {len(cells)}")
            rows.append(cells + [""] * (len(header) - len(cells)))
            lines.append(line)
    except csv.Error as error:
        raise PracticumError(f"{name}:{start}: not valid CSV: {error}") from None
    if not header:
        raise PracticumError(f"{name}: expected a header row, got an empty file")
    return CsvTable(header, rows, lines)


def read_rows(path: Path, columns: Sequence[str], required: Sequence[str]) -> Iterator[CsvRow]:
    """Yield the rows of a workspace file by column name; a missing file has none.

    Args:
        path: the file.
        columns: every column it may have.
        required: the columns it must have.

    Raises:
        PracticumError: a column is unknown, twice there, or missing.
    """
    if not path.exists():
        return
    table = parse_table(decode(read_bytes(path), str(path)), str(path))
    names = [name.lower().replace(" ", "_") for name in table.header]
    for name in names:
        if name not in columns:
            raise PracticumError(f"{path}: unknown column `{name}`{suggestion(name, columns)}; known: {', '.join(columns)}")
        if names.count(name) > 1:
            raise PracticumError(f"{path}: column `{name}` is there twice")
    for name in required:
        if name not in names:
            raise PracticumError(f"{path}: expected a column `{name}`, got {', '.join(names)}")
    for cells, line in zip(table.rows, table.lines, strict=True):
        yield CsvRow(f"{path}:{line}", {n: cell.strip() for n, cell in zip(names, cells, strict=False)})


_FORMULA = "=+-@\t\r"


def guard(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula; `unguard` takes it off again."""
    bare = text.lstrip("'")
    return f"'{text}" if bare and bare[0] in _FORMULA else text


def unguard(text: str) -> str:
    """Undo `guard`."""
    bare = text.lstrip("'")
    return text[1:] if text.startswith("'") and bare and bare[0] in _FORMULA else text


def write_table(rows: Sequence[Sequence[str]]) -> str:
    """Write rows as CSV with commas. Line ends inside of a cell become plain ones: a lone return would not be quoted."""
    out = io.StringIO()
    cells = ([cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in rows)
    csv.writer(out, lineterminator="\n").writerows(cells)
    return out.getvalue()
