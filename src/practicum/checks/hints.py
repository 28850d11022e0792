"""The hint below a check that did not pass: it answers what came.

The author's hint is about a wrong value. Where no value came, it would mislead, or give the formula away to somebody who has
written nothing yet: then the hint is about the error, or there is none.
"""

from __future__ import annotations

import re

from practicum.checks.assertions import Unusable
from practicum.sandbox.outcome import Outcome, StudentError

_NONE = "something is None here: does every way through the function that made it end with `return`?"
_SHAPES = "print the shapes of both sides just before this line, and compare them with those of the task sheet"
_IMPORT = "the grader has the libraries that the task sheet says to install, and the files that are submitted"

# Exception → pattern of its message → hint; the first that fits.
_ERRORS: dict[str, tuple[tuple[str, str], ...]] = {
    "TypeError": (
        ("argument", "compare the function's arguments, their names and their order, with the task sheet"),
        ("NoneType", _NONE),
        ("not callable", "a name that stands for a value is called like a function: is it used for both?"),
    ),
    "ValueError": (("shape|broadcast|dimension|aligned|matmul|size", _SHAPES),),
    "RuntimeError": (("shape|size|dimension", _SHAPES),),
    "IndexError": (("", "an index lies outside: print the index and the shape just before this line"),),
    "KeyError": (("", "there is no such key: print the keys just before this line"),),
    "AttributeError": (
        ("NoneType", _NONE),
        ("", "there is no attribute of this name: is it spelt as where it is set, and set before it is used?"),
    ),
    "NameError": (("", "this name has no value here: is it misspelt, or made in a cell or a line that did not run?"),),
    "UnboundLocalError": (
        ("", "this name has no value on this way through the function: give it one before the `if` or the loop"),
    ),
    "ImportError": (("", _IMPORT),),
    "ModuleNotFoundError": (("", _IMPORT),),
    "FileNotFoundError": (("", "the grader has the files of the handout and those that are submitted, in one folder"),),
    "RecursionError": (("", "the function calls itself without an end"),),
    "ZeroDivisionError": (("", "print the divisor just before this line: which input makes it zero?"),),
    "SyntaxError": (("", "Python cannot read this line; the mistake is here or in the line before it"),),
    "IndentationError": (("", "Python cannot read this line: compare its indentation with that of its neighbours"),),
}
_OUTCOMES: dict[str, str] = {
    "timeout": "is there a loop that does not end, or one over single numbers where NumPy takes the whole array?",
    "memory": "print the shapes of your arrays: one is far larger than it need be",
    "output": "take the `print` out of the loop",
}


def hint(problem: BaseException | None, outcome: Outcome, written: str, hidden: bool) -> str:
    """Return the hint for what ended a check.

    Args:
        problem: what ended it; None where it gave part of the points, or all.
        outcome: of the check.
        written: the author's hint.
        hidden: the check is hidden: then nothing depends on the text of an exception, or on which value came.
    """
    if outcome in ("passed", "broken"):
        return ""
    if isinstance(problem, StudentError) and not problem.missing and outcome == "raised":
        return _of_error(problem.type, "" if hidden else problem.message)
    if outcome in ("failed", "partial"):
        return problem.hint if isinstance(problem, Unusable) and not hidden else written
    return _OUTCOMES.get(outcome, "")


def _of_error(kind: str, message: str) -> str:
    return next((words for pattern, words in _ERRORS.get(kind, ()) if re.search(pattern, message)), "")
