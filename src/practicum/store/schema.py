"""The tables of the store."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from practicum.private import make_private

SCHEMA = 2
"""The version of these tables. A change of them raises it, and adds to `UPGRADES` what an older store lacks."""

UPGRADES = {2: "ALTER TABLE submissions ADD COLUMN timing VARCHAR(20) NOT NULL DEFAULT 'stated'"}
"""By schema, the statement that makes it from the one before."""

BUSY_SECONDS = 30.0
"""How long one process waits for another's transaction."""


class DamagedValue(Exception):
    """Something in the database is not of its kind."""


class Moment(TypeDecorator[datetime]):
    """An aware time, kept as ISO text in UTC of one length, which sorts as the times do on every database."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database."""
        try:
            return None if value is None else datetime.fromisoformat(value)
        except (ValueError, TypeError):
            raise DamagedValue(f"expected a time, got {value!r}; take the store from its last backup") from None


class Exact(TypeDecorator[Decimal]):
    """A decimal, kept as text so that no database rounds it."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """From the database."""
        try:
            return None if value is None else Decimal(value)
        except (ArithmeticError, ValueError, TypeError):
            raise DamagedValue(f"expected a number, got {value!r}; take the store from its last backup") from None


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData()
    type_annotation_map = {datetime: Moment, Decimal: Exact}  # noqa: RUF012  (SQLAlchemy's own name and form)


class Meta(Base):
    """Facts about the store itself: its schema."""

    __tablename__ = "meta"
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Blob(Base):
    """A file's content, compressed, by its own hash: what many students submit alike is kept once."""

    __tablename__ = "blobs"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class SubmissionRow(Base):
    """What a student submitted for a lab, and when."""

    __tablename__ = "submissions"
    __table_args__ = (UniqueConstraint("lab", "student", "at", "sha256"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    lab: Mapped[str] = mapped_column(String(200), index=True)
    student: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    sha256: Mapped[str] = mapped_column(String(64))
    notes: Mapped[str] = mapped_column(Text)  # JSON
    timing: Mapped[str] = mapped_column(String(20), server_default="stated")  # stated, late, unknown


class FileRow(Base):
    """One file of a submission."""

    __tablename__ = "files"
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"))


class RunRow(Base):
    """One time that a lab was graded."""

    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # grade, regrade
    lab: Mapped[str] = mapped_column(String(200), index=True)
    lab_sha256: Mapped[str] = mapped_column(String(64))
    seed: Mapped[int] = mapped_column(BigInteger)
    versions: Mapped[str] = mapped_column(Text)  # JSON
    limits: Mapped[str] = mapped_column(Text)  # JSON
    started: Mapped[datetime]
    finished: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(20))  # running, interrupted, finished, published


_ONE_PUBLISHED = Index("one_published_result", "submission_id", unique=True, sqlite_where=text("published"))


class ResultRow(Base):
    """What a submission got in a run. Of all its results at most one is published."""

    __tablename__ = "results"
    __table_args__ = (
        UniqueConstraint("run_id", "submission_id"),
        _ONE_PUBLISHED,
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    lab_sha256: Mapped[str] = mapped_column(String(64))
    seed: Mapped[int] = mapped_column(BigInteger)
    points: Mapped[Decimal]
    out_of: Mapped[Decimal]
    published: Mapped[bool]
    at: Mapped[datetime]
    record: Mapped[bytes] = mapped_column(LargeBinary)  # GradedSubmission as JSON


class ClaimRow(Base):
    """Who grades a submission at this moment; see `practicum.store.claims`."""

    __tablename__ = "claims"
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    holder: Mapped[str] = mapped_column(String(32), index=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    since: Mapped[datetime]
    until: Mapped[datetime]


class ProposalRow(Base):
    """A result that a regrade would publish."""

    __tablename__ = "proposals"
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    result_id: Mapped[int] = mapped_column(ForeignKey("results.id"))


def engine_of(url: str) -> Engine:
    """Return an engine for a database.

    In SQLite, readers do not wait for a writer, writers wait for each other, and a transaction that will write says so
    when it begins, so that two of them cannot fail over which goes first.
    """
    if not url.startswith("sqlite"):
        engine = create_engine(url)
        if engine.dialect.name == "postgresql":  # an option named above would load its drivers for every command
            _ONE_PUBLISHED.dialect_options["postgresql"]["where"] = text("published")
        return engine
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    database = engine.url.database
    if database and not database.startswith((":memory:", "file:")) and not Path(database).exists():
        with contextlib.suppress(OSError):  # why it cannot be made, SQLite says
            make_private(Path(database))  # the files beside it get its mode

    @event.listens_for(engine, "connect")
    def settings(connection: Any, record: object) -> None:
        connection.isolation_level = None  # transactions begin below, not where the driver thinks
        _use_wal(connection)
        for setting in ("synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("practicum_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_wal(connection: Any) -> None:
    """Switch a new file to its write-ahead log; SQLite does not wait here by itself when another process does the same."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
