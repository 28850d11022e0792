"""The part of a lab's checks that students receive.

Only what public checks reach goes out: everything else is hidden, or serves what is hidden. So the rule here is not what
to take out but what to keep, and comments stay only where they stand directly above something that stays.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from practicum.errors import PracticumError
from practicum.labs.lab import Lab, files_in

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ALL = "*"  # a whole module is wanted, not some of its names


def public_checks(lab: Lab) -> dict[str, bytes]:
    """Return the public part of `checks/`, by path in it.

    Test files without a public check are left out, and so are modules that no public check imports. Of a module and of
    `conftest.py` goes out what public checks use.

    Raises:
        PracticumError: A file is no Python, or uses `hidden` in a way that cannot be taken apart.
    """
    paths = {name: path for name, path in files_in(lab.checks) if name.endswith(".py")}
    modules = {name[:-3].removesuffix("/__init__").replace("/", "."): name for name in paths}
    public: dict[str, str] = {}
    wanted: dict[str, set[str]] = {}  # of the modules beside the tests, the names that public files use
    for name, path in paths.items():
        if Path(name).name.startswith("test_"):
            file = _CheckFile(path)
            roots = {each for each in file.binders() if file.is_test(each)}
            if roots:
                public[name] = file.keep(roots)
    for name in list(public):
        _add_imports(public[name], modules, wanted)
    used_as_fixtures = {argument for text in public.values() for argument in _arguments(text)}
    for name, path in paths.items():
        if Path(name).name == "conftest.py" and public:
            file = _CheckFile(path)
            roots = {each for each in file.binders() if each in used_as_fixtures or file.serves_all(each)}
            if roots:
                public[name] = file.keep(roots)
                _add_imports(public[name], modules, wanted)
    done: dict[str, set[str]] = {}
    while todo := {module: names for module, names in wanted.items() if done.get(module) != names}:
        for module, names in todo.items():
            done[module] = set(names)
            file = _CheckFile(paths[modules[module]])
            roots = set(file.binders()) if _ALL in names else names & set(file.binders())
            public[modules[module]] = file.keep(roots)
            _add_imports(public[modules[module]], modules, wanted)
    return {name: text.encode() for name, text in sorted(public.items())}


@dataclass(frozen=True)
class _Piece:
    """A statement of a file's top level: its lines, with the comment above, and what it binds and needs."""

    node: ast.stmt
    first: int
    last: int
    binds: frozenset[str]
    needs: frozenset[str]


