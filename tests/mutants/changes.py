"""Mechanical changes to a program: every place in its syntax tree where one of the usual slips could have been made.

    a + b → a - b        a < b → a <= b       range(n) → range(n + 1)     x[i] → x[i + 1]      dim=1 → dim=0
    a * b → a / b        if c → if not c      c.detach() → c              a + b → a            0.9 → 1.8

Left alone is what is no step of a computation: hints, docstrings, messages of errors, defaults of hyperparameters, pictures.
The operators are those of Offutt et al. 1996 (arithmetic, relational, conditional, constant, statement), and slips with tensors.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

ARITHMETIC = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "//"),
}  # fmt: skip
RELATIONS = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}  # fmt: skip
TWINS = {
    "min": "max", "max": "min", "sum": "mean", "mean": "sum", "argmax": "argmin", "amax": "amin", "minimum": "maximum",
    "maximum": "minimum", "sin": "cos", "cos": "sin", "sqrt": "square", "exp": "log", "log": "exp", "floor": "ceil",
    "ceil": "floor", "softmax": "sigmoid", "tanh": "sigmoid", "any": "all", "all": "any", "zeros": "ones", "ones": "zeros",
    "zeros_like": "ones_like", "train": "eval", "eval": "train", "triu": "tril", "tril": "triu", "bisect_right": "bisect_left",
}  # fmt: skip
DROPPED = ("detach", "clone", "copy", "contiguous", "zero_grad", "abs", "lower", "strip", "transpose", "flip", "float", "long")
AXES = ("dim", "axis", "start_dim")
DRAWN = ("picture", "draw", "__repr__", "__str__", "extra_repr")


@dataclass(frozen=True)
class Change:
    """One slip.

    Attributes:
        kind: of slip: `arithmetic`, `axis`.
        says: the slip, in words.
        function: in which it is made, `Class.method` with a point; its inner functions count as it.
        start, end: of what is replaced, in characters of the file.
        new: what stands there instead.
    """

    kind: str
    says: str
    function: str
    start: int
    end: int
    new: str


class _Finder(ast.NodeVisitor):
    """Walks through a file's tree; each method looks for one kind of slip."""

    def __init__(self, text: str) -> None:
        self.text, self.found = text, list[Change]()
        self.path: list[str] = []
        self.depth = 0  # of functions
        lengths = [0]
        self.lines = text.splitlines(keepends=True)
        for line in self.lines:
            lengths.append(lengths[-1] + len(line))
        self.starts = lengths

    def at(self, line: int, column: int) -> int:
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno or 0, node.end_col_offset or 0)

    def code(self, node: ast.expr) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def add(self, kind: str, span: tuple[int, int], new: str, says: str) -> None:
        if self.depth:
            self.found.append(Change(kind, " ".join(says.split()), ".".join(self.path), *span, new))

    def replace(self, kind: str, node: ast.expr, new: str) -> None:
        self.add(kind, self.span(node), new, f"`{self.code(node)}` is `{new}`")

    # What is left alone.

    def visit_Raise(self, node: ast.Raise) -> None:
        """Errors' messages are no computation."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Nor is text for people."""

    def visit_arguments(self, node: ast.arguments) -> None:
        """Defaults and hints: another value is another setting."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.path.append(node.name)
        for child in node.body:
            self.visit(child)
        self.path.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name.startswith(DRAWN) or "from matplotlib" in ast.unparse(node):
            return
        outermost = not self.depth
        if outermost:
            self.path.append(node.name)
        self.depth += 1
        for child in node.body:
            self.visit(child)
        self.depth -= 1
        if outermost:
            self.path.pop()

    # The slips.

    def _operator(self, kind: str, left: ast.expr, right: ast.expr, old: str, new: str, whole: str) -> None:
        start, end = self.span(left)[1], self.span(right)[0]
        place = self.text.find(old, start, end)
        if place >= 0:
            self.add(kind, (place, place + len(old)), new, f"`{new}` for `{old}` in `{whole}`")

    def visit_BinOp(self, node: ast.BinOp) -> None:
        text = isinstance(node.left, ast.JoinedStr) or (isinstance(node.left, ast.Constant) and isinstance(node.left.value, str))
        if type(node.op) in ARITHMETIC and not text:
            old, new = ARITHMETIC[type(node.op)]
            self._operator("arithmetic", node.left, node.right, old, new, self.code(node))
            if isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
                self.add("dropped-term", self.span(node), self.code(node.left), f"`{self.code(node)}` has lost its last term")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if type(node.op) in ARITHMETIC:
            old, new = ARITHMETIC[type(node.op)]
            self._operator("arithmetic", node.target, node.value, f"{old}=", f"{new}=", ast.unparse(node))
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        if len(node.ops) == 1 and type(node.ops[0]) in RELATIONS:
            old, new = RELATIONS[type(node.ops[0])]
            self._operator("relation", node.left, node.comparators[0], old, new, self.code(node))
        self.generic_visit(node)

    def _condition(self, test: ast.expr) -> None:
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            self.add("condition", self.span(test), self.code(test.operand), f"`{self.code(test)}` without its not")
        elif not isinstance(test, ast.NamedExpr):
            self.add("condition", self.span(test), f"not ({self.code(test)})", f"`{self.code(test)}` is negated")

    def visit_If(self, node: ast.If) -> None:
        # A check of arguments is a message to people: negated, it would stop everything.
        if not isinstance(node.body[0], ast.Raise):
            self._condition(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        self._operator("connective", node.values[0], node.values[1], old, new, self.code(node))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        name = function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
        end = self.span(function)[1]
        if name in TWINS:
            self.add("twin", (end - len(name), end), TWINS[name], f"`{TWINS[name]}` for `{name}` in `{self.code(node)}`")
        if name in DROPPED and isinstance(function, ast.Attribute):
            self.add("dropped-call", self.span(node), self.code(function.value), f"`{self.code(node)}` without its {name}")
        if name in ("range", "arange") and node.args and not isinstance(node.args[-1], ast.Constant):
            last = node.args[-1]
            self.add("off-by-one", self.span(last), f"{self.code(last)} - 1", f"`{self.code(node)}` ends one earlier")
        for keyword in node.keywords:
            if keyword.arg in AXES and isinstance(keyword.value, ast.Constant | ast.UnaryOp):
                other = {"0": "1", "1": "0", "-1": "0", "2": "1", "-2": "-1"}.get(self.code(keyword.value))
                if other:
                    self.add("axis", self.span(keyword.value), other, f"axis {other} in `{self.code(node)}`")
            elif isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool):
                self.replace("constant", keyword.value, str(not keyword.value.value))
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        for part in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
            bounds = [part.lower, part.upper] if isinstance(part, ast.Slice) else [part]
            for bound in bounds:
                # A name by itself may be a key, whose neighbour is nothing that anyone writes.
                if isinstance(bound, ast.BinOp) or (isinstance(bound, ast.Name) and isinstance(part, ast.Slice)):
                    code, whole = self.code(bound), self.code(node)
                    self.add("off-by-one", self.span(bound), f"{code} - 1", f"`{code}` in `{whole}` is one less")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        new = str(value + 1) if isinstance(value, int) else "0.5" if value == 0 else repr(value * 2)
        self.add("constant", self.span(node), new, f"{new} for {self.code(node)} in `{self.lines[node.lineno - 1].strip()}`")

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value
        one_line = isinstance(call, ast.Call) and node.lineno == node.end_lineno
        if one_line and not ast.unparse(call).startswith(("super(", "print")):
            self.add("dropped-statement", self.span(node), "pass", f"`{self.code(call)}` is not done")
        if not isinstance(call, ast.Constant):
            self.generic_visit(node)


def changes(text: str) -> Iterator[Change]:
    """Yield every change to a file's text that leaves Python, and another program, behind."""
    before = ast.dump(ast.parse(text))
    finder = _Finder(text)
    finder.visit(ast.parse(text))
    for change in finder.found:
        new = text[: change.start] + change.new + text[change.end :]
        try:
            if ast.dump(ast.parse(new)) != before:
                yield change
        except SyntaxError:
            continue
