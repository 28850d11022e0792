"""The store: what was submitted, what it got, and with what it was graded. SQLite by default, any SQLAlchemy URL.

Every change is one transaction, so a store whose process is killed at any moment is whole. Files are kept by content, so a
regrade needs no folder. Of the results of a submission at most one is published, which the database itself enforces;
the gradebook sees that one only.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import msgspec
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from practicum.errors import PracticumError
from practicum.gradebook import events
from practicum.labs.intake.read import SubmissionFiles
from practicum.store.look import readable
from practicum.store.queries import file_sizes_in, files_in, proposed_in, results_in, runs_in, submissions_in
from practicum.store.records import (
    Kind,
    LabHistory,
    RowId,
    Run,
    Status,
    StoredResult,
    StoredSubmission,
    run_of,
    stored_of,
    submission_of,
)
from practicum.store.registration import register_in
from practicum.store.results import GradedSubmission, Provenance
from practicum.store.schema import (
    SCHEMA,
    UPGRADES,
    Base,
    DamagedValue,
    Meta,
    ProposalRow,
    ResultRow,
    RunRow,
    SubmissionRow,
    engine_of,
)


class Store:
    """A store, opened or made.

    Args:
        where: the path of an SQLite file, or a SQLAlchemy URL.

    Attributes:
        secret: what leads, with the seed of a run, to the inputs of its checks: 256 random bits, made with the store. A store
            that had runs before there were secrets has none, so that its results keep their meaning.

    Raises:
        PracticumError: it cannot be opened, is no store, or was made by a newer Practicum.
    """

    def __init__(self, where: str | Path) -> None:
        self.url = where if isinstance(where, str) and "://" in where else f"sqlite:///{Path(where)}"
        self.name = str(where)
        try:
            self._engine = engine_of(self.url)
        except (SQLAlchemyError, ImportError) as error:
            raise PracticumError(f"{self.name}: expected the path of a store or a database URL, got neither ({error})") from None
        self._writer = self._engine.execution_options(practicum_write=True)
        self._open()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _open(self) -> None:
        with self.writing() as db:
            found = None
            if inspect(db.connection()).has_table(Meta.__tablename__):
                found = db.get(Meta, "schema")
            if found is None:
                Base.metadata.create_all(db.connection())
                db.add(Meta(key="schema", value=str(SCHEMA)))
            elif int(found.value) > SCHEMA:
                raise PracticumError(
                    f"{self.name}: this store has schema {found.value}, this Practicum knows up to {SCHEMA}: "
                    "a newer Practicum made it. Upgrade this one (`pip install -U practicum`)"
                )
            else:
                for schema in range(int(found.value) + 1, SCHEMA + 1):
                    db.execute(text(UPGRADES[schema]))
                    found.value = str(schema)
            secret = db.get(Meta, "secret")
            if secret is None and db.scalars(select(RunRow.id).limit(1)).first() is None:
                secret = Meta(key="secret", value=secrets.token_hex(32))
                db.add(secret)
            self.secret = "" if secret is None else secret.value

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session to look with.

        Raises:
            PracticumError: the database cannot be used, or a time or number in it is none.
        """
        try:
            with Session(self._engine, expire_on_commit=False) as db:
                yield db
        except (SQLAlchemyError, DamagedValue) as error:
            raise self._explained(error) from error

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose changes are one transaction.

        Raises:
            PracticumError: as for `reading`.
        """
        try:
            with Session(self._writer, expire_on_commit=False) as db, db.begin():
                yield db
        except (SQLAlchemyError, DamagedValue) as error:
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> PracticumError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        return PracticumError(f"{self.name}: the store cannot be used: {cause}")

    # Submissions

    def register(self, lab: str, submitted: SubmissionFiles) -> tuple[StoredSubmission, bool]:
        """Keep a submission.

        What is identical to the same student's submission just before or just after it is that submission, at the
        earlier of both times: copying a folder anew, which may change its dates, makes nobody late. Where no time is stated,
        it is the one that is there already, and a time that is stated later on becomes that one's time.

        Returns:
            the submission, and whether it is new.
        """
        with self.writing() as db:
            row, new = register_in(db, lab, submitted)
            return submission_of(row), new

    def files(self, submission: RowId) -> dict[str, bytes]:
        """Return the files of a submission.

        Raises:
            DamagedFiles: one of them is not what was kept.
        """
        with self.reading() as db:
            return files_in(db, submission)

    def submissions(self, lab: str | None = None) -> list[StoredSubmission]:
        """Return all submissions (of a lab), by student and time."""
        with self.reading() as db:
            return submissions_in(db, lab)

    def file_sizes(self, lab: str | None = None) -> dict[RowId, dict[str, int]]:
        """Return the names and sizes of the files of each submission (of a lab)."""
        with self.reading() as db:
            return file_sizes_in(db, lab)

    # Runs

    def start_run(self, kind: Kind, lab: str, made: Provenance | Callable[[list[Run]], Provenance]) -> Run:
        """Begin a run, with a provenance, or with what is made of the runs so far: no other run begins meanwhile."""
        with self.writing() as db:
            provenance = made if isinstance(made, Provenance) else made(runs_in(db, lab))
            row = RunRow(
                kind=kind,
                lab=lab,
                lab_sha256=provenance.lab_sha256,
                seed=provenance.seed,
                versions=json.dumps(provenance.versions),
                limits=json.dumps(provenance.limits),
                started=datetime.now(UTC),
                finished=None,
                status="running",
            )
            db.add(row)
            db.flush()
            return run_of(row)

    def mark_run(self, run: RowId, status: Status) -> None:
        """Say how a run stands."""
        finished = datetime.now(UTC) if status != "running" else None
        with self.writing() as db:
            db.execute(update(RunRow).where(RunRow.id == run).values(status=status, finished=finished))

    def runs(self, lab: str | None = None) -> list[Run]:
        """Return all runs (of a lab), the oldest first."""
        with self.reading() as db:
            return runs_in(db, lab)

    def history(self, lab: str) -> LabHistory:
        """Return all that grading needs to know of a lab, in one look."""
        with self.reading() as db:
            return LabHistory(runs_in(db, lab), submissions_in(db, lab), results_in(db, lab, published=True))

    # Results

    def add(self, run: Run, submission: StoredSubmission, graded: GradedSubmission, publish: bool) -> StoredResult:
        """Keep a result: in one run a submission has one.

        Args:
            run: whose result it is.
            submission: what was graded.
            graded: the result.
            publish: show it to the gradebook; if the submission has a published result already, that one stays alone.

        Returns:
            the result that is there now.
        """
        mine = select(ResultRow).where(ResultRow.submission_id == submission.id)
        with self.writing() as db:
            there = db.scalars(mine.where(ResultRow.published if publish else ResultRow.run_id == run.id)).first()
            if there is not None:
                return stored_of(there, db.get_one(SubmissionRow, submission.id))
            row = ResultRow(
                submission_id=submission.id,
                run_id=run.id,
                lab_sha256=graded.provenance.lab_sha256,
                seed=graded.provenance.seed,
                points=graded.points,
                out_of=graded.out_of,
                published=publish,
                at=datetime.now(UTC),
                record=msgspec.json.encode(graded),
            )
            db.add(row)
            db.flush()
            if run.kind == "regrade":
                db.add(ProposalRow(run_id=run.id, submission_id=submission.id, result_id=row.id))
            return StoredResult(RowId(row.id), submission, graded, publish, row.at)

    def results(self, lab: str | None = None, *, published: bool | None = True) -> list[StoredResult]:
        """Return results (of a lab), by student and time submitted.

        Args:
            lab: one lab only.
            published: only published ones, only others (False), or all (None).
        """
        with self.reading() as db:
            return results_in(db, lab, published)

    # Regrades

    def propose(self, run: RowId, results: Iterable[StoredResult]) -> None:
        """Make results part of a regrade."""
        with self.writing() as db:
            for result in results:
                db.merge(ProposalRow(run_id=run, submission_id=result.submission.id, result_id=result.id))

    def proposed(self, run: RowId) -> list[StoredResult]:
        """Return the results that a regrade would publish."""
        with self.reading() as db:
            return proposed_in(db, run)

    def publish(self, run: RowId) -> int:
        """Make a regrade's results the published ones: all of them, or on any error none.

        Returns:
            how many submissions it has.
        """
        with self.writing() as db:
            wanted = select(ProposalRow.submission_id, ProposalRow.result_id).where(ProposalRow.run_id == run)
            pairs = db.execute(wanted).all()
            for submission, result in pairs:
                others = (ResultRow.submission_id == submission, ResultRow.published, ResultRow.id != result)
                db.execute(update(ResultRow).where(*others).values(published=False))
                db.execute(update(ResultRow).where(ResultRow.id == result).values(published=True))
            db.execute(update(RunRow).where(RunRow.id == run).values(status="published"))
            return len(pairs)


def events_of(db: Path | str) -> list[events.Submission | events.Result]:
    """Return what a store knows, as the gradebook's events: every submission, and the published results.

    A path at which there is no store yet has no events, and none is made.
    """
    if not (isinstance(db, str) and "://" in db) and not Path(db).exists():
        return []
    wanted = select(ResultRow.points, ResultRow.out_of, SubmissionRow.uid, SubmissionRow.student, SubmissionRow.lab)
    wanted = wanted.join(SubmissionRow, SubmissionRow.id == ResultRow.submission_id).where(ResultRow.published)
    with readable(db) as where, Store(where) as store, store.reading() as session:
        found: list[events.Submission | events.Result] = [
            events.Submission(s.uid, s.student, s.lab, s.at, s.timing) for s in submissions_in(session, None)
        ]
        for points, out_of, uid, student, lab in session.execute(wanted.order_by(ResultRow.id)):
            found.append(events.Result(events.SubmissionId(uid), student, lab, points, out_of))
        return found
