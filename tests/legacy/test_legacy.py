"""What version 0.1.0 left behind still works: a workspace, handouts, labs, and every name that users have. See README.md."""

from __future__ import annotations

import contextlib
import csv
import importlib
import io
import json
import os
import re
import shutil
import sqlite3
import sys
from pathlib import Path
from unittest import mock

import pytest

from practicum.course.workspace import find
from practicum.store.store import Store

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected"
NAMES = json.loads((HERE / "names.json").read_text(encoding="utf-8"))
FORMS = ("plain", "canvas", "blackboard", "moodle")


def practicum(*words: str | Path, cwd: Path, codes: tuple[int, ...] = (0,), **environment: str) -> str:
    """Run a command in this process; return what it prints on both streams."""
    from practicum.cli import main

    printed, code = io.StringIO(), 0
    with (
        contextlib.chdir(cwd),
        mock.patch.dict(os.environ, {"COLUMNS": "200", **environment}),
        mock.patch.object(sys, "argv", ["practicum", *map(str, words)]),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    assert code in codes, f"{words}: {code}\n{printed.getvalue()}"
    return printed.getvalue()


def export(workspace: Path, form: str = "plain") -> bytes:
    out = workspace / f"{form}.out"
    practicum("gradebook", "--export", form, "--total", "-o", out, cwd=workspace)
    return out.read_bytes()


Grades = dict[tuple[str, str], str]


def grades_in(text: str, form: str) -> Grades:
    """Every cell of an export that is not empty, by student and heading."""
    rows = list(csv.reader(io.StringIO(text)))
    who = rows[0].index({"canvas": "SIS User ID", "blackboard": "Student ID", "moodle": "ID number", "plain": "student"}[form])
    return {(row[who], name): cell for row in rows[1:] for name, cell in zip(rows[0], row, strict=True) if cell}


def exports_as(workspace: Path, form: str, old: Path) -> None:
    """The export says what the old one said. The plain one to the byte; what the platforms import, in each cell with something
    in it: an empty cell of theirs deleted or cleared a grade, so now there is none, and what is undecided makes further files."""
    if form == "plain":
        assert export(workspace) == old.read_bytes()
        return
    for part in workspace.glob(f"{form}*.out"):
        part.unlink()
    export(workspace, form)
    parts = [grades_in(part.read_text(encoding="utf-8"), form) for part in workspace.glob(f"{form}*.out")]
    now: Grades = {}
    for part in parts:
        assert all(now.get(place, cell) == cell for place, cell in part.items())
        now |= part
    then = grades_in(old.read_text(encoding="utf-8"), form)
    students = {place: cell for place, cell in then.items() if place[0]}  # Canvas has a row of points, which is nobody's
    assert students == {place: now.get(place) for place in students}
    assert {place for place in now if form != "moodle" or place[1] != "Username"} <= then.keys()


def select(database: Path, query: str) -> list[tuple]:
    db = sqlite3.connect(database)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def holds(old: object, new: object, where: str = "") -> None:
    """Every key of the old JSON is in the new with the same value; the new may have more keys."""
    if isinstance(old, dict):
        assert isinstance(new, dict), where
        for key, value in old.items():
            assert key in new, f"{where}.{key} is gone"
            holds(value, new[key], f"{where}.{key}")
    elif isinstance(old, list):
        assert isinstance(new, list), where
        assert len(old) == len(new), where
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            holds(one, other, f"{where}[{number}]")
    else:
        assert old == new, where


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "workspace", tmp_path / "workspace"))


# The workspace


@pytest.mark.parametrize("form", FORMS)
def test_the_gradebook_is_the_same(workspace, form):
    exports_as(workspace, form, EXPECTED / "stopped" / f"{form}.csv")


def with_the_lab_it_graded(workspace: Path, lab: str) -> None:
    """Whoever changes a lab during a term keeps the old one in the workspace."""
    shutil.copytree(HERE / "shipped" / lab, workspace / "labs" / lab)


