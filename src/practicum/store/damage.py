"""Records of the store that cannot be read: named, with what to do, and never in the way of the others."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable

import msgspec

from practicum.errors import PracticumError
from practicum.store.results import CheckResult, GradedSubmission, Provenance
from practicum.store.schema import ResultRow, SubmissionRow

DAMAGED = "stored-result"
"""The name of the one check in what stands for a damaged result."""


class DamagedFiles(PracticumError):
    """Files of a submission cannot be read from the store."""


def graded_of(row: ResultRow, submission: SubmissionRow) -> GradedSubmission:
    """Return a result as it was kept; if that is damaged, what stands for it: its points, and one check that says so."""
    try:
        graded = msgspec.json.decode(row.record, type=GradedSubmission)
        if (graded.lab, graded.student, graded.submission) == (submission.lab, submission.student, submission.sha256):
            return graded
        why = f"it is of {graded.student} for {graded.lab}"
    except (msgspec.MsgspecError, TypeError) as error:
        why = str(error)
    about = f"the result of {submission.student} for {submission.lab}, submitted {submission.at:%Y-%m-%d %H:%M:%S} UTC"
    said = (
        f"{about}, of run {row.run_id} is damaged in the store ({why}); its {row.points} of {row.out_of} points still count. "
        f"Grade it anew: `practicum regrade {submission.lab} --only {submission.student}`, then `--publish`"
    )
    check = CheckResult(
        name=DAMAGED,
        title="The kept result is damaged",
        hidden=True,
        points=row.points,
        out_of=row.out_of,
        outcome="broken",
        private=said,
    )
    made = Provenance(lab_sha256=row.lab_sha256, seed=row.seed, versions={}, limits={}, sandbox="")
    return GradedSubmission(
        lab=submission.lab,
        student=submission.student,
        submission=submission.sha256,  # type: ignore[arg-type]
        checks=(check,),
        provenance=made,
    )


def damages(results: Iterable[GradedSubmission]) -> list[str]:
    """Return a line for each result that is damaged."""
    return [graded.checks[0].private for graded in results if graded.checks and graded.checks[0].name == DAMAGED]


def unpacked(data: bytes, sha256: str) -> bytes | None:
    """Return a file's content, or None where what is kept is not what was submitted."""
    try:
        content = zlib.decompress(data)
    except (zlib.error, TypeError):
        return None
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


def damaged_files(submission: SubmissionRow, names: Iterable[str]) -> DamagedFiles:
    """Return the error about a submission's files."""
    lab = submission.lab
    return DamagedFiles(
        f"{lab}: {', '.join(names)} of {submission.student}, submitted {submission.at:%Y-%m-%d %H:%M:%S} UTC, is damaged in the "
        f"store; put the work back into submissions/{lab} and run `practicum grade {lab}`: it is then kept anew"
    )
