"""The house: few files in a folder, imports on few floors and in no circle, files of one idea. See CONTRIBUTING.md."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

import practicum

ROOT = Path(practicum.__file__).parent
ROOMS = ("sandbox", "course", "gradebook", "labs", "store", "checks", "reports", "grading", "integrity", "demo", "training")
MOST_FILES = 12
MOST_FLOORS = 6
MOST_LINES = 310  # about 300

Graph = dict[str, set[str]]


@cache
def modules() -> dict[str, Path]:
    """Return every file of the package by its dotted name below `practicum`; a package's `__init__` has its name."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    found.pop("")
    return found


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, known: Iterable[str], types_too: bool = False) -> set[str]:
    """Return the modules of ours that a file imports, wherever in it; without `types_too`, not those for type hints alone."""
    tree = parsed(path)
    own = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING") and not types_too:
            node.body = [ast.Pass()]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = ".".join(own[: len(own) - node.level + 1]) if node.level else (node.module or "").removeprefix("practicum.")
            module = ".".join(filter(None, (base, node.module))) if node.level else base
            if not node.level and not (node.module or "").startswith("practicum"):
                continue
            module = "" if module == "practicum" else module
            for alias in node.names:
                inner = ".".join(filter(None, (module, alias.name)))
                found.add(inner if inner in known else module)
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("practicum.") for alias in node.names if alias.name.startswith("practicum.")}
    return {name for name in found if name in known}


def circles(graph: Graph) -> list[set[str]]:
    """Return the sets of nodes that reach each other."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for other in graph.get(todo.pop(), set()) - seen:
                seen.add(other)
                todo.append(other)
        return seen

    reach = {node: reached(node) for node in graph}
    together = {frozenset({a, *(b for b in reach[a] if a in reach.get(b, set()))}) for a in graph if a in reach[a]}
    return [set(each) for each in together]


def floors(graph: Graph) -> int:
    """Return the length of the longest chain of imports, in nodes. The graph has no circle."""
    height: dict[str, int] = {}

    def of(node: str) -> int:
        if node not in height:
            height[node] = 1 + max((of(other) for other in graph[node] if other in graph), default=0)
        return height[node]

    return max(map(of, graph), default=0)


def folder_graph(room: str) -> Graph:
    """Return who imports whom among the files and folders of a room; a folder in it counts as one."""
    known = modules()

    def child(name: str) -> str | None:
        return name.removeprefix(f"{room}.").split(".")[0] if name.startswith(f"{room}.") else None

    graph: Graph = {}
    for name, path in known.items():
        if (here := child(name)) is not None:
            graph.setdefault(here, set()).update(c for other in imports(path, known) if (c := child(other)) and c != here)
    return graph


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_few_files_on_few_floors(room: str) -> None:
    folders = [ROOT / room, *(path for path in (ROOT / room).rglob("*") if path.is_dir() and path.name != "__pycache__")]
    for folder in folders:
        files = [path.name for path in folder.glob("*.py")]
        assert len(files) <= MOST_FILES, f"{folder.relative_to(ROOT)}: expected at most {MOST_FILES} files, got {len(files)}"
    graph = folder_graph(room)
    assert circles(graph) == []
    assert floors(graph) <= MOST_FLOORS


def test_no_file_imports_in_a_circle() -> None:
    known = modules()
    # A package's `__init__` only gathers names: who imports the package imports what it gathers, not the package back.
    graph = {name: imports(path, known) for name, path in known.items()}
    assert circles(graph) == []


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_file_holds_one_idea(name: str) -> None:
    lines = modules()[name].read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES, f"{name}: expected about 300 lines, got {lines}: it holds more than one idea"


def test_circles_and_floors_are_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}]
    assert circles({"a": {"b"}, "b": set()}) == []
    assert floors({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == 3
