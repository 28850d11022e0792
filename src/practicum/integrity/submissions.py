"""What a submission consists of, for comparison: programs, answers in words, and what training left behind."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from io import BytesIO
from itertools import groupby
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
_PROSE_WORD = re.compile(r"(?<![\w.@/\\-])[a-z]{4,24}(?![\w'’@/\\-])")
_NO_PROSE = re.compile(
    r"^ *(`{3,}|~{3,}).*?(?:^ *\1|\Z)|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$|https?://\S+|<[^<>\n]*>|\S{40,}",
    re.DOTALL | re.MULTILINE,
)
"""Fenced and inline code, formulas, addresses, tags, and what is too long to be a word: an image in Base64, say."""


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
        student: whose it is.
        term: "" for the class that is looked at, else a name for an earlier one.
        lines: of all code, files and cells one after the other.
        statements: of all code; their lines count from 1 in `lines`.
        prints: their fingerprints.
        words: of answers in Markdown, those written in small letters, with how often they come.
        names: those of these words that stand in the code, too.
        decimals: numbers with three decimals or more in saved outputs and logs.
        outputs: hashes of saved outputs, with what they are.
        arrays: hashes of the weights that were submitted, with their names.
        notes: what could not be read, and why.
        published: whether it is no student's: the lab's solution, say; `student` then says what it is.
        packed: lines, while these and statements are put away to save memory.
    """

    student: str
    term: str = ""
    lines: list[SourceLine] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    prints: Prints = field(default_factory=lambda: fingerprints([]))
    words: dict[str, int] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    decimals: set[str] = field(default_factory=set)
    outputs: dict[bytes, str] = field(default_factory=dict)
    arrays: dict[bytes, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    published: bool = False
    packed: bytes = b""

    @property
    def name(self) -> str:
        """What people call it: whose it is, with the term for an earlier one."""
        return f"{self.student} ({self.term})" if self.term and not self.published else self.student


def read_submission(student: str, files: Mapping[str, bytes], term: str = "") -> ComparedSubmission:
    """Read a submission. Whatever it holds, nothing is run and nothing is raised: what cannot be read becomes a note.

    Args:
        student: whose it is.
        files: contents by name.
        term: of an earlier class.
    """
    found = ComparedSubmission(student, term)
    for name, data in sorted(files.items()):
        suffix = PurePosixPath(name).suffix.lower()
        if suffix == ".py":
            _add_code(found, name, 0, data.decode("utf-8-sig", "replace"))
        elif suffix == ".ipynb":
            _add_notebook(found, name, data)
        elif suffix == ".md":
            _add_words(found, data.decode("utf-8-sig", "replace"))
        elif suffix in LOGS:
            found.decimals |= set(_DECIMAL.findall(data.decode("utf-8", "replace")))
        elif suffix in WEIGHTS:
            _add_arrays(found, name, data)
    code = (line.text.partition("#")[0] for line in found.lines)
    found.names = {word.lower() for line in code for word in _WORD.findall(line)} & found.words.keys()
    found.notes += _add_statements(found)
    found.prints = fingerprints(found.statements)
    return found


def put_code_away(submission: ComparedSubmission) -> None:
    """Keep lines and statements compressed only: a class of thousands fits into memory so, and few are looked at again."""
    lines = [[line.file, line.cell, line.number, line.text] for line in submission.lines]
    submission.packed = zlib.compress(json.dumps(lines).encode())
    submission.lines, submission.statements = [], []


def with_code(submission: ComparedSubmission) -> ComparedSubmission:
    """Return a submission with the lines and statements that were put away."""
    if not submission.packed:
        return submission
    lines = [SourceLine(*line) for line in json.loads(zlib.decompress(submission.packed))]
    whole = replace(submission, lines=lines, statements=[], packed=b"")
    _add_statements(whole)
    return whole


def _add_statements(submission: ComparedSubmission) -> list[str]:
    """Read the statements of all lines; return what could not be read."""
    notes = []
    for start, lines in _programs(submission.lines):
        parsed = parse("\n".join(lines))
        if parsed.note:
            notes.append(f"{submission.lines[start].file}: {parsed.note}")
        left_out = from_tokens([(number, lines[number - 1]) for number in parsed.unread if number <= len(lines)])
        for found in (statements(parsed.tree), left_out):
            _append(submission, found, start)
    return notes


def _append(submission: ComparedSubmission, found: list[Statement], start: int) -> None:
    """Add the statements of a program whose first line is the `start`-th of the submission."""
    offset = len(submission.statements)
    for statement in found:
        statement.first += start
        statement.last += start
        statement.parent += offset if statement.parent >= 0 else 0
        statement.before += offset if statement.before >= 0 else 0
        statement.function += offset if statement.function >= 0 else 0
    submission.statements += found


def _programs(lines: Sequence[SourceLine]) -> Iterator[tuple[int, list[str]]]:
    """Yield each file as one program, cells of a notebook together, with the index of its first line."""
    start = 0
    for _, of_file in groupby(lines, key=lambda line: line.file):
        texts = [line.text for line in of_file]
        yield start, texts
        start += len(texts)


def _add_code(submission: ComparedSubmission, name: str, cell: int, text: str) -> None:
    if sum(len(line.text) for line in submission.lines) + len(text) > MOST_CODE:
        submission.notes.append(f"{name}: left out, as the submission has more than {MOST_CODE >> 20} MiB of code")
        return
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    submission.lines += [SourceLine(name, cell, number, line) for number, line in enumerate(lines, 1)]


def _add_notebook(submission: ComparedSubmission, name: str, data: bytes) -> None:
    try:
        cells = raw_cells(data, name)
    except NotebookError as error:
        submission.notes.append(str(error))
        return
    if len(cells) > MOST_CELLS:
        submission.notes.append(f"{name}: only the first {MOST_CELLS:,} of {len(cells):,} cells were compared")
    number = 0
    for cell in cells[:MOST_CELLS]:
        if not isinstance(cell, dict):
            continue
        text = _text(cell.get("source", cell.get("input")))
        if cell.get("cell_type") == "markdown":
            _add_words(submission, text)
        elif cell.get("cell_type") == "code":
            number += 1
            _add_code(submission, name, number, clean_cell(text)[0])
            _add_outputs(submission, cell.get("outputs"), f"{name}, output of cell {number}")


def _add_words(submission: ComparedSubmission, markdown: str) -> None:
    """Count the words of prose that are written in small letters, as names and abbreviations are not."""
    for word in _PROSE_WORD.findall(_NO_PROSE.sub(" ", markdown)):
        submission.words[word] = submission.words.get(word, 0) + 1


def _add_outputs(submission: ComparedSubmission, outputs: Any, where: str) -> None:
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        kinds = data if isinstance(data, dict) else {"text/plain": output.get("text")}
        for kind, value in kinds.items():
            text = _text(value)
            if str(kind).startswith("image/") and len(text) > 400:
                submission.outputs[_hash(text.encode("utf-8", "replace"))] = f"{where}: an image"
            elif kind == "text/plain":
                submission.decimals |= set(_DECIMAL.findall(text))


def _add_arrays(submission: ComparedSubmission, name: str, data: bytes) -> None:
    try:
        for inside, content in _arrays(name, data):
            if len(content) >= _SMALLEST_ARRAY:
                submission.arrays[_hash(content)] = f"{name}: {inside}"
    except _BROKEN as error:
        submission.notes.append(f"{name}: the weights could not be read ({error})")


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
