"""What a copier does to a program so that it looks like another one; each function returns the changed source.

Renaming, reordering and dead code keep what the program does, and they keep the comments. `surgery.py` changes the structure.
"""

import ast
import io
import random
import string
import tokenize
from collections.abc import Collection, Iterator

from copies import nonsense
from copies.pools import NAMES
from copies.spans import Source, renamed, replaced

WORDS = tuple(sorted({word for words in NAMES.values() for word in words}))
FOREIGN = (
    "这里计算结果", "初始化参数", "对每个样本循环", "返回最终的值", "数据预处理", "更新权重", "计算损失", "反向传播",
    "aquí se calcula el resultado", "preparar los datos", "recorrer los ejemplos", "devolver el valor", "pesos de la red",
    "hier wird gerechnet", "die Daten vorbereiten", "über alle Beispiele", "Ergebnis zurückgeben", "die Gewichte anpassen",
)  # fmt: skip
PURE = {"abs", "float", "int", "len", "list", "max", "min", "range", "round", "sorted", "str", "sum", "tuple", "zip", "dict"}
PURE_METHODS = {
    "argmax",
    "astype",
    "copy",
    "dot",
    "items",
    "keys",
    "max",
    "mean",
    "min",
    "ravel",
    "reshape",
    "std",
    "sum",
    "values",
}


def own_names(tree: ast.AST) -> set[str]:
    """Return the names that a program gives itself: variables, arguments, functions, classes, attributes of self."""
    own, imported = set(), {"self", "_"}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                imported |= {alias.asname or alias.name for alias in names}
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                own.add(name)
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                own.add(name)
    return {name for name in own - imported if not name.startswith("__")}


def new_names(source: str, rng: random.Random, count: int) -> list[str]:
    """Return names that occur nowhere in a source."""
    used = {token.string for token in tokenize.generate_tokens(io.StringIO(source).readline)}
    words = [word for word in WORDS if word not in source]
    if len(words) < count:
        words += [f"{word}_{n}" for n in range(count) for word in words]
    return rng.sample([word for word in words if word not in used], count)


def rename(source: str, rng: random.Random, keep: Collection[str] = ()) -> str:
    """Rename everything that the program names itself, but what is in `keep`."""
    own = sorted(own_names(ast.parse(source)) - set(keep))
    return renamed(source, dict(zip(own, new_names(source, rng, len(own)), strict=True)))


