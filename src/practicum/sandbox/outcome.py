"""How a question to the student's code can end."""

from __future__ import annotations

import os
import signal
from typing import Literal

Outcome = Literal[
    "passed",
    "partial",  # some of the points, by `award`
    "failed",  # an assertion of the check did not hold
    "raised",  # the student's code raised
    "missing",  # the file or the name is not there
    "crashed",  # the process died: signal, os._exit, stack overflow
    "timeout",  # seconds of its own, or of its check's
    "memory",  # memory limit
    "processes",  # too many processes or threads
    "output",  # printed more than the limit
    "protocol",  # the sandbox sent something that is no answer
    "broken",  # the check itself is at fault; the author must look
]


class Died(Exception):
    """The student's process has ended; `outcome` says how, and the text is for the student.

    Attributes:
        starved: the wall clock ran out, not the submission's own time: the machine was busy with something else.
    """

    def __init__(self, outcome: Outcome, message: str, starved: bool = False) -> None:
        super().__init__(message)
        self.outcome, self.starved = outcome, starved


class StudentError(Exception):
    """The student's code raised, or does not have what was asked for.

    Attributes:
        type: name of the exception's class in the student's process.
        message: its text there.
        traceback: the student's own lines it passed, `file:line in function: source`.
        missing: the file, name or solution is not there at all.
    """

    def __init__(self, type: str, message: str, traceback: str = "", missing: bool = False) -> None:
        super().__init__(f"{type}: {message}" + (f"\n{traceback}" if traceback else ""))
        self.type, self.message, self.traceback, self.missing = type, message, traceback, missing


class NoLength(StudentError, TypeError):
    """The object has no length; a `TypeError` too, since `list()` then goes on without one."""


_BEYOND: dict[Outcome, str] = {
    "memory": "it used more than {:,.0f} MiB of memory",
    "output": "it printed more than {:,.0f} KiB",
    "processes": "it started more than {:.0f} processes and threads",
    "timeout": "it used more than {:.0f} seconds of processor time",
}


def beyond(outcome: Outcome, most: float) -> Died:
    """Return the end of a process that took more than its lab allows: MiB, KiB, processes or processor seconds."""
    return Died(outcome, _BEYOND[outcome].format(most))


def out_of_time(starved: bool) -> Died:
    """Return the end of a process that ran longer than its check may, or for which the machine had no time."""
    if starved:
        return Died("timeout", "the machine was too busy to give it its time", starved=True)
    return Died("timeout", "it ran longer than the time for this check")


def cause(status: int, cpu: float, cpu_seconds: float) -> Died:
    """Return how a process has ended.

    Args:
        status: as `os.wait` gives it.
        cpu: processor seconds it used.
        cpu_seconds: that it may use.
    """
    code = os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) or os.WIFSIGNALED(status) else 0
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and cpu >= int(cpu_seconds) - 0.5):
        return beyond("timeout", cpu_seconds)
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.Signals._value2member_map_ else f"signal {-code}"
        return Died("crashed", f"the process was ended by {name}")
    return Died("crashed", f"the process ended itself (exit code {code})")


def clean(text: str, longest: int) -> str:
    """Return a text of the student's that is safe to print: no escape sequences, nothing invisible, nothing that turns its
    direction.
    """
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text[:longest])
