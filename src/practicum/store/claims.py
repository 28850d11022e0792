"""Who grades a submission at this moment: so two graders of one store share the work, and none does the other's again.

A claim lapses when its process on this machine is gone, and else when it has not been renewed for a while. A lapsed claim costs
nothing but work done twice: of two results of a submission the store publishes the first.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TypeVar, cast

from sqlalchemy import Table, delete, func, insert, inspect, select, update
from sqlalchemy.orm import Session

from practicum.errors import PracticumError
from practicum.store.queries import published_for
from practicum.store.records import RowId, StoredResult, StoredSubmission
from practicum.store.schema import ClaimRow, ResultRow, SubmissionRow
from practicum.store.store import Store

RENEW_SECONDS = 10.0
LAPSE = timedelta(seconds=60)
LOOK_SECONDS = 0.3

Group = TypeVar("Group", bound=Sequence[StoredSubmission])


class Claims:
    """The claims of one grader, renewed while the context lasts and given back at its end.

    Args:
        store: what is graded.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._holder = secrets.token_hex(8)
        self._since = datetime.now(UTC)
        self._over = threading.Event()
        self._renewal = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> Claims:
        with self._store.writing() as db:
            cast(Table, ClaimRow.__table__).create(db.connection(), checkfirst=True)  # a store of an earlier version has none
        self._renewal.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._renewal.join()
        self._give_back()

    def take(self, submissions: Sequence[StoredSubmission]) -> bool:
        """Claim submissions, all of them; false where they have results by now, or another grader has one of them."""
        ids = [submission.id for submission in submissions]
        with self._store.writing() as db:
            graded = select(func.count()).where(ResultRow.submission_id.in_(ids), ResultRow.published)  # one each at most
            there = list(db.scalars(select(ClaimRow).where(ClaimRow.submission_id.in_(ids))))
            if db.scalar(graded) == len(ids) or any(row.holder != self._holder and _is_alive(row) for row in there):
                return False
            if there:
                db.execute(delete(ClaimRow).where(ClaimRow.submission_id.in_(ids)))
            mine = {"holder": self._holder, "host": socket.gethostname(), "pid": os.getpid(), "since": self._since}
            claims = [{**mine, "submission_id": each, "until": datetime.now(UTC) + LAPSE} for each in ids]
            db.execute(insert(ClaimRow), claims)
            return True

    def settle(self, groups: Sequence[Group]) -> Iterator[tuple[Group, list[StoredResult]]]:
        """Give back what is claimed here, and wait for other graders.

        Yield each group with its results as they come, or without once nobody has it any more.
        """
        self._give_back()  # what got no result: or two graders could wait for each other
        waiting = list(groups)
        while waiting:
            before = len(waiting)
            for group in list(waiting):
                ids = [submission.id for submission in group]
                with self._store.reading() as db:
                    results, held = published_for(db, ids), _held_by_others(db, ids, self._holder)
                if len(results) == len(ids) or not held:
                    waiting.remove(group)
                    yield group, results
            if len(waiting) == before:
                time.sleep(LOOK_SECONDS)

    def _give_back(self) -> None:
        with self._store.writing() as db:
            db.execute(delete(ClaimRow).where(ClaimRow.holder == self._holder))

    def _renew(self) -> None:
        while not self._over.wait(RENEW_SECONDS):
            try:
                with self._store.writing() as db:
                    db.execute(update(ClaimRow).where(ClaimRow.holder == self._holder).values(until=datetime.now(UTC) + LAPSE))
            except PracticumError:
                continue  # the store is busy: if it stays so, the claims lapse, which costs work done twice


def other_graders(store: Store, lab: str) -> list[str]:
    """Return who grades a lab at this moment, in words: `process 4711 on ada since 12:30:05 UTC`."""
    with store.reading() as db:
        if not inspect(db.connection()).has_table(ClaimRow.__tablename__):
            return []
        wanted = select(ClaimRow).join(SubmissionRow, SubmissionRow.id == ClaimRow.submission_id).where(SubmissionRow.lab == lab)
        alive = [row for row in db.scalars(wanted.order_by(ClaimRow.since)) if _is_alive(row)]
        words = [f"process {row.pid} on {row.host} since {row.since:%H:%M:%S} UTC" for row in alive]
    return list(dict.fromkeys(words))


def _held_by_others(db: Session, ids: Iterable[RowId], holder: str) -> bool:
    wanted = select(ClaimRow).where(ClaimRow.submission_id.in_(list(ids)), ClaimRow.holder != holder)
    return any(_is_alive(row) for row in db.scalars(wanted))


def _is_alive(row: ClaimRow) -> bool:
    if row.until < datetime.now(UTC):
        return False
    if row.host != socket.gethostname():
        return True
    try:
        os.kill(row.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process
        return True
    return True
