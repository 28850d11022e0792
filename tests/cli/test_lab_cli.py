"""`practicum lab`, from a new lab to a proven one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from practicum.cli import lab as commands
from practicum.errors import PracticumError
from practicum.labs.lab import TAKEN, find_lab, list_labs, load_lab
from practicum.sandbox.proxy import StudentCode

FORMER_PROOF = ("lab", "sha256", "seeds", "checks", "mutants", "alternatives", "minutes", "date", "versions")

app = typer.Typer()
commands.register(app)


def run(*words: str, code: int = 0) -> str:
    """Run `practicum lab …`. A mistake comes out as it does in the command: as a PracticumError."""
    result = CliRunner().invoke(app, ["lab", *words])
    if isinstance(result.exception, PracticumError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace without labs, and an empty curriculum."""
    (tmp_path / "curriculum" / "labs").mkdir(parents=True)
    for name in ("course.toml", "roster.csv"):
        (tmp_path / name).touch()
    monkeypatch.setenv("PRACTICUM_CURRICULUM", str(tmp_path / "curriculum"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("options", [(), pytest.param(("--notebook",), marks=pytest.mark.thorough)], ids=["module", "notebook"])
def test_a_new_lab_is_listed_built_and_proven(here, options):
    assert "labs/my-lab: a small working lab" in run("new", "my-lab", *options)
    submit = "my-lab.ipynb" if options else "my_lab.py"
    rows = run("list").splitlines()
    assert rows[0].split() == ["LAB", "POINTS", "HANDS", "IN", "TITLE"]
    assert rows[1].split() == ["my-lab", "5", submit, "My", "lab", "(of", "this", "workspace)"]
    assert run("build", "my-lab") == "handouts/my-lab\nhandouts/my-lab.zip\n"
    built = {path.relative_to(here / "handouts").as_posix() for path in (here / "handouts").rglob("*") if path.is_file()}
    assert {"my-lab.zip", "my-lab/README.md", f"my-lab/{submit}", "my-lab/checks/test_my_lab.py"} <= built
    assert "test_constant_column" not in (here / "handouts/my-lab/checks/test_my_lab.py").read_text()
    assert "spread" not in (here / "handouts/my-lab" / submit).read_text()
    pytest.importorskip("practicum.grading.verify")
    (here / "proofs.csv").write_text(f"{','.join(FORMER_PROOF)}\nolder,{'ab' * 32},5,8,11,5,0.9,2026-11-30,numpy 2.4.6\n")
    output = run("verify", "my-lab", "--seeds", "2", "--solution-seeds", "4", "--jobs", "1", "--keep", "proofs.csv")
    assert "divides_by_zero" in output
    assert "zeros" in output
    assert "at most 0" in output
    assert "3 mutants, 1 alternative, 1 cheat. The solution in 4 seeds." in " ".join(output.split())
    mine, older = csv.DictReader((here / "proofs.csv").read_text().splitlines())
    assert [mine[key] for key in ("lab", "seeds", "checks", "mutants", "cheats", "solution_seeds")] == ["my-lab", *"23314"]
    assert [older[key] for key in ("lab", "seeds", "cheats", "solution_seeds", "versions")] == [
        "older",
        "5",
        "",
        "",
        "numpy 2.4.6",
    ]
    assert "problem" not in output


def test_verify_fails_where_a_bug_is_not_caught(here):
    run("new", "my-lab", "-o", "mine")
    toml = here / "mine/my-lab/bugs/variance.toml"
    toml.write_text(toml.read_text().replace('replace = "x.var(axis=0)"', 'replace = "np.std(x, axis=0)"'))
    output = run("verify", "mine/my-lab", "--seeds", "1", "--jobs", "1", code=1)
    assert "must lose test_spread and does not" in " ".join(output.split())


def test_where_a_new_lab_goes(here):
    run("new", "first", "-o", "elsewhere")
    assert load_lab(here / "elsewhere" / "first").title == "First"
    with pytest.raises(PracticumError, match="first: expected a name that is free, got one that is taken"):
        run("new", "first", "-o", "elsewhere")


@pytest.mark.parametrize("name", ["My Lab", "-x", "../x", "a--b", "1st", ""])
def test_names_that_no_lab_can_have(here, name):
    with pytest.raises(PracticumError, match="expected a lab's name in small letters"):
        run("new", "--", name)
    assert not (here / "labs").exists()


OWN_NAMES = sorted(name for name in dir(StudentCode) if not name.startswith("_"))


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        *((name, rf"`student\.{name}` is Practicum's own in a check") for name in OWN_NAMES),
        ("random", "`random` is a module of Python"),
        ("class", "`class` is a word of Python"),
        ("match", "`match` is a word of Python"),
        ("sum", "`sum` is a built-in of Python"),
        ("numpy", "`numpy` is a library that labs use"),
        ("torch", "`torch` is a library that labs use"),
    ],
)
def test_names_that_are_taken_are_refused_with_whose_they_are(here, name, whose):
    with pytest.raises(PracticumError, match=whose):
        run("new", name)
    assert not (here / "labs").exists()