def test_what_has_a_result_is_not_graded_again(workspace, tmp_path):
    with_the_lab_it_graded(workspace, "perceptron")
    query = "SELECT id, submission_id, run_id, points, out_of, published, at FROM results ORDER BY id"
    before = select(workspace / "practicum.db", query)
    for more in ([], ["--resume"]):
        practicum("grade", "perceptron", "--no-feedback", "--json", tmp_path / "now.json", *more, cwd=workspace)
        assert select(workspace / "practicum.db", query) == before
        holds(json.loads((EXPECTED / "perceptron.json").read_text()), json.loads((tmp_path / "now.json").read_text()))
    assert export(workspace) == (EXPECTED / "stopped" / "plain.csv").read_bytes()


def test_a_run_that_the_old_code_began_is_taken_up(workspace):
    with_the_lab_it_graded(workspace, "backprop")
    database = workspace / "practicum.db"
    kept = select(database, "SELECT id, points, at FROM results ORDER BY id")
    runs = select(database, "SELECT id FROM runs")
    practicum("grade", "backprop", "--resume", "--no-feedback", "--jobs", "1", cwd=workspace)
    now = select(database, "SELECT id, points, at FROM results ORDER BY id")
    assert now[: len(kept)] == kept
    assert len(now) == len(kept) + 2
    assert select(database, "SELECT id FROM runs") == runs
    for form in FORMS:
        exports_as(workspace, form, EXPECTED / "resumed" / f"{form}.csv")


def test_graded_again_everybody_has_the_same_marks(workspace):
    """By a regrade with the lab that they were graded with, and the code as it is now."""
    with_the_lab_it_graded(workspace, "perceptron")
    practicum("regrade", "perceptron", "--preview", "--again", "--jobs", "1", cwd=workspace)
    query = "SELECT submission_id, points, out_of FROM results WHERE published AND run_id {} ORDER BY submission_id"
    last = "(SELECT max(id) FROM runs)"
    before = select(workspace / "practicum.db", query.format("IN (SELECT id FROM runs WHERE lab = 'perceptron')"))
    assert len(before) == 6
    practicum("regrade", "perceptron", "--publish", cwd=workspace)
    assert select(workspace / "practicum.db", query.format(f"= {last}")) == before

    practicum("grade", "perceptron", "--no-feedback", "--json", "now.json", cwd=workspace)
    for record in json.loads((workspace / "now.json").read_text()):
        assert {"at", "points", "result"} <= record.keys()
        result = record["result"]
        for name, keys in NAMES["result"].items():
            there = {"GradedSubmission": result, "CheckResult": result["checks"][0], "Provenance": result["provenance"]}[name]
            assert set(keys) <= there.keys()
    for form in FORMS:
        exports_as(workspace, form, EXPECTED / "stopped" / f"{form}.csv")


CARRIED = {
    "Submission": "practicum.db",
    "Result": "practicum.db",
    "Team": "teams.csv",
    "Extension": "extensions.csv",
    "Exemption": "exemptions.csv",
    "ManualMark": "marks.csv",
}


@pytest.mark.parametrize("kind", NAMES["events"])
def test_each_kind_of_event_is_read(workspace, kind):
    """Without it the gradebook is another, so none is passed over in silence."""
    file = workspace / CARRIED[kind]
    if kind == "Submission":
        file.unlink()
    elif kind == "Result":
        with sqlite3.connect(file) as db:
            db.execute("UPDATE results SET published = 0")
        db.close()
    else:
        heading, *rows = file.read_text(encoding="utf-8").splitlines()
        assert rows
        file.write_text(f"{heading}\n", encoding="utf-8")
    if kind == "Team":  # rows for a team need the team
        for name in ("marks.csv", "extensions.csv"):
            heading, *rows = (workspace / name).read_text(encoding="utf-8").splitlines()
            rows = [row for row in rows if not row.startswith((",red", ",green"))]
            (workspace / name).write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    assert export(workspace) != (EXPECTED / "stopped" / "plain.csv").read_bytes()


def test_status_and_one_student(workspace):
    told = practicum("status", cwd=workspace)
    assert "perceptron" in told
    assert "backprop" in told
    told = practicum("gradebook", "--student", "s002", cwd=workspace)
    assert "62.95" in told
    assert "did more" in told
    assert "6 students" in practicum("course", "check", cwd=workspace)


