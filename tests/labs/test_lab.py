"""A lab is read from its folder; every mistake in it is one message with file and line."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from practicum.errors import PracticumError
from practicum.labs.lab import Limits, find_lab, list_labs, load_lab, module_name


def test_a_whole_lab(make_lab):
    lab = make_lab(
        name="linear-regression",
        submit=("linear-regression.ipynb", "modules.py"),
        files={
            "lab.toml": 'title = "T"\nsummary = "S"\ntopics = ["a"]\npoints = 2.5\nlibraries = ["numpy", "torch.nn"]\n'
            'submit = ["linear-regression.ipynb", "modules.py"]\n[limits]\ncpu_seconds = 3\nprocesses = 64\n'
        },
    )
    assert (lab.name, lab.title, lab.summary, lab.topics) == ("linear-regression", "T", "S", ("a",))
    assert (lab.points, lab.libraries) == (Decimal("2.5"), ("numpy", "torch.nn"))
    assert lab.limits == Limits(cpu_seconds=3, processes=64)
    assert [module_name(name) for name in lab.submit] == ["linear_regression", "modules"]
    assert lab.source == lab.folder / "source"
    assert pickle.loads(pickle.dumps(lab)) == lab
    with pytest.raises(ValueError, match="frozen"):
        lab.title = "other"


def test_the_defaults_are_those_of_the_documentation(make_lab):
    assert make_lab().limits.model_dump() == {
        "cpu_seconds": 60, "wall_seconds": 120, "import_seconds": 30, "memory_mib": 1024, "processes": 32, "disk_mib": 64,
        "open_files": 128, "output_kib": 1024, "threads": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "exact"), [("25", "25"), ("2.5", "2.5"), ('"2.5"', "2.5"), ("0.1", "0.1"), ('"0.10"', "0.10")]
)
def test_points_are_exact(make_lab, written, exact):
    lab = make_lab(files={"lab.toml": f'title = "T"\npoints = {written}\nsubmit = ["answer.py"]\n'})
    assert lab.points == Decimal(exact)


GOOD = ['title = "T"', "points = 1", 'submit = ["answer.py"]']


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (['titel = "T"', *GOOD], 1, "got `titel` (did you mean `title`?)"),
        ([*GOOD, "[limits]", "proceses = 3"], 5, "got `proceses` (did you mean `processes`?)"),
        ([*GOOD, "[limit]", "x = 3"], 4, "got `limit` (did you mean `limits`?)"),
        (GOOD[1:], 1, "title: expected this key, got none"),
        (["title = 3", *GOOD[1:]], 1, "title: expected text in quotes, got 3"),
        (['title = ""', *GOOD[1:]], 1, "title: expected text that is not empty, got ''"),
        ([GOOD[0], 'points = "many"', GOOD[2]], 2, "points: expected a number, got 'many'"),
        ([GOOD[0], "points = 0", GOOD[2]], 2, "points: expected a number above 0, got 0"),
        ([GOOD[0], "points = true", GOOD[2]], 2, "points: expected a number, got true"),
        ([GOOD[0], "points = inf", GOOD[2]], 2, "points: expected a finite number, got inf"),
        ([*GOOD[:2], "submit = []"], 3, "submit: expected a list with at least one item, got []"),
        ([*GOOD[:2], 'submit = "answer.py"'], 3, "submit: expected a list in [ ], got 'answer.py'"),
        ([*GOOD[:2], 'submit = ["answer.py",', ' "../x.py"]'], 4, "submit[1]: expected a plain file name that Python can import"),
        ([*GOOD[:2], 'submit = ["a-b.py"]'], 3, "got 'a-b.py'"),
        ([*GOOD[:2], 'submit = ["a.txt"]'], 3, "got 'a.txt'"),
        ([*GOOD[:2], 'submit = ["a.py", "A.ipynb"]'], 3, "names that give different modules"),
        ([*GOOD, 'libraries = ["numpy", "os; x"]'], 4, "libraries[1]: expected the name of a module"),
        ([*GOOD, "[limits]", "cpu_seconds = -1"], 5, "cpu_seconds: expected a number above 0, got -1"),
        ([*GOOD, "[limits]", "wall_seconds = nan"], 5, "limits.wall_seconds: expected a finite number, got nan"),
        ([*GOOD, "[limits]", "", "memory_mib = 1.5"], 6, "memory_mib: expected a whole number, got 1.5"),
        ([*GOOD, "[limits]", "threads = true"], 5, "threads: expected a whole number, got true"),
        ([*GOOD, "limits = 3"], 4, "limits: expected a table, got 3"),
        ([*GOOD, "= 3"], 4, "expected valid TOML, got '= 3'"),
        ([*GOOD[:2], "submit = ["], 4, "expected valid TOML, got the end of the file"),
        ([*GOOD[:2], 'submit = ["anser.py"]'], 3, "expected source/anser.py for `anser.py` in submit, got no such file "
         "(did you mean `answer.py`?)"),
    ],
)  # fmt: skip
def test_mistakes_in_lab_toml(make_lab, lines, line, message):
    toml = make_lab().folder / "lab.toml"
    toml.write_text("\n".join(lines) + "\n")
    with pytest.raises(PracticumError) as error:
        load_lab(toml.parent)
    found = [each for each in str(error.value).split("\n") if each.startswith(f"{toml}:{line}: ")]
    assert any(message in each for each in found), str(error.value)


def test_all_mistakes_are_told_at_once(make_lab):
    toml = make_lab().folder / "lab.toml"
    toml.write_text('title = 1\npoints = "x"\nsubmit = []\n')
    with pytest.raises(PracticumError) as error:
        load_lab(toml.parent)
    assert [line.split(":")[1] for line in str(error.value).split("\n")] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("README.md", "README.md: expected the task sheet, got no such file"),
        ("checks/test_answer.py", "checks: expected at least one test_*.py, got none"),
        ("source/answer.py", "lab.toml:3: expected source/answer.py for `answer.py` in submit, got no such file"),
        ("lab.toml", "lab.toml: expected a file, got nothing there"),
    ],
)
def test_missing_files(make_lab, missing, message):
    folder = make_lab().folder
    (folder / missing).unlink()
    with pytest.raises(PracticumError) as error:
        load_lab(folder)
    assert str(error.value) == f"{folder}/{message}"


def test_a_notebook_beside_its_own_source(make_lab):
    with pytest.raises(PracticumError, match=r"n\.ipynb: expected the notebook only as percent source"):
        make_lab(submit=("n.ipynb",), files={"source/n.ipynb": "{}"})


def test_a_file_that_is_no_text(make_lab):
    folder = make_lab().folder
    (folder / "lab.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(
        PracticumError, match=r"lab\.toml:1: expected UTF-8 text, got byte 0xff at offset 9; save the file as UTF-8"
    ):
        load_lab(folder)


def test_the_hash_is_of_names_and_contents(make_lab):
    folder = make_lab().folder
    first = load_lab(folder).sha256

    def changed() -> bool:
        return load_lab(folder).sha256 != first

    (folder / "checks" / "__pycache__").mkdir()
    (folder / "checks" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (folder / ".DS_Store").write_bytes(b"x")
    assert not changed()
    (folder / "hidden_data").mkdir()
    (folder / "hidden_data" / "a").write_bytes(b"bc")
    with_a = load_lab(folder).sha256
    assert changed()
    (folder / "hidden_data" / "a").rename(folder / "hidden_data" / "ab")
    (folder / "hidden_data" / "ab").write_bytes(b"c")
    assert load_lab(folder).sha256 not in (first, with_a)


def test_labs_are_found_by_name_and_by_path(make_lab, monkeypatch, tmp_path):
    lab = make_lab(name="perceptron")
    make_lab(name="backprop")
    (tmp_path / "curriculum").mkdir()
    (tmp_path / "labs").rename(tmp_path / "curriculum" / "labs")
    monkeypatch.setenv("PRACTICUM_CURRICULUM", str(tmp_path / "curriculum"))
    folder = tmp_path / "curriculum" / "labs" / "perceptron"
    assert [each.name for each in list_labs()] == ["backprop", "perceptron"]
    assert find_lab("perceptron").sha256 == lab.sha256
    assert find_lab(folder) == find_lab(folder / "lab.toml") == find_lab("perceptron")
    with pytest.raises(PracticumError) as error:
        find_lab("perceptrn")
    assert str(error.value) == (
        "expected the name of a lab or the path to its folder, got `perceptrn` (did you mean `perceptron`?); "
        "the labs are: backprop, perceptron"
    )
    with pytest.raises(PracticumError, match=r"expected a lab folder with a lab\.toml, got a folder"):
        find_lab(tmp_path)
