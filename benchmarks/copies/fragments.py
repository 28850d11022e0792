"""The solutions in `pieces/`, cut up so that a program is a matter of joining strings."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from copies.pools import LITERALS, NAMES, PIECES
from copies.spans import FIELD, NAME, Source

CHOICE = re.compile("«(.*?)»", re.DOTALL)
OWN = NAMES.keys() | LITERALS.keys()


@dataclass(frozen=True)
class Piece:
    """A part of the assignment.

    Attributes:
        name: its role, which is also the name of its file.
        docstrings: what a student may write under `def`.
        comments: what a student may write between the lines.
        solutions: the ways to do it, with local decisions open.
    """

    name: str
    docstrings: tuple[str, ...]
    comments: tuple[str, ...]
    solutions: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """A bit of a line that depends on the student.

    Attributes:
        kind: name, argument, literal, string, format, augmented, open or close.
        value: role, text or number of the parenthesis.
        fields: of a format: its text with empty fields, and the expressions in them.
    """

    kind: str
    value: str
    fields: tuple[str, tuple[tuple[str | Part, ...], ...]] | None = None


@dataclass(frozen=True)
class Line:
    """A line of a solution.

    Attributes:
        indent: its blanks.
        parts: the rest of it.
        free: whether a comment or blank line may come before it.
        opens: whether it is the first line of the piece's function, so that a docstring may come after it.
    """

    indent: str
    parts: tuple[str | Part, ...]
    free: bool
    opens: bool


@cache
def pieces() -> dict[str, Piece]:
    """Return the pieces of the assignment by name."""
    found = {}
    for path in sorted(PIECES.glob("*.txt")):
        head, *solutions = re.split(r"^===.*\n", path.read_text(), flags=re.MULTILINE)
        comments = tuple(line for line in head.splitlines() if line.startswith("#"))
        docstrings = tuple(line for line in head.splitlines() if not line.startswith("#"))
        found[path.stem] = Piece(path.stem, docstrings, comments, tuple(text.rstrip() for text in solutions))
    return found


@cache
def lines(piece: str, text: str) -> tuple[Line, ...]:
    """Return a solution, all its local decisions taken, line by line."""
    source = Source(text + "\n")
    edits = sorted(_names(source) + _strings(source) + _augmented(source) + _parentheses(source), key=lambda edit: edit[:3])
    function = next(node for node in source.tree.body if getattr(node, "name", None) == piece)
    inner = [node for node in source.nodes if not isinstance(node, ast.Module)]
    blocks = [block for node in inner for field in ("body", "orelse") if isinstance(block := getattr(node, field, None), list)]
    free = {statement.lineno for block in blocks for statement in block[1:]}
    found = []
    for number, (start, end) in enumerate(pairwise(source.starts), 1):
        raw = source.data[start:end].decode()
        indent = raw[: len(raw) - len(raw.lstrip())] if raw.strip() else ""
        parts, at = [], start + len(indent)
        for first, _, last, part in edits:
            if start <= first < end:
                parts += [source.data[at:first].decode(), part]
                at = last
        parts.append(source.data[at : end - 1].decode())
        opens = number == function.lineno and isinstance(function, ast.FunctionDef)
        found.append(Line(indent, tuple(part for part in parts if part), number in free, opens))
    return tuple(found)


Edit = tuple[int, int, int, Part]  # where it starts, what comes first there, where it ends


def _names(source: Source) -> list[Edit]:
    formats = [source.span(node) for node in source.nodes if isinstance(node, ast.JoinedStr)]
    functions = [node for node in source.nodes if isinstance(node, ast.FunctionDef)]
    arguments = {source.span(argument)[0] for function in functions for argument in function.args.args}
    return [
        (start, 2, end, Part("literal" if name in LITERALS else "argument" if start in arguments else "name", name))
        for start, end, name in source.names(OWN)
        if not any(first < start < last for first, last in formats)
    ]


def _strings(source: Source) -> list[Edit]:
    found = []
    for node in source.nodes:
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            start, end = source.span(node)
            text = source.data[start:end]
            if isinstance(node, ast.JoinedStr):
                expressions = tuple(_expression(field[1]) for field in FIELD.finditer(text))
                part = Part("format", "", (FIELD.sub(b"{", text[2:-1]).decode(), expressions))
            else:
                part = Part("string", text[1:-1].decode())
            found.append((start, 2, end, part))
    return found


def _expression(text: bytes) -> tuple[str | Part, ...]:
    parts, at = [], 0
    for name in NAME.finditer(text):
        if (role := name[0].decode()) in OWN:
            parts += [text[at : name.start()].decode(), Part("name", role)]
            at = name.end()
    return (*parts, text[at:].decode())


def _augmented(source: Source) -> list[Edit]:
    """Return the `+=` of plain names: `x += 1` is `x = x + 1` for the variables that the solutions use so."""
    found = []
    for node in source.nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and not isinstance(node.value, ast.BinOp):
            _, end = source.span(node.target)
            start = source.data.index(b"=", end)
            found.append((end + 1, 2, start + 1, Part("augmented", node.target.id + source.data[end:start].decode())))
    return found


def _parentheses(source: Source) -> list[Edit]:
    """Return the places where a pair of parentheses would change nothing."""
    nodes: list[ast.expr] = []
    for node in source.nodes:
        if isinstance(node, ast.BinOp | ast.Compare | ast.BoolOp):
            nodes.append(node)
        elif isinstance(node, ast.Return | ast.Assign) and isinstance(node.value, ast.Call | ast.Name | ast.Subscript):
            nodes.append(node.value)
    spans = [(source.span(node), Part("open", str(n)), Part("close", str(n))) for n, node in enumerate(nodes)]
    return [(start, 1, start, part) for (start, _), part, _ in spans] + [(end, 0, end, part) for (_, end), _, part in spans]
