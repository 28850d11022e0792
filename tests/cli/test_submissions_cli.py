"""`practicum submissions`: who submitted what, put right, and work that no check grades."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from practicum.cli import course as course_commands
from practicum.cli import submissions as commands
from practicum.course.workspace import init
from practicum.errors import PracticumError
from practicum.labs.content_hash import sha256_of
from practicum.labs.intake.read import SubmissionFiles
from practicum.store.results import CheckResult, GradedSubmission, Provenance
from practicum.store.store import Store, events_of
from tests.labs.repositories import clone, commit

app = typer.Typer()
commands.register(app)
course_commands.register(app)

AT = datetime(2027, 3, 20, 4, tzinfo=UTC)


def run(*words: str) -> str:
    """Return all that is said. A mistake comes out as it does in the command: as a PracticumError."""
    result = CliRunner().invoke(app, words)
    if isinstance(result.exception, PracticumError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def submit(store: Store, student: str, lab: str = "perceptron", points: int | None = None, timing: str = "stated") -> None:
    files = {"perceptron.py": f"# {student} {lab}\n".encode()}
    submitted = SubmissionFiles(student, AT, files, sha256_of(files), (), timing)  # type: ignore[arg-type]
    submission, _ = store.register(lab, submitted)
    if points is not None:
        made = Provenance(lab_sha256="a", seed=1, versions={}, limits={}, sandbox="bubblewrap, nested")
        check = CheckResult(name="a", title="A", hidden=False, points=Decimal(points), out_of=Decimal(25), outcome="partial")
        graded = GradedSubmission(lab=lab, student=student, submission=submitted.sha256, checks=(check,), provenance=made)
        store.add(store.start_run("grade", lab, made), submission, graded, publish=True)


@pytest.fixture
def term(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = init("cs324", tmp_path / "term")
    (made.root / "roster.csv").write_text("id,name,login,email\ns001,李雷,leil,lei@example.org\ns002,Zoë Smith-Müller,zoe,\n")
    with Store(made.database) as store:
        submit(store, "s001", points=20)
        submit(store, "40013", points=25)
        submit(store, "40013", "backprop", timing="unknown")
    monkeypatch.chdir(made.root)
    return made.root


def test_the_unknown_stand_on_top_and_everyone_is_listed(term: Path) -> None:
    said = run("submissions", "list")
    assert said.startswith(
        "UNKNOWN: 1 submitter of nobody on the roster. What they submitted counts for nobody: 40013 backprop, perceptron"
    )
    assert "practicum submissions assign 40013 STUDENT" in said
    rows = said.partition("files ")[2]
    assert rows.startswith("40013 backprop UNKNOWN time unknown perceptron.py (17 B)")
    assert "s001 perceptron s001 李雷 2027-03-20 12:00:00 CST perceptron.py (18 B)" in rows
    one = run("submissions", "list", "backprop")
    assert "s001" not in one
    with pytest.raises(PracticumError, match=r"no lab or item `perceptrom` \(did you mean `perceptron`\?\)"):
        run("submissions", "list", "perceptrom")


def total(student: str) -> str:
    return run("gradebook", "--student", student).partition("Total: ")[2].partition(" ")[0]


def test_assigned_work_counts_is_explained_and_is_taken_back(term: Path) -> None:
    before = total("s002")
    said = run("submissions", "assign", "40013", "ZOE", "--lab", "perceptron", "--note", "Canvas id, seen in class")
    assert "What 40013 submitted (1 for perceptron) counts for s002 Zoë Smith-Müller." in said
    assert "practicum submissions undo" in said
    assert float(total("s002")) > float(before)
    explained = run("gradebook", "--student", "s002")
    assert "Put right: what 40013 submitted for perceptron is the work of s002 (" in explained
    assert "Canvas id, seen in class" in explained
    listed = run("submissions", "list")
    assert "40013 perceptron s002 Zoë Smith-Müller" in listed
    assert "40013 backprop" in listed, "the other lab is still nobody's"
    assert "Taken back: 40013 assigned to s002 for perceptron (Canvas id, seen in class)." in run("submissions", "undo")
    assert total("s002") == before
    with pytest.raises(PracticumError, match="expected a correction to take back, got none"):
        run("submissions", "undo")


def test_forgotten_work_counts_for_nobody_and_stays_in_the_store(term: Path) -> None:
    said = run("submissions", "forget", "40013")
    assert "What 40013 submitted (2 for backprop, perceptron) counts for nobody." in said
    listed = run("submissions", "list")
    assert "UNKNOWN" not in listed
    assert "40013 perceptron forgotten" in listed
    assert len(events_of(term / "practicum.db")) == 5
    assert "40013" not in run("gradebook")
    assert "Note: s001 李雷 is on the roster; this takes work from there." in run("submissions", "assign", "s001", "s002")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("assign", "40014", "s001"), r"no submission of `40014` \(did you mean `40013`\?\); there are: 40013, s001"),
        (("assign", "40013", "s01"), r"no student `s01` on the roster \(did you mean `s001`\?\)"),
        (("assign", "s001", "s002", "--lab", "backprop"), "no submission of `s001` for backprop"),
        (("forget", "40013", "--lab", "bakprop"), r"no lab or item `bakprop` \(did you mean `backprop`\?\)"),
        (("read", "presentatoin"), r"no lab or item `presentatoin` \(did you mean `presentation`\?\)"),
        (("read", "presentation", "nowhere"), "nowhere: expected a folder of submissions, got nothing there"),
        (("add", "presentation", "s003", "x.pdf"), r"no student `s003` on the roster"),
        (("add", "presentation", "s001", "x.pdf"), "x.pdf: no such file"),
        (("add", "presentation", "s001", "course.toml", "--at", "noon"), "--at: expected a time such as"),
    ],
)
def test_a_mistake_is_answered_and_changes_nothing(term: Path, words: tuple[str, ...], message: str) -> None:
    before = {path: path.read_bytes() for path in term.iterdir() if path.suffix == ".csv"}, len(events_of(term / "practicum.db"))
    with pytest.raises(PracticumError, match=message):
        run("submissions", *words)
    assert ({p: p.read_bytes() for p in term.iterdir() if p.suffix == ".csv"}, len(events_of(term / "practicum.db"))) == before


def kept(term: Path, lab: str) -> dict[str, tuple[str, datetime, dict[str, bytes]]]:
    with Store(term / "practicum.db") as store:
        return {s.student: (s.timing, s.at, store.files(s.id)) for s in store.submissions(lab)}


def test_a_report_is_registered_by_hand(term: Path, tmp_path: Path) -> None:
    pdf, packed = tmp_path / "report.pdf", tmp_path / "code.zip"
    pdf.write_bytes(b"%PDF-1.7 \x00\xff not parsed")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("src/main.py", "import os\n")
        archive.writestr("../../evil.py", "x")
    said = run("submissions", "add", "presentation", "李雷", str(pdf), str(packed), "--at", "2027-05-07 18:30")
    assert "presentation: 2 files of s001 李雷 (2027-05-07 18:30:00 CST)." in said
    assert "unsafe path, not taken: ../../evil.py" in said
    timing, at, files = kept(term, "presentation")["s001"]
    assert (timing, at) == ("stated", datetime(2027, 5, 7, 10, 30, tzinfo=UTC))
    assert files == {"report.pdf": pdf.read_bytes(), "code.zip/src/main.py": b"import os\n"}
    assert "it was there before" in run(
        "submissions", "add", "presentation", "s001", str(pdf), str(packed), "--at", "2027-05-07 18:30"
    )
    assert "resentation" in run("gradebook", "--student", "s001")
    assert "waiting" in run("gradebook", "--student", "s001")


def test_a_file_of_a_lab_by_hand_and_without_a_time(term: Path, tmp_path: Path) -> None:
    (tmp_path / "perceptron (1).py").write_text("x = 1\n")
    said = run("submissions", "add", "perceptron", "s002", str(tmp_path / "perceptron (1).py"))
    assert "was taken as perceptron.py" in said
    assert "no time stated: on time" in said
    assert "practicum grade perceptron" in said
    assert kept(term, "perceptron")["s002"][0] == "unknown"
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(PracticumError, match=r"notes\.txt: nothing in it is kept: .*expected perceptron\.py"):
        run("submissions", "add", "perceptron", "s002", str(tmp_path / "notes.txt"))


def test_a_class_of_reports_is_read_and_who_is_unknown_is_told(term: Path) -> None:
    folder = term / "submissions" / "presentation"
    assert folder.is_dir(), "init makes it"
    (folder / "s001@20270507T183000").mkdir()
    (folder / "s001@20270507T183000" / "report.pdf").write_bytes(b"%PDF")
    (folder / "s001@20270507T183000" / "data.bin").write_bytes(b"\0\1")
    (folder / "s999@20270507T190000.pdf").write_bytes(b"%PDF 9")
    (folder / "s002@20270507T190000").mkdir()
    said = run("submissions", "read", "presentation")
    assert "presentation: 2 new, 0 known before, 1 without a file that is kept (not registered)" in said
    assert "UNKNOWN: 1 submitter of nobody on the roster" in said
    assert set(kept(term, "presentation")["s001"][2]) == {"report.pdf", "data.bin"}
    assert "0 new, 2 known before" in run("submissions", "read", "presentation")


def test_a_lab_is_read_without_grading(term: Path) -> None:
    entry = term / "submissions" / "perceptron" / "s002@20270319T120000"
    entry.mkdir()
    (entry / "perceptron.py").write_text("x = 1\n")
    (entry / "diary.txt").write_text("mine")
    assert "perceptron: 1 new, 0 known before" in run("submissions", "read", "perceptron")
    assert set(kept(term, "perceptron")["s002"][2]) == {"perceptron.py"}
    with Store(term / "practicum.db") as store:
        assert [r.submission.student for r in store.results("perceptron")] == ["40013", "s001"]


def test_the_repositories_of_a_project_are_read_whole(term: Path, tmp_path: Path) -> None:
    repository = clone(tmp_path / "lei")
    commit(repository, {"train.py": b"print(1)\n", "report/report.tex": b"text\n"}, at="2023-03-01T12:00:00Z")
    (tmp_path / "repositories.csv").write_text(f"student,repository\nlei@example.org,{repository}\ns002,{tmp_path / 'none'}\n")
    said = run("submissions", "read", "presentation", str(tmp_path / "repositories.csv"))
    assert "1 new, 0 known before" in said
    assert "NOT READ" in said
    ((student, (timing, _, files)),) = kept(term, "presentation").items()
    assert (student, timing, files) == ("s001", "stated", {"train.py": b"print(1)\n", "report/report.tex": b"text\n"})


def test_help_has_examples() -> None:
    for command in ("list", "assign", "forget", "undo", "add", "read"):
        said = CliRunner().invoke(app, ["submissions", command, "--help"]).output
        assert f"practicum submissions {command}" in said
