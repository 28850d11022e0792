"""`practicum similarity` as a lecturer types it: report, CSV and JSON, archives, baselines, a workspace with teams."""

from __future__ import annotations

import csv
import json
import random
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from copies import disguise
from copies.corpora import independent
from typer.testing import CliRunner

from practicum.cli import app
from practicum.errors import PracticumError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the lab `network` and 21 submissions, of which one is another's, renamed and reordered."""
    tmp_path = tmp_path_factory.mktemp("network")
    for name, text in {
        "lab.toml": 'title = "A network"\npoints = 5\nsubmit = ["network.py"]\n',
        "README.md": "# A network\n",
        "checks/test_it.py": "from practicum.checks import points\n\n\n@points(5)\ndef test_it(student):\n    pass\n",
        "source/network.py": "# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n",
    }.items():
        file = tmp_path / "network" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    files = independent(4, 20).files
    students = sorted(files)
    (source,) = files[students[0]].values()
    rng = random.Random(0)
    copy = disguise.reorder_functions(disguise.rename(source.decode(), rng), rng)
    (tmp_path / "in").mkdir()
    for student in students:
        ((_, data),) = files[student].items()
        (tmp_path / "in" / f"{student}.py").write_bytes(data)
    (tmp_path / "in" / "copier.py").write_text(copy, encoding="utf-8")
    return tmp_path


