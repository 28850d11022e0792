"""Handouts hold what students need and nothing more, and appear whole or not at all."""

from __future__ import annotations

import json
import tomllib
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from practicum.errors import PracticumError
from practicum.labs import handout
from practicum.labs.content_hash import sha256_of
from practicum.labs.handout import build_handout, given_files, handout_files, solution_files, starter_files

MODULE = "def answer():\n    # BEGIN SOLUTION\n    return 42  # secret\n    # END SOLUTION\n"
PERCENT = "# %% [markdown]\n# # Answer\n\n# %%\n" + MODULE + '\n# %%\nimport practicum\npracticum.check("answers")\n'


@pytest.fixture
def lab(make_lab):
    return make_lab(
        submit=("answer.py", "note-book.ipynb"),
        files={
            "source/answer.py": MODULE,
            "source/note-book.py": PERCENT,
            "source/given.py": "SHARED = 1\n",
            "source/data/points.csv": "1,2\n",
            "checks/test_hidden.py": "from practicum.checks import hidden\n\n\n@hidden\ndef test_x():\n    'secret'\n",
            "bugs/secret.toml": "",
            "alternatives/secret/answer.py": "",
        },
    )


def test_solution_starter_and_given(lab):
    solution, starter = solution_files(lab), starter_files(lab)
    assert list(solution) == list(starter) == ["answer.py", "note-book.ipynb"]
    assert solution["answer.py"] == b"def answer():\n    return 42  # secret\n"
    assert starter["answer.py"] == b"def answer():\n    raise NotImplementedError\n"
    cells = [["".join(c["source"]) for c in json.loads(files["note-book.ipynb"])["cells"]] for files in (solution, starter)]
    assert cells[0] == ["# Answer", "def answer():\n    return 42  # secret", 'import practicum\npracticum.check("answers")']
    begin = "To begin, run once in a cell of its own: `%pip install practicum` (Python 3.11 or newer)."
    assert cells[1] == [begin, "# Answer", "def answer():\n    raise NotImplementedError", cells[0][2]]
    assert given_files(lab) == {"given.py": b"SHARED = 1\n", "data/points.csv": b"1,2\n"}


def test_a_handout_holds_no_secrets(lab):
    files = handout_files(lab)
    assert list(files) == [
        "README.md", "answer.py", "checks/test_answer.py", "data/points.csv", "given.py", "lab.toml", "note-book.ipynb",
    ]  # fmt: skip
    assert not [name for name, data in files.items() if b"secret" in data]
    assert tomllib.loads(files["lab.toml"].decode())["submit"] == list(lab.submit)


@pytest.mark.parametrize(
    ("sheet", "rest"),
    [
        ("# Answers\r\n\r\nWrite.\n", "# Answers\n\n{}\n\nWrite.\n"),
        ("Write.\n\n# Answers\n", "{}\n\nWrite.\n\n# Answers\n"),
        ("# Answers", "# Answers\n\n{}"),
    ],
)
def test_a_handout_begins_with_what_to_install(make_lab, sheet, rest):
    libraries = ["numpy", "json", "torch", "torch._dynamo", "sklearn.svm"]
    toml = f'title = "Answers"\npoints = 1\nsubmit = ["answer.py"]\nlibraries = {json.dumps(libraries)}\n'
    files = handout_files(make_lab(files={"README.md": sheet, "lab.toml": toml}))
    line = (
        "To begin: Python 3.11 or newer, `pip install practicum torch scikit-learn`, and then `practicum check` in this folder."
    )
    assert files["README.md"].decode() == rest.format(line)
    assert tomllib.loads(files["lab.toml"].decode())["libraries"] == libraries


def test_a_given_file_may_not_stand_in_for_one_of_the_handouts_own(make_lab):
    lab = make_lab(files={"source/README.md": "x"})
    with pytest.raises(PracticumError, match=r"source/README\.md: expected a name that the handout does not need itself"):
        handout_files(lab)


def test_building_writes_a_folder_and_the_same_zip_every_time(lab, tmp_path):
    zipped = build_handout(lab, tmp_path / "out" / "answers")
    first = zipped.read_bytes()
    with zipfile.ZipFile(BytesIO(first)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        inside = {info.filename: archive.read(info) for info in archive.infolist()}
    assert inside == {f"answers/{name}": data for name, data in handout_files(lab).items()}
    for name, data in handout_files(lab).items():
        assert (tmp_path / "out" / "answers" / name).read_bytes() == data
    (tmp_path / "out" / "answers" / "stale.py").write_text("x")
    assert build_handout(lab, tmp_path / "out" / "answers").read_bytes() == first
    assert not (tmp_path / "out" / "answers" / "stale.py").exists()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["answers", "answers.zip"]


def test_a_folder_that_is_no_handout_is_left_alone(lab, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    build_handout(lab, mine)  # an empty folder will do
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    with pytest.raises(PracticumError, match="other: expected an empty folder or an earlier handout, got something else"):
        build_handout(lab, other)
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]
    assert not (tmp_path / "other.zip").exists()
    build_handout(lab, other, force=True)
    assert not (other / "thesis.txt").exists()
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(PracticumError, match=r"thesis\.txt: expected a folder to build in, got a file"):
        build_handout(lab, tmp_path / "thesis.txt")


def test_a_failed_build_leaves_the_earlier_one(lab, tmp_path, monkeypatch):
    into = tmp_path / "answers"
    build_handout(lab, into)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def half(self: Path, target: Path) -> Path:
        return full() if target == into and not self.name.endswith(".old") else rename(self, target)

    rename = Path.rename
    for module, name, broken in ((handout, "_zip", full), (Path, "rename", half)):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, broken)
            with pytest.raises(PracticumError, match="No space left"):
                build_handout(lab, into)
        after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert after == before


def test_windows_line_ends_in_the_source_change_nothing(make_lab):
    plain = solution_files(make_lab(name="a", files={"source/answer.py": MODULE}))
    lab = make_lab(name="b")
    (lab.source / "answer.py").write_bytes(MODULE.replace("\n", "\r\n").encode())
    assert sha256_of(solution_files(lab)) == sha256_of(plain)


def test_a_source_that_is_no_text(make_lab):
    lab = make_lab()
    (lab.source / "answer.py").write_bytes(b"\xff")
    with pytest.raises(PracticumError, match=r"source/answer\.py: expected text in UTF-8"):
        solution_files(lab)
