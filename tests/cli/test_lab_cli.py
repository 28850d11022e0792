"""`practicum lab`, from a new lab to a proven one."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from practicum.cli import lab as commands
from practicum.errors import PracticumError
from practicum.labs.lab import load_lab

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
    """An empty folder to work in, with a curriculum of its own."""
    (tmp_path / "curriculum" / "labs").mkdir(parents=True)
    monkeypatch.setenv("PRACTICUM_CURRICULUM", str(tmp_path / "curriculum"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("options", [(), ("--notebook",)], ids=["module", "notebook"])
def test_a_new_lab_is_listed_built_and_proven(here, options):
    assert "curriculum/labs/my-lab: a small working lab" in run("new", "my-lab", *options)
    submit = "my-lab.ipynb" if options else "my_lab.py"
    rows = run("list").splitlines()
    assert rows[0].split() == ["LAB", "POINTS", "HANDS", "IN", "TITLE"]
    assert rows[1].split() == ["my-lab", "5", submit, "My", "lab"]
    assert run("build", "my-lab") == "handouts/my-lab\nhandouts/my-lab.zip\n"
    built = {path.relative_to(here / "handouts").as_posix() for path in (here / "handouts").rglob("*") if path.is_file()}
    assert {"my-lab.zip", "my-lab/README.md", f"my-lab/{submit}", "my-lab/checks/test_my_lab.py"} <= built
    assert "test_constant_column" not in (here / "handouts/my-lab/checks/test_my_lab.py").read_text()
    assert "spread" not in (here / "handouts/my-lab" / submit).read_text()
    pytest.importorskip("practicum.grading.verify")
    output = run("verify", "my-lab", "--seeds", "2", "--jobs", "2")
    assert "divides_by_zero" in output
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


@pytest.mark.parametrize("name", ["My Lab", "-x", "../x", "a--b", "1st", "random", "class", "numpy", ""])
def test_names_that_no_lab_can_have(here, name):
    with pytest.raises(PracticumError, match="expected a lab's name"):
        run("new", "--", name)
    assert list((here / "curriculum" / "labs").iterdir()) == []


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
    (here / "curriculum/labs/broken/lab.toml").write_text("titel = 3\n")
    result = CliRunner().invoke(app, ["lab", "list"])
    assert "good" in result.output
    assert isinstance(result.exception, PracticumError)
    assert "broken/lab.toml:1: points: expected this key, got none" in str(result.exception)


def test_build_refuses_what_verify_would(here):
    run("new", "my-lab")
    toml = here / "curriculum/labs/my-lab/lab.toml"
    toml.write_text(toml.read_text().replace("points = 5", "points = 6"))
    said = r"lab.toml:4: points = 6, but the checks give 5 together \(test_mean 2, test_spread 2, test_constant_column 1\)"
    with pytest.raises(PracticumError, match=said):
        run("build", "my-lab")
    assert not (here / "handouts").exists()
