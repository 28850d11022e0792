"""What students and teachers are told of a check that did not pass."""

from __future__ import annotations

import re

import pytest

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
