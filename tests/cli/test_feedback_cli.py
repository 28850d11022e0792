"""`practicum feedback` as a lecturer types it."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from practicum.cli import feedback as commands
from practicum.course.workspace import init
from practicum.errors import PracticumError
from practicum.labs.content_hash import sha256_of
from practicum.labs.intake.read import SubmissionFiles
from practicum.store.results import CheckResult, GradedSubmission, Provenance
from practicum.store.store import Store

AT = datetime(2023, 3, 1, 12, tzinfo=UTC)
MADE = Provenance(lab_sha256="a" * 64, seed=1, versions={}, limits={}, sandbox="none")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = init("cs324", tmp_path_factory.mktemp("feedback") / "term").root
    (root / "roster.csv").write_text(
        "id,name,email,login,lms_id,participants\n"
        "ada,Ada Lovelace,ada@example.org,al,4711,12345\nbob,Bob,bob@example.org,b,4712,12346\n"
    )
    (root / "marks.csv").write_text("student,item,points,note\nbob,demo,9,lovely\n")
    with Store(root / "practicum.db") as store:
        for student, lab, points in (("ada", "perceptron", 20), ("ada", "backprop", 60), ("bob", "perceptron", 25)):
            files = {f"{lab}.py": b"x"}
            submission, _ = store.register(lab, SubmissionFiles(student, AT, files, sha256_of(files)))
            run = store.start_run("grade", lab, MADE)
            check = CheckResult(
                name="test_a",
                title=f"check of {lab}",
                hidden=False,
                points=Decimal(points),
                out_of=Decimal(points),
                outcome="passed",
            )
            graded = GradedSubmission(lab=lab, student=student, submission=submission.sha256, checks=(check,), provenance=MADE)
            store.add(run, submission, graded, publish=True)
    for lab in ("perceptron", "backprop"):
        folder = root / "submissions" / lab
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"lovelaceada_4711_998_{lab}.py").write_text("x")
    return root


@pytest.fixture
def workspace(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


def run(*args: str) -> tuple[str, str]:
    app = typer.Typer()
    commands.register(app)
    result = CliRunner().invoke(app, ["feedback", *args])
    if isinstance(result.exception, PracticumError):
        return "", f"error: {result.exception}"
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_pages_hold_every_lab_of_the_item(workspace: Path) -> None:
    for _ in range(2):  # the pages of an earlier time give way
        said, warned = run("pages", "a1")
        assert "feedback: feedback/items/a1 (2 pages)" in said
    page = (workspace / "feedback" / "items" / "a1" / "ada.html").read_text()
    for word in ("Ada Lovelace · ada", "100</strong>", "check of perceptron", "check of backprop", "How the points came about"):
        assert word in page
    assert "graded in part; the rest follows" in (workspace / "feedback" / "items" / "a1" / "bob.html").read_text()
    said, warned = run("pages", "demo", "--notes", "-o", str(workspace / "demo-pages"))
    assert "note: demo is not graded yet for 1 student (ada Ada Lovelace)" in warned
    assert "lovely" in (workspace / "demo-pages" / "bob.html").read_text()
    assert "already exists" in run("pages", "demo", "-o", str(workspace / "demo-pages"))[1]


def test_packs(workspace: Path, tmp_path: Path) -> None:
    said, warned = run("pack", "a1", "--for", "canvas", "-o", str(tmp_path / "c.zip"))
    assert "(2 files)" in said
    assert "warning: bob Bob: no file in the download" in warned
    assert zipfile.ZipFile(tmp_path / "c.zip").namelist() == [
        f"lovelaceada_4711_998_{lab}.py" for lab in ("backprop", "perceptron")
    ]

    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        "Identifier,Full name,Status,Last modified (submission)\nParticipant 777,Bob,,-\nParticipant 778,Ada Lovelace,,-\n"
    )
    run("pack", "a1", "--for", "moodle", "-o", str(tmp_path / "m.zip"), "--worksheet", str(sheet))
    assert zipfile.ZipFile(tmp_path / "m.zip").namelist() == [
        "Ada Lovelace_778_assignfeedback_file/feedback.html",
        "Bob_777_assignfeedback_file/feedback.html",
    ]
    run("pack", "a1", "--for", "blackboard", "-o", str(tmp_path / "b.zip"))
    assert zipfile.ZipFile(tmp_path / "b.zip").namelist() == ["al/feedback.html", "b/feedback.html", "grades.csv"]
    run("pack", "a1", "--for", "mail", "-o", str(tmp_path / "mail"), "--sender", "T <t@example.org>")
    assert sorted(path.name for path in (tmp_path / "mail").iterdir()) == ["ada.eml", "bob.eml", "feedback.mbox"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("a1", "--for", "canvs"), "no pack for `canvs` (did you mean `canvas`?)"),
        (("a9", "--for", "canvas"), "no item `a9` in course `cs324`"),
        (("a1", "--for", "mail"), "expected --sender"),
        (("a1", "--for", "canvas", "--sender", "t@x.org"), "expected --sender with --for mail, got --for canvas"),
        (("a2", "--for", "canvas"), "expected grades of `a2`, got none yet"),
        (("a1", "--for", "canvas", "--download", "none.zip"), "none.zip: expected the platform's download"),
        (("demo", "--for", "moodle", "--download", "handouts"), "nothing to pack for moodle"),
    ],
)
def test_what_cannot_be_packed(workspace: Path, args: tuple[str, ...], message: str) -> None:
    _, warned = run("pack", *args, "-o", "out.zip")
    assert message in warned
    assert not (workspace / "out.zip").exists()


def test_a_lab_that_does_not_exist_is_nobodys_missing_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its deadline is over, the gradebook calls it open, and so no page may say that nothing was submitted."""
    term = init("cs324", tmp_path / "term", date(2023, 2, 6)).root
    (term / "roster.csv").write_text("id,name\nada,Ada Lovelace\n")
    monkeypatch.chdir(term)
    _, said = run("pages", "a3", "-o", "pages")
    assert said == "error: expected grades of `a3`, got none yet: `practicum grade` its labs first"
    assert not (term / "pages").exists()
