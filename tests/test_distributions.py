"""Two distributions: what students install holds nothing of what they are graded by; teachers grade from an installed one."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import textwrap
import tomllib
import zipfile
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import practicum
from practicum import curriculum as finder
from practicum.course.workspace import course_path, courses
from practicum.errors import PracticumError
from practicum.labs.handout import solution_files
from practicum.labs.lab import find_lab, lab_folders, load_lab

ROOT = Path(__file__).parents[1]
CONTENT = ROOT / "curriculum"
HEAVY = {"torch", "scipy", "scikit-learn", "matplotlib", "sqlalchemy", "pillow", "tensorboard", "tzdata"}


def project(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_both_have_one_version_and_the_curriculum_needs_the_engine():
    engine, content = project(ROOT), project(CONTENT)
    assert engine["version"] == content["version"] == practicum.__version__
    assert content["dependencies"] == [f"practicum[teach]=={practicum.__version__}"]
    assert not [each for each in engine["dependencies"] if "curriculum" in each]
    assert (CONTENT / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_base_is_light():
    names = {each.split(">")[0] for each in project(ROOT)["dependencies"]}
    assert names == {"numpy", "typer", "rich", "pydantic", "msgspec", "jupytext", "nbformat", "pytest"}
    assert not names & HEAVY


def test_where_the_curriculum_is_looked_for(tmp_path, monkeypatch):
    assert finder.curriculum() == CONTENT
    installed = tmp_path / "site-packages" / "practicum_curriculum"
    monkeypatch.setattr(finder, "__file__", str(tmp_path / "site-packages" / "practicum" / "curriculum.py"))
    monkeypatch.setattr(finder, "find_spec", lambda name: ModuleSpec(name, None, origin=str(installed / "__init__.py")))
    assert finder.curriculum() == installed
    monkeypatch.setattr(finder, "find_spec", lambda name: None)
    with pytest.raises(PracticumError, match="not installed here: pip install practicum-curriculum"):
        finder.curriculum()
    monkeypatch.setenv("PRACTICUM_CURRICULUM", str(tmp_path))
    assert finder.curriculum() == tmp_path


def test_without_the_curriculum_paths_still_do_and_names_say_what_to_install(tmp_path, monkeypatch):
    perceptron, cs324 = find_lab("perceptron").folder, course_path("cs324")
    monkeypatch.setattr(finder, "__file__", str(tmp_path / "practicum" / "curriculum.py"))
    monkeypatch.setattr(finder, "find_spec", lambda name: None)
    assert find_lab(perceptron).name == "perceptron"
    assert course_path(str(cs324)) == cs324
    assert courses() == []
    assert lab_folders() == {}
    for find in (find_lab, course_path):
        with pytest.raises(PracticumError, match=r"got `nothing`|no course `nothing`") as caught:
            find("nothing")
        assert "pip install practicum-curriculum" in str(caught.value)


# From here on with what is built and installed


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Both distributions, as wheels and as source."""
    folder = tmp_path_factory.mktemp("built")
    for each in (ROOT, CONTENT):
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=each, check=True, capture_output=True)
    return folder


def wheel(built: Path, name: str) -> Path:
    (found,) = built.glob(f"{name}-*.whl")
    return found


def hashes(files: dict[str, bytes]) -> dict[str, str]:
    return {hashlib.sha256(data).hexdigest(): name for name, data in files.items() if data.strip()}


def in_wheel(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def in_source(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {each.name: archive.extractfile(each).read() for each in archive.getmembers() if each.isfile()}


def content() -> dict[str, bytes]:
    """Every file of the curriculum but those that only make the distribution."""
    files = {
        str(path.relative_to(CONTENT)): path for path in CONTENT.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    return {name: path.read_bytes() for name, path in files.items() if name not in ("pyproject.toml", "README.md", "LICENSE")}


@pytest.mark.slow
def test_what_students_install_has_no_solution_check_or_mutant(built):
    (source,) = built.glob("practicum-*.tar.gz")
    secret = hashes(content())
    for files in (in_wheel(wheel(built, "practicum")), in_source(source)):
        assert len(files) > 200
        assert [(name, secret[each]) for each, name in hashes(files).items() if each in secret] == []
        folders = {part for name in files for part in name.split("/")[:-1]}
        assert not folders & {"curriculum", "practicum_curriculum", "bugs", "alternatives", "cheats", "questions", "source"}


@pytest.mark.slow
def test_what_teachers_install_has_all_of_it(built):
    files = in_wheel(wheel(built, "practicum_curriculum"))
    there = {name.removeprefix("practicum_curriculum/"): data for name, data in files.items() if ".dist-info/" not in name}
    assert there == content()


SPY = """
import importlib.metadata, os
found = []
try:
    import practicum_curriculum
    found += os.listdir(list(practicum_curriculum.__path__)[0])  # an empty folder is a package, too
except ImportError:
    pass
for here, folders, files in os.walk("/"):
    ours = "practicum" if here.endswith("-packages") else ""  # other packages would take long
    folders[:] = [each for each in folders if each.startswith(ours) and each not in ("proc", "sys", "dev")]
    found += [os.path.join(here, each) for each in files if each in NAMES or "practicum_curriculum" in here]
for name in ("practicum", "practicum-curriculum"):
    try:
        found += filter(None, [importlib.metadata.distribution(name).read_text("RECORD")])
    except importlib.metadata.PackageNotFoundError:
        pass


class Perceptron:
    def __init__(self, *args, **kwargs):
        raise RuntimeError(f"found {len(found)}: {found[:3]!r}")
"""


@pytest.mark.slow
def test_grading_from_the_installed_curriculum_which_the_sandbox_does_not_show(built, tmp_path):
    site = tmp_path / "site-packages"
    for name in ("practicum", "practicum_curriculum"):
        with zipfile.ZipFile(wheel(built, name)) as archive:
            archive.extractall(site)  # all that an installer does with a wheel of plain Python
    lab = load_lab(site / "practicum_curriculum" / "labs" / "perceptron")
    submissions = tmp_path / "in"
    names = {path.name for path in lab.folder.rglob("*.toml")}
    for student, files in {
        "s001": solution_files(lab),
        "s002": {"perceptron.py": f"NAMES = {names}\n{textwrap.dedent(SPY)}".encode()},
    }.items():
        (submissions / student).mkdir(parents=True)
        for name, data in files.items():
            (submissions / student / name).write_bytes(data)
    # Before the packages of this environment, among which there is another Practicum.
    environment = {**os.environ, "PYTHONPATH": str(site)} | {"PRACTICUM_CURRICULUM": ""}
    code = "import practicum, sys; from practicum.cli import main; print(practicum.__file__); main()"
    command = [sys.executable, "-c", code, "grade", "perceptron", str(submissions), "--no-feedback", "--jobs", "1"]
    done = subprocess.run(
        [*command, "--json", "out.json", "--seed", "5"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert str(site) in done.stdout
    solution, spy = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert float(solution["points"]) == 25
    messages = {check["message"] for check in spy["result"]["checks"] if not check["hidden"]}
    assert any("found 0: []" in message for message in messages), messages
    assert float(spy["points"]) == 0
