"""Two graders of one store share the work; damaged records are named, and the others are graded all the same."""

from __future__ import annotations

import subprocess
import sys
import threading
import zlib
from collections.abc import Generator, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from practicum.errors import PracticumError
from practicum.grading import regrade
from practicum.grading.grade import Report, grade_folder
from practicum.grading.grader import GradingRequest
from practicum.labs.lab import Lab
from practicum.store import claims as module
from practicum.store.claims import LAPSE, Claims, other_graders
from practicum.store.damage import DAMAGED, DamagedFiles
from practicum.store.results import GradedSubmission
from practicum.store.schema import Blob, ClaimRow, FileRow, ResultRow, SubmissionRow
from practicum.store.store import Store, events_of
from tests.grading.tiny import Fake, submit, tiny_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return tiny_lab(tmp_path / "sums")


def class_of(folder: Path, count: int) -> Path:
    return submit(folder, {f"s{n:02}": f"# {n % 9}\n# of {n}\n" for n in range(count)})


def grade(lab: Lab, folder: Path, store: Store, backend: Fake) -> Report:
    return grade_folder(lab, folder, store, UTC, backend)


class Together(Fake):
    """Two of them take turns, so that both have asked for their first submission before either gets a result."""

    def __init__(self, lab: Lab, turn: threading.Barrier) -> None:
        super().__init__(lab)
        self.turn = turn

    def grade(self, requests: Iterable[GradingRequest]) -> Generator[GradedSubmission, None, None]:
        source = iter(requests)
        for number, request in enumerate(source):
            self.requests.append(request)
            if number == 0:
                self.turn.wait(60)
            yield self.result(request)


