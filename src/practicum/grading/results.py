"""What grading returns: plain, frozen records that travel as JSON or MessagePack and are kept in the store."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

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


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one submission.

    `message` is for the student of a public check; `private` is for the teacher only.
    """

    name: str
    title: str
    hidden: bool
    points: Decimal
    out_of: Decimal
    outcome: Outcome
    message: str = ""
    hint: str = ""
    private: str = ""
    seconds: float = 0.0


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What a result was made with: enough to say why a later run differs."""

    lab_sha256: str
    seed: int
    versions: dict[str, str]
    limits: dict[str, float]
    sandbox: str


class GradedSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """All checks of one submission. `submission` is the content hash of what was handed in."""

    lab: str
    student: str
    submission: str
    checks: tuple[CheckResult, ...]
    provenance: Provenance
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    restarts: int = 0

    @property
    def points(self) -> Decimal:
        """Points earned over all checks."""
        return sum((c.points for c in self.checks), Decimal(0))

    @property
    def out_of(self) -> Decimal:
        """Points that could be earned."""
        return sum((c.out_of for c in self.checks), Decimal(0))
