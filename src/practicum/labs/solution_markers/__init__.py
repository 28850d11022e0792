"""From the author's source to what students get, and to what a perfect student would submit.

    # BEGIN SOLUTION
    the solution
    # STARTER
    # code to hand out instead, as comments
    # END SOLUTION

Without `# STARTER` the region becomes `raise NotImplementedError`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from practicum.errors import PracticumError
from practicum.labs.cells import clean_lines
from practicum.labs.solution_markers.near import is_near_marker, is_near_starter

_MARKER = re.compile(r"([ \t]*)# (BEGIN SOLUTION|STARTER|END SOLUTION)[ \t]*")
_CELL = re.compile(r"# ?%%(\s|$)")
_TEXT_CELL = re.compile(r"# ?%%.*\[(markdown|md|raw)\]")


@dataclass(frozen=True)
class _Region:
    """Where a region's markers stand, as line numbers from 0; `starter` is None if there is no such line."""

    begin: int
    starter: int | None
    end: int
    indent: str


def handed_out(source: str, name: str, *, notebook: bool = False) -> str:
    """Return the source with its solutions taken out.

    Args:
        source: A module, or a notebook's percent source.
        name: The file's name, for messages.
        notebook: Whether it is percent source; then a region ends in the cell it begins in.

    Raises:
        PracticumError: A region is not well formed, or what is left is no Python. The message names file and line.
    """
    lines = source.split("\n")
    kept: list[tuple[int, str]] = []
    at = 0
    for region in _regions(lines, name, notebook):
        kept += enumerate(lines[at : region.begin], at)
        if region.starter is None:
            kept.append((region.begin, f"{region.indent}raise NotImplementedError"))
        else:
            kept += _starter(lines, region, name)
        at = region.end + 1
    kept += enumerate(lines[at:], at)
    text = "\n".join(line for _, line in kept)
    try:
        ast.parse("\n".join(clean_lines(text.split("\n"))) if notebook else text)
    except SyntaxError as error:
        line = kept[min(error.lineno or 1, len(kept)) - 1][0] + 1
        raise PracticumError(
            f"{name}:{line}: expected the handout to be valid Python once solutions are taken out, got: {error.msg}"
        ) from None
    return text


def solved(source: str, name: str, *, notebook: bool = False) -> str:
    """Return the source as a perfect student hands it in: solutions kept, markers and starter code taken out.

    Raises:
        PracticumError: A region is not well formed. The message names file and line.
    """
    lines = source.split("\n")
    kept: list[str] = []
    at = 0
    for region in _regions(lines, name, notebook):
        kept += lines[at : region.begin]
        kept += lines[region.begin + 1 : region.end if region.starter is None else region.starter]
        at = region.end + 1
    return "\n".join(kept + lines[at:])


def _regions(lines: list[str], name: str, notebook: bool) -> Iterator[_Region]:
    begin: int | None = None
    starter: int | None = None
    indent = ""
    in_text = False
    for number, line in enumerate(lines):
        where = f"{name}:{number + 1}"
        inside = f"inside the region that begins in line {(begin or 0) + 1}"
        marker = _MARKER.fullmatch(line)
        if not marker:
            if is_near_marker(line):
                raise PracticumError(
                    f"{where}: expected exactly `# BEGIN SOLUTION` or `# END SOLUTION` on a line of its own, got {_spelled(line)}"
                )
            if begin is not None and starter is None and is_near_starter(line):
                raise PracticumError(f"{where}: expected exactly `# STARTER`, got {_spelled(line)}")
            if notebook and _CELL.match(line):
                in_text = _TEXT_CELL.match(line) is not None
            if begin is not None and notebook and _CELL.match(line):
                raise PracticumError(f"{where}: expected `# END SOLUTION` before the next cell, got a cell {inside}")
        elif marker[2] == "BEGIN SOLUTION":
            if begin is not None:
                raise PracticumError(f"{where}: expected `# END SOLUTION`, got `# BEGIN SOLUTION` {inside}")
            if in_text:
                raise PracticumError(
                    f"{where}: expected a solution in a code cell, got one in a cell of text, where none is taken out"
                )
            begin, starter, indent = number, None, marker[1]
        elif begin is None:
            raise PracticumError(f"{where}: expected `# BEGIN SOLUTION` first, got `# {marker[2]}` outside any region")
        elif marker[2] == "STARTER":
            if starter is not None:
                raise PracticumError(f"{where}: expected one `# STARTER` in a region, got a second {inside}")
            starter = number
        else:
            yield _Region(begin, starter, number, indent)
            begin = None
    if begin is not None:
        raise PracticumError(f"{name}:{begin + 1}: expected `# END SOLUTION` further down, got the end of the file")


def _spelled(line: str) -> str:
    """Return a line for a message, with what cannot be seen, or is not what it looks like, spelled out."""
    text = line.strip(" \t")
    shown = text.strip() if text.isascii() else text.encode("ascii", "backslashreplace").decode()
    return f"`{shown}`" + ("" if text.isascii() else ", which is not plain ASCII")


def _starter(lines: list[str], region: _Region, name: str) -> Iterator[tuple[int, str]]:
    """Yield the starter code of a region, no longer as comments, with the numbers of its lines."""
    assert region.starter is not None
    for number in range(region.starter + 1, region.end):
        line = lines[number]
        code = line.lstrip()
        if code and not code.startswith("#"):
            raise PracticumError(f"{name}:{number + 1}: expected starter code as `# comment` lines, got `{code}`")
        text = code.removeprefix("#").removeprefix(" ")
        yield number, (line[: len(line) - len(code)] + text) if text else ""
