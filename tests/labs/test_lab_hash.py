"""A lab's hash covers what marks depend on, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from practicum.errors import PracticumError
from practicum.labs.lab import Lab, load_lab
from tests.grading.tiny import tiny_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return tiny_lab(tmp_path / "sums")


def write(name: str, text: str) -> Callable[[Path], None]:
    """Return a change to a lab: it adds text to a file."""

    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a change to a lab: it replaces text in a file."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    "change",
    [
        write("README.md", "A typo less.\n"),
        write("lesson.md", "A derivation.\n"),
        write("teaching.md", "An hour.\n"),
        write("bugs/minus.toml", 'title = "Subtracts"\n'),
        write("alternatives/other.toml", 'title = "Other"\n'),
        write("equivalent.toml", '"a" = "b"\n'),
        replace("lab.toml", "Sums", "Adding up"),
        replace("lab.toml", "points = 5", "# five\npoints   =   5"),
        write("lab.toml", 'summary = "Two numbers."\n'),
        replace("checks/test_answer.py", "practicum.checks", "practicum.grading.checks"),
    ],
)
def test_what_marks_do_not_depend_on_keeps_the_hash(lab: Lab, change: Callable[[Path], None]) -> None:
    change(lab.folder)
    assert load_lab(lab.folder).sha256 == lab.sha256


@pytest.mark.parametrize(
    "change",
    [
        write("checks/test_answer.py", "# changed\n"),
        write("checks/inputs.csv", "1,2\n"),
        write("source/answer.py", "# changed\n"),
        write("hidden_data/labels.csv", "1\n"),
        replace("lab.toml", "points = 5", "points = 6"),
        write("lab.toml", "[limits]\ncpu_seconds = 1\n"),
        write("lab.toml", 'libraries = ["torch"]\n'),
    ],
)
def test_what_marks_depend_on_changes_the_hash(lab: Lab, change: Callable[[Path], None]) -> None:
    change(lab.folder)
    now = load_lab(lab.folder)
    assert now.sha256 != lab.sha256
    assert not now.is_version(lab.sha256)


def test_moving_a_file_changes_the_hash(lab: Lab) -> None:
    (lab.folder / "source" / "answer.py").rename(lab.folder / "checks" / "answer.py")
    (lab.folder / "source" / "answer.py").write_text("")
    assert load_lab(lab.folder).sha256 != lab.sha256


def test_a_declared_hash_stands_until_the_lab_changes(lab: Lab) -> None:
    write("equivalent.toml", f'"{"a" * 64}" = "{lab.sha256}"\n')(lab.folder)
    assert load_lab(lab.folder).is_version("a" * 64)
    assert not load_lab(lab.folder).is_version("b" * 64)
    write("checks/test_answer.py", "# changed\n")(lab.folder)
    assert not load_lab(lab.folder).is_version("a" * 64)


def test_a_wrong_declaration_is_said(lab: Lab) -> None:
    write("equivalent.toml", "abc\n")(lab.folder)
    with pytest.raises(PracticumError, match=r"equivalent\.toml:1: expected valid TOML, got 'abc'"):
        load_lab(lab.folder)
