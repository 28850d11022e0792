"""Where a source names its own things: byte spans, so that a rewrite keeps comments and layout."""

import ast
import re
from collections.abc import Collection, Iterator

FIELD = re.compile(rb"\{([^{}:!]+)")  # the expression of a field of an f-string
NAME = re.compile(rb"(?<![\w.])[A-Za-z_]\w*")


class Source:
    """A source with its syntax tree, the nodes of that (see `walk`) and the byte offset of every line."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self.tree = ast.parse(text)
        self.nodes = list(walk(self.tree))
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return the first byte of a node and the byte after its last."""
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def names(self, own: Collection[str]) -> Iterator[tuple[int, int, str]]:
        """Yield start, end and text of every use of the names in `own`: variables, functions, arguments, attributes of self.

        A keyword in a call counts only if the function called is in `own` too: `size=` of numpy is not the student's.
        """
        for node in self.nodes:
            start, end = self.span(node) if hasattr(node, "lineno") else (0, 0)
            match node:
                case ast.Name(id=name) if name in own:
                    yield start, end, name
                case ast.arg(arg=name) if name in own:
                    yield start, start + len(name), name
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name) if name in own:
                    start = self.data.index(name.encode(), start + 4)  # after "def " or "class"
                    yield start, start + len(name), name
                case ast.Attribute(value=ast.Name(id="self"), attr=name) if name in own:
                    yield end - len(name), end, name
                case ast.Call(func=ast.Name(id=function), keywords=keywords) if function in own:
                    for keyword in keywords:
                        if keyword.arg in own:
                            start, _ = self.span(keyword)
                            yield start, start + len(keyword.arg), keyword.arg
                case ast.JoinedStr():
                    for field in FIELD.finditer(self.data[start:end]):
                        for name in NAME.finditer(field[1]):
                            if (text := name[0].decode()) in own:
                                at = start + field.start(1) + name.start()
                                yield at, at + len(text), text


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and those below it, but not those inside f-strings, whose positions differ between versions of Python."""
    left = [node]
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, ast.JoinedStr):
            left.extend(ast.iter_child_nodes(node))


def replaced(data: bytes, edits: list[tuple[int, int, str]]) -> str:
    """Return the text with every span (start, end) replaced."""
    pieces, at = [], 0
    for start, end, text in sorted(edits):
        pieces += [data[at:start], text.encode()]
        at = end
    return b"".join([*pieces, data[at:]]).decode()


def renamed(text: str, names: dict[str, str]) -> str:
    """Return the text with names replaced."""
    source = Source(text)
    return replaced(source.data, [(start, end, names[name]) for start, end, name in source.names(names)])
