"""`practicum case` as a lecturer types it, and what the gradebook, an export and a student's page then say."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from practicum.cli import app
from practicum.course.workspace import init
from practicum.errors import PracticumError


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """DDA4220 with two teams of two and one of one; each has 30 of 40 points for the project."""
    root = init("dda4220", tmp_path / "term").root
    (root / "roster.csv").write_text("id,name\nada,Ada Lovelace\nbob,Bob\ncyd,Cyd\ndan,Dan\neve,Eve\n", encoding="utf-8")
    (root / "teams.csv").write_text("team,student\nred,ada\nred,bob\nblue,cyd\nblue,dan\ngreen,eve\n", encoding="utf-8")
    (root / "marks.csv").write_text("team,item,points\nred,project,30\nblue,project,30\ngreen,project,30\n", encoding="utf-8")
    monkeypatch.chdir(root)
    return root


def run(*words: str) -> str:
    """Return all that is said. A mistake comes out as it does in the command: as a PracticumError."""
    result = CliRunner().invoke(app, words)
    if isinstance(result.exception, PracticumError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def totals() -> dict[str, str]:
    """Return each student's total in the table that `practicum gradebook` shows, with its sign."""
    rows = [line.split() for line in run("gradebook").splitlines()]
    return {row[0]: row[1] for row in rows if row and row[0] in ("ada", "bob", "cyd", "dan", "eve")}


def test_all_members_of_both_teams_fail_and_one_is_cleared(workspace: Path) -> None:
    assert totals() == dict.fromkeys(["ada", "bob", "cyd", "dan", "eve"], "30.00")
    said = run("case", "decide", "project", "ada", "Cyd", "--outcome", "fail", "--reason", "one and the same report")
    assert "project: ada Ada Lovelace: the work counts 0 and the course is failed\n" in said
    assert "project: bob Bob (submits with them): the work counts 0" in said
    assert "Otherwise: fail, for all members of both teams." in said
    assert totals() == dict.fromkeys(["ada", "bob", "cyd", "dan"], "0.00!") | {"eve": "30.00"}
    assert "! by the outcome of an integrity case" in run("gradebook")
    undo = run("case", "decide", "project", "bob", "--alone", "--outcome", "cleared", "--reason", "was away")
    assert undo == "project: bob Bob: cleared, nothing is held against this work\n"
    assert totals() == {"ada": "0.00!", "bob": "30.00", "cyd": "0.00!", "dan": "0.00!", "eve": "30.00"}
    lines = [line.split() for line in run("case", "list").splitlines()[1:]]
    held = {line[-1] + " " + " ".join(sorted({"ada", "bob", "cyd", "dan"} & set(line))) for line in lines}
    assert held == {"holds ada", "holds cyd", "replaced bob", "holds dan", "holds bob"}
    assert len(lines) == 5
    explained = run("gradebook", "--student", "ada")
    assert "The course is failed by the outcome of the case about project; the total is 0." in explained
    assert "Integrity case, project" in explained
    assert "an integrity case was cleared (was away)" in run("gradebook", "--student", "bob")


def test_a_referred_case_is_withheld_everywhere_until_it_is_decided(workspace: Path) -> None:
    said = run("case", "decide", "project", "eve", "--outcome", "referred", "--reason", "to the faculty")
    assert "To take this back: practicum case decide project eve --outcome cleared --reason TEXT" in said
    rows = [line.split() for line in run("gradebook").splitlines()]
    assert {row[0] for row in rows if "?" in row[1:] and len(row[0]) > 1} == {"eve"}
    rows = {row["student"]: row for row in csv.DictReader(run("gradebook", "--export", "plain").splitlines())}
    assert (rows["eve"]["project"], rows["eve"]["cases"]) == ("", "project: referred")
    assert (rows["ada"]["project"], rows["ada"]["cases"]) == ("30.00", "")
    assert "withheld" in run("gradebook", "--student", "eve")
    run("feedback", "pages", "project")
    page = (workspace / "feedback" / "items" / "project" / "eve.html").read_text(encoding="utf-8")
    assert "the grade is withheld while an integrity case is decided" in page
    assert "30 of 40" not in page
    assert "to the faculty" not in page
    run("case", "decide", "project", "eve", "--outcome", "zero", "--reason", "the faculty's letter")
    assert totals()["eve"] == "0.00"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("project", "ada", "--outcome", "zeros", "--reason", "x"), r"no outcome `zeros` \(did you mean `zero`\?\)"),
        (("project", "ada", "--outcome", "zero", "--reason", " "), "--reason: expected why it was decided so, got nothing"),
        (("projekt", "ada", "--outcome", "zero", "--reason", "x"), r"no lab or item `projekt` \(did you mean `project`\?\)"),
        (("project", "adda", "--outcome", "zero", "--reason", "x"), "no student `adda` on the roster"),
        (("project", "ada", "nobody", "--outcome", "zero", "--reason", "x"), "no student `nobody`"),
    ],
)
def test_a_mistake_is_said_and_nothing_is_written(workspace: Path, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(PracticumError, match=message):
        run("case", "decide", *words)
    assert not (workspace / "cases.csv").exists()
    assert run("case", "list") == "No outcome of a case was recorded; `practicum case decide` records one.\n"


def test_the_file_is_private_and_kept_out_of_git(workspace: Path) -> None:
    run("case", "decide", "project", "eve", "--outcome", "zero", "--reason", "x")
    assert (workspace / "cases.csv").stat().st_mode & 0o077 == 0
    assert "cases.csv" in (workspace / ".gitignore").read_text(encoding="utf-8").split()
