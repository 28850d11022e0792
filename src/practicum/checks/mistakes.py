"""What is wrong with a lab's own checks, each mistake in one line that names file and line."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from practicum.errors import suggestion

FIXTURES = ("student", "rng", "seed", "award")


class Misused(ValueError):
    """A decorator of `practicum.checks` was written wrongly; the text says how to write it."""


def place(path: str | Path, line: int | None, folder: Path) -> str:
    """`checks/test_x.py:12`, as an author finds it in the lab.

    Args:
        path: the file.
        line: 1-based.
        folder: the folder `checks/`.
    """
    path = Path(path)
    shown = path.relative_to(folder.parent).as_posix() if path.is_relative_to(folder.parent) else path.name
    return f"{shown}:{line or 1}"


def place_of(item: Any, folder: Path) -> str:
    """Return where a check stands that pytest has collected; the first line of its file, if it was imported there."""
    code = getattr(getattr(item, "function", None), "__code__", None)
    return place(item.path, code.co_firstlineno if code and code.co_filename == str(item.path) else 1, folder)


def repeated_names(folder: Path) -> Iterator[str]:
    """Return the checks of one name: only one of them could be told from the other, or in one file, run at all."""
    seen: dict[str, str] = {}
    for path in sorted(folder.rglob("test_*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue  # collecting it says so
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]
        for body in (tree.body, *(each.body for each in classes)):
            for node in body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                    here = place(path, node.lineno, folder)
                    if node.name in seen:
                        yield f"{here}: {node.name} is also in {seen[node.name]}; names must be unique in a lab"
                    seen.setdefault(node.name, here)


def unknown_fixtures(item: Any, folder: Path, helpers: Collection[str]) -> Iterator[str]:
    """Yield arguments of a check that are no fixtures; `helpers` are the names that a check can import."""
    info = item._fixtureinfo
    given = {*info.name2fixturedefs, *getattr(getattr(item, "callspec", None), "params", ()), "request"}
    own = [name for name in (*FIXTURES, *info.name2fixturedefs) if not name.startswith("_")]
    for name in info.argnames:
        if name not in given:
            known = f"a check's arguments are {', '.join(FIXTURES)} or fixtures of its file{suggestion(name, own)}"
            if name in helpers:
                known = f"import it: from practicum.checks import {name}"
            yield f"{place_of(item, folder)}: {item.name}: no fixture {name!r}; {known}"


def describe(problem: BaseException, folder: Path) -> str:
    """Return an exception that a check's own code raised, and the last line of the checks that it passed."""
    if isinstance(problem, pytest.Collector.CollectError):  # around what went wrong in an import
        problem = problem.__cause__ or problem.__context__ or problem
    if isinstance(problem, SyntaxError) and problem.filename:
        return f"{place(problem.filename, problem.lineno, folder)}: {type(problem).__name__}: {problem.msg}"
    text = " ".join(str(problem).split())[:300]
    text = text if isinstance(problem, Misused) else f"{type(problem).__name__}: {text}"
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(problem.__traceback__)]
    own = [(file, line) for file, line in frames if Path(file).is_relative_to(folder)]
    return f"{place(*own[-1], folder)}: {text}" if own else text


def unknown_name(name: str, known: Collection[str]) -> str:
    """Return what to say of a check's name that no check has."""
    return f"no check is named {name!r}{suggestion(name, known)}; there are {', '.join(sorted(known))}"
