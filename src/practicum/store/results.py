"""What grading returns: plain, frozen records that travel as JSON or MessagePack and are kept in the store."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from practicum.labs.content_hash import ContentHash
from practicum.sandbox.outcome import Outcome


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one submission.

    `message` is for the student of a public check; `private` is for the teacher only.

    Attributes:
        seconds: by the wall clock, from start to end, without loading the submission.
        cpu_seconds: of the processor, that the submission used in it, with all its processes; 0 in a result from before this
            was measured.
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
    cpu_seconds: float = 0.0


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What a result was made with: enough to say why a later run differs."""

    lab_sha256: str
    seed: int
    versions: dict[str, str]
    limits: dict[str, float]
    sandbox: str


class GradedSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """All checks of one submission. `submission` is the content hash of what was submitted.

    Attributes:
        seconds: by the wall clock, with loading the submission.
        cpu_seconds: of the processor, that the submission used, with loading it.
        starved: the wall clock ended something that the machine had not given the time it may use.
    """

    lab: str
    student: str
    submission: ContentHash
    checks: tuple[CheckResult, ...]
    provenance: Provenance
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    restarts: int = 0
    cpu_seconds: float = 0.0
    starved: bool = False

    @property
    def points(self) -> Decimal:
        """Points earned over all checks."""
        return sum((c.points for c in self.checks), Decimal(0))

    @property
    def out_of(self) -> Decimal:
        """Points that could be earned."""
        return sum((c.out_of for c in self.checks), Decimal(0))