def change_literals(source: str, rng: random.Random) -> str:
    """Change settings: numbers that are arguments, defaults or elements and above 5, or between 0.001 and 1."""
    parsed, edits = Source(source), []
    for parent in parsed.nodes:
        if isinstance(parent, ast.BinOp | ast.Compare | ast.Subscript | ast.Slice):
            continue
        for node in ast.iter_child_nodes(parent):
            match node:
                case ast.Constant(value=int(value)) if value > 5:
                    edits.append((*parsed.span(node), str(value + rng.randint(1, max(2, value // 4)))))
                case ast.Constant(value=float(value)) if 0.001 < value < 1:
                    edits.append((*parsed.span(node), f"{value * rng.uniform(0.6, 0.95):.3g}"))
    return replaced(parsed.data, edits)


def drop_comments(source: str, rng: random.Random) -> str:
    """Remove comments and docstrings."""
    gone = {line for first, last in _docstrings(ast.parse(source)) for line in range(first, last + 1)}
    lines = source.splitlines()
    for token in _comments(source):
        row, column = token.start
        lines[row - 1] = lines[row - 1][:column].rstrip()
        if not lines[row - 1]:
            gone.add(row)
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in gone) + "\n"


def translate_comments(source: str, rng: random.Random) -> str:
    """Put sentences in other languages in place of comments and docstrings."""
    lines = source.splitlines()
    for token in _comments(source):
        row, column = token.start
        lines[row - 1] = f"{lines[row - 1][:column]}# {rng.choice(FOREIGN)}"
    for first, last in reversed(_docstrings(ast.parse(source))):
        indent = lines[first - 1][: len(lines[first - 1]) - len(lines[first - 1].lstrip())]
        lines[first - 1 : last] = [f'{indent}"""{rng.choice(FOREIGN)}"""']
    return "\n".join(lines) + "\n"


def _comments(source: str) -> Iterator[tokenize.TokenInfo]:
    return (token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT)


def _docstrings(tree: ast.Module) -> list[tuple[int, int]]:
    """Return the first and last line of each docstring, in order."""
    spans = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) and len(node.body) > 1:
            spans.append((node.body[0].lineno, node.body[0].end_lineno))
    return sorted(spans)


def reorder_functions(source: str, rng: random.Random) -> str:
    """Put the functions and classes of the file in another order; what is between them stays where it is."""
    lines, blocks, at = source.splitlines(), [], 0
    for node in ast.parse(source).body:
        blocks.append((isinstance(node, ast.FunctionDef | ast.ClassDef), lines[at : node.end_lineno]))
        at = node.end_lineno
    movable = [block for moves, block in blocks if moves]
    rng.shuffle(movable)
    order = iter(movable)
    placed = [line for moves, block in blocks for line in (next(order) if moves else block)]
    return "\n".join([*placed, *lines[at:]]) + "\n"


def reorder_statements(source: str, rng: random.Random, within: Collection[str] | None = None) -> str:
    """Swap neighbouring assignments that do not depend on each other, in the functions named in `within` or in all."""
    for _ in range(3):
        lines = source.splitlines()
        for body in _bodies(ast.parse(source), within):
            at = 0
            while at + 1 < len(body):
                first, second = body[at : at + 2]
                if _independent(first, second) and rng.random() < 0.6:
                    top, bottom = slice(first.lineno - 1, first.end_lineno), slice(second.lineno - 1, second.end_lineno)
                    between = lines[top.stop : bottom.start]
                    lines[top.start : bottom.stop] = [*lines[bottom], *between, *lines[top]]
                    at += 1
                at += 1
        source = "\n".join(lines) + "\n"
    return source


def _bodies(tree: ast.Module, within: Collection[str] | None) -> Iterator[list[ast.stmt]]:
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and (within is None or function.name in within):
            for node in ast.walk(function):
                for block in ("body", "orelse"):
                    if isinstance(found := getattr(node, block, None), list):
                        yield found


def _independent(first: ast.stmt, second: ast.stmt) -> bool:
    effects = [_effects(statement) for statement in (first, second)]
    if None in effects or first.end_lineno >= second.lineno:
        return False
    (reads, writes), (other_reads, other_writes) = effects
    return not (writes & (other_reads | other_writes) or other_writes & reads)


def _effects(statement: ast.stmt) -> tuple[set[str], set[str]] | None:
    """Return the names that an assignment reads and write; None if it may do more than that."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)] | [ast.Subscript(value=ast.Name(id=name), slice=ast.Constant())]):
            inside = list(ast.walk(statement.value))
        case _:
            return None
    if any(isinstance(node, ast.Yield | ast.YieldFrom | ast.NamedExpr | ast.Await) for node in inside):
        return None
    if not all(_pure(node.func) for node in inside if isinstance(node, ast.Call)):
        return None
    return {node.id for node in inside if isinstance(node, ast.Name)}, {name}


def _pure(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name):
            return name in PURE
        case ast.Attribute(value=ast.Name(id="np")):
            return True
        case ast.Attribute(attr=name):
            return name in PURE_METHODS
    return False


def insert_dead_code(source: str, rng: random.Random, within: Collection[str] | None = None, share: float = 0.12) -> str:
    """Insert statements without effect before a share of the statements, and functions that nothing calls."""
    lines, tree = source.splitlines(), ast.parse(source)
    fresh = iter(new_names(source, rng, 200))
    inserted: list[tuple[int, list[str]]] = []
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and (within is None or function.name in within):
            for statement in function.body[bool(ast.get_docstring(function)) :]:
                if rng.random() < share:
                    names = [next(fresh), next(fresh)]
                    inserted.append((statement.lineno, [" " * 4 + line for line in nonsense.statements(rng, names)]))
    places = [node.lineno for node in tree.body if isinstance(node, ast.FunctionDef)]
    for place in rng.sample(places, 2):
        inserted.append((place, [*nonsense.function(rng, [next(fresh) for _ in range(7)]), "", ""]))
    for number, block in sorted(inserted, key=lambda item: item[0], reverse=True):
        lines[number - 1 : number - 1] = block
    return "\n".join(lines) + "\n"


def drop_parentheses(source: str, rng: random.Random) -> str:
    """Drop redundant parentheses, and with them the comments and the layout."""
    return ast.unparse(ast.parse(source)) + "\n"


class _Augmented(ast.NodeTransformer):
    """Swaps `x += 1` and `x = x + 1` for the variables that start as a number, where the two are the same."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.counters = {
            target.id
            for found in ast.walk(node)
            if isinstance(found, ast.Assign) and isinstance(found.value, ast.Constant)
            for target in found.targets
            if isinstance(target, ast.Name)
        }
        return self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if isinstance(node.target, ast.Name) and node.target.id in self.counters:
            return ast.Assign([node.target], ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value), lineno=0)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(left=ast.Name(id=left), op=op, right=right)):
                if name == left and name in self.counters:
                    return ast.AugAssign(node.targets[0], op, right)
        return node


def swap_augmented(source: str, rng: random.Random) -> str:
    """Write `x += 1` as `x = x + 1` and the other way round."""
    return ast.unparse(_Augmented().visit(ast.parse(source))) + "\n"


class _Formats(ast.NodeTransformer):
    """Swaps f-strings and calls of format()."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        text, arguments = "", []
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += part.value.replace("{", "{{").replace("}", "}}")
            else:
                text += "{" + (":" + part.format_spec.values[0].value if part.format_spec else "") + "}"
                arguments.append(part.value)
        return ast.Call(ast.Attribute(ast.Constant(text), "format", ast.Load()), arguments, [])

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format"), args=[*arguments], keywords=[]):
                parts, left = [], iter(arguments)
                for literal, field, spec, _ in string.Formatter().parse(text):
                    parts.append(ast.Constant(literal))
                    if field is not None:
                        form = ast.JoinedStr([ast.Constant(spec)]) if spec else None
                        parts.append(ast.FormattedValue(next(left), -1, form))
                return ast.JoinedStr(parts)
        return self.generic_visit(node)


def swap_formatting(source: str, rng: random.Random) -> str:
    """Write f-strings as calls of format() and the other way round."""
    return ast.unparse(ast.fix_missing_locations(_Formats().visit(ast.parse(source)))) + "\n"
