"""Expressions in a canonical form: what two people write differently and mean alike comes out as the same text.

    names that the author chose      v, and the name itself in a list beside the text
    attributes of self that he set   v, like a variable
    numbers, strings                 N, S
    f"{a}: {b}", "{}: {}".format(a, b), "%s: %s" % (a, b), str(a) + ": " + str(b)      (fmt a b)
    np.sum(x, axis=0), x.sum(axis=0)                                                  (.sum x axis=N)
    np.dot(a, b), np.matmul(a, b), a.dot(b), a @ b                                     (@ a b)
    a > b, b < a                                                                       (< b a)
    a + b, b + a                                                                       the same order for both
    range(0, n), range(n)                                                              (range n)
    [e for x in xs if c]                                                               COMP, and statements for its parts

Parentheses, spelling of literals and type hints are gone with parsing. None of this is safe to *run*; it need only be equal when
the code is alike.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import NamedTuple

BUILTINS = frozenset(dir(builtins))
COMMUTATIVE = (ast.Add, ast.Mult, ast.BitOr, ast.BitAnd, ast.BitXor)
_SWAPPED = {ast.Gt: "<", ast.GtE: "<="}
_COMPARED = {
    ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is", ast.IsNot: "isnot", ast.In: "in", ast.NotIn: "notin",
}  # fmt: skip
_OPPOSITE = {"==": "!=", "!=": "==", "is": "isnot", "isnot": "is", "in": "notin", "notin": "in"}
_PRODUCTS = ("dot", "matmul", "mm", "bmm")


class Form(NamedTuple):
    """A canonical form.

    Attributes:
        text: with names masked.
        names: that were masked, in the order of the text.
        size: number of its nodes.
    """

    text: str
    names: tuple[str, ...]
    size: int


NUMBER, STRING, COMPREHENSION, OTHER = Form("N", (), 1), Form("S", (), 1), Form("COMP", (), 1), Form("?", (), 1)


def join(head: str, parts: list[Form]) -> Form:
    """Return a form made of others."""
    if not parts:
        return Form(f"({head})", (), 1)
    names = parts[0].names if len(parts) == 1 else tuple(name for part in parts for name in part.names)
    return Form(f"({head} {' '.join([part.text for part in parts])})", names, 1 + sum([part.size for part in parts]))


class Expressions:
    """Writes expressions.

    Args:
        modules: full names of what is imported, by the name it has in the file.
        own: attributes and methods that the file itself defines.
        seen: is told of every expression within another.
        comprehension: is told of every comprehension.
    """

    def __init__(
        self,
        modules: dict[str, str],
        own: frozenset[str],
        seen: Callable[[Form], None],
        comprehension: Callable[[ast.expr], None],
    ) -> None:
        self.modules, self.own, self.seen, self.comprehension = modules, own, seen, comprehension
        self.ways: dict[type[ast.AST], Callable[..., Form]] = {
            ast.Name: self._name, ast.Constant: self._constant, ast.Attribute: self._attribute, ast.Call: self._call,
            ast.BinOp: self._binary, ast.BoolOp: self._boolean, ast.Compare: self._compare, ast.UnaryOp: self._unary,
            ast.JoinedStr: self._joined, ast.FormattedValue: lambda node: self.write(node.value),
            ast.ListComp: self._comprehension, ast.SetComp: self._comprehension, ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension, ast.NamedExpr: lambda node: self.write(node.value),
            ast.Starred: lambda node: join("*", [self.write(node.value)]), ast.keyword: self._keyword,
            ast.Lambda: lambda node: join("lambda", [self.write(node.body)]),
        }  # fmt: skip

    def write(self, node: ast.AST) -> Form:
        """Return an expression's form, and tells `seen` of it."""
        way = self.ways.get(type(node))
        form = way(node) if way else self._any(node)
        if form.size > 1:
            self.seen(form)
        return form

    def module(self, node: ast.AST) -> str:
        """Return the full name of an imported module or of something in it; nothing for any other expression."""
        if isinstance(node, ast.Name):
            return self.modules.get(node.id, "")
        if isinstance(node, ast.Attribute):
            inside = self.module(node.value)
            return f"{inside}.{node.attr}" if inside else ""
        return ""

    def _name(self, node: ast.Name) -> Form:
        if imported := self.modules.get(node.id):
            return Form(imported.rpartition(".")[2], (), 1)
        return Form(node.id, (), 1) if node.id in BUILTINS else Form("v", (node.id,), 1)

    def _constant(self, node: ast.Constant) -> Form:
        if isinstance(node.value, bool) or node.value is None:
            return Form(str(node.value), (), 1)
        return STRING if isinstance(node.value, str | bytes) else NUMBER

    def _attribute(self, node: ast.Attribute) -> Form:
        if self.module(node):
            return Form(node.attr, (), 1)
        if node.attr in self.own:
            # self.weights is a variable like weights; so is model.weights, where this file says what a model is.
            return Form("v", (node.attr,), 1)
        return join(f".{node.attr}", [self.write(node.value)])

    def _call(self, node: ast.Call) -> Form:
        function = node.func
        arguments = [self.write(argument) for argument in node.args]
        keywords = sorted((self._keyword(keyword) for keyword in node.keywords), key=lambda form: form.text)
        if isinstance(function, ast.Attribute):
            name = function.attr
            if name == "format" and isinstance(function.value, ast.Constant):
                return join("fmt", [*arguments, *keywords])
            if name in self.own and not self.module(function):
                return join("call", [Form("v", (name,), 1), *arguments, *keywords])
            if not self.module(function):
                arguments.insert(0, self.write(function.value))
            if name in _PRODUCTS and len(arguments) == 2:
                return join("@", arguments)
            return join(f".{name}", [*arguments, *keywords])
        if isinstance(function, ast.Name):
            name = function.id
            if imported := self.modules.get(name):
                return join(f".{imported.rpartition('.')[2]}", [*arguments, *keywords])
            if name == "range" and len(node.args) == 2 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0:
                arguments = arguments[1:]
            if name == "print":
                return join("print", [part for part in arguments if part.text != "S"])
            if name in BUILTINS:
                return join(name, [*arguments, *keywords])
        return join("call", [self.write(function), *arguments, *keywords])

    def _keyword(self, node: ast.keyword) -> Form:
        return join(f"{node.arg or '**'}=", [self.write(node.value)])

    def _binary(self, node: ast.BinOp) -> Form:
        if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            parts = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            return join("fmt", [self.write(part) for part in parts])
        left, right = self.write(node.left), self.write(node.right)
        if isinstance(node.op, ast.Add) and ("S" in (left.text, right.text) or "fmt" in (left.text[1:4], right.text[1:4])):
            return join("fmt", [*_pieces(left), *_pieces(right)])
        if isinstance(node.op, COMMUTATIVE) and right.text < left.text:
            left, right = right, left
        return join("@" if isinstance(node.op, ast.MatMult) else type(node.op).__name__, [left, right])

    def _boolean(self, node: ast.BoolOp) -> Form:
        return join(type(node.op).__name__, sorted((self.write(value) for value in node.values), key=lambda form: form.text))

    def _compare(self, node: ast.Compare) -> Form:
        if len(node.ops) > 1:
            return join("chain", [self.write(part) for part in (node.left, *node.comparators)])
        left, right, kind = self.write(node.left), self.write(node.comparators[0]), type(node.ops[0])
        if kind in _SWAPPED:
            return join(_SWAPPED[kind], [right, left])
        if kind in (ast.Eq, ast.NotEq) and right.text < left.text:
            left, right = right, left
        return join(_COMPARED[kind], [left, right])

    def _unary(self, node: ast.UnaryOp) -> Form:
        inside = node.operand
        if isinstance(node.op, ast.Not) and isinstance(inside, ast.Compare) and len(inside.ops) == 1:
            form = self._compare(inside)
            head, _, rest = form.text[1:].partition(" ")
            return form._replace(text=f"({_OPPOSITE[head]} {rest}") if head in _OPPOSITE else join("Not", [form])
        if isinstance(inside, ast.Constant):
            return self._constant(inside)
        return join(type(node.op).__name__, [self.write(inside)])

    def _joined(self, node: ast.JoinedStr) -> Form:
        return join("fmt", [self.write(part) for part in node.values if isinstance(part, ast.FormattedValue)])

    def _comprehension(self, node: ast.expr) -> Form:
        self.comprehension(node)
        return COMPREHENSION

    def _any(self, node: ast.AST) -> Form:
        parts = [self.write(child) for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)]
        return join(type(node).__name__, parts) if parts else Form(type(node).__name__, (), 1)


def _pieces(form: Form) -> list[Form]:
    """Return what a piece of a concatenated string adds to it."""
    if form.text == "S":
        return []
    if form.text.startswith("(fmt"):
        return [Form(form.text[5:-1], form.names, form.size - 1)] if form.size > 1 else []
    if form.text.startswith("(str "):
        return [Form(form.text[5:-1], form.names, form.size - 1)]
    return [form]
