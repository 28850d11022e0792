"""`practicum roster import` as a lecturer types it."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from practicum.cli import roster as commands
from practicum.course.roster import load_roster
from practicum.course.workspace import init
from practicum.errors import PracticumError

CANVAS = 'Student,ID,SIS User ID,SIS Login ID,Section\n"Lovelace, Ada",1001,s1,ada,L1\n'
SHEET = "Identifier,Full name,Status,Last modified (submission)\nParticipant 77,Ada Lovelace,,-\n"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = init("cs324", tmp_path / "term").root
    (root / "roster.csv").write_text("id,name\ns1,Ada Lovelace\n")
    (root / "canvas.csv").write_text(CANVAS)
    (root / "sheet.csv").write_text(SHEET)
    monkeypatch.chdir(root)
    return root


def run(*args: str) -> str:
    app = typer.Typer()
    commands.register(app)
    result = CliRunner().invoke(app, ["roster", *args])
    if isinstance(result.exception, PracticumError):
        return f"error: {result.exception}"
    assert result.exit_code == 0, result.output
    return result.output


def test_files_are_merged_and_what_changed_is_shown(workspace: Path) -> None:
    before = (workspace / "roster.csv").read_text()
    text = run("import", "canvas.csv", "sheet.csv", "--preview")
    assert "s1 Ada Lovelace: section L1, login ada, lms_id 1001" in text
    assert "Nothing was written." in text
    assert (workspace / "roster.csv").read_text() == before
    text = run("import", "canvas.csv", "sheet.csv")
    assert "canvas.csv (Canvas, 1 students): 1 changes" in text
    (ada,) = load_roster(workspace / "roster.csv")
    assert (ada.lms_id, ada.login, ada.participants) == ("1001", "ada", ("77",))
    assert (workspace / "roster.csv.bak").read_text() == before
    assert "The roster knows all this" in run("import", "sheet.csv", "canvas.csv")


def test_a_contradiction_leaves_the_roster_as_it_is(workspace: Path) -> None:
    before = (workspace / "roster.csv").read_text()
    (workspace / "other.csv").write_text(CANVAS.replace("1001", "1002"))
    said = run("import", "canvas.csv", "other.csv")
    assert "error: other.csv:2: expected lms_id `1001` of `s1` as on the roster, got `1002`" in said
    assert (workspace / "roster.csv").read_text() == before