def test_similarity(workspace):
    practicum("similarity", "perceptron", cwd=workspace)
    report = workspace / "similarity" / "perceptron"
    assert (report / "index.html").is_file()
    headings = [next(csv.reader(io.StringIO((folder / "pairs.csv").read_text()))) for folder in (EXPECTED, report)]
    assert set(headings[0]) <= set(headings[1])
    old, new = (json.loads((folder / "pairs.json").read_text()) for folder in (EXPECTED, report))
    old["given"].remove("the solution of perceptron")  # it counted for nothing then, and three handed it in as it is
    assert (new["published"][0], old.pop("pairs")) == ("the lab's solution", [])
    assert (new.pop("clusters"), old.pop("clusters")) == ([["s001", "s002", "s004"]], [])
    keys = {"first", "second", "same_student", "flagged", "evidence", "statements", "excess", "p", "also"}
    assert new["pairs"]
    assert all(keys <= set(pair) for pair in new["pairs"])
    holds(old, new)


# Handouts, labs, a course with every key


def verdicts(report: str) -> list[tuple[str, ...]]:
    """Each check's sign, title and points, then the sum. The points stood behind the title once, and stand before it now."""
    checks = re.findall(r"^([✓✗~]) (\S.*?)\s+([\d.]+) / ([\d.]+)$", report, flags=re.MULTILINE)
    rows = re.findall(r"^([✓✗~]) +([\d.]+) / ([\d.]+)  (.*)$", report, flags=re.MULTILINE)
    checks += [(sign, title, got, most) for sign, got, most, title in rows]
    return [*checks, *re.findall(r"^([\d.]+) of ([\d.]+) public points", report, flags=re.MULTILINE)]


@pytest.mark.parametrize("name", ["perceptron", "notebook"])
def test_a_student_checks_an_old_handout(tmp_path, name, monkeypatch):
    folder = shutil.copytree(HERE / "handouts" / name, tmp_path / name)
    old = verdicts((EXPECTED / f"check-{name}.txt").read_text(encoding="utf-8"))
    assert len(old) > 2
    told = practicum("check", cwd=folder, codes=(0, 1))
    assert verdicts(told) == old
    monkeypatch.chdir(tmp_path)
    assert importlib.import_module("practicum").check(name).points == tuple(map(float, old[-1]))


def test_old_labs_are_proven_and_built(tmp_path):
    labs = shutil.copytree(HERE / "labs", tmp_path / "labs")
    for lab in labs.iterdir():
        assert "from practicum.grading.checks import" in next((lab / "checks").glob("test_*.py")).read_text()
    practicum(
        "lab", "verify", labs / "columns", labs / "notebook", "--seeds", "1", "--solution-seeds", "1", "--jobs", "1", cwd=tmp_path
    )
    practicum("lab", "build", labs / "columns", cwd=tmp_path)
    assert (tmp_path / "handouts" / "columns.zip").is_file()
    assert verdicts(practicum("check", "handouts/columns", cwd=tmp_path, codes=(1,)))[-1][0] == "0"


def test_a_new_database_has_every_table_and_column(tmp_path):
    Store(tmp_path / "new.db").close()
    for table, columns in NAMES["tables"].items():
        assert set(columns) <= {row[1] for row in select(tmp_path / "new.db", f"PRAGMA table_info({table})")}, table


@pytest.mark.parametrize("form", FORMS)
def test_every_key_of_a_course_file_means_the_same(tmp_path, form):
    folder = shutil.copytree(HERE / "every-key", tmp_path / "every-key")
    practicum("course", "check", cwd=folder)
    exports_as(folder, form, EXPECTED / "every-key" / f"{form}.csv")


# Names


def test_the_headings_of_every_csv_file(tmp_path):
    practicum("init", "cs324", "made", cwd=tmp_path)
    for name, old in NAMES["csv"].items():
        there = (HERE / "workspace" / name).read_text(encoding="utf-8").splitlines()[0].split(",")
        assert there == old, "the workspace kept here has every heading"
        made = (tmp_path / "made" / name).read_text(encoding="utf-8").splitlines()[0].split(",")
        assert set(old) <= set(made)


