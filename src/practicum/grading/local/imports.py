"""Which imports of a student's code the grader will not have: read from the code, before any of it runs."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

from practicum.labs.libraries import GRADER, STAND_INS, joined

Source = tuple[str, str]
"""A file or a cell by the name that its reader knows it by, and its text."""


def absent_imports(sources: Iterable[Source], libraries: Iterable[str], files: Iterable[str], beside: Iterable[str]) -> list[str]:
    """Return a sentence for each module that is imported and will not be there when the work is graded.

    An import in a `try` that expects it to fail is left out, and so are those for type hints alone.

    Args:
        sources: what is submitted. What is no Python is left to whoever runs it.
        libraries: the lab's.
        files: names of the files that the grader has: those that are submitted, and those that are given.
        beside: names of the student's other files.
    """
    promised = dict.fromkeys(("numpy", *(name.partition(".")[0] for name in libraries)))
    there = {*promised, *GRADER, *STAND_INS, *sys.stdlib_module_names, *map(_module, files)}
    own = {_module(name): name for name in beside}
    said: dict[str, str] = {}
    for place, text in sources:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for module, line in _imports(tree):
            if module in there or module in said:
                continue
            where = f"{place}, line {line}: imports {module}, which"
            if module in own:
                said[module] = (
                    f"{where} is your {own[module]}, not one of the files that are submitted: the grader will not have it"
                )
            else:
                said[module] = (
                    f"{where} the grader may not have: this lab promises {joined(list(promised))} and Python's own modules"
                )
    return list(said.values())


def _module(name: str) -> str:
    return name.partition("/")[0].partition(".")[0]


def _imports(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the first part of each module that is imported, and the line."""
    if isinstance(node, ast.Import):
        yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        yield node.module.partition(".")[0], node.lineno
    for field, value in ast.iter_fields(node):
        skipped = field == "body" and (_expects_failure(node) or _for_hints(node))
        for child in value if isinstance(value, list) and not skipped else [value]:
            if isinstance(child, ast.AST):
                yield from _imports(child)


def _expects_failure(node: ast.AST) -> bool:
    """Return whether a `try` goes on where an import in it fails."""
    caught = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    return isinstance(node, ast.Try) and any(
        handler.type is None or caught & {name.id for name in ast.walk(handler.type) if isinstance(name, ast.Name)}
        for handler in node.handlers
    )


def _for_hints(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
