"""The one assignment, read from the lab in `lab/`, so that all graders ask the same questions and run the same tests."""

from __future__ import annotations

import ast
import itertools
import textwrap
from dataclasses import dataclass
from pathlib import Path

import jupytext

LAB = Path(__file__).parent / "lab"


@dataclass(frozen=True)
class Test:
    """One test: its name, points, and its body as plain Python over the names that the notebook defines."""

    name: str
    points: int
    body: str


@dataclass(frozen=True)
class Question:
    """One question: the function to write, what the notebook says, the solution, and the tests."""

    function: str
    text: str
    solution: str
    tests: tuple[Test, ...]


def _tests() -> list[Test]:
    """Return the lab's checks without their wrapping: the student's functions by plain name, NumPy's own assertion for ours.

    `assert_close` and `numpy.testing.assert_allclose` take the same arguments; the tolerances are written out.
    """
    source = (LAB / "checks" / "test_assignment.py").read_text()
    tests = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        points = next(d.args[0].value for d in node.decorator_list if d.func.id == "points")
        first, last = node.body[1], node.body[-1]  # past the docstring
        body = textwrap.dedent("\n".join(source.splitlines()[first.lineno - 1 : last.end_lineno]))
        body = body.replace("student.assignment.", "")
        assert body.splitlines()[-1].startswith("assert_close("), f"{node.name}: a check here ends with its one assertion"
        given = {keyword.arg for keyword in last.value.keywords}
        extra = "".join(f", {name}={value}" for name, value in (("rtol", "1e-5"), ("atol", "1e-8")) if name not in given)
        body = body[:-1].replace("assert_close(", "np.testing.assert_allclose(") + extra + ")"
        tests.append(Test(node.name, points, body))
    return tests


def questions() -> list[Question]:
    """Return the five questions in the order of the notebook."""
    cells = jupytext.reads((LAB / "source" / "assignment.py").read_text(), fmt="py:percent").cells
    tests = _tests()
    found = []
    for text, code in itertools.pairwise(cells):
        if not code.source.startswith("def "):
            continue
        number = len(found)
        function = code.source[4 : code.source.index("(")]
        found.append(Question(function, text.source, code.source, tuple(tests[3 * number : 3 * number + 3])))
    assert (len(found), len(tests)) == (5, 15), "the benchmark's assignment has five questions with three tests each"
    return found
