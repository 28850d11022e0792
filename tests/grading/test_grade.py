"""A run grades everything once, whatever happens to it."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pytest

from practicum.errors import PracticumError
from practicum.grading.grade import (
    GradingPlanned,
    ProgressEvent,
    Report,
    SubmissionGraded,
    SubmissionRead,
    grade_folder,
)
from practicum.grading.pool import Pool
from practicum.grading.regrade import preview
from practicum.labs.lab import Lab, load_lab
from practicum.store.provenance import SEEDS, conditions
from practicum.store.store import Store, events_of
from tests.grading.tiny import LUCKY, RIGHT, Fake, submit, tiny_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return tiny_lab(tmp_path / "labs" / "sums")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return submit(tmp_path / "in", {f"s{n}": f"x = {n}\n" for n in range(6)})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "practicum.db")


def points(report: Report) -> dict[str, Decimal]:
    return {r.submission.student: r.graded.points for r in report.results}


def test_everything_is_graded_kept_and_published(lab: Lab, folder: Path, store: Store, tmp_path: Path) -> None:
    seen: list[ProgressEvent] = []
    report = grade_folder(lab, folder, store, UTC, Fake(lab), progress=seen.append)
    assert points(report) == {f"s{n}": Decimal(n) for n in range(6)}
    assert (report.graded, report.reused, report.ungraded) == (6, 0, [])
    assert [type(p) for p in seen] == [SubmissionRead] * 6 + [GradingPlanned] + [SubmissionGraded] * 6
    assert [p.done for p in seen if isinstance(p, SubmissionGraded)] == [1, 2, 3, 4, 5, 6]
    assert len(events_of(tmp_path / "practicum.db")) == 12
    assert [run.status for run in store.runs()] == ["finished"]


def test_nothing_is_graded_twice(lab: Lab, folder: Path, store: Store) -> None:
    grade_folder(lab, folder, store, UTC, Fake(lab))
    submit(folder, {"s9": "x = 9"})
    again = Fake(lab)
    report = grade_folder(lab, folder, store, UTC, again)
    assert [request.student for request in again.requests] == ["s9"]
    assert (report.graded, report.reused, len(report.results)) == (1, 6, 7)


def test_everyone_gets_the_same_seed(lab: Lab, folder: Path, store: Store) -> None:
    first, second = Fake(lab), Fake(lab)
    grade_folder(lab, folder, store, UTC, first)
    submit(folder, {"s9": "x = 9"})
    grade_folder(lab, folder, store, UTC, second)
    (seed,) = {request.seed for request in first.requests + second.requests}
    assert 0 <= seed < SEEDS
    with pytest.raises(PracticumError, match="expected a seed"):
        grade_folder(lab, folder, store, UTC, Fake(lab), seed=-1)


def test_the_same_work_at_two_times_is_graded_once_and_both_have_it(lab: Lab, store: Store, tmp_path: Path) -> None:
    for day, code in enumerate(("x = 3", "x = 4", "x = 3"), 1):
        submit(tmp_path / "in", {"ada": code}, f"2027030{day}T120000Z")
    backend = Fake(lab)
    report = grade_folder(lab, tmp_path / "in", store, UTC, backend)
    assert len(backend.requests) == 2
    assert [r.graded.points for r in report.results] == [3, 4, 3]


def test_what_was_done_before_an_end_is_kept_and_resumed(lab: Lab, folder: Path, store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        grade_folder(lab, folder, store, UTC, Fake(lab, stop=(4, KeyboardInterrupt())))
    assert [run.status for run in store.runs()] == ["interrupted"]
    assert len(store.results()) == 4
    rest = Fake(lab)
    report = grade_folder(lab, folder, store, UTC, rest, resume=True)
    assert (len(rest.requests), report.graded, report.reused) == (2, 2, 4)
    assert [run.status for run in store.runs()] == ["finished"]


def test_a_resume_needs_no_folder(lab: Lab, folder: Path, store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        grade_folder(lab, folder, store, UTC, Fake(lab, stop=(4, KeyboardInterrupt())))
    report = grade_folder(lab, None, store, UTC, Fake(lab), resume=True)
    assert points(report) == {f"s{n}": Decimal(n) for n in range(6)}


def test_without_resume_an_unfinished_run_is_mentioned_and_its_results_used(lab: Lab, folder: Path, store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        grade_folder(lab, folder, store, UTC, Fake(lab, stop=(4, KeyboardInterrupt())))
    report = grade_folder(lab, folder, store, UTC, Fake(lab))
    assert (report.graded, report.reused) == (2, 4)
    assert "did not finish" in report.notes[0]


def test_a_resume_with_another_lab_or_seed_is_refused(lab: Lab, folder: Path, store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        grade_folder(lab, folder, store, UTC, Fake(lab, stop=(4, KeyboardInterrupt())), seed=5)
    with pytest.raises(PracticumError, match="has seed 5, not 6"):
        grade_folder(lab, folder, store, UTC, Fake(lab), resume=True, seed=6)
    (lab.folder / "source" / "answer.py").write_text("# Other\n")
    changed = load_lab(lab.folder)
    with pytest.raises(PracticumError, match=r"has changed since the run of .* regrade sums --preview"):
        grade_folder(changed, folder, store, UTC, Fake(changed), resume=True)


def test_a_corrected_task_sheet_forbids_no_resume(lab: Lab, folder: Path, store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        grade_folder(lab, folder, store, UTC, Fake(lab, stop=(4, KeyboardInterrupt())))
    (lab.folder / "README.md").write_text("# Sums, without the typo\n")
    corrected = load_lab(lab.folder)
    report = grade_folder(corrected, folder, store, UTC, Fake(corrected), resume=True)
    assert (report.graded, report.reused, report.notes) == (2, 4, [])


def test_a_run_kept_under_a_former_hash_of_the_lab_is_resumed_without_a_note(lab: Lab, folder: Path, store: Store) -> None:
    former = load_lab(lab.folder)
    former._sha256 = "a" * 64
    with pytest.raises(KeyboardInterrupt):
        grade_folder(former, folder, store, UTC, Fake(former, stop=(4, KeyboardInterrupt())))
    (lab.folder / "equivalent.toml").write_text(f'"{"a" * 64}" = "{lab.sha256}"\n')
    now = load_lab(lab.folder)
    report = grade_folder(now, folder, store, UTC, Fake(now), resume=True)
    assert (report.graded, report.reused, report.notes) == (2, 4, [])
    backend = Fake(now, factor=2)
    backend.provenance |= {
        "versions": conditions(now, store.runs(now.name)).versions,
        "limits": conditions(now, store.runs(now.name)).limits,
    }
    found = preview(now, store, backend)
    assert not any(reason.startswith("lab ") for reason in found.reasons)


def test_a_resume_with_nothing_unfinished_says_so(lab: Lab, folder: Path, store: Store) -> None:
    report = grade_folder(lab, folder, store, UTC, Fake(lab), resume=True)
    assert report.graded == 6
    assert "no run of sums is unfinished" in report.notes[0]


def test_a_changed_lab_changes_no_published_mark(lab: Lab, folder: Path, store: Store) -> None:
    grade_folder(lab, folder, store, UTC, Fake(lab))
    (lab.folder / "source" / "answer.py").write_text("# Other\n")
    changed = load_lab(lab.folder)
    backend = Fake(changed, factor=2)
    submit(folder, {"s9": "x = 4"})
    report = grade_folder(changed, folder, store, UTC, backend)
    assert [request.student for request in backend.requests] == ["s9"]
    assert points(report)["s3"] == 3
    assert any("6 results made with another version of the lab stay" in note for note in report.notes)


def test_a_lab_that_changes_under_a_run_stops_it(lab: Lab, folder: Path, store: Store) -> None:
    with pytest.raises(PracticumError, match="was changed while it was graded"):
        grade_folder(lab, folder, store, UTC, Fake(lab, lab_sha256="b" * 64))
    assert store.results(published=None) == []


def test_one_student_only(lab: Lab, folder: Path, store: Store) -> None:
    report = grade_folder(lab, folder, store, UTC, Fake(lab), only="s3")
    assert points(report) == {"s3": Decimal(3)}
    with pytest.raises(PracticumError, match=r"nothing was submitted by `s33` \(did you mean `s3`\?\)"):
        grade_folder(lab, folder, store, UTC, Fake(lab), only="s33")


def test_what_a_backend_cannot_grade_is_left_for_a_resume(lab: Lab, folder: Path, store: Store) -> None:
    class Lossy(Fake):
        def grade(self, requests):  # type: ignore[no-untyped-def]
            return super().grade(request for request in requests if request.student != "s2")

    report = grade_folder(lab, folder, store, UTC, Lossy(lab))
    assert [s.student for s in report.ungraded] == ["s2"]
    assert store.runs()[-1].status == "interrupted"
    assert grade_folder(lab, folder, store, UTC, Fake(lab), resume=True).ungraded == []


def test_through_the_sandbox(lab: Lab, store: Store, tmp_path: Path) -> None:
    folder = submit(tmp_path / "in", {"ada": RIGHT, "bob": LUCKY, "cy": "def add(a, b"})
    report = grade_folder(lab, folder, store, UTC, lambda lab: Pool(lab.folder, 1))
    assert points(report) == {"ada": 5, "bob": 2, "cy": 0}


def test_the_stores_secret_goes_with_every_request(lab: Lab, folder: Path, store: Store, tmp_path: Path) -> None:
    first, second, third = Fake(lab), Fake(lab), Fake(lab)
    grade_folder(lab, folder, store, UTC, first, seed=2026)
    submit(folder, {"s9": "x = 9"})
    with Store(tmp_path / "practicum.db") as again:
        report = grade_folder(lab, folder, again, UTC, second)
        preview(lab, again, third, again=True)
    assert {request.secret for backend in (first, second, third) for request in backend.requests} == {store.secret}
    assert report.notes == []


@pytest.mark.parametrize(("seed", "warned"), [(2026, True), (SEEDS - 1, False)])
def test_a_small_seed_in_a_store_without_a_secret_is_warned_about(
    lab: Lab, folder: Path, store: Store, seed: int, warned: bool
) -> None:
    store.secret = ""
    report = grade_folder(lab, folder, store, UTC, Fake(lab), seed=seed)
    assert any("can find the seed 2026 by trying" in note for note in report.notes) is warned
