"""How a question to the student's code can end."""

from __future__ import annotations

from typing import Literal

Outcome = Literal[
    "passed",
    "partial",  # some of the points, by `award`
    "failed",  # an assertion of the check did not hold
    "raised",  # the student's code raised
    "missing",  # the file or the name is not there
    "crashed",  # the process died: signal, os._exit, stack overflow
    "timeout",  # wall or CPU seconds
    "memory",  # memory limit
    "processes",  # too many processes or threads
    "output",  # printed more than the limit
    "protocol",  # the sandbox sent something that is no answer
    "broken",  # the check itself is at fault; the author must look
]


class Died(Exception):
    """The student's process has ended; `outcome` says how, and the text is for the student."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
