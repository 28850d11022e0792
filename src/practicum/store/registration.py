"""Keeping a submission: is it new, or one that is there already?"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from datetime import UTC

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from practicum.labs.intake.read import SubmissionFiles
from practicum.store.damage import unpacked
from practicum.store.schema import Blob, FileRow, SubmissionRow


def register_in(db: Session, lab: str, submitted: SubmissionFiles) -> tuple[SubmissionRow, bool]:
    """Keep a submission, in a transaction; see `Store.register`."""
    mine = (SubmissionRow.lab == lab, SubmissionRow.student == submitted.student)
    known = _without_time(db, mine, submitted) or _beside(db, mine, submitted)
    if known is not None:
        _keep_files(db, known, submitted)
        return known, False
    moment = submitted.at.astimezone(UTC).isoformat()
    uid = hashlib.sha256("\0".join((lab, submitted.student, moment, submitted.sha256)).encode()).hexdigest()[:20]
    row = SubmissionRow(
        uid=uid,
        lab=lab,
        student=submitted.student,
        at=submitted.at,
        sha256=submitted.sha256,
        notes=json.dumps(submitted.notes),
        timing=submitted.timing,
    )
    db.add(row)
    db.flush()
    _keep_files(db, row, submitted)
    return row, True


def _keep_files(db: Session, row: SubmissionRow, submitted: SubmissionFiles) -> None:
    """Keep the files of a submission, each content once; what was kept before and is damaged is put right."""
    for name, data in submitted.files.items():
        content = hashlib.sha256(data).hexdigest()
        blob = db.get(Blob, content)
        if blob is None:
            db.add(Blob(sha256=content, data=zlib.compress(data)))
            db.flush()
        elif unpacked(blob.data, content) is None:
            blob.data = zlib.compress(data)
        if db.get(FileRow, (row.id, name)) is None:
            db.add(FileRow(submission_id=row.id, name=name, size=len(data), sha256=content))


def _beside(db: Session, mine: Sequence[ColumnElement[bool]], submitted: SubmissionFiles) -> SubmissionRow | None:
    """Return the identical submission just before, just after or at the same time, at the earlier of both times."""
    order = (SubmissionRow.at, SubmissionRow.id)
    earlier = select(SubmissionRow).where(*mine, SubmissionRow.at <= submitted.at)
    before = db.scalars(earlier.order_by(*(c.desc() for c in order)).limit(1)).first()
    if before is not None and before.sha256 == submitted.sha256:
        return before
    later = select(SubmissionRow).where(*mine, SubmissionRow.at > submitted.at)
    after = db.scalars(later.order_by(*order).limit(1)).first()
    if after is not None and after.sha256 == submitted.sha256:
        after.at = submitted.at
        db.flush()
        return after
    same = (SubmissionRow.at == submitted.at, SubmissionRow.sha256 == submitted.sha256)
    return db.scalars(select(SubmissionRow).where(*mine, *same)).first()


def _without_time(db: Session, mine: Sequence[ColumnElement[bool]], submitted: SubmissionFiles) -> SubmissionRow | None:
    """Return the identical submission, where it or this one has no time to tell them apart by; a stated time becomes its."""
    alike = select(SubmissionRow).where(*mine, SubmissionRow.sha256 == submitted.sha256)
    last_first = alike.order_by(SubmissionRow.at.desc(), SubmissionRow.id.desc())
    if submitted.timing != "stated":
        return db.scalars(last_first).first()
    row = db.scalars(last_first.where(SubmissionRow.timing != "stated")).first()
    if row is not None:
        row.at, row.timing = submitted.at, submitted.timing
        db.flush()
    return row
