"""Labs made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from practicum.labs.lab import Lab, load_lab

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