def test_a_lab_that_asks_for_a_file_no_check_can_reach_is_refused(here):
    assert set(OWN_NAMES) == TAKEN
    run("new", "my-lab")
    toml = here / "labs/my-lab/lab.toml"
    toml.write_text(toml.read_text().replace("my_lab.py", "tensor.py"))
    with pytest.raises(PracticumError, match=r"lab\.toml:5: submit.*`student\.tensor` is Practicum's own"):
        load_lab(toml.parent)


def test_outside_of_a_workspace_a_new_lab_needs_a_folder(here, monkeypatch):
    (here / "roster.csv").unlink()
    for words in (("new", "my-lab"), ("copy", str(here / "elsewhere" / "first"))):
        run("new", "first", "-o", "elsewhere") if words[0] == "copy" else None
        with pytest.raises(PracticumError, match="run this in a workspace, or give one with `-o DIR`"):
            run(*words)
    assert not (here / "labs").exists()
    assert list((here / "curriculum/labs").iterdir()) == []


def test_nothing_is_written_into_an_installation(here):
    with pytest.raises(PracticumError, match="part of an installation"):
        run("new", "my-lab", "-o", "lib/site-packages/practicum/curriculum/labs")
    assert not (here / "lib").exists()


def test_a_lab_of_the_curriculum_is_copied_and_then_comes_first(here):
    run("new", "sums", "-o", "curriculum/labs")
    shipped = here / "curriculum/labs/sums"
    (shipped / "source/__pycache__").mkdir()
    (shipped / "source/__pycache__/sums.pyc").touch()
    assert find_lab("sums").folder == shipped
    assert "(of this workspace)" not in run("list")
    assert "labs/sums: a copy of sums" in run("copy", "sums")
    copied = here / "labs/sums"
    assert {p.relative_to(copied) for p in copied.rglob("*") if p.is_file()} == {
        p.relative_to(shipped) for p in shipped.rglob("*") if p.is_file() and p.suffix != ".pyc"
    }
    toml = copied / "lab.toml"
    toml.write_text(toml.read_text().replace('title = "Sums"', 'title = "My sums"'))
    assert find_lab("sums").title == "My sums"
    assert [lab.title for lab in list_labs()] == ["My sums"]
    assert "My sums (of this workspace)" in run("list")
    run("copy", "sums", "sums-2027")
    assert {lab.name for lab in list_labs()} == {"sums", "sums-2027"}
    for name, problem in (("sums", "one that is taken"), ("Sums", "in small letters"), ("../x", "in small letters")):
        with pytest.raises(PracticumError, match=problem):
            run("copy", "sums", name)


def test_a_workspace_without_its_roster_says_so(here):
    (here / "roster.csv").unlink()
    (here / "marks.csv").touch()
    for command in (("list",), ("new", "my-lab"), ("build", "x"), ("verify", "x")):
        with pytest.raises(PracticumError, match=r"roster\.csv: expected the workspace's roster, got no such file"):
            run(*command)


def test_build_into_a_file_says_so_in_one_line(here):
    run("new", "my-lab")
    (here / "thesis").write_text("mine")
    with pytest.raises(PracticumError, match=r"^\S*thesis: expected a folder to build in, got a file$"):
        run("build", "my-lab", "-o", "thesis")
    assert (here / "thesis").read_text() == "mine"
    with pytest.raises(PracticumError, match=r"^\S*thesis: expected a folder to build in, got a file$"):
        run("build", "my-lab", "-o", "thesis/deeper")
    (here / "out" / "my-lab.zip").mkdir(parents=True)
    with pytest.raises(PracticumError, match=r"my-lab\.zip: expected a free name for the handout's zip, got a folder"):
        run("build", "my-lab", "-o", "out")
    assert [path.name for path in (here / "out").iterdir()] == ["my-lab.zip"]


def test_build_spares_other_folders_unless_told(here):
    run("new", "my-lab")
    (here / "out" / "my-lab").mkdir(parents=True)
    (here / "out" / "my-lab" / "thesis.txt").touch()
    with pytest.raises(PracticumError, match="expected an empty folder or an earlier handout"):
        run("build", "my-lab", "-o", "out")
    run("build", "my-lab", "-o", "out", "--force")


def test_an_unknown_lab(here):
    run("new", "my-lab")
    for command in ("build", "verify"):
        with pytest.raises(PracticumError, match=r"got `my-lap` \(did you mean `my-lab`\?\); the labs are: my-lab"):
            run(command, "my-lap")


def test_a_broken_lab_does_not_hide_the_others(here):
    run("new", "good")
    run("new", "broken")
    (here / "labs/broken/lab.toml").write_text("titel = 3\n")
    result = CliRunner().invoke(app, ["lab", "list"])
    assert "good" in result.output
    assert isinstance(result.exception, PracticumError)
    assert "broken/lab.toml:1: points: expected this key, got none" in str(result.exception)


def test_build_refuses_what_verify_would(here):
    run("new", "my-lab")
    toml = here / "labs/my-lab/lab.toml"
    toml.write_text(toml.read_text().replace("points = 5", "points = 6"))
    said = r"lab.toml:4: points = 6, but the checks give 5 together \(test_mean 2, test_spread 2, test_constant_column 1\)"
    with pytest.raises(PracticumError, match=said):
        run("build", "my-lab")
    assert not (here / "handouts").exists()
