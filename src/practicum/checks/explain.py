"""What students and teachers are told of a check that did not pass.

The hint answers what came. The author's is about a wrong value: where no value came, it would mislead, or give the formula
away to somebody who has written nothing yet. Then the hint is about the error, or there is none.
"""

from __future__ import annotations

import re

import pytest

from practicum.checks.assertions import Unusable
from practicum.sandbox.guest.messages import ProtocolError
from practicum.sandbox.outcome import Died, Outcome, StudentError


def explain(problem: BaseException) -> tuple[Outcome, str]:
    """Outcome and message of what ended a check."""
    if isinstance(problem, Died):
        return problem.outcome, str(problem)
    if isinstance(problem, StudentError):
        if problem.missing:
            return "missing", _not_written(problem) if problem.type == "NotImplementedError" else problem.message
        return ("memory" if problem.type == "MemoryError" else "raised"), f"your code raised {problem}"
    if isinstance(problem, (AssertionError, pytest.fail.Exception)):
        return "failed", str(problem)[:4000] or "the check did not hold"
    if isinstance(problem, ProtocolError):
        return "broken", f"the check sent what does not cross: {problem}"
    text = f"{type(problem).__name__}: {str(problem)[:500]}"
    return "broken", f"the check could not read what your code gave back ({text})"


_PLACE = re.compile(r"([\w-]{1,60}\.py|<cell \d{1,4} of [\w-]{1,60}>):(\d{1,5})(?: in (\w{1,60}))?:")


def _not_written(problem: StudentError) -> str:
    """Say which function is left to write, and where it is."""
    places = _PLACE.findall(problem.traceback)
    if not places:
        return "not written yet"
    file, line, function = places[-1]
    return f"not written yet: {f'{function}() at ' if function else ''}{file}:{line}"


# The exceptions whose names a hidden check tells: few, since the code under test can choose which one it raises.
_NAMED = {kind.__name__ for kind in (AssertionError, AttributeError, FileNotFoundError, ImportError, IndexError, KeyError)}
_NAMED |= {kind.__name__ for kind in (ModuleNotFoundError, NameError, OverflowError, RecursionError, RuntimeError)}
_NAMED |= {kind.__name__ for kind in (SyntaxError, TypeError, UnboundLocalError, ValueError, ZeroDivisionError)}


_ENDED = {
    "timeout": "it ran longer than its time",
    "memory": "it used more memory than it may",
    "processes": "it started more processes and threads than it may",
    "output": "it printed more than it may",
}


def explain_hidden(problem: BaseException, lines: dict[str, int]) -> str:
    """Return what a student may know of a failed hidden check: nothing that could carry its inputs out.

    Args:
        problem: what ended it.
        lines: how many lines each submitted file has; a place is named only if it is one of them, so that it tells no more
            than which line of the submission it was.
    """
    if isinstance(problem, Died):
        return _ENDED.get(problem.outcome, "your program's process ended")
    if isinstance(problem, StudentError):
        if problem.missing and problem.type != "NotImplementedError":
            return "a file or a name is missing"
        places = [(file, int(line)) for file, line, _ in _PLACE.findall(problem.traceback)]
        places = [(file, line) for file, line in places if 0 < line <= lines.get(file, 0)]
        where = f" at {places[-1][0]}:{places[-1][1]}" if places else ""
        if problem.type == "NotImplementedError":
            return f"not written yet{where}"
        return f"your code raised {problem.type if problem.type in _NAMED else 'an exception'}{where}"
    return ""


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
        if hidden:
            return _of_error(problem.type, "") if problem.type in _NAMED else ""
        return _of_error(problem.type, problem.message)
    if outcome in ("failed", "partial"):
        return problem.hint if isinstance(problem, Unusable) and not hidden else written
    return _OUTCOMES.get(outcome, "") if isinstance(problem, Died | StudentError) else ""


def _of_error(kind: str, message: str) -> str:
    return next((words for pattern, words in _ERRORS.get(kind, ()) if re.search(pattern, message)), "")