@pytest.fixture
def here(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, and the current one."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["similarity", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.ids.add(str(found["id"]))
        if tag == "a":
            self.links.append(str(found["href"]))


def test_report(here: Path) -> None:
    output = run("network", "in")
    original = sorted(path.stem for path in (here / "in").iterdir())[1]
    assert output.splitlines()[0] == "21 submissions compared: 1 pair flagged, in 1 group"
    assert f"copier and {original}" in output
    report = here / "similarity" / "network"
    rows = list(csv.DictReader((report / "pairs.csv").open(encoding="utf-8")))
    assert [(row["first"], row["second"]) for row in rows if row["flagged"] == "1"] == [("copier", original)]
    told = json.loads((report / "pairs.json").read_text(encoding="utf-8"))
    assert told["clusters"] == [["copier", original]]
    assert told["pairs"][0]["p"] < 0.01
    assert len(told["pairs"]) == len(rows)
    index = (report / "index.html").read_text(encoding="utf-8")
    assert "accuses nobody" in index
    assert "the handout of network" in index
    assert "<script" not in index
    for page in report.glob("*.html"):
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        for link in links.links:
            assert link[1:] in links.ids if link[0] == "#" else (report / link).exists(), (page, link)
    side = (report / "pair-1.html").read_text(encoding="utf-8")
    assert "Names in each other" in side
    assert side.count('class="line strong"') > 40


def test_a_copy_of_what_is_published_is_evidence(here: Path) -> None:
    """The lab's solution and its alternatives are compared with, not subtracted; in the report they are no students."""
    original, other = sorted(path.stem for path in (here / "in").iterdir())[1:3]
    solution = (here / "in" / f"{original}.py").read_text(encoding="utf-8")
    (here / "network" / "source" / "network.py").write_text(f"# BEGIN SOLUTION\n{solution}\n# END SOLUTION\n", encoding="utf-8")
    (here / "in" / f"{original}.py").unlink()
    (here / "network" / "alternatives" / "loops").mkdir(parents=True)
    shutil.copy(here / "in" / f"{other}.py", here / "network" / "alternatives" / "loops" / "network.py")
    output = run("network", "in")
    assert output.splitlines()[0] == "20 submissions compared: 2 pairs flagged, in 2 groups"
    assert "copier and the lab's solution: evidence" in output
    assert f"{other} and alternative loops: evidence" in output
    report = here / "similarity" / "network"
    told = json.loads((report / "pairs.json").read_text(encoding="utf-8"))
    assert (told["submissions"], told["published"]) == (20, ["the lab's solution", "alternative loops"])
    assert told["given"] == ["the handout of network"]
    assert told["note"] == ""
    index = (report / "index.html").read_text(encoding="utf-8")
    assert "<li><strong>20</strong><span>submissions</span></li><li><strong>0</strong><span>of earlier terms" in index
    assert "(published)" not in index


def test_again_replaces_the_pages(here: Path) -> None:
    run("network", "in", "--out", "out")
    (here / "out" / "pair-99.html").write_text("old")
    run("network", "in", "--out", "out")
    assert not (here / "out" / "pair-99.html").exists()


def test_an_archive_and_a_baseline(here: Path) -> None:
    (here / "2026").mkdir()
    original = sorted(path.stem for path in (here / "in").iterdir())[1]
    (here / "in" / f"{original}.py").rename(here / "2026" / f"{original}.py")
    output = run("network", "in", "--archive", "2026")
    assert output.splitlines()[0] == "21 submissions compared: 1 pair flagged, in 1 group"
    assert f"{original} (2026)" in (here / "similarity" / "network" / "index.html").read_text(encoding="utf-8")
    assert " 0 pairs flagged" in run("network", "in", "--archive", "2026", "--baseline", f"2026/{original}.py")


def test_a_workspace_knows_the_teams(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab of a team item: what one team submits twice is its own; what two teams share is looked at."""
    assert CliRunner().invoke(app, ["init", "cs324", "course"]).exit_code == 0
    root = here / "course"
    text = (root / "course.toml").read_text(encoding="utf-8")
    (root / "course.toml").write_text(text.replace('name = "a1"\n', 'name = "a1"\nteam = { max = 3 }\n', 1), encoding="utf-8")
    students = sorted(path.stem for path in (here / "in").iterdir())
    for student in students:
        (here / "in" / f"{student}.py").rename(root / "submissions" / "perceptron" / f"{student}.py")
    roster = ["id,name,email,section,team", *(f"{student},Somebody,{student}@example.org,L1," for student in students)]
    (root / "roster.csv").write_text("\n".join(roster) + "\n", encoding="utf-8")
    monkeypatch.chdir(root)
    assert " 1 pair flagged" in run("perceptron")
    assert (root / "similarity" / "perceptron" / "index.html").exists()
    (root / "teams.csv").write_text(f"team,student,item\nred,copier,\nred,{students[1]},\n", encoding="utf-8")
    assert " 0 pairs flagged" in run("perceptron")
    (root / "teams.csv").write_text(f"team,student,item\nred,copier,\nblue,{students[1]},\n", encoding="utf-8")
    (root / "submissions" / "perceptron").rename(root / "submissions" / "A1")  # one archive for all labs of the item
    assert " 1 pair flagged" in run("perceptron")
    with pytest.raises(PracticumError, match="a1: expected one lab, got an item of several: perceptron, backprop"):
        run("a1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("network", "nowhere"), "nowhere: expected a folder of submissions, got nothing there"),
        (("network", "network/lab.toml"), "expected a folder of submissions, got a file"),
        (("network",), "expected the FOLDER that was submitted"),
        (("network", "in", "--baseline", "network/README.md"), "expected a .py or .ipynb file"),
        (("network", "in", "--out", "network/lab.toml"), "lab.toml: expected a folder for the report, got a file"),
    ],
)
def test_what_is_wrong_is_said(here: Path, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(PracticumError, match=message):
        run(*words)


def test_a_class_of_two_is_only_ranked(here: Path) -> None:
    for path in sorted((here / "in").iterdir())[2:]:
        path.unlink()
    output = run("network", "in")
    assert "The class is too small" in output
    assert "The class is too small" in (here / "similarity" / "network" / "index.html").read_text(encoding="utf-8")
    assert (here / "similarity" / "network" / "pair-1.html").exists()


def test_names_and_code_are_shown_as_text(here: Path) -> None:
    (here / "in" / "copier.py").rename(here / "in" / "=copier.py")
    source = (here / "in" / "=copier.py").read_text(encoding="utf-8")
    (here / "in" / "=copier.py").write_text(source + "\nevil = '<script>alert(1)</script>'\n", encoding="utf-8")
    run("network", "in")
    report = here / "similarity" / "network"
    assert all("<script" not in page.read_text(encoding="utf-8") for page in report.glob("*.html"))
    assert "&lt;script&gt;" in (report / "pair-1.html").read_text(encoding="utf-8")
