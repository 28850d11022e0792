"""Programs as statements in a canonical form, each with its lines, its block and the names it defines.

What changes how a program looks and not what it does is gone: comments, docstrings, type hints, imports, `pass`, what is computed
and never used; `x += 1` is
`x = x + 1`, a tuple assigned from a tuple is one assignment each, an `if not` is an `if`, a lambda with a name is a function, and
a comprehension is the loop it abbreviates: `for`, `if`, `collect`.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from practicum.integrity.canonical.dead_code import without_effect
from practicum.integrity.canonical.expressions import BUILTINS, Expressions, Form, join

_POSITIVE: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.NotEq: ast.Eq, ast.IsNot: ast.Is, ast.NotIn: ast.In}
_TOKEN = re.compile(r"""[^\W\d]\w*|\d[\w.]*|"[^"]*"?|'[^']*'?|[^\w\s]""")
_LONGEST_LINE = 1_000
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(slots=True)
class Statement:
    """A simple statement, or the head of a compound one.

    Attributes:
        form: of the whole statement.
        first: its first line, from 1.
        last: its last line; of a compound statement, that of its head.
        parent: the statement whose block it is in, as an index; -1 outside all.
        before: the statement before it in its block, as an index; -1 at the beginning.
        defines: names that it gives a value.
        arguments: of a function that it defines.
        function: the function it is in, as that statement's index; -1 outside all.
        inside: the expressions within it.
    """

    form: Form
    first: int
    last: int
    parent: int
    before: int
    defines: tuple[str, ...] = ()
    arguments: tuple[str, ...] | None = None
    function: int = -1
    inside: list[Form] = field(default_factory=list)


def statements(tree: ast.Module) -> list[Statement]:
    """Return a module's statements, in order."""
    reader = _Reader(tree)
    reader.block(tree.body, -1)
    return reader.found


def from_tokens(lines: Sequence[tuple[int, str]]) -> list[Statement]:
    """Return lines that no parser understands as statements: their tokens, names and literals masked as elsewhere.

    Args:
        lines: their numbers and texts.
    """
    found: list[Statement] = []
    for number, line in lines:
        tokens: list[str] = _TOKEN.findall(line[:_LONGEST_LINE].partition("#")[0])
        names = tuple(token for token in tokens if _is_own(token))
        masked = [
            "v" if _is_own(token) else "N" if token[0].isdigit() else "S" if token[0] in "'\"" else token for token in tokens
        ]
        if masked:
            found.append(Statement(Form(f"(tokens {' '.join(masked)})", names, len(masked)), number, number, -1, len(found) - 1))
    return found


def _is_own(token: str) -> bool:
    return token.isidentifier() and not keyword.iskeyword(token) and token not in BUILTINS


