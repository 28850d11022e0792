"""`grade` inside a workspace: items of several labs, times, and whose work it is, as a lecturer sees them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from practicum.cli import course as course_commands
from practicum.cli import grade as commands
from practicum.cli import submissions as submissions_commands
from practicum.errors import PracticumError
from practicum.gradebook.events import Submission
from practicum.grading import backends
from practicum.labs.lab import Lab
from practicum.store.store import Store, events_of
from tests.course.conftest import HEAD
from tests.grading.tiny import Fake, tiny_lab

app = typer.Typer()
for part in (commands, course_commands, submissions_commands):
    part.register(app)

BODY = """
[[component]]
name = "work"
title = "Work"
weight = 100
[[component.item]]
name = "a1"
points = 20
due = 2026-03-26T23:59:59
{more}
  [[component.item.part]]
  name = "sums"
  points = 10
  lab = "sums"
  [[component.item.part]]
  name = "other"
  points = 10
  lab = "other"
"""
ROSTER = "id,name,login,lms_id\ns001,Jo Doe,jdoe,4711\ns002,Max Roe,mroe,4712\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose one item has the labs `sums` and `other`; a file's first number is its points, of ten."""
    (tmp_path / "course.toml").write_text(HEAD.format(zone="UTC", late="polyu", submissions="best") + BODY.format(more=""))
    (tmp_path / "roster.csv").write_text(ROSTER)
    tiny_lab(tmp_path / "labs" / "sums")
    other = tiny_lab(tmp_path / "labs" / "other").folder
    (other / "lab.toml").write_text('title = "Other"\npoints = 5\nsubmit = ["other.py"]\n')
    (other / "source" / "answer.py").rename(other / "source" / "other.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    make: Callable[..., Callable[[Lab], object]] = lambda *_: lambda lab: Fake(lab)(lab)  # noqa: E731
    monkeypatch.setattr(backends, "backends", make)
    return tmp_path


def put(path: Path, text: str = "x = 10\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, words)
    if isinstance(result.exception, PracticumError):
        raise result.exception
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def submitted(here: Path) -> dict[tuple[str, str], Submission]:
    return {(e.student, e.lab): e for e in events_of(here / "practicum.db") if isinstance(e, Submission)}


def test_a_canvas_download_ends_at_the_students_and_the_unknown_is_loud(here: Path) -> None:
    for name in ("doejo_4711_1_answer.py", "roemax_LATE_4712_2_answer.py", "stranger_40013_3_answer.py"):
        put(here / "submissions" / "sums" / name)
    said = run("grade", "sums", "--no-feedback")
    assert {who for who, _ in submitted(here)} == {"s001", "s002", "40013"}
    assert "UNKNOWN: submissions of 40013, who is not on the roster" in said
    assert "practicum submissions assign 40013 STUDENT" in said
    assert "LATE, time unknown: 1 submission by the platform's word" in said
    assert "time unknown: counted as on time: 2 submissions; say when with: practicum grade sums --times FILE" in said

    status = run("status")
    assert "sums: 1 with time unknown: counted as on time" in status
    assert "sums: 1 late by the platform's word" in status
    for told in (status, run("gradebook")):
        assert "submissions of 40013, who is not on the roster" in told
    assert "time unknown: counted as on time" in run("gradebook", "--student", "s001")

    run("submissions", "forget", "40013")
    for told in (run("grade", "sums", "--no-feedback"), run("status"), run("gradebook")):
        assert "not on the roster" not in told


def test_times_that_come_later_count(here: Path) -> None:
    put(here / "submissions" / "sums" / "doejo_4711_1_answer.py")
    run("grade", "sums", "--no-feedback")
    assert submitted(here)["s001", "sums"].timing == "unknown"
    put(here / "times.csv", "login,submitted\njdoe,20260327\n")
    said = run("grade", "sums", "--no-feedback", "--times", "times.csv")
    assert "0 graded now, 1 had a result before" in said
    assert "time unknown" not in said
    (only,) = submitted(here).values()
    assert (only.at, only.timing) == (datetime(2026, 3, 27, 23, 59, 59, tzinfo=UTC), "stated")
    assert "1 d 00:00:00 late" in run("gradebook", "--student", "s001")
    with pytest.raises(PracticumError, match=r"--times: expected `file`, or a CSV .* got no file at nowhere.csv"):
        run("grade", "sums", "--times", "nowhere.csv")


def test_the_date_of_a_file_counts_only_where_it_is_asked_for(here: Path) -> None:
    put(here / "submissions" / "sums" / "s001" / "answer.py")
    run("grade", "sums", "--no-feedback", "--times", "file")
    assert submitted(here)["s001", "sums"].timing == "stated"


def test_what_is_refused_is_loud_and_the_rest_is_graded(here: Path) -> None:
    put(here / "submissions" / "sums" / "X_42_assignsubmission_file_ Y_77_assignsubmission_file_" / "answer.py")
    put(here / "submissions" / "sums" / "S001.py")
    said = run("grade", "sums", "--no-feedback", code=1)
    assert "NOT TAKEN: X_42_assignsubmission_file_ Y_77_assignsubmission_file_ can be read as 42, X's or as 77" in said
    assert set(submitted(here)) == {("s001", "sums")}


@pytest.mark.parametrize("name", ["A1", "a1"])
def test_one_archive_for_an_item_of_two_labs(here: Path, name: str) -> None:
    put(here / "submissions" / name / "s001" / "answer.py", "x = 7\n")
    put(here / "submissions" / name / "s001" / "other.py")
    put(here / "submissions" / name / "s002" / "other.py")
    put(here / "submissions" / "sums" / "s002" / "answer.py", "x = 5\n")
    run("grade", name, "--json", "out.json", *(["--no-feedback"] if name == "a1" else []))
    assert set(submitted(here)) == {(who, lab) for who in ("s001", "s002") for lab in ("sums", "other")}
    with Store(here / "practicum.db") as store:
        assert {(r.submission.student, r.submission.lab): int(r.graded.points) for r in store.results()}["s001", "sums"] == 7
        assert not [note for s in store.submissions() for note in s.notes if "ignored" in note]
    if name == "A1":
        assert "submitted <span>(time unknown: counted as on time)" in (here / "feedback" / "sums" / "s001.html").read_text()
    assert (here / "out.json").read_text().count('"student"') == 4
    assert "0 graded now, 2 had a result" in run("grade", "sums", "--no-feedback")


def test_a_folder_for_an_item_and_none_at_all(here: Path) -> None:
    put(here / "elsewhere" / "s001" / "answer.py")
    run("grade", "a1", "elsewhere", "--no-feedback")
    assert set(submitted(here)) == {("s001", "sums")}
    with pytest.raises(
        PracticumError, match=r"submissions/other and .*submissions/a1: expected a folder of submissions, got noth"
    ):
        run("grade", "other")


def test_only_one_student_by_any_id(here: Path) -> None:
    for who in ("s001", "s002"):
        put(here / "submissions" / "sums" / who / "answer.py")
    run("grade", "sums", "--no-feedback", "--only", "4712")
    assert set(submitted(here)) == {("s002", "sums")}


def test_a_team_has_what_one_of_it_submitted(here: Path) -> None:
    text = HEAD.format(zone="UTC", late="polyu", submissions="best") + BODY.format(more="team = { min = 1, max = 3 }")
    (here / "course.toml").write_text(text)
    (here / "teams.csv").write_text("team,student\nGroup 7,s001\nGroup 7,s002\n")
    put(here / "submissions" / "sums" / "Group 7_77_assignsubmission_file" / "answer.py")
    run("grade", "sums", "--no-feedback")
    assert set(submitted(here)) == {("s001", "sums"), ("s002", "sums")}
