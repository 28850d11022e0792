"""What the store gives back: plain records, no rows of tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NewType, cast

from practicum.gradebook.events import SubmissionId, Timing
from practicum.labs.content_hash import ContentHash
from practicum.store.damage import graded_of
from practicum.store.results import GradedSubmission
from practicum.store.schema import ResultRow, RunRow, SubmissionRow

RowId = NewType("RowId", int)
"""The number of a row in one of the tables; another store has others."""

Kind = Literal["grade", "regrade"]
Status = Literal["running", "interrupted", "finished", "published"]


@dataclass(frozen=True, slots=True)
class StoredSubmission:
    """A stored submission; `uid` is what the gradebook calls it."""

    id: RowId
    uid: SubmissionId
    lab: str
    student: str
    at: datetime
    sha256: ContentHash
    notes: tuple[str, ...] = ()
    timing: Timing = "stated"


@dataclass(frozen=True, slots=True)
class Run:
    """A stored run."""

    id: RowId
    kind: Kind
    lab: str
    lab_sha256: str
    seed: int
    versions: Mapping[str, str]
    limits: Mapping[str, float]
    started: datetime
    finished: datetime | None
    status: Status


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A stored result with its submission."""

    id: RowId
    submission: StoredSubmission
    graded: GradedSubmission
    published: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class LabHistory:
    """All that a store knows of a lab at one moment: runs, the oldest first, submissions, and published results by student."""

    runs: list[Run]
    submissions: list[StoredSubmission]
    results: list[StoredResult]


def submission_of(row: SubmissionRow) -> StoredSubmission:
    """Return the record of a row."""
    return StoredSubmission(
        id=RowId(row.id),
        uid=SubmissionId(row.uid),
        lab=row.lab,
        student=row.student,
        at=row.at,
        sha256=ContentHash(row.sha256),
        notes=_notes(row),
        timing=cast(Timing, row.timing),
    )


def run_of(row: RunRow) -> Run:
    """Return the record of a row."""
    return Run(
        id=RowId(row.id),
        kind=cast(Kind, row.kind),
        lab=row.lab,
        lab_sha256=row.lab_sha256,
        seed=row.seed,
        versions=_mapping(row.versions),
        limits=_mapping(row.limits),
        started=row.started,
        finished=row.finished,
        status=cast(Status, row.status),
    )


def stored_of(row: ResultRow, submission: SubmissionRow) -> StoredResult:
    """Return the record of a result and its submission."""
    return StoredResult(RowId(row.id), submission_of(submission), graded_of(row, submission), row.published, row.at)


def _notes(row: SubmissionRow) -> tuple[str, ...]:
    try:
        return tuple(map(str, json.loads(row.notes)))
    except (ValueError, TypeError):
        return ("the notes on this submission are damaged in the store",)


def _mapping(text: str) -> dict[str, Any]:
    """Return what a run was made with; of a damaged note nothing, since its results say it, too."""
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        return {}
