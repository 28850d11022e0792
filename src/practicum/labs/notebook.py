"""Notebooks: written from an author's percent source, and read from whatever a student submits."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from practicum.errors import PracticumError
from practicum.labs.cells import clean_cell
from practicum.sandbox.guest.cells import is_utf16

LARGEST = 64 << 20
_MOST_CELLS = 10_000
_MOST_SOURCE = 4 << 20
# JSON takes far more memory than its text; these bound it while they leave room for 50 MB of plots.
_MOST_VALUES = 8_000_000
_MOST_OBJECTS = 2_000_000


_OTHER_LANGUAGES = frozenset(
    {"r", "julia", "scala", "javascript", "typescript", "matlab", "octave", "c", "c++", "c#", "f#", "java", "kotlin", "bash",
     "sql", "sas", "stata", "haskell", "rust", "go", "ruby", "perl", "php", "lua", "powershell"}
)  # fmt: skip


class NotebookError(PracticumError):
    """A file is no notebook that can be read; the message is for the student."""


@dataclass(frozen=True)
class Notebook:
    """The code cells of a notebook as plain Python, in order, and what the student should know.

    A cell that cannot be run is an empty string, so that places keep their meaning.
    """

    cells: list[str]
    notes: list[str] = field(default_factory=list)


def build_notebook(percent: str, first: str = "") -> bytes:
    """Build an `.ipynb` from percent source: no outputs, and the same bytes whenever the source is the same.

    Args:
        percent: The source.
        first: The text of a cell to put before those of the source.
    """
    import jupytext
    from nbformat.v4 import new_markdown_cell

    cells: list[dict[str, Any]] = []
    seen: Counter[str] = Counter()
    before = [new_markdown_cell(first)] if first else []
    for cell in [*before, *jupytext.reads(percent, fmt="py:percent").cells]:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()
        # An id comes from what the cell says, so a change in one cell leaves the others theirs.
        unique = f"{digest[:12]}-{seen[digest]}" if seen[digest] else digest[:12]
        seen[digest] += 1
        built = {
            "cell_type": cell.cell_type,
            "id": unique,
            "metadata": dict(cell.metadata),
            "source": cell.source.splitlines(keepends=True),
        }
        if cell.cell_type == "code":
            built |= {"execution_count": None, "outputs": []}
        cells.append(built)
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def read_notebook(data: bytes, name: str) -> Notebook:
    """Read the code cells of a notebook that was submitted. Nothing in it is run.

    Args:
        data: The file.
        name: The file's name, for messages.

    Raises:
        NotebookError: It is not a notebook, or too large.
    """
    whole = _parse(data, name)
    if language := _other_language(whole):
        raise NotebookError(f"{name}: expected a notebook in Python, got one in {language} (its metadata say so)")
    found = _cells(whole, name)
    notes: list[str] = []
    cells: list[str] = []
    left = _MOST_SOURCE
    for number, cell in enumerate(found[:_MOST_CELLS], 1):
        if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
            notes.append(f"{name}: cell {number} is damaged and was left out")
            continue
        if cell["cell_type"] != "code":
            continue
        source = _source(cell)
        if source is None:
            cells.append("")
            notes.append(f"{name}: cell {number} has no readable source and was left out")
            continue
        plain = source.replace("\0", "").encode("utf-8", "replace").decode()
        if plain != source:
            notes.append(f"{name}: cell {number} had characters that Python does not allow; they were taken out")
        left -= len(plain)
        if left < 0:
            raise NotebookError(f"{name}: expected at most {_MOST_SOURCE >> 20} MiB of code, got more")
        code, left_out = clean_cell(plain)
        cells.append(code)
        if left_out:
            notes.append(f"{name}: cell {number} was left out: {left_out}")
    if len(found) > _MOST_CELLS:
        notes.append(f"{name}: only the first {_MOST_CELLS:,} of {len(found):,} cells were read")
    if not cells:
        notes.append(f"{name}: there is no code cell in it")
    return Notebook(cells, notes if len(notes) <= 20 else [*notes[:20], f"and {len(notes) - 20} notes more"])


def raw_cells(data: bytes, name: str) -> list[Any]:
    """Read the cells of a notebook as they stand in the file: nothing in them is checked.

    Args:
        data: The file.
        name: The file's name, for messages.

    Raises:
        NotebookError: It is not a notebook, or too large.
    """
    return _cells(_parse(data, name), name)


def _parse(data: bytes, name: str) -> dict[str, Any]:
    if not data.strip():
        raise NotebookError(f"{name}: expected a notebook, got an empty file")
    if len(data) > LARGEST:
        raise NotebookError(f"{name}: expected at most {LARGEST >> 20} MiB, got {len(data) >> 20} MiB; clear its outputs")
    if is_utf16(data[:2000]):
        raise NotebookError(f"{name}: expected a notebook, got a file in UTF-16; save it as UTF-8")
    objects = data.count(b"{")
    if objects > _MOST_OBJECTS or objects + data.count(b"[") + data.count(b",") > _MOST_VALUES:
        raise NotebookError(f"{name}: expected a notebook, got more values than any notebook has; clear its outputs")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotebookError(f"{name}: expected a notebook, got a file that is not text in UTF-8") from None
    except RecursionError:
        raise NotebookError(f"{name}: expected a notebook, got values nested too deep") from None
    except ValueError as error:
        raise NotebookError(f"{name}: expected a notebook, got a file that is not JSON ({str(error)[:200]})") from None
    if not isinstance(notebook, dict):
        raise NotebookError(f"{name}: expected a notebook, got JSON of another kind")
    return notebook


def _other_language(notebook: dict[str, Any]) -> str:
    """Return the language that a notebook's metadata name, if it is another than Python."""
    metadata = notebook.get("metadata")
    for part, key in ("language_info", "name"), ("kernelspec", "language"):
        values = metadata.get(part) if isinstance(metadata, dict) else None
        language = values.get(key) if isinstance(values, dict) else None
        if isinstance(language, str) and language:
            return language if language.lower() in _OTHER_LANGUAGES else ""
    return ""


def _cells(notebook: dict[str, Any], name: str) -> list[Any]:
    """Return the cells of a notebook, also of one in the format before version 4, which kept them in worksheets."""
    cells = notebook.get("cells")
    sheets = notebook.get("worksheets")
    if cells is None and isinstance(sheets, list):
        cells = []
        for sheet in sheets:
            inside = sheet.get("cells") if isinstance(sheet, dict) else None
            cells += inside if isinstance(inside, list) else []
    if not isinstance(cells, list):
        raise NotebookError(f"{name}: expected a notebook, got JSON without a list of cells")
    return cells


def _source(cell: dict[str, Any]) -> str | None:
    """Return a cell's source, which the format allows as text or as a list of texts; `input` is its name in version 3."""
    source = cell.get("source", cell.get("input"))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return source if isinstance(source, str) else None
