"""What the store is asked for in one transaction, as plain records."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from practicum.store.damage import damaged_files, unpacked
from practicum.store.records import RowId, Run, StoredResult, StoredSubmission, run_of, stored_of, submission_of
from practicum.store.schema import Blob, FileRow, ProposalRow, ResultRow, RunRow, SubmissionRow


def submissions_in(db: Session, lab: str | None) -> list[StoredSubmission]:
    """Return all submissions (of a lab), by student and time."""
    wanted = select(SubmissionRow).order_by(SubmissionRow.lab, SubmissionRow.student, SubmissionRow.at, SubmissionRow.id)
    return [submission_of(row) for row in db.scalars(wanted.where(SubmissionRow.lab == lab) if lab else wanted)]


def file_sizes_in(db: Session, lab: str | None) -> dict[RowId, dict[str, int]]:
    """Return the names and sizes of the files of each submission (of a lab)."""
    wanted = select(FileRow).join(SubmissionRow, SubmissionRow.id == FileRow.submission_id).order_by(FileRow.name)
    found: dict[RowId, dict[str, int]] = {}
    for row in db.scalars(wanted.where(SubmissionRow.lab == lab) if lab else wanted):
        found.setdefault(RowId(row.submission_id), {})[row.name] = row.size
    return found


def files_in(db: Session, submission: RowId) -> dict[str, bytes]:
    """Return the files of a submission.

    Raises:
        DamagedFiles: one of them is not what was kept.
    """
    wanted = select(FileRow.name, Blob.data, FileRow.sha256).join(Blob, Blob.sha256 == FileRow.sha256)
    rows = db.execute(wanted.where(FileRow.submission_id == submission))
    found = {name: unpacked(data, sha256) for name, data, sha256 in rows}
    if damaged := [name for name, data in found.items() if data is None]:
        raise damaged_files(db.get_one(SubmissionRow, submission), damaged)
    return {name: data for name, data in found.items() if data is not None}


def runs_in(db: Session, lab: str | None) -> list[Run]:
    """Return all runs (of a lab), the oldest first."""
    wanted = select(RunRow).order_by(RunRow.id)
    return [run_of(row) for row in db.scalars(wanted.where(RunRow.lab == lab) if lab else wanted)]


def results_in(db: Session, lab: str | None, published: bool | None) -> list[StoredResult]:
    """Return results (of a lab) by student and time submitted: only published ones, only others (False), or all (None)."""
    wanted = select(ResultRow, SubmissionRow).join(SubmissionRow, SubmissionRow.id == ResultRow.submission_id)
    wanted = wanted.order_by(SubmissionRow.lab, SubmissionRow.student, SubmissionRow.at, SubmissionRow.id, ResultRow.id)
    if lab:
        wanted = wanted.where(SubmissionRow.lab == lab)
    if published is not None:
        wanted = wanted.where(ResultRow.published.is_(published))
    return [stored_of(result, submission) for result, submission in db.execute(wanted)]


def published_for(db: Session, submissions: Sequence[RowId]) -> list[StoredResult]:
    """Return the published results of submissions."""
    wanted = select(ResultRow, SubmissionRow).join(SubmissionRow, SubmissionRow.id == ResultRow.submission_id)
    wanted = wanted.where(ResultRow.submission_id.in_(submissions), ResultRow.published)
    return [stored_of(result, submission) for result, submission in db.execute(wanted)]


def proposed_in(db: Session, run: RowId) -> list[StoredResult]:
    """Return the results that a regrade would publish, by student and time submitted."""
    wanted = select(ResultRow, SubmissionRow).join(ProposalRow, ProposalRow.result_id == ResultRow.id)
    wanted = wanted.join(SubmissionRow, SubmissionRow.id == ResultRow.submission_id).where(ProposalRow.run_id == run)
    wanted = wanted.order_by(SubmissionRow.student, SubmissionRow.at, SubmissionRow.id)
    return [stored_of(result, submission) for result, submission in db.execute(wanted)]
