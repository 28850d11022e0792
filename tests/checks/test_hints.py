"""The hint answers what came: the author's is shown where a value is wrong, and not where there is none."""

from __future__ import annotations

import pytest

from practicum.checks.assertions import Unusable
from practicum.checks.explain import explain, explain_hidden, hint
from practicum.sandbox.outcome import Died, StudentError

FORMULA = "w ← w + η·y·x"
TRACE = "perceptron.py:12 in train: self.step(x)\nperceptron.py:7 in step: raise NotImplementedError"


def shown(problem: BaseException | None, hidden: bool = False) -> str:
    outcome = explain(problem)[0] if problem else "partial"
    return hint(problem, outcome, FORMULA, hidden)


@pytest.mark.parametrize("hidden", [False, True])
def test_the_authors_hint_is_about_wrong_values(hidden: bool) -> None:
    assert shown(AssertionError("expected 1, got 2"), hidden) == FORMULA
    assert shown(None, hidden) == FORMULA, "a part of the points"
    assert hint(None, "passed", FORMULA, hidden) == ""


@pytest.mark.parametrize("hidden", [False, True])
def test_who_has_written_nothing_is_not_told_the_formula(hidden: bool) -> None:
    untouched = StudentError("NotImplementedError", "", TRACE, missing=True)
    assert explain(untouched) == ("missing", "not written yet: step() at perceptron.py:7")
    assert shown(untouched, hidden) == ""
    absent = StudentError("NotFound", "perceptron has no 'Perceptron'", missing=True)
    assert shown(absent, hidden) == ""
    returned_nothing = Unusable("expected a number, got None", "does it `return`?")
    assert shown(returned_nothing) == "does it `return`?"


@pytest.mark.parametrize(
    ("kind", "message", "words"),
    [
        ("TypeError", "forward() missing 1 required positional argument: 'y'", "compare the function's arguments"),
        ("TypeError", "unsupported operand type(s) for +: 'NoneType' and 'float'", "end with `return`"),
        ("ValueError", "operands could not be broadcast together with shapes (3,) (4,)", "print the shapes"),
        ("ValueError", "matmul: Input operand 1 has a mismatch in its core dimension 0", "print the shapes"),
        ("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (3x4 and 3x4)", "print the shapes"),
        ("ValueError", "not enough values to unpack", ""),
        ("AttributeError", "'Linear' object has no attribute 'grad'", "is it spelt as where it is set"),
        ("ZeroDivisionError", "division by zero", "print the divisor"),
        ("MyError", "whatever shape", ""),
    ],
)
def test_an_exception_gets_a_hint_about_it_or_none(kind: str, message: str, words: str) -> None:
    found = shown(StudentError(kind, message, TRACE))
    assert FORMULA not in found
    assert words in found
    assert bool(words) == bool(found)


def test_of_a_hidden_check_no_hint_depends_on_what_an_exception_or_a_value_says() -> None:
    told = {shown(StudentError("ValueError", text, TRACE), hidden=True) for text in ("shapes (3,) (4,)", "17", "argument")}
    assert len(told) == 1
    assert shown(StudentError("IndentationError", "", TRACE), hidden=True) == "", "its name is not told either"
    told = {shown(problem, hidden=True) for problem in (Unusable("got None", "a"), AssertionError("got 3"))}
    assert told == {FORMULA}


def test_running_out_of_time_is_not_answered_with_the_formula() -> None:
    assert "a loop that does not end" in shown(Died("timeout", "it ran longer"))
    assert hint(RuntimeError("the check's own code"), "timeout", FORMULA, False) == "", "that is no loop of the student's"
    assert shown(Died("crashed", "the process ended itself")) == ""


def test_a_hidden_check_names_a_line_of_the_submission_that_is_not_written_and_no_other() -> None:
    untouched = StudentError("NotImplementedError", "secret", TRACE, missing=True)
    assert explain_hidden(untouched, {"perceptron.py": 20}) == "not written yet at perceptron.py:7"
    assert explain_hidden(untouched, {"perceptron.py": 6}) == "not written yet"
