"""The demonstration: the class it invents, and the whole of it on a small one."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

import practicum.demo.run as demo
from practicum.cli.demo import demo as command
from practicum.demo import invented_class
from practicum.demo.copies import look_for_copies
from practicum.demo.invented_class import HOSTILE, kinds_of_submission, names, plan_class, write_class
from practicum.errors import PracticumError
from practicum.labs.intake.read import read_submissions
from practicum.labs.lab import find_lab
from practicum.labs.mutants import load_alternatives, load_mutants

DUE = datetime(2027, 3, 28, 16, tzinfo=UTC)


STUDENTS = [student for student, *_ in names(60)]


def test_a_class_has_every_kind_of_work_and_is_the_same_every_time() -> None:
    lab = find_lab("perceptron")
    assert len({tuple(who[1:]) for who in names(60)}) == 60
    plan = plan_class(lab, kinds_of_submission(lab), STUDENTS)
    assert plan == plan_class(lab, kinds_of_submission(lab), STUDENTS)
    works = [work for each in plan.values() for work in each]
    said = {work.what for work in works}
    assert {f"right: {v.name}" for v in load_alternatives(lab)} <= said
    assert {f"bug: {v.name}" for v in load_mutants(lab)} <= said
    assert {f"hostile: {what}" for what in HOSTILE} <= said
    assert sum(work.hours < 0 for work in works) == 3
    assert len(works) == len(plan) + 1, "one student submits twice"
    assert len(plan) >= 24


def test_what_a_class_hands_in_is_read_as_meant(tmp_path: Path) -> None:
    lab = find_lab("perceptron")
    plan = plan_class(lab, kinds_of_submission(lab, []), STUDENTS)
    write_class(plan, tmp_path / "in", DUE)
    assert not (tmp_path / lab.submit[0]).exists(), "nothing climbs out"
    read: dict[str, list[bytes | None]] = {}
    for submission in read_submissions(tmp_path / "in", lab, UTC):
        read.setdefault(submission.student, []).append(submission.files.get("perceptron.py"))
    assert read.keys() == plan.keys()
    assert {path.suffix for path in (tmp_path / "in").iterdir()} >= {".zip", ".gz", ".py"}
    for student, works in plan.items():
        if "letter" in works[0].what or "archive that is not read" in works[0].what:
            assert read[student] == [None]
        elif not works[0].what.startswith("named"):
            assert read[student] == [work.files["perceptron.py"] for work in works]


@pytest.mark.thorough  # the demonstration shows it: `make demo`
def test_notebooks_are_broken_in_every_way() -> None:
    kinds = kinds_of_submission(find_lab("linear-regression"), ["memory bomb"], whole=False, styles=1, bugs=1)
    assert set(invented_class._NOTEBOOKS) <= {work.what for works in kinds for work in works}


def test_only_its_own_folder_is_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "thesis"
    mine.mkdir()
    (mine / "chapter1.txt").write_text("years of work")
    with pytest.raises(PracticumError, match="it was left"):
        demo.make_workspace(mine, 3)
    assert (mine / "chapter1.txt").read_text() == "years of work"
    with pytest.raises(PracticumError, match="it was left"):
        demo.make_workspace(mine / "chapter1.txt", 3)
    demo.make_workspace(tmp_path / "demo", 3)
    (tmp_path / "demo" / "left.txt").touch()
    demo.make_workspace(tmp_path / "demo", 3)
    assert not (tmp_path / "demo" / "left.txt").exists()


def test_the_whole_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(demo, "LABS", ("perceptron",))
    hostile = ["ends the process", "forges result lines", "looks for answers"]
    monkeypatch.setattr(demo, "_PART", {"perceptron": {"hostile": hostile, "whole": False, "styles": 0, "bugs": 1}})
    monkeypatch.setenv("COLUMNS", "160")
    into = tmp_path / "demo"
    command(into, 1)
    said = capsys.readouterr().out
    assert "10 submissions: right in several styles" in said
    assert "gradebook/FORM.csv" in said
    assert {file.stem for file in (into / "gradebook").iterdir()} == {"canvas", "blackboard", "moodle", "plain"}
    assert (into / "handouts" / "perceptron.zip").exists()
    assert (into / "feedback" / "perceptron-report.html").exists()
    with (into / "class.csv").open() as file:
        rows = list(csv.DictReader(file))
    earned = {row["what it submitted"]: (float(row["points"]), row["trouble"]) for row in rows}
    assert len(list((into / "feedback" / "perceptron").glob("s*.html"))) == len(rows) - 1
    for what, (points, trouble) in earned.items():
        if what.startswith("right") or what in ("hostile: forges result lines", "hostile: looks for answers"):
            assert (points, trouble) == (25, ""), what
        elif what.startswith("bug"):
            assert 0 < points < 25
        elif "ends the process" in what:
            assert (points, trouble) == (0, "crashed")
    with (into / "gradebook" / "plain.csv").open() as file:
        marks = {row["student"]: row["a1"] for row in csv.DictReader(file)}
    late = next(row["student"] for row in rows if row["what it submitted"] == "right, 5 hours late")
    assert marks[late] == "22.50", "a day late is worth nine tenths"


def test_the_planted_copies_are_flagged_and_nobody_else(tmp_path: Path) -> None:
    lab = find_lab("perceptron")
    plan = plan_class(lab, kinds_of_submission(lab, [], copied=2), STUDENTS)
    write_class(plan, tmp_path / "in", DUE)
    outcome = look_for_copies(lab, tmp_path / "in", UTC, tmp_path / "report")
    whose = {work.what.partition(": ")[2] for each in plan.values() for work in each if work.what.startswith("copied")}
    assert len(whose) == 2
    found = []
    for one in outcome.flagged():
        what = [plan[who][-1].what for who in outcome.students(one).split(" and ")]
        found.append({text.partition(": ")[2] for text in what})
        assert sorted(text.partition(":")[0] for text in what) == ["copied", "right"]
    assert sorted(map(sorted, found)) == sorted([each] for each in whose)