def test_two_graders_at_once_grade_each_submission_once(lab: Lab, tmp_path: Path) -> None:
    folder, file = class_of(tmp_path / "in", 12), tmp_path / "practicum.db"
    turn = threading.Barrier(2)
    backends = [Together(lab, turn), Together(lab, turn)]
    reports: list[Report] = []

    def one(backend: Fake) -> None:
        with Store(file) as store:
            reports.append(grade(lab, folder, store, backend))

    threads = [threading.Thread(target=one, args=(backend,)) for backend in backends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    asked = [request.student for backend in backends for request in backend.requests]
    assert sorted(asked) == [f"s{n:02}" for n in range(12)], "nobody twice, nobody forgotten"
    assert all(backend.requests for backend in backends)
    assert {request.seed for backend in backends for request in backend.requests} == {
        reports[0].results[0].graded.provenance.seed
    }
    assert [len(report.results) for report in reports] == [12, 12], "each of them has everybody's result"
    assert not any(report.ungraded for report in reports)
    assert any("another grader's, who graded at the same time" in note for report in reports for note in report.notes)
    with Store(file) as store:
        assert len(store.results(published=None)) == 12
        assert [run.status for run in store.runs()] == ["finished", "finished"]
        with store.reading() as db:
            assert list(db.scalars(select(ClaimRow))) == []


def stored(lab: Lab, folder: Path, store: Store) -> list[module.StoredSubmission]:
    """The class in the store, with one result."""
    with pytest.raises(KeyboardInterrupt):
        grade(lab, folder, store, Fake(lab, stop=(1, KeyboardInterrupt())))
    return store.submissions(lab.name)


def test_a_claim_is_held_taken_back_and_lapses(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path / "practicum.db") as store:
        done, one, two, three = stored(lab, class_of(tmp_path / "in", 4), store)
        with Claims(store) as mine, Claims(store) as theirs:
            assert not mine.take([done]), "it has a result"
            assert mine.take([one, two])
            assert mine.take([one])
            assert not theirs.take([two, three])
            assert theirs.take([three])
            who, *_ = other_graders(store, lab.name)
            assert who.startswith("process ")
            assert other_graders(store, "another lab") == []
            with store.writing() as db:
                db.execute(update(ClaimRow).values(until=datetime.now(UTC) - timedelta(seconds=1)))
            assert theirs.take([two]), "it has lapsed"
        with Claims(store) as again:
            assert again.take([one, two, three]), "given back at the end"
            dead = subprocess.run(
                [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
            )
            with store.writing() as db:
                db.execute(update(ClaimRow).values(pid=int(dead.stdout)))
            with Claims(store) as heir:
                assert heir.take([one]), "its process is gone"
                with store.writing() as db:
                    db.execute(update(ClaimRow).values(pid=int(dead.stdout), host="elsewhere"))
                assert not again.take([one]), "of another machine nobody can tell before it lapses"


def test_a_claim_is_renewed_while_it_lasts(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = threading.Event()
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.01)
    with Store(tmp_path / "practicum.db") as store:
        _, one, *_ = stored(lab, class_of(tmp_path / "in", 2), store)
        with Claims(store) as mine:
            mine.take([one])
            early = datetime.now(UTC) - LAPSE
            with store.writing() as db:
                db.execute(update(ClaimRow).values(until=early))
            for _ in range(3000):
                with store.reading() as db:
                    if db.scalars(select(ClaimRow)).one().until > datetime.now(UTC):
                        renewed.set()
                        break
                threading.Event().wait(0.01)
    assert renewed.is_set()


def test_what_a_grader_gave_up_the_other_takes_over(lab: Lab, tmp_path: Path) -> None:
    folder = class_of(tmp_path / "in", 3)
    with Store(tmp_path / "practicum.db") as store:
        done, one, two = stored(lab, folder, store)
        other = Claims(store)
        with other:
            other.take([one])
            timer = threading.Timer(0.3, lambda: _drop(store))
            timer.start()
            backend = Fake(lab)
            report = grade(lab, folder, store, backend)
            timer.join()
        assert [request.student for request in backend.requests] == [two.student, one.student]
        assert len(report.results) == 3
        assert any("is being graded by process" in note and "the work is shared" in note for note in report.notes)
        assert not any("did not finish" in note for note in report.notes)
        assert done.student in {result.submission.student for result in report.results}


def _drop(store: Store) -> None:
    with store.writing() as db:
        db.execute(update(ClaimRow).where(ClaimRow.pid > 0).values(until=datetime.now(UTC) - timedelta(seconds=1)))


def test_two_graders_who_both_fail_do_not_wait_for_each_other(lab: Lab, tmp_path: Path) -> None:
    with Store(tmp_path / "practicum.db") as store:
        _, one, two = stored(lab, class_of(tmp_path / "in", 3), store)
        with Claims(store) as mine, Claims(store) as theirs:
            mine.take([one])
            theirs.take([two])
            found: list[object] = []
            threads = [
                threading.Thread(target=lambda who=who, what=what: found.extend(who.settle([[what]])), daemon=True)  # type: ignore[misc]
                for who, what in ((mine, two), (theirs, one))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert sorted(found, key=str) == sorted([([one], []), ([two], [])], key=str), "each is free for the other to try"


def test_a_store_of_an_earlier_version_has_no_claims_yet(lab: Lab, tmp_path: Path) -> None:
    folder = class_of(tmp_path / "in", 2)
    with Store(tmp_path / "practicum.db") as store:
        stored(lab, folder, store)
        with store.writing() as db:
            db.execute(text("DROP TABLE claims"))
        assert other_graders(store, lab.name) == []
        assert len(grade(lab, folder, store, Fake(lab)).results) == 2


# Damage


@pytest.fixture
def kept(lab: Lab, tmp_path: Path) -> Generator[tuple[Path, Store], None, None]:
    folder = submit(tmp_path / "in", {"ada": "# 7\n", "bob": "# 3\n"})
    with Store(tmp_path / "practicum.db") as store:
        grade(lab, folder, store, Fake(lab))
        yield folder, store


FOREIGN = (
    b'{"lab":"sums","student":"eve","submission":"x","checks":[],'
    b'"provenance":{"lab_sha256":"","seed":1,"versions":{},"limits":{},"sandbox":""}}'
)


@pytest.mark.parametrize("record", [b"", b"{", b"\xff\xfe", b'{"lab": 3}', b"[1]", FOREIGN], ids=ascii)
def test_a_damaged_result_is_named_and_the_others_are_graded(
    lab: Lab, tmp_path: Path, kept: tuple[Path, Store], record: bytes
) -> None:
    folder, store = kept
    with store.writing() as db:
        ada = select(SubmissionRow.id).where(SubmissionRow.student == "ada").scalar_subquery()
        db.execute(update(ResultRow).where(ResultRow.submission_id == ada).values(record=record))
    submit(folder, {"eve": "# 5\n"})
    report = grade(lab, folder, store, Fake(lab))
    assert {r.submission.student: r.graded.points for r in report.results} == {"ada": 7, "bob": 3, "eve": 5}
    (note,) = [note for note in report.notes if "damaged" in note]
    assert note.startswith("the result of ada for sums, submitted 2027-03-01 12:00:00 UTC, of run 1 is damaged in the store (")
    assert "its 7 of 10 points still count. Grade it anew: `practicum regrade sums --only ada`, then `--publish`" in note
    assert len(events_of(tmp_path / "practicum.db")) == 6, "the gradebook goes on"
    shown = regrade.preview(lab, store, Fake(lab), only="ada")
    assert [(c.name, c.after is None) for c in shown.changes[0].checks] == [("test_n", False), (DAMAGED, True)]
    regrade.publish(lab, store)
    again = grade(lab, folder, store, Fake(lab))
    assert not any("damaged" in note for note in again.notes)
    assert again.results[0].graded.checks[0].name == "test_n"


@pytest.mark.parametrize("data", [b"", b"not packed", zlib.compress(b"# 9\n")], ids=ascii)
def test_damaged_files_are_named_and_kept_anew(lab: Lab, tmp_path: Path, data: bytes) -> None:
    folder = class_of(tmp_path / "in", 3)
    with Store(tmp_path / "practicum.db") as store:
        _, one, _ = stored(lab, folder, store)
        with store.writing() as db:
            sha256 = select(FileRow.sha256).where(FileRow.submission_id == one.id).scalar_subquery()
            db.execute(update(Blob).where(Blob.sha256 == sha256).values(data=data))
        with pytest.raises(DamagedFiles, match=r"sums: answer\.py of s01, submitted 2027-03-01 12:00:00 UTC, is damaged"):
            store.files(one.id)
        report = grade_folder(lab, None, store, UTC, Fake(lab))
        assert [submission.student for submission in report.ungraded] == ["s01"]
        assert len(report.results) == 2
        assert any("put the work back into submissions/sums and run `practicum grade sums`" in note for note in report.notes)
        report = grade(lab, folder, store, Fake(lab))
        assert report.ungraded == []
        assert store.files(one.id) == {"answer.py": b"# 1\n# of 1\n"}


def test_other_damage_is_said_in_one_line(lab: Lab, kept: tuple[Path, Store]) -> None:
    folder, store = kept
    with store.writing() as db:
        db.execute(text("UPDATE runs SET versions = '{', limits = '[3'"))
        db.execute(text("UPDATE submissions SET notes = '[' WHERE student = 'ada'"))
    assert store.runs()[0].versions == {}
    assert store.submissions()[0].notes == ("the notes on this submission are damaged in the store",)
    assert len(grade(lab, folder, store, Fake(lab)).results) == 2
    for statement, what in (
        ("UPDATE results SET points = 'many'", "expected a number, got 'many'"),
        ("UPDATE submissions SET at = 'noon'", "expected a time, got 'noon'"),
    ):
        with store.writing() as db:
            db.execute(text(statement))
        with pytest.raises(PracticumError, match=f"practicum.db: the store cannot be used: {what}; take the store from its last"):
            store.history(lab.name)


def test_points_stay_exact(kept: tuple[Path, Store]) -> None:
    assert [r.graded.points for r in kept[1].results()] == [Decimal(7), Decimal(3)]
