"""Reading a class: each archive once, and the code of a pair comes back whole."""

from __future__ import annotations

import zipfile
from collections import Counter
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest

from practicum.course.roster import Student
from practicum.integrity import reading
from practicum.integrity.run import compare_folders
from practicum.integrity.submissions import put_code_away, read_submission, with_code
from practicum.labs.inbox import Inbox
from practicum.labs.intake import read as intake
from practicum.labs.lab import find_lab
from practicum.labs.mutants import load_alternatives
from tests.grading.tiny import tiny_lab
from tests.integrity.test_submissions import code, notebook

PROGRAM = """import numpy as np


def add(a, b):
    total = np.zeros(7)
    for step in range(7):
        total[step] = a * step + b
    rest = np.cumsum(total)[::-1] ** 2
    return total.sum() - rest.mean() + 3
"""
OTHERS = (
    "def add(a, b):\n    return sum([a, b])\n",
    "class Adder:\n    def __init__(self, a):\n        self.a = a\n\n\nadd = lambda a, b: Adder(a).a - -b\n",
    "def add(a, b):\n    while b:\n        a, b = a ^ b, (a & b) << 1\n    return a\n",
    "import operator\n\nadd = operator.add\nassert add(2, 2) == 4\n",
)


def test_each_archive_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = tiny_lab(tmp_path / "labs" / "sums")
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(6):
        with zipfile.ZipFile(folder / f"s{n}.zip", "w") as archive:
            archive.writestr("answer.py", PROGRAM if n < 2 else OTHERS[n - 2])
    read: Counter[str] = Counter()
    list_archive = intake.list_archive

    def counting(path: Path, *rest):  # type: ignore[no-untyped-def]
        read[path.name] += 1
        return list_archive(path, *rest)

    monkeypatch.setattr(intake, "list_archive", counting)
    monkeypatch.setattr(reading, "_FEW", 6)  # as many as are put away
    run = compare_folders(lab, {"": folder}, UTC, tmp_path / "out")
    assert set(read.values()) == {1}
    assert len(read) == 6
    page = (run.report.parent / "pair-1.html").read_text(encoding="utf-8")
    assert page.count("total[step] = a * step + b") == 2
    assert not any(one.lines or one.statements for one in run.submissions), "memory stays flat for a large class"


def test_code_put_away_comes_back_as_it_was() -> None:
    files = {
        "a.py": b"x = 1\r\ny = '\xc3\xa9\xff'\n",
        "n.ipynb": notebook(code("z = load(3)"), code("w = z.mean(\n) + '\ud800'")),
    }
    whole = read_submission("ada", files)
    assert whole.statements
    away = read_submission("ada", files)
    put_code_away(away)
    assert (away.lines, away.statements) == ([], [])
    again = with_code(away)
    assert (again.lines, again.statements) == (whole.lines, whole.statements)


def test_everybody_is_called_by_the_rosters_id(tmp_path: Path) -> None:
    """So that the report names students, and teams are known, where the folder is a platform's download."""
    lab = tiny_lab(tmp_path / "sums")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "doejo_4711_1_answer.py").write_text("x = 1\n")
    inbox = Inbox(tmp_path / "in", roster=[Student("s0001", "Jo Doe", lms_id="4711")])
    students = [each.student for each in reading.latest(inbox, lab, UTC)]
    assert students == ["s0001"]


def test_answers_within_reach_are_the_solution_the_alternatives_and_the_references() -> None:
    lab = find_lab("backprop")
    found = {one.name: one for one in reading.published_by(lab)}
    assert next(iter(found)) == "the lab's solution"
    assert {f"alternative {each.name}" for each in load_alternatives(lab)} < set(found)
    assert {"practicum.models.mlp", "practicum.autograd.nn", "practicum.autograd.tensor"} <= set(found)
    assert all(one.published and one.term for one in found.values())
    assert {line.file for line in with_code(found["alternative loops"]).lines} == set(lab.submit)
    given = reading.given_by(lab)
    assert list(given) == ["the handout of backprop"]
    assert np.isin(found["the lab's solution"].prints.hashes, given["the handout of backprop"].prints.hashes).mean() < 0.5
