"""Parsing what may not parse: hostile, broken or older code becomes a syntax tree of whatever can be understood. (The lines that
are left out are compared by their tokens: `statements.from_tokens`.)

A line at which the parser stops is read as Python 2 would (`print x`), or else left out, and parsing begins again; what still
does not parse after some rounds is read piece by piece. Nothing is run, and time and memory are bounded.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

LARGEST = 1 << 20  # bytes of a program; a page of code has 2,000
MOST_NODES = 200_000
ROUNDS = 20
_BLOCK = re.compile(r"expected an indented block .*on line (\d+)$")
_PRINT = re.compile(r"^(\s*)print\s+(?!\()(.+?)\s*$")
_EXCEPT = re.compile(r"^(\s*except\s+[\w.]+)\s*,\s*(\w+\s*:.*)$")


@dataclass(frozen=True)
class Parsed:
    """A program as far as it could be parsed.

    Attributes:
        tree: what was understood, with the lines of the file.
        unread: numbers of the lines that were left out.
        note: why, if anything was; "" otherwise.
    """

    tree: ast.Module
    unread: tuple[int, ...] = ()
    note: str = ""


def parse(source: str) -> Parsed:
    """Parse a program, leaving out what cannot be.

    Args:
        source: of any kind.
    """
    if len(source) > LARGEST:
        cut = source[:LARGEST].rpartition("\n")[0]
        rest = parse(cut) if cut else Parsed(ast.Module([], []))
        return Parsed(rest.tree, rest.unread, f"only the first {LARGEST >> 20} MiB of {len(source):,} characters were compared")
    lines = source.replace("\0", "").replace("\f", " ").splitlines()
    unread: list[int] = []
    for _ in range(ROUNDS):
        outcome = _parsed("\n".join(lines))
        if isinstance(outcome, ast.Module):
            return _told(outcome, unread)
        if not 1 <= outcome <= len(lines):
            break
        line = lines[outcome - 1]
        older = _EXCEPT.sub(r"\1 as \2", _PRINT.sub(r"\1print(\2)", line))
        if older == line:
            unread.append(outcome)
            older = f"{line[: len(line) - len(line.lstrip())]}pass" if outcome not in unread[:-1] else ""
        lines[outcome - 1] = older
    return _pieces(lines, unread)


def _parsed(source: str) -> ast.Module | int:
    """Return the tree, or the number of the line at which the parser stopped; 0 where it does not say."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except SyntaxError as error:
        headless = _BLOCK.match(error.msg)  # of these it is the line before that has to go
        return int(headless[1]) if headless else error.lineno or 0
    except (RecursionError, MemoryError, ValueError, OverflowError):
        return 0
    return tree


def _pieces(lines: list[str], unread: list[int]) -> Parsed:
    """Parse each piece between lines that are not indented by itself, and leave out those that don't parse."""
    starts = [number for number, line in enumerate(lines) if line and not line[0].isspace() and line[0] not in ")]}#"]
    body: list[ast.stmt] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        piece = _parsed("\n".join(lines[start:end]))
        if isinstance(piece, ast.Module):
            body += [ast.increment_lineno(node, start) for node in piece.body]
        else:
            unread += range(start + 1, end + 1)
    return _told(ast.Module(body, []), unread)


def _told(tree: ast.Module, unread: list[int]) -> Parsed:
    count, note = 0, ""
    kept: list[ast.stmt] = []
    for node in tree.body:
        count += sum(1 for _ in ast.walk(node))
        if count > MOST_NODES:
            note = f"only the first {len(kept):,} statements were compared: the rest is larger than any program that people write"
            break
        kept.append(node)
    numbers = tuple(sorted(set(unread)))
    if numbers and not note:
        shown = ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
        lines, were = ("lines", "were") if len(numbers) > 1 else ("line", "was")
        note = f"{lines} {shown} could not be parsed and {were} left out"
    return Parsed(ast.Module(kept, []), numbers, note)
