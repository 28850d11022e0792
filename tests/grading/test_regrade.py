"""A regrade shows everything before anything is published."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from practicum.errors import PracticumError
from practicum.gradebook import events
from practicum.grading.grade import grade_folder
from practicum.grading.regrade import preview, publish
from practicum.labs.lab import Lab, load_lab
from practicum.store.provenance import conditions
from practicum.store.store import Store, events_of
from tests.grading.tiny import Fake, submit, tiny_lab


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "practicum.db"


@pytest.fixture
def store(db: Path) -> Store:
    return Store(db)


@pytest.fixture
def lab(tmp_path: Path, store: Store) -> Lab:
    """A lab that a class of three has been graded by; one of them twice."""
    lab = tiny_lab(tmp_path / "labs" / "sums")
    folder = submit(tmp_path / "in", {"ada": "x = 3", "bob": "x = 0", "cy": "x = 2"})
    submit(folder, {"ada": "x = 4"}, "20270302T120000Z")
    grade_folder(lab, folder, store, UTC, real(lab, store))
    return lab


def real(lab: Lab, store: Store, **more: object) -> Fake:
    now = conditions(lab, store.runs(lab.name))
    return Fake(lab, **{"versions": now.versions, "limits": now.limits} | more)  # type: ignore[arg-type]


def changed(lab: Lab) -> Lab:
    (lab.folder / "source" / "answer.py").write_text("# Other\n")
    return load_lab(lab.folder)


def scores(db: Path) -> list[int]:
    return [int(event.score) for event in events_of(db) if isinstance(event, events.Result)]


def test_nothing_changed_grades_nothing(lab: Lab, store: Store) -> None:
    backend = real(lab, store)
    found = preview(lab, store, backend)
    assert (backend.requests, found.changes, found.same, found.reasons) == ([], [], 4, [])


def test_a_result_kept_under_a_former_hash_of_the_lab_is_not_graded_anew(lab: Lab, store: Store) -> None:
    (lab.folder / "source" / "answer.py").write_text("# other words\n")
    sha256 = load_lab(lab.folder).sha256
    (lab.folder / "equivalent.toml").write_text(f'"{lab.sha256}" = "{sha256}"\n')
    backend = real(now := load_lab(lab.folder), store)
    found = preview(now, store, backend)
    assert (backend.requests, found.changes, found.same, found.reasons) == ([], [], 4, [])
    assert publish(now, store).reasons == []


def test_again_grades_what_nothing_changed_for_and_only_whom_it_shall(lab: Lab, store: Store, db: Path) -> None:
    backend = real(lab, store, factor=2)
    found = preview(lab, store, backend, again=True, only="ada")
    assert [request.student for request in backend.requests] == ["ada", "ada"]
    assert (len(found.changes), found.same, found.lacking, found.reasons) == (2, 0, [], [])
    publish(lab, store)
    assert sorted(scores(db)) == [0, 2, 6, 8]


def test_what_could_not_be_judged_is_graded_anew(lab: Lab, store: Store) -> None:
    class Broken(Fake):
        def result(self, request):  # type: ignore[no-untyped-def]
            from msgspec.structs import replace

            result = super().result(request)
            return replace(result, checks=(replace(result.checks[0], outcome="broken"),))

    new = changed(lab)
    now = conditions(new, store.runs(new.name))
    preview(new, store, Broken(new, factor=2, versions=now.versions, limits=now.limits))
    publish(new, store)
    backend = real(new, store)
    assert len(preview(new, store, backend).changes) == 3
    assert len(backend.requests) == 4


def test_what_was_only_previewed_is_no_change_later(lab: Lab, store: Store) -> None:
    preview(lab, store, real(lab, store, factor=2), again=True)
    assert preview(lab, store, real(lab, store)).changes == []


def test_a_preview_says_who_how_much_where_and_why_and_publishes_nothing(lab: Lab, store: Store, db: Path) -> None:
    new = changed(lab)
    found = preview(new, store, real(new, store, factor=2, versions={"numpy": "9"}))
    assert [(c.submission.student, int(c.by)) for c in found.changes] == [("ada", 3), ("ada", 4), ("cy", 2)]
    assert found.same == 1
    change = found.changes[0]
    assert [(check.name, int(check.by)) for check in change.checks] == [("test_n", 3)]
    assert f"lab {lab.sha256[:12]} → {new.sha256[:12]}" in change.reasons
    assert "numpy 1" in " ".join(change.reasons) or "numpy 2" in " ".join(change.reasons)
    assert any(reason.endswith("→ 9") for reason in change.reasons)
    assert sorted(scores(db)) == [0, 2, 3, 4]


def test_publishing_makes_the_preview_count(lab: Lab, store: Store, db: Path) -> None:
    new = changed(lab)
    preview(new, store, real(new, store, factor=2))
    assert len(publish(new, store).changes) == 3
    assert sorted(scores(db)) == [0, 4, 6, 8]
    with pytest.raises(PracticumError, match="published already"):
        publish(new, store)
    assert preview(new, store, real(new, store)).changes == []


def test_publishing_needs_a_finished_preview_of_this_very_lab(lab: Lab, store: Store, db: Path) -> None:
    with pytest.raises(PracticumError, match="look at `practicum regrade sums --preview` first"):
        publish(lab, store)
    new = changed(lab)
    with pytest.raises(KeyboardInterrupt):
        preview(new, store, real(new, store, factor=2, stop=(2, KeyboardInterrupt())))
    with pytest.raises(PracticumError, match="did not finish"):
        publish(new, store)
    rest = real(new, store, factor=2)
    preview(new, store, rest)
    assert len(rest.requests) == 2  # the interrupted preview's results are used
    (lab.folder / "source" / "answer.py").write_text("# Yet another\n")
    with pytest.raises(PracticumError, match="has changed since the last preview"):
        publish(load_lab(lab.folder), store)
    assert sorted(scores(db)) == [0, 2, 3, 4]


def test_a_new_seed_and_other_limits_are_reasons(lab: Lab, store: Store) -> None:
    seed = store.runs()[-1].seed
    toml = (lab.folder / "lab.toml").read_text()
    (lab.folder / "lab.toml").write_text(toml + "\n[limits]\ncpu_seconds = 30.0\n")
    new = load_lab(lab.folder)
    found = preview(new, store, real(new, store, factor=2), seed=(seed + 1) % 1000)
    assert {f"seed {seed} → {(seed + 1) % 1000}", "cpu_seconds 60 → 30"} <= set(found.reasons)


def test_a_seed_that_was_only_previewed_is_not_taken_over(lab: Lab, store: Store) -> None:
    seed = store.runs()[-1].seed
    preview(lab, store, real(lab, store, factor=2), seed=12345)
    assert conditions(lab, store.runs(lab.name)).seed == seed
    publish(lab, store)
    assert conditions(lab, store.runs(lab.name)).seed == 12345


def test_checks_that_come_and_go_are_changes(lab: Lab, store: Store) -> None:
    class Renamed(Fake):
        def result(self, request):  # type: ignore[no-untyped-def]
            from msgspec.structs import replace

            result = super().result(request)
            return replace(result, checks=(replace(result.checks[0], name="test_m"),))

    new = changed(lab)
    now = conditions(new, store.runs(new.name))
    found = preview(new, store, Renamed(new, versions=now.versions, limits=now.limits))
    assert [(check.name, check.before is None) for check in found.changes[0].checks] == [("test_m", True), ("test_n", False)]
    assert found.changes[0].by == 0


def test_without_results_there_is_nothing_to_regrade(store: Store, tmp_path: Path) -> None:
    lab = tiny_lab(tmp_path / "labs" / "sums")
    assert "no published results" in preview(lab, store, Fake(lab)).notes[0]
