"""What a copier changes and what means the same has the same fingerprints; what means something else has not."""

import ast

import pytest

from practicum.integrity.canonical.fingerprints import fingerprints
from practicum.integrity.canonical.statements import statements


def prints(source: str) -> set[int]:
    return set(fingerprints(statements(ast.parse(source))).hashes.tolist())


SAME = {
    "names": ("total = price * count + tax", "s = p * n + t"),
    "redundant parentheses": ("y = ((a) + (b * c))", "y = a + b * c"),
    "spelling of literals": ("x = f(1_000, 'a')", 'x = f(1000.0, "b")'),
    "comments and blank lines": ("x = a.b(c)  # here\n\n\ny = x", "x = a.b(c)\ny = x"),
    "docstrings": ('def f(x):\n    """Twice."""\n    return 2 * x', "def f(x):\n    return 2 * x"),
    "type hints": ("def f(x: int) -> int:\n    y: int = x\n    return y", "def f(x):\n    y = x\n    return y"),
    "a declaration without a value": ("x: int\nx = f(3)", "x = f(3)"),
    "order of imports": ("import os\nimport sys\nx = os.sep + sys.path[0]", "import sys\nimport os\nx = os.sep + sys.path[0]"),
    "import as": ("import numpy as np\ny = np.exp(x)", "import numpy\ny = numpy.exp(x)"),
    "import from": ("from numpy import exp\ny = exp(x)", "import numpy as np\ny = np.exp(x)"),
    "augmented assignment": ("x += y * 2", "x = x + y * 2"),
    "f-string and format": ("s = f'{a}: {b.c}'", "s = '{}: {}'.format(a, b.c)"),
    "f-string and percent": ("s = f'{a}: {b}'", "s = '%s: %d' % (a, b)"),
    "f-string and concatenation": ("s = f'{a}: {b}!'", "s = str(a) + ': ' + str(b) + '!'"),
    "what is printed around values": ("print('loss', x)", "print('the loss is now', x)"),
    "comparison turned round": ("if a > b + 1:\n    c()", "if b + 1 < a:\n    c()"),
    "if not": ("if not ready:\n    f(x)", "if ready:\n    f(x)"),
    "not equal": ("if not a == b:\n    c()", "if a != b:\n    c()"),
    "order of a sum": ("y = a * 2 + b[0]", "y = b[0] + 2 * a"),
    "function or method": ("import numpy as np\nm = np.sum(x * x, axis=0)", "m = (x * x).sum(axis=0)"),
    "matrix products": ("import numpy as np\ny = np.dot(a, b.T) + np.matmul(c, d)", "y = a @ b.T + c.dot(d)"),
    "range from nought": ("for i in range(0, n):\n    f(i)", "for i in range(n):\n    f(i)"),
    "lambda with a name": ("f = lambda x: x * 2 + 1", "def f(x):\n    return x * 2 + 1"),
    "attributes of self that the file sets": (
        "class A:\n    def g(self, x):\n        self.w = x * 3\n        return self.w - x",
        "class B:\n    def h(self, y):\n        self.v = y * 3\n        return self.v - y",
    ),
    "the main guard": ("if __name__ == '__main__':\n    run(3)", "run(3)"),
    "what is never used": ("def f(x):\n    y = 3\n    y += x\n    return x * 2", "def f(x):\n    return x * 2"),
    "pass": ("def f():\n    pass\n    return 1", "def f():\n    return 1"),
}


@pytest.mark.parametrize("what", SAME)
def test_the_same_for(what: str) -> None:
    one, other = SAME[what]
    assert prints(one) == prints(other)


CONTAINED = {
    "a comprehension and its loop": (
        "squares = [x * x + 1 for x in numbers if x > 0]",
        "squares = []\nfor x in numbers:\n    if 0 < x:\n        squares.append(x * x + 1)",
        3,
    ),
    "a tuple and single assignments": ("a, b = f(x) * 2, g(y) - 1", "a = f(x) * 2\nb = g(y) - 1", 2),
    "an intermediate variable": ("y = (x - m.mean(0)) / (s.std(0) + 1)", "c = x - m.mean(0)\ny = c / (s.std(0) + 1)", 1),
}


@pytest.mark.parametrize("what", CONTAINED)
def test_shares_fingerprints(what: str) -> None:
    one, other, least = CONTAINED[what]
    assert len(prints(one) & prints(other)) >= least


DIFFERENT = {
    "operators": ("y = a - b", "y = a + b"),
    "order of a difference": ("y = a.x - b", "y = b - a.x"),
    "which name where": ("y = f(a, b, a)", "y = f(a, b, b)"),
    "what is called": ("y = x.sum()", "y = x.mean()"),
    "keyword names": ("y = f(x, axis=0)", "y = f(x, dim=0)"),
    "builtins": ("y = max(x)", "y = min(x)"),
    "truth values": ("f(x, True)", "f(x, False)"),
    "less or equal": ("if a < b:\n    c()", "if a <= b:\n    c()"),
    "imported functions": ("from m import f\ny = f(x)", "from m import g\ny = g(x)"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_different_for(what: str) -> None:
    one, other = DIFFERENT[what]
    assert prints(one) != prints(other)


def test_statements_know_their_place() -> None:
    source = "x = 1\n\n\ndef f(a,\n      b):\n    y = a\n    for i in b:\n        y = y + i\n    return y\n"
    found = statements(ast.parse(source))
    assert [(s.form.text.split(" ")[0], s.first, s.last, s.parent, s.before, s.function) for s in found] == [
        ("(=", 1, 1, -1, -1, -1),
        ("(def", 4, 5, -1, 0, -1),
        ("(=", 6, 6, 1, -1, 1),
        ("(for", 7, 7, 1, 2, 1),
        ("(=", 8, 8, 3, -1, 1),
        ("(return", 9, 9, 1, 3, 1),
    ]  # fmt: skip
    assert (found[1].defines, found[1].arguments) == (("f",), ("a", "b"))
    assert found[3].defines == ("i",)


def test_links_survive_reordering_and_code_in_between() -> None:
    one = prints("a = load(p)\nb = a.mean(0)\nc = open(q)\nd = c.read(9)")
    other = prints("c = open(q)\nunused = 3\na = load(p)\nprint(unused)\nd = c.read(9)\nb = a.mean(0)")
    assert len(one - other) == 3  # the pairs of neighbours; four statements and two links stay
    assert len(one & other) == 6


def test_an_expression_of_hundreds_of_levels_is_left_out() -> None:
    found = statements(ast.parse("x = 1\ny = " + "1 + " * 990 + "z\nw = x"))
    assert [s.first for s in found] == [1, 3]
