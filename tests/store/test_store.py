"""The store keeps what was submitted and what it got, once, and exactly."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from practicum.errors import PracticumError
from practicum.gradebook import events
from practicum.labs.content_hash import sha256_of
from practicum.labs.intake.read import SubmissionFiles
from practicum.store.records import Run, StoredSubmission
from practicum.store.results import CheckResult, GradedSubmission, Provenance
from practicum.store.schema import SCHEMA
from practicum.store.store import Store, events_of

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
PROVENANCE = Provenance(
    lab_sha256="a" * 64, seed=7, versions={"python": "3.11"}, limits={"cpu_seconds": 60.0}, sandbox="bubblewrap, nested"
)


def work(student: str = "s001", text: str = "x = 1\n", at: datetime = NOON, timing: events.Timing = "stated") -> SubmissionFiles:
    files = {"answer.py": text.encode()}
    return SubmissionFiles(student, at, files, sha256_of(files), ("a note",), timing)


def graded(submission: StoredSubmission, points: str = "2.5", provenance: Provenance = PROVENANCE) -> GradedSubmission:
    check = CheckResult(
        name="test_a", title="A", hidden=False, points=Decimal(points), out_of=Decimal(10), outcome="partial", message="½ <b>"
    )
    return GradedSubmission(
        lab=submission.lab, student=submission.student, submission=submission.sha256, checks=(check,), provenance=provenance
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "practicum.db"


def started(store: Store, kind: str = "grade", provenance: Provenance = PROVENANCE) -> Run:
    return store.start_run(kind, "perceptron", provenance)  # type: ignore[arg-type]


def test_work_comes_back_as_it_was_handed_in(path: Path) -> None:
    at = datetime(2027, 3, 1, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=8)))
    with Store(path) as store:
        kept, new = store.register("perceptron", work(at=at))
        assert new
    with Store(path) as store:
        assert store.submissions("perceptron") == [kept]
        assert kept.at == at
        assert kept.notes == ("a note",)
        assert store.files(kept.id) == {"answer.py": b"x = 1\n"}
        assert store.submissions("backprop") == []


def test_the_same_work_again_is_the_same_submission_at_its_earlier_time(path: Path) -> None:
    with Store(path) as store:
        first, _ = store.register("perceptron", work())
        later, new = store.register("perceptron", work(at=NOON + timedelta(days=2)))
        assert (later, new) == (first, False)
        earlier, new = store.register("perceptron", work(at=NOON - timedelta(days=1)))
        assert (earlier.uid, earlier.at, new) == (first.uid, NOON - timedelta(days=1), False)
        assert len(store.submissions()) == 1


def test_going_back_to_earlier_work_is_a_new_submission(path: Path) -> None:
    with Store(path) as store:
        for day, text in enumerate("aba"):
            store.register("perceptron", work(text=text, at=NOON + timedelta(days=day)))
        assert len(store.submissions()) == 3
        for day, text in enumerate("aba"):  # the same folder read anew
            assert not store.register("perceptron", work(text=text, at=NOON + timedelta(days=day)))[1]


def test_what_many_hand_in_alike_is_kept_once(path: Path) -> None:
    with Store(path) as store:
        for number in range(5):
            store.register("perceptron", work(f"s{number:03}"))
    with sqlite3.connect(path) as db:
        assert db.execute("select count(*) from blobs").fetchone() == (1,)
        assert db.execute("select count(*) from files").fetchone() == (5,)


def test_a_result_is_kept_once_and_exactly(path: Path) -> None:
    with Store(path) as store:
        submission, _ = store.register("perceptron", work())
        run = started(store)
        result = graded(submission, "0.1")
        first = store.add(run, submission, result, publish=True)
        assert store.add(run, submission, result, publish=True) == first
        (stored,) = store.results("perceptron")
        assert stored.graded == result
        assert stored.submission == submission
    uid = submission.uid
    assert events_of(path) == [
        events.Submission(uid, "s001", "perceptron", NOON),
        events.Result(uid, "s001", "perceptron", Decimal("0.1"), Decimal(10)),
    ]


def test_the_gradebook_sees_only_what_is_published(path: Path) -> None:
    other = Provenance(lab_sha256="b" * 64, seed=7, versions={}, limits={}, sandbox="none")
    with Store(path) as store:
        submission, _ = store.register("perceptron", work())
        store.add(started(store), submission, graded(submission, "2"), publish=True)
        run = started(store, "regrade", other)
        store.add(run, submission, graded(submission, "9", other), publish=False)
        assert [e.score for e in events_of(path) if isinstance(e, events.Result)] == [Decimal(2)]
        assert [r.graded.points for r in store.results(published=False)] == [Decimal(9)]
        assert [r.graded.points for r in store.proposed(run.id)] == [Decimal(9)]
        assert store.publish(run.id) == 1
        assert [e.score for e in events_of(path) if isinstance(e, events.Result)] == [Decimal(9)]
        assert store.runs()[-1].status == "published"


def test_a_second_published_result_is_refused_by_the_database(path: Path) -> None:
    other = Provenance(lab_sha256="b" * 64, seed=7, versions={}, limits={}, sandbox="none")
    with Store(path) as store:
        submission, _ = store.register("perceptron", work())
        run = started(store)
        first = store.add(run, submission, graded(submission), publish=True)
        assert store.add(started(store), submission, graded(submission, "9", other), publish=True) == first
        assert len(store.results(published=None)) == 1
        store.add(started(store, "regrade"), submission, graded(submission, "9", other), publish=False)
    with sqlite3.connect(path) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("update results set published = 1")


def test_publishing_is_all_or_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Provenance(lab_sha256="b" * 64, seed=7, versions={}, limits={}, sandbox="none")
    with Store(path) as store:
        grade, regrade = started(store), started(store, "regrade", other)
        for number in range(3):
            submission, _ = store.register("perceptron", work(f"s{number}"))
            store.add(grade, submission, graded(submission, "1"), publish=True)
            store.add(regrade, submission, graded(submission, "5", other), publish=False)
    with sqlite3.connect(path) as db:
        db.execute(
            "create trigger full before update on results when new.id = 6 and new.published "
            "begin select raise(abort, 'disk'); end"
        )
    with Store(path) as store, pytest.raises(PracticumError, match="disk"):
        store.publish(regrade.id)
    assert [e.score for e in events_of(path) if isinstance(e, events.Result)] == [Decimal(1)] * 3


def test_a_store_that_does_not_exist_has_no_events_and_is_not_made(path: Path) -> None:
    assert events_of(path) == []
    assert not path.exists()


def test_a_newer_store_is_refused(path: Path) -> None:
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("update meta set value = '99' where key = 'schema'")
    with pytest.raises(PracticumError, match=r"schema 99.*newer Practicum"):
        Store(path)


def test_a_store_of_an_earlier_version_gets_what_it_lacks(path: Path) -> None:
    shutil.copy(Path(__file__).parent.parent / "legacy" / "workspace" / "practicum.db", path)
    before = sqlite3.connect(path)
    assert before.execute("select value from meta").fetchall() == [("1",)]
    kept = before.execute("select student, at, sha256 from submissions order by lab, student, at, id").fetchall()
    before.close()
    for _ in range(2):  # once is enough
        with Store(path) as store:
            now = store.submissions()
            assert [(s.student, s.at.isoformat(timespec="microseconds"), s.sha256) for s in now] == kept
            assert {s.timing for s in now} == {"stated"}
            assert {e.timing for e in events_of(path) if isinstance(e, events.Submission)} == {"stated"}
        with sqlite3.connect(path) as db:
            assert db.execute("select value from meta").fetchone() == (str(SCHEMA),)
    with Store(path) as store:
        submission, new = store.register("perceptron", work("zoe", timing="unknown"))
        assert (submission.timing, new) == ("unknown", True)
        assert store.submissions("perceptron")[-1] == submission


def test_work_without_a_time_is_not_new_when_it_is_read_again(path: Path) -> None:
    with Store(path) as store:
        for again in range(3):  # two entries of one student, and the folder read thrice
            for number, text in enumerate("ab"):
                at = NOON + timedelta(days=again, seconds=number)
                assert store.register("perceptron", work(text=text, at=at, timing="unknown"))[1] is (again == 0)
        assert [s.at for s in store.submissions()] == [NOON, NOON + timedelta(seconds=1)]


def test_a_time_that_is_stated_later_on_counts(path: Path) -> None:
    early = NOON - timedelta(days=9)
    with Store(path) as store:
        first, _ = store.register("perceptron", work(timing="unknown"))
        again, new = store.register("perceptron", work(at=early))
        assert (again.uid, again.at, again.timing, new) == (first.uid, early, "stated", False)
        once_more, new = store.register("perceptron", work(at=NOON, timing="late"))
        assert (once_more, new) == (again, False)
        assert store.submissions() == [again]


def test_what_is_no_store_is_refused(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"hello" * 1000)
    with pytest.raises(PracticumError, match="not a database"):
        Store(path)
    with pytest.raises(PracticumError, match="cannot be used"):
        Store(tmp_path / "nowhere" / "practicum.db")
    with pytest.raises(PracticumError, match="expected the path"):
        Store("nosuchdatabase://host/name")


def test_two_writers_at_once_wait_for_each_other(path: Path) -> None:
    def write(name: str) -> None:
        with Store(path) as store:
            for number in range(20):
                store.register("perceptron", work(f"{name}{number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store(path) as store:
        assert len(store.submissions()) == 40


WRITER = """
import sys, itertools
sys.path.insert(0, sys.argv[2])
from test_store import Store, started, work, graded
with Store(sys.argv[1]) as store:
    run = started(store)
    for n in itertools.count():
        submission, _ = store.register("perceptron", work(f"s{n}"))
        store.add(run, submission, graded(submission), publish=True)
        print(n, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.05, 0.11])
def test_a_kill_at_any_moment_leaves_it_whole(path: Path, delay: float) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    said = 1 + len(process.communicate()[0].split())
    with Store(path) as store:
        results = store.results()
        assert said <= len(results) <= said + 1
        assert len(results) <= len(store.submissions()) <= len(results) + 1
        assert all(store.files(submission.id) for submission in store.submissions())
    with sqlite3.connect(path) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        assert db.execute("pragma foreign_key_check").fetchall() == []


def test_a_store_has_a_secret_of_its_own_for_good(tmp_path: Path) -> None:
    secrets = []
    for name in ("a", "b", "a"):
        with Store(tmp_path / f"{name}.db") as store:
            secrets.append(store.secret)
            started(store)
    assert secrets[0] == secrets[2] != secrets[1]
    assert len(secrets[0]) == 64


def test_a_store_with_runs_from_before_there_were_secrets_has_none(path: Path) -> None:
    with Store(path) as store:
        started(store)
    for runs, secret in ((1, 0), (0, 64)):
        with sqlite3.connect(path) as db:
            db.execute("DELETE FROM meta WHERE key = 'secret'")
            if not runs:
                db.execute("DELETE FROM runs")
        db.close()
        with Store(path) as store:
            assert len(store.secret) == secret