def test_every_heading_of_a_roster(tmp_path):
    """Each name of a column in turn, the columns side by side."""
    folder = shutil.copytree(HERE / "every-key", tmp_path / "every-key")
    values = {"id": "s001", "first": "Ada", "last": "Lovelace", "email": "ada@example.org", "section": "L1", "team": "red"}
    values |= {"login": "ada", "lms_id": "9001"}
    for file in ("marks.csv", "exemptions.csv"):
        (folder / file).unlink()
    columns = {key: names for key, names in NAMES["roster.csv"].items() if key != "name"}
    for turn in range(max(map(len, columns.values()))):
        for some in ({"first", "last"}, columns.keys() - {"first", "last"}):  # all together they look like Moodle's own file
            headings = [names[turn % len(names) if key in some else 0] for key, names in columns.items()]
            row = ",".join(values[key] for key in columns)
            (folder / "roster.csv").write_text(f"{','.join(headings)}\n{row}\n", encoding="utf-8")
            [student] = find(folder).roster()
            assert {key: getattr(student, key) for key in values} == values, headings
    told = {form: export(folder, form) for form in ("canvas", "moodle")}
    assert b"Lovelace" in told["canvas"]
    assert b"9001" in told["canvas"]
    assert b"ada@example.org" in told["moodle"]
    for name in NAMES["roster.csv"]["name"]:
        (folder / "roster.csv").write_text(f"id,{name}\ns001,Ada Lovelace\n", encoding="utf-8")
        assert [(student.id, student.name) for student in find(folder).roster()] == [("s001", "Ada Lovelace")]
    assert b"s001,Ada Lovelace," in export(folder)


def test_every_command_and_option_is_there():
    import typer

    from practicum.cli import app

    root = typer.main.get_command(app)
    for path, old in NAMES["commands"].items():
        command = root
        for word in path.split():
            command = getattr(command, "commands", {}).get(word)
            assert command is not None, f"practicum {path} is gone"
        options = {
            name for each in command.params if each.param_type_name == "option" for name in each.opts + each.secondary_opts
        }
        assert set(old["options"]) <= options, path
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        assert len(arguments) >= old["arguments"], path
        assert not [each.name for each in arguments[old["arguments"] :] if each.required], path


def test_every_recipe_and_its_hyperparameters_are_there(tmp_path):
    listed = {line.split()[0] for line in practicum("recipes", cwd=tmp_path).splitlines() if line.strip()}
    assert set(NAMES["recipes"]) <= listed
    for recipe, old in NAMES["recipes"].items():
        options = set(re.findall(r"^\s+--([\w-]+)", practicum("recipes", recipe, cwd=tmp_path), flags=re.MULTILINE))
        assert {name.replace("_", "-") for name in old} <= options, recipe


def test_results_of_recipes_are_read(tmp_path):
    shutil.copytree(HERE / "results", tmp_path / "results")
    practicum("results", "--only-table", "--folder", "results", "--table", "now.md", cwd=tmp_path)
    old, new = (
        {
            row[0]: row[2]
            for line in file.read_text(encoding="utf-8").splitlines()
            if len(row := re.split(r" *\| *", line.strip("| "))) > 4
        }
        for file in (EXPECTED / "results.md", tmp_path / "now.md")
    )
    assert "±" in old["softmax-mnist"]
    assert (
        new["softmax-mnist"].removesuffix(" (stale)") == old["softmax-mnist"]
    )  # whether the code is the same is not the point here


def test_every_variable_of_the_environment(tmp_path):
    assert NAMES["environment"] == ["PRACTICUM_CURRICULUM", "PRACTICUM_DATA"]
    shutil.copytree(HERE / "labs", tmp_path / "curriculum" / "labs")
    told = practicum("lab", "list", cwd=tmp_path, PRACTICUM_CURRICULUM=str(tmp_path / "curriculum"))
    assert "columns" in told
    assert "perceptron" not in told
    told = practicum("data", "where", cwd=tmp_path, codes=(0, 2), PRACTICUM_DATA=str(tmp_path / "nowhere"))
    assert str(tmp_path / "nowhere") in told
