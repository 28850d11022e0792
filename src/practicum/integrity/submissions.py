"""What a submission consists of, for comparison: programs, answers in words, and what training left behind."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from practicum.integrity.canonical.fingerprints import Prints, fingerprints
from practicum.integrity.canonical.parsing import parse
from practicum.integrity.canonical.statements import Statement, from_tokens, statements
from practicum.labs.cells import clean_cell
from practicum.labs.notebook import NotebookError, raw_cells

PROGRAMS, LOGS, WEIGHTS = (".py", ".ipynb"), (".csv", ".json", ".jsonl", ".log", ".txt"), (".npz", ".npy", ".safetensors")
MOST_CELLS = 2_000
MOST_CODE = 4 << 20
_LARGEST_ARRAY = 256 << 20
_SMALLEST_ARRAY = 256  # bytes
_BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, zipfile.BadZipFile, NotImplementedError, RuntimeError)
_DECIMAL = re.compile(r"\d+\.\d{3,}(?:e[-+]?\d+)?", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True)
class SourceLine:
    """Where a line of a submission's code stands.

    Attributes:
        file: its name.
        cell: number of the code cell in a notebook; 0 in other files.
        number: in that file or cell, from 1.
        text: the line.
    """

    file: str
    cell: int
    number: int
    text: str


@dataclass
class ComparedSubmission:
    """A submission, read and ready to be compared.

    Attributes:
        student: who handed it in.
        term: "" for the class that is looked at, else a name for an earlier one.
        lines: of all code, files and cells one after the other.
        statements: of all code; their lines count from 1 in `lines`.
        prints: their fingerprints.
        words: of answers in Markdown, in lower case, with how often they come.
        decimals: numbers with three decimals or more in saved outputs and logs.
        outputs: hashes of saved outputs, with what they are.
        arrays: hashes of the weights that were submitted, with their names.
        notes: what could not be read, and why.
    """

    student: str
    term: str = ""
    lines: list[SourceLine] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    prints: Prints = field(default_factory=lambda: fingerprints([]))
    words: dict[str, int] = field(default_factory=dict)
    decimals: set[str] = field(default_factory=set)
    outputs: dict[bytes, str] = field(default_factory=dict)
    arrays: dict[bytes, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_submission(student: str, files: Mapping[str, bytes], term: str = "") -> ComparedSubmission:
    """Read a submission. Whatever it holds, nothing is run and nothing is raised: what cannot be read becomes a note.

    Args:
        student: who handed it in.
        files: contents by name.
        term: of an earlier class.
    """
    work = ComparedSubmission(student, term)
    sources: list[str] = []
    for name, data in sorted(files.items()):
        suffix = PurePosixPath(name).suffix.lower()
        if suffix == ".py":
            _add_code(work, sources, name, 0, data.decode("utf-8-sig", "replace"))
        elif suffix == ".ipynb":
            _add_notebook(work, sources, name, data)
        elif suffix in LOGS:
            work.decimals |= set(_DECIMAL.findall(data.decode("utf-8", "replace")))
        elif suffix in WEIGHTS:
            _add_arrays(work, name, data)
    for start, source in _programs(work, sources):
        parsed = parse(source)
        if parsed.note:
            work.notes.append(f"{work.lines[start].file}: {parsed.note}" if work.lines else parsed.note)
        lines = source.splitlines()
        left_out = from_tokens([(number, lines[number - 1]) for number in parsed.unread if number <= len(lines)])
        for found in (statements(parsed.tree), left_out):
            _append(work, found, start)
    work.prints = fingerprints(work.statements)
    return work


def _append(work: ComparedSubmission, found: list[Statement], start: int) -> None:
    """Add the statements of a program whose first line is the `start`-th of the submission."""
    offset = len(work.statements)
    for statement in found:
        statement.first += start
        statement.last += start
        statement.parent += offset if statement.parent >= 0 else 0
        statement.before += offset if statement.before >= 0 else 0
        statement.function += offset if statement.function >= 0 else 0
    work.statements += found


def _programs(work: ComparedSubmission, sources: list[str]) -> Iterator[tuple[int, str]]:
    """Yield each file as one program, cells of a notebook together, with the index of its first line."""
    start = 0
    while start < len(work.lines):
        end = start
        while end < len(work.lines) and work.lines[end].file == work.lines[start].file:
            end += 1
        yield start, "\n".join(sources[start:end])
        start = end


def _add_code(work: ComparedSubmission, sources: list[str], name: str, cell: int, text: str) -> None:
    if sum(map(len, sources)) + len(text) > MOST_CODE:
        work.notes.append(f"{name}: left out, as the submission has more than {MOST_CODE >> 20} MiB of code")
        return
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    work.lines += [SourceLine(name, cell, number, line) for number, line in enumerate(lines, 1)]
    sources += lines


def _add_notebook(work: ComparedSubmission, sources: list[str], name: str, data: bytes) -> None:
    try:
        cells = raw_cells(data, name)
    except NotebookError as error:
        work.notes.append(str(error))
        return
    if len(cells) > MOST_CELLS:
        work.notes.append(f"{name}: only the first {MOST_CELLS:,} of {len(cells):,} cells were compared")
    number = 0
    for cell in cells[:MOST_CELLS]:
        if not isinstance(cell, dict):
            continue
        text = _text(cell.get("source", cell.get("input")))
        if cell.get("cell_type") == "markdown":
            for word in _WORD.findall(text):
                work.words[word.lower()] = work.words.get(word.lower(), 0) + 1
        elif cell.get("cell_type") == "code":
            number += 1
            _add_code(work, sources, name, number, clean_cell(text)[0])
            _add_outputs(work, cell.get("outputs"), f"{name}, output of cell {number}")


def _add_outputs(work: ComparedSubmission, outputs: Any, where: str) -> None:
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        kinds = data if isinstance(data, dict) else {"text/plain": output.get("text")}
        for kind, value in kinds.items():
            text = _text(value)
            if str(kind).startswith("image/") and len(text) > 400:
                work.outputs[_hash(text.encode("utf-8", "replace"))] = f"{where}: an image"
            elif kind == "text/plain":
                work.decimals |= set(_DECIMAL.findall(text))


def _add_arrays(work: ComparedSubmission, name: str, data: bytes) -> None:
    try:
        for inside, content in _arrays(name, data):
            if len(content) >= _SMALLEST_ARRAY:
                work.arrays[_hash(content)] = f"{name}: {inside}"
    except _BROKEN as error:
        work.notes.append(f"{name}: the weights could not be read ({error})")


def _arrays(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the raw bytes of each array, without making arrays of them."""
    if name.endswith(".npy"):
        yield name, data
    elif name.endswith(".npz"):
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > _LARGEST_ARRAY:
                raise ValueError(f"more than {_LARGEST_ARRAY >> 20} MiB unpacked")
            for member in members:
                with archive.open(member) as stream:
                    yield member.filename, stream.read(member.file_size)
    else:
        length = int.from_bytes(data[:8], "little")
        if not 2 <= length <= len(data) - 8:
            raise ValueError("no safetensors header")
        header = json.loads(data[8 : 8 + length])
        for tensor, about in header.items():
            if tensor != "__metadata__":
                begin, end = about["data_offsets"]
                yield tensor, data[8 + length + int(begin) : 8 + length + int(end)]


def _text(source: Any) -> str:
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _hash(content: bytes) -> bytes:
    return blake2b(content, digest_size=8).digest()
