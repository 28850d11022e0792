"""Labs made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from practicum.grading.grader import GradingRequest
from practicum.grading.pool import GraderProcess
from practicum.labs.handout import solution_files
from practicum.labs.lab import Lab, find_lab, load_lab
from practicum.store.results import GradedSubmission
from tests.labs.linear_regression import NAME

CHECK = """from practicum.checks import points


@points(1, hint="look again")
def test_answer(student):
    \"\"\"answer() is right\"\"\"
    assert student.answer.answer() == 42
"""

MakeLab = Callable[..., Lab]


@pytest.fixture
def make_lab(tmp_path: Path) -> MakeLab:
    """Write a lab's folder and load it: `make_lab(submit=["a.py"], files={"source/a.py": "..."})`."""

    def make(*, name: str = "answers", submit: tuple[str, ...] = ("answer.py",), files: dict[str, str] | None = None) -> Lab:
        folder = tmp_path / "labs" / name
        listed = ", ".join(f'"{each}"' for each in submit)
        contents = {
            "lab.toml": f'title = "Answers"\npoints = 1\nsubmit = [{listed}]\n',
            "README.md": "# Answers\n",
            "checks/test_answer.py": CHECK,
            **{f"source/{each.rpartition('.')[0]}.py": "def answer():\n    return 42\n" for each in submit},
            **(files or {}),
        }
        for path, text in contents.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return load_lab(folder)

    return make


@pytest.fixture(scope="session")
def regression() -> dict[str, Any]:
    """The author's notebook of the linear regression lab."""
    notebook: dict[str, Any] = json.loads(solution_files(find_lab("linear-regression"))[NAME])
    return notebook


@pytest.fixture(scope="session")
def grade_regression() -> Iterator[Callable[..., GradedSubmission]]:
    """Grade a notebook of that lab, given as JSON or as bytes."""
    worker = GraderProcess(find_lab("linear-regression").folder)

    def one(notebook: dict[str, Any] | bytes, seed: int = 0) -> GradedSubmission:
        data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
        return worker.grade(GradingRequest(student="ada", submission="notebook", files={NAME: data}, seed=seed))

    yield one
    worker.close()
