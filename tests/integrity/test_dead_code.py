"""What has no effect is taken out, and nothing else."""

import ast

import pytest

from practicum.integrity.canonical.dead_code import without_effect

KEPT = {
    "unused": ("a = 3\nb = x\nreturn b", "b = x\nreturn b"),
    "used by what is unused": ("a = 3\nb = a * 2\nc = [b]\nreturn x", "return x"),
    "used later": ("a = 3\nfor i in x:\n    a += i\nreturn a", "a = 3\nfor i in x:\n    a += i\nreturn a"),
    "only changed": ("a = 0\nfor i in x:\n    a += 1\n    f(i)\nreturn x", "for i in x:\n    f(i)\nreturn x"),
    "calls may do something": ("a = f(x)\nb = next(x)\nreturn x", "a = f(x)\nb = next(x)\nreturn x"),
    "harmless calls": ("a = len(x)\nb = np.zeros(a)\nreturn x", "return x"),
    "used in a nested function": (
        "a = 3\ndef g():\n    return a\nreturn g",
        "a = 3\ndef g():\n    return a\nreturn g",
    ),
    "nonlocal": ("a = 3\ndef g():\n    nonlocal a\n    a = 4\nreturn g", "a = 3\ndef g():\n    nonlocal a\n    a = 4\nreturn g"),
    "if False": ("if False:\n    f(x)\nwhile 0:\n    f(x)\nif 1 > 2:\n    x = 3\nreturn x", "return x"),
    "if True": ("if True:\n    f(x)\nreturn x", "if True:\n    f(x)\nreturn x"),
    "if False, else": ("if False:\n    f(x)\nelse:\n    g(x)", "if False:\n    f(x)\nelse:\n    g(x)"),
    "idle loops": ("for i in range(9):\n    pass\nfor i in x():\n    pass", "for i in x():\n    pass"),
    "bare expressions": ("x\nx + 1\nf(x)\n...", "f(x)"),
    "attributes and items": ("x.a = 3\nx[0] = 4\nreturn x", "x.a = 3\nx[0] = 4\nreturn x"),
    "a walrus": ("a = (b := 3)\nreturn b", "a = (b := 3)\nreturn b"),
}


class Remove(ast.NodeTransformer):
    def __init__(self, dead: set[ast.stmt]) -> None:
        self.dead = dead

    def visit(self, node: ast.AST) -> ast.AST | None:
        return None if node in self.dead else self.generic_visit(node)


@pytest.mark.parametrize("what", KEPT)
def test_keeps(what: str) -> None:
    given, kept = ("def h(x, f, g, np):\n" + "".join(f"    {line}\n" for line in text.splitlines()) for text in KEPT[what])
    tree = ast.parse(given)
    assert ast.unparse(Remove(without_effect(tree)).visit(tree)) == ast.unparse(ast.parse(kept))


def test_what_modules_name_stays() -> None:
    assert not without_effect(ast.parse("a = 3\nb: int = 4\nimport os"))