class _CheckFile:
    """A file of checks, taken apart into its top-level statements."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.split("\n")
        try:
            tree = ast.parse(self.text)
        except SyntaxError as error:
            raise PracticumError(f"{path}:{error.lineno}: expected valid Python, got: {error.msg}") from None
        self.marks = _names_of_hidden(tree)
        self.hidden = {node.name for node in _definitions(tree) if self._is_hidden(node)}
        self._refuse_other_marks(tree)
        self.pieces = list(self._take_apart(tree))

    def binders(self) -> set[str]:
        """Return the names that the file defines and that are not hidden."""
        return {name for piece in self.pieces for name in piece.binds} - self.hidden

    def is_test(self, name: str) -> bool:
        """Return whether a name is one that pytest collects."""
        defined = any(name in p.binds and isinstance(p.node, _DEFINITIONS) for p in self.pieces)
        return defined and name.startswith(("test", "Test"))

    def serves_all(self, name: str) -> bool:
        """Return whether a name of this file works without being named: a hook, or a fixture used automatically."""
        nodes = [p.node for p in self.pieces if name in p.binds]
        return name.startswith("pytest_") or any(_is_autouse(node) for node in nodes)

    def keep(self, roots: set[str]) -> str:
        """Return the source of the pieces that the roots reach, as it stands in the file."""
        roots = roots | {name for name in self.binders() if self.serves_all(name)}
        kept = [p for p in self.pieces if p.binds & roots]
        names = set(roots)
        while True:
            names |= {need for piece in kept for need in piece.needs}
            more = [p for p in self.pieces if p not in kept and p.binds & names]
            if not more:
                break
            kept += more
        if lost := {(p.node.lineno, n) for p in kept for n in p.needs & self.hidden}:
            line, name = min(lost)
            raise PracticumError(f"{self.path}:{line}: expected public checks to do without {name}, which is hidden")
        every = frozenset().union(*(p.binds for p in self.pieces))
        # A statement that binds nothing stays if all it speaks of stays.
        kept += [p for p in self.pieces if not p.binds and not (p.needs & (every - names))]
        kept.sort(key=lambda piece: piece.first)
        return self._joined(kept, names)

    def _joined(self, kept: list[_Piece], names: set[str]) -> str:
        lines: list[str] = []
        for piece in kept:
            above = self.lines[: piece.first - 1]
            gap = len(above) - len("\n".join(above).rstrip().split("\n"))
            lines += [""] * min(2, gap) if lines else []
            lines += _only_used_imports(piece.node, names) or self.lines[piece.first - 1 : piece.last]
        return "\n".join(lines) + "\n"

    def _take_apart(self, tree: ast.Module) -> Iterator[_Piece]:
        end = 0
        for node in tree.body:
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(each.lineno for each in decorators)])
            if first <= end:
                raise PracticumError(f"{self.path}:{first}: expected one statement per line, got two")
            end = node.end_lineno or node.lineno
            if self._is_hidden(node):
                continue
            while first > 1 and self.lines[first - 2].startswith("#"):
                first -= 1
            binds, needs = _binds_and_needs(node)
            if self.marks & needs and not isinstance(node, ast.Import | ast.ImportFrom):
                self._refuse_mark(node)
            yield _Piece(node, first, end, binds, needs)

    def _is_hidden(self, node: ast.stmt) -> bool:
        return any(self._is_mark(each) for each in getattr(node, "decorator_list", []))

    def _is_mark(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            return self._is_mark(node.func)
        if isinstance(node, ast.Name):
            return node.id in self.marks | {"hidden"}
        return isinstance(node, ast.Attribute) and node.attr == "hidden"

    def _refuse_other_marks(self, tree: ast.Module) -> None:
        """Refuse a mark anywhere but right above a top-level definition: it would let something slip out."""
        for top in tree.body:
            for node in ast.walk(top):
                inner = node is not top and isinstance(node, _DEFINITIONS) and self._is_hidden(node)
                if inner or (not isinstance(top, _DEFINITIONS) and isinstance(node, ast.Attribute) and self._is_mark(node)):
                    self._refuse_mark(node)

    def _refuse_mark(self, node: ast.AST) -> None:
        line = getattr(node, "lineno", 1)
        raise PracticumError(f"{self.path}:{line}: expected `hidden` only as `@hidden` above a top-level definition")


def _definitions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    return [node for node in tree.body if isinstance(node, _DEFINITIONS)]


def _names_of_hidden(tree: ast.Module) -> set[str]:
    """Return what a file calls the mark `hidden`, if it imports it."""
    return {
        alias.asname or "hidden"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in ("hidden", "*")
    }


def _binds_and_needs(node: ast.stmt) -> tuple[frozenset[str], frozenset[str]]:
    """Return the module's names that a statement binds, and those that it reads, also from within functions."""
    if isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*"):
        return frozenset(), frozenset()  # speaks of no name, so it stays
    table = symtable.symtable(ast.unparse(node), "<check>", "exec")
    binds = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    needs = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    inner = list(table.get_children())
    while inner:
        child = inner.pop()
        needs |= {s.get_name() for s in child.get_symbols() if s.is_global()}
        inner += child.get_children()
    # Changing an item or attribute of something belongs to that thing: `TABLE["x"] = 1` goes where `TABLE` goes.
    for target in getattr(node, "targets", [getattr(node, "target", None)]):
        while isinstance(target, ast.Subscript | ast.Attribute):
            target = target.value
            if isinstance(target, ast.Name):
                binds.add(target.id)
    return frozenset(binds), frozenset(needs | _fixtures_of(node))


def _fixtures_of(node: ast.stmt) -> set[str]:
    """Return the fixtures that tests and fixtures ask for, by argument or by name."""
    names = set()
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            asks = each.name.startswith("test") or any("fixture" in ast.unparse(d) for d in each.decorator_list)
            names |= {a.arg for a in (*each.args.args, *each.args.kwonlyargs)} if asks else set()
        elif isinstance(each, ast.Call) and ast.unparse(each.func).endswith(("usefixtures", "getfixturevalue")):
            names |= {a.value for a in each.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return names


def _arguments(text: str) -> Iterator[str]:
    for node in ast.parse(text).body:
        yield from _fixtures_of(node)


def _is_autouse(node: ast.stmt) -> bool:
    return any("autouse=True" in ast.unparse(each) for each in getattr(node, "decorator_list", []))


def _only_used_imports(node: ast.stmt, names: set[str]) -> list[str]:
    """Return an import without the names that are no longer used, or nothing when it can stay as it stands."""
    if not isinstance(node, ast.Import | ast.ImportFrom) or not _binds_and_needs(node)[0]:
        return []
    used = [a for a in node.names if (a.asname or a.name).partition(".")[0] in names]
    if len(used) == len(node.names):
        return []
    node.names = used
    text = ast.unparse(node)
    if len(text) <= 120 or isinstance(node, ast.Import):
        return [text]
    head, _, listed = text.partition(" import ")
    return [f"{head} import (", *(f"    {each}," for each in listed.split(", ")), ")"]


def _add_imports(text: str, modules: dict[str, str], wanted: dict[str, set[str]]) -> None:
    """Note which names a public file takes from the modules beside it."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                if inner in modules:
                    wanted.setdefault(inner, set()).add(_ALL)
                elif base in modules:
                    wanted.setdefault(base, set()).add(alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in modules:
                    wanted.setdefault(alias.name, set()).update(_attributes(tree, alias))


def _attributes(tree: ast.Module, alias: ast.alias) -> Iterable[str]:
    """Return the names that are read from an imported module, or all of them if it is used in any other way."""
    if "." in alias.name and not alias.asname:
        return {_ALL}
    name = alias.asname or alias.name
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    read = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == name]
    return {node.attr for node in read} if len(uses) == len(read) else {_ALL}
