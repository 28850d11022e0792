"""The course commands as a lecturer types them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from practicum.cli import course as commands
from practicum.course.workspace import init
from practicum.errors import PracticumError
from practicum.gradebook.events import Result, Submission
from practicum.gradebook.export import read_plain

NOW = datetime(2027, 3, 29, 12, tzinfo=UTC)  # the day after A1 is due
DUE = datetime(2027, 3, 28, 15, 59, 59, tzinfo=UTC)


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    commands.register(application)
    return application


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = init("cs324", tmp_path / "term")
    text = made.course_file.read_text().replace('late = "none"', 'late = "example"')
    made.course_file.write_text(text)
    (made.root / "roster.csv").write_text("id,name\nada,Ada Lovelace\nbob,Bob\neve,Eve\n")
    (made.root / "exemptions.csv").write_text("student,item,reason\neve,a1,joined late\n")
    (made.root / "marks.csv").write_text("student,item,points,note\nada,demo,9,lovely\n")
    stored = [
        Submission("s1", "ada", "perceptron", DUE),
        Result("s1", "ada", "perceptron", Decimal(20), Decimal(25)),
        Submission("s2", "ada", "backprop", DUE + timedelta(hours=2)),
        Result("s2", "ada", "backprop", Decimal(60), Decimal(75)),
        Submission("s3", "bob", "perceptron", DUE),
    ]
    made.database.touch(mode=0o600)
    monkeypatch.setattr("practicum.store.store.events_of", lambda database: stored)
    monkeypatch.setattr(commands, "_now", lambda: NOW)
    monkeypatch.chdir(made.root / "submissions")
    return made.root


def run(app: typer.Typer, *args: str) -> str:
    result = CliRunner().invoke(app, args, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def fails(app: typer.Typer, *args: str) -> str:
    result = CliRunner().invoke(app, args)
    assert isinstance(result.exception, PracticumError), result.exception
    assert "\n" not in str(result.exception)
    return str(result.exception)


def test_init_and_what_it_says(app: typer.Typer, tmp_path: Path) -> None:
    text = run(app, "init", "polyu", str(tmp_path / "w"), "--start", "2028-01-10")
    assert "set the term (Spring 2028, week 1 from 2028-01-10)" in text
    assert "set the term (T2, week 1" in run(app, "init", "polyu", str(tmp_path / "own"), "--term", "T2")
    assert (tmp_path / "w" / "course.toml").is_file()
    assert "already exists" in fails(app, "init", "polyu", str(tmp_path / "w"))
    assert "did you mean `polyu`?" in fails(app, "init", "poly", str(tmp_path / "v"))


def test_course_list_names_all_four(app: typer.Typer) -> None:
    text = run(app, "course", "list")
    assert all(name in text for name in ("cs324", "dda4220", "polyu", "xmu"))


@pytest.mark.parametrize("name", ["cs324", "dda4220", "polyu", "xmu"])
def test_course_show_and_check(app: typer.Typer, name: str) -> None:
    text = run(app, "course", "show", name)
    assert "component" in text
    assert "At most 100 of 100." in text
    assert "the course file is sound" in run(app, "course", "check", name)


def test_late_rules_in_words(app: typer.Typer) -> None:
    polyu, xmu, dda = (run(app, "course", "show", name) for name in ("polyu", "xmu", "dda4220"))
    assert "up to and including 72 h × 0.7; after that × 0; with a medical certificate" in polyu
    assert "up to and including 24 h × 0.9; under 72 h × 0.7; after that × 0.5" in xmu
    assert "after the deadline at most 50 %" in dda


def test_check_inside_a_workspace_reads_everything(app: typer.Typer, workspace: Path) -> None:
    assert "3 students" in run(app, "course", "check", "--on", "2027-03-28")
    (workspace / "marks.csv").write_text("student,item,points\nada,demmo,9\n")
    assert "marks.csv:2: no item `demmo` (did you mean `demo`?)" in fails(app, "course", "check")


def wrong(app: typer.Typer, *args: str) -> str:
    """Returns what a check that finds mistakes prints of them."""
    result = CliRunner().invoke(app, ["course", "check", *args], catch_exceptions=False)
    assert result.exit_code == 1, result.output
    assert "sound" not in result.output
    return result.stderr


def line_of(file: Path, text: str) -> int:
    return next(n for n, line in enumerate(file.read_text().splitlines(), start=1) if text in line)


def test_a_lab_must_exist_once_it_is_handed_out(app: typer.Typer, workspace: Path) -> None:
    file = workspace / "course.toml"
    line = line_of(file, 'lab = "cnn-cifar10"')
    text = run(app, "course", "check", "--on", "2027-03-28")
    assert f"warning: {file}:{line}: component[0].item[1].part[1].lab: lab cnn-cifar10 does not exist yet; it is" in text
    assert "handed out in week 6 (2027-03-29)" in text
    for found in (wrong(app, "--on", "2027-03-29"), wrong(app)):  # that is today
        assert f"{file}:{line}: component[0].item[1].part[1].lab: expected a lab that exists" in found
        assert "since it is handed out on 2027-03-29, got `cnn-cifar10`" in found
        assert "gan-mnist" not in found
    file.write_text(file.read_text().replace('lab = "backprop"', 'lab = "backpropp"'))
    assert "got `backpropp` (did you mean `backprop`?); write it (`practicum lab new backpropp`)" in wrong(app)


def test_a_lab_that_is_marked_by_hand_is_not_asked_for(app: typer.Typer, workspace: Path) -> None:
    (workspace / "marks.csv").write_text("student,item,part,points\nada,a2,,80\nbob,a3,vae,9\n")
    text = wrong(app, "--on", "2027-06-01")
    assert "gan-mnist" in text
    assert all(lab not in text for lab in ("cnn-cifar10", "mlp-pytorch", "`vae`"))


def test_a_date_outside_the_term_is_a_mistake(app: typer.Typer, workspace: Path) -> None:
    file = workspace / "course.toml"
    file.write_text(file.read_text().replace('due = { week = 9, day = "Sunday", time = 23:59:59 }', "due = 2023-03-19T23:59:59"))
    line = line_of(file, "due = 2023")
    found = wrong(app, "--on", "2027-03-01")
    assert (
        f"{file}:{line}: component[0].item[1].due: expected a day of the term (2027-02-22 to 2027-06-06), got Sun 2023" in found
    )
    assert f"{file}:{line}: component[0].item[1].due: expected a time after the hand-out (Mon 2027-03-29 00:00:00 CST)" in found


def test_what_ships_is_checked_as_of_its_first_day(app: typer.Typer, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_now", lambda: datetime(2030, 1, 1, tzinfo=UTC))
    assert "handed out in week 5 (2023-02-13)" in run(app, "course", "check", "dda4220")
    assert "image-classification" in wrong(app, "dda4220", "--on", "2023-02-13")
    assert "cnn-cifar10" in wrong(app, str(workspace)), "a file of one's own: today"


def test_init_names_the_dates_that_do_not_move(app: typer.Typer, workspace: Path) -> None:
    file = workspace / "course.toml"
    file.write_text(file.read_text().replace("out = { week = 6 }", "out = 2027-03-29"))
    result = CliRunner().invoke(app, ["init", str(workspace), str(workspace.parent / "next"), "--start", "2028-02-21"])
    line = line_of(file, "out = 2027-03-29")
    expected = f"next/course.toml:{line}: a date, which did not move with the start of the term\n"
    assert result.stderr.endswith(expected), result.stderr
    assert result.stderr.count("warning") == 1


def test_nobody_misses_what_does_not_exist(app: typer.Typer, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_now", lambda: datetime(2027, 7, 1, tzinfo=UTC))
    ada, bob, _ = read_plain(run(app, "gradebook", "--export", "plain"))
    assert (ada.items["a2"], ada.items["a3"]) == (None, None)
    assert bob.items["a2"] is None
    rows = {line.split()[0]: line.split() for line in run(app, "status").splitlines()[1:] if line.strip()}
    assert rows["gan-mnist"][-5:] == ["3", "0", "0", "0", "0"]
    assert rows["backprop"][-1] == "1"


def test_show_lists_the_days_of_a_session(app: typer.Typer) -> None:
    text = run(app, "course", "show", "dda4220")
    assert "2, 3, 4  Wed 2023-01-11, Mon 2023-01-16, Wed 2023-02-08  " in text
    assert "Meets on Wednesdays, 15:30 to 17:00" in text
    assert "“from lecture 1 to lecture 9" in text
    assert "In the course's words: 10 % penalty per day." in " ".join(run(app, "course", "show", "polyu").split())


def test_gradebook_table(app: typer.Typer, workspace: Path) -> None:
    ada, bob, eve = run(app, "gradebook").splitlines()[2:5]
    assert ada.split() == ["ada", "20.10", "25", "Ada", "Lovelace", "74.00*", "–", "–", "–", "9.00", "–"]
    assert bob.split() == ["bob", "0.00", "0", "Bob", "w", "–", "–", "–", "–", "–"]
    assert eve.split() == ["eve", "0.00", "0", "Eve", "x", "–", "–", "–", "–", "–"]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_table_of_a_course_loses_a_number_at_any_width(
    app: typer.Typer, workspace: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    whole = {words: run(app, *words) for words in (("gradebook",), ("status",), ("course", "show", "cs324"), ("course", "list"))}
    monkeypatch.setenv("COLUMNS", str(width))
    for words, text in whole.items():
        lines = run(app, *words).splitlines()
        assert max(map(len, lines)) <= width
        numbers = re.findall(r"(?<= )\d+(?:\.\d+)?\*?(?= |$)", text, re.MULTILINE)
        assert len(numbers) > 5, "the tables have numbers"
        assert not Counter(numbers) - Counter(re.findall(r"[\d.]+\*?", "\n".join(lines)))
    assert next(line for line in run(app, "gradebook").splitlines() if line.strip().startswith("ada")).split()[1:3] == [
        "20.10",
        "25",
    ]


def test_gradebook_explains_a_student(app: typer.Typer, workspace: Path) -> None:
    text = run(app, "gradebook", "--student", "ada")
    assert "perceptron: perceptron 20/25 (submission s1) = 20.00 of 25" in text
    assert "backprop 60/75 (submission s2) = 60.00 of 75, 02:00:00 late: × 0.9 = 54.00" in text
    assert "graded manually (lovely) = 9.00 of 10" in text
    assert "exempt: joined late" in run(app, "gradebook", "--student", "eve")
    assert "no student `adda` on the roster (did you mean `ada`?)" in fails(app, "gradebook", "--student", "adda")


@pytest.mark.parametrize("form", ["canvas", "blackboard", "moodle", "plain"])
def test_exports(app: typer.Typer, workspace: Path, form: str) -> None:
    out = workspace / "out.csv"
    run(app, "gradebook", "--export", form, "-o", str(out))
    text = out.read_bytes().decode()
    assert "74.00" in text
    if form == "plain":
        assert run(app, "gradebook", "--export", form) == text
        assert read_plain(text)[0].total == Decimal("20.10")
        assert "no platform" in fails(app, "gradebook", "--export", "plain", "--current", str(out))


def test_what_is_undecided_is_in_no_file_or_repeated(app: typer.Typer, workspace: Path) -> None:
    (workspace / "out-a1-demo.csv").write_text("of last week")
    command = ("gradebook", "--export", "canvas", "-o", str(workspace / "out.csv"))
    result = CliRunner().invoke(app, command)
    assert "warning: a1: undecided for 1 student (bob Bob); not in this column's file" in result.stderr
    assert "Import each of these files by itself." in result.stderr
    assert "out-a1-demo.csv is of an earlier export; do not import it" in result.stderr
    assert "Bob" not in (workspace / "out.csv").read_text()
    assert "ada,,,9.00" in (workspace / "out-demo.csv").read_text()
    assert "expected -o FILE, as this export is 2 files" in fails(app, "gradebook", "--export", "canvas")
    title = "A1 Perceptron, MLP and back-propagation"
    (workspace / "now.csv").write_text(
        f'Student,ID,SIS User ID,SIS Login ID,Section,"{title} (5)",AI on chips (6)\n'
        "Ada,1,ada,ada,,,\nBob,2,bob,bob,,61.00,4\nEve,3,eve,eve,,,\n"
    )
    text = run(app, "gradebook", "--export", "canvas", "--current", str(workspace / "now.csv"))
    assert text.splitlines()[3:] == ["Bob,2,bob,,,61.00,4", "Eve,3,eve,,,EX,"]


def test_export_errors(app: typer.Typer, workspace: Path) -> None:
    assert "no export `canvs` (did you mean `canvas`?)" in fails(app, "gradebook", "--export", "canvs")
    assert "-o needs --export" in fails(app, "gradebook", "-o", "x.csv")
    assert "cannot be written" in fails(app, "gradebook", "--export", "plain", "-o", "no/such/folder/x.csv")


def test_status(app: typer.Typer, workspace: Path) -> None:
    rows = {line.split()[0]: line for line in run(app, "status").splitlines()[1:] if line.strip()}
    assert rows["perceptron"].split("(past)")[1].split() == ["2", "of", "2", "1", "0", "1", "0"]
    assert rows["backprop"].split("(past)")[1].split() == ["1", "of", "2", "1", "1", "0", "1"]
    assert rows["gan-mnist"].split("CST")[1].split() == ["0", "of", "3", "0", "0", "0", "0"]


def test_outside_a_workspace(app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["gradebook"], ["status"], ["course", "show"], ["course", "check"]):
        assert "is not in a workspace; make one with `practicum init COURSE DIR`" in fails(app, *command)


def test_no_store_yet(app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(init("cs324", tmp_path / "w").root)
    assert "perceptron" in run(app, "status")


def test_the_module_itself_imports_nothing_heavy() -> None:
    code = (
        "import sys, types, pathlib, practicum, typer\n"
        "package = types.ModuleType('practicum.cli')\n"
        "package.__path__ = [str(pathlib.Path(practicum.__path__[0]) / 'cli')]\n"
        "sys.modules['practicum.cli'] = package\n"
        "before = set(sys.modules)\n"
        "import practicum.cli.course\n"
        "print([m for m in set(sys.modules) - before if m.split('.')[0] in ('pydantic', 'torch', 'numpy', 'sqlalchemy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    assert done.stdout.strip() == "[]", done.stderr