class _Reader:
    def __init__(self, tree: ast.Module) -> None:
        self.found: list[Statement] = []
        self.inside: list[Form] = []
        self.waiting: list[ast.expr] = []
        self.function = -1
        self.dead = without_effect(tree)
        self.expressions = Expressions(_imports(tree), _own(tree), self.inside.append, self.waiting.append)

    def block(self, body: list[ast.stmt], parent: int) -> None:
        """Read the statements of a block."""
        before = -1
        for node in body:
            if node in self.dead:
                continue
            start = len(self.found)
            try:
                self.statement(node, parent, before)
            except RecursionError:  # an expression of hundreds of levels; what was read of it stays
                self.inside.clear()
                self.waiting.clear()
            if len(self.found) > start:
                before = start

    def statement(self, node: ast.stmt, parent: int, before: int) -> None:
        """Read one statement and what is in it."""
        write = self.expressions.write
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Global() | ast.Nonlocal():
                return
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._definition(node, parent, before)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(args=args, body=body)):
                returned = ast.Return(body, lineno=node.lineno, end_lineno=node.end_lineno)
                self._function(name, args, [returned], node, parent, before)
            case ast.Assign():
                for target in node.targets:
                    self._assign(target, node.value, node, parent, before)
            case ast.AnnAssign():
                if node.value:
                    self._assign(node.target, node.value, node, parent, before)
            case ast.AugAssign():
                value = ast.BinOp(node.target, node.op, node.value)
                self._assign(node.target, value, node, parent, before)
            case ast.For() | ast.AsyncFor():
                head = join("for", [write(node.target), write(node.iter)])
                self._compound(head, node, node.iter, parent, before, _names(node.target), [node.body, node.orelse])
            case ast.While():
                self._compound(join("while", [write(node.test)]), node, node.test, parent, before, (), [node.body, node.orelse])
            case ast.If():
                self._if(node, parent, before)
            case ast.With() | ast.AsyncWith():
                defined = tuple(name for item in node.items if item.optional_vars for name in _names(item.optional_vars))
                head = join("with", [write(item.context_expr) for item in node.items])
                self._compound(head, node, node.items[-1].context_expr, parent, before, defined, [node.body])
            case ast.Try():
                at = self._add(join("try", []), node.lineno, node.lineno, parent, before)
                for block in (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody):
                    self.block(block, at)
            case ast.Return():
                self._add(join("return", [write(node.value)] if node.value else []), node.lineno, _end(node), parent, before)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append" | "add"), args=[argument], keywords=[])):
                self._add(join("collect", [write(argument)]), node.lineno, _end(node), parent, before)
            case ast.Expr():
                self._add(join("do", [write(node.value)]), node.lineno, _end(node), parent, before)
            case ast.Match():
                at = self._add(join("match", [write(node.subject)]), node.lineno, node.lineno, parent, before)
                for case in node.cases:
                    self.block(case.body, at)
            case _:
                self._add(self.expressions.write(node), node.lineno, _end(node), parent, before)

    def _add(self, form: Form, first: int, last: int, parent: int, before: int, defines: tuple[str, ...] = ()) -> int:
        self.found.append(Statement(form, first, last, parent, before, defines, None, self.function, self.inside[:]))
        self.inside.clear()
        here = len(self.found) - 1
        comprehensions = self.waiting[:]
        self.waiting.clear()
        for comprehension in comprehensions:
            self._unrolled(comprehension, parent, here)
        return here

    def _compound(
        self,
        head: Form,
        node: ast.stmt,
        last: ast.expr,
        parent: int,
        before: int,
        defines: tuple[str, ...],
        bodies: list[list[ast.stmt]],
    ) -> None:
        at = self._add(head, node.lineno, _end(last), parent, before, defines)
        for body in bodies:
            self.block(body, at)

    def _if(self, node: ast.If, parent: int, before: int) -> None:
        test, bodies = node.test, [node.body, node.orelse]
        if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__":
            self.block(node.body, parent)
            return
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test = test.operand
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _POSITIVE:
            test = ast.Compare(test.left, [_POSITIVE[type(test.ops[0])]()], test.comparators)
        self._compound(join("if", [self.expressions.write(test)]), node, node.test, parent, before, (), bodies)

    def _assign(self, target: ast.expr, value: ast.expr, node: ast.stmt, parent: int, before: int) -> None:
        both = isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List)
        if both and len(target.elts) == len(value.elts):  # type: ignore[attr-defined]
            for one, its in zip(target.elts, value.elts, strict=True):  # type: ignore[attr-defined]
                self._assign(one, its, node, parent, before)
            return
        write = self.expressions.write
        form = join("=", [write(target), write(value)])
        self._add(form, node.lineno, _end(node), parent, before, _names(target))

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, parent: int, before: int) -> None:
        if isinstance(node, ast.ClassDef):
            at = self._add(join("class", [Form("v", (node.name,), 1)]), node.lineno, node.lineno, parent, before, (node.name,))
            self.block(node.body, at)
        else:
            self._function(node.name, node.args, node.body, node, parent, before)

    def _function(self, name: str, args: ast.arguments, body: list[ast.stmt], node: ast.stmt, parent: int, before: int) -> None:
        every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
        names = tuple(argument.arg for argument in every if argument.arg != "self")
        last = body[0].lineno - 1 if body and body[0].lineno > node.lineno else node.lineno
        form = join("def", [Form("v", (each,), 1) for each in names])
        at = self._add(form, node.lineno, last, parent, before, (name,))
        self.found[at].arguments = names
        outer, self.function = self.function, at
        self.block(body, at)
        self.function = outer

    def _unrolled(self, node: ast.expr, parent: int, before: int) -> None:
        """Read a comprehension as the loop that it is short for."""
        write = self.expressions.write
        line, last = node.lineno, _end(node)
        for part in node.generators:  # type: ignore[attr-defined]
            head = join("for", [write(part.target), write(part.iter)])
            parent = self._add(head, line, last, parent, before, _names(part.target))
            for test in part.ifs:
                parent = self._add(join("if", [write(test)]), line, last, parent, -1)
            before = -1
        if isinstance(node, ast.DictComp):
            form = join("=", [join("Subscript", [Form("v", ("",), 1), write(node.key)]), write(node.value)])
        else:
            form = join("collect", [write(node.elt)])  # type: ignore[attr-defined]
        self._add(form, line, last, parent, -1)


def _imports(tree: ast.Module) -> dict[str, str]:
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                modules[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                modules[alias.asname or alias.name] = f"{node.module or '.'}.{alias.name}"
    return modules


def _own(tree: ast.Module) -> frozenset[str]:
    """Return attributes that the file sets on self, and methods that its classes define."""
    own = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                own.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            own |= {each.name for each in node.body if isinstance(each, _FUNCTIONS)}
    return frozenset(own)


def _names(target: ast.AST) -> tuple[str, ...]:
    return tuple(_each_name(target))


def _each_name(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def _end(node: ast.expr | ast.stmt) -> int:
    return node.end_lineno or node.lineno
