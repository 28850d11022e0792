"""Hostile submissions, from the folder to the marks: archives, names, notebooks, pickles and checkpoints."""

from __future__ import annotations

import io
import json
import os
import pickle
import tarfile
import time
import zipfile
from datetime import UTC
from pathlib import Path

import pytest

from practicum.grading.grader import GradingRequest
from practicum.labs.intake import archive_files, entries
from practicum.labs.intake.read import read_submissions
from practicum.labs.lab import load_lab

FULL = 10


def zipped(path: Path, entries: dict[str, bytes], links: dict[str, str] | None = None) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        for name, target in (links or {}).items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o120777 << 16
            archive.writestr(info, target)


def tarred(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with tarfile.open(path, "w") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def class_marks(grade, lab, tmp_path, honest_source):
    """Grade a folder of one hostile submission and one honest one; the hostile one's notes and points."""

    def run(make) -> tuple[tuple[str, ...], int]:
        inbox, outside = tmp_path / "inbox", tmp_path / "outside.py"
        inbox.mkdir()
        outside.write_text(honest_source)
        (inbox / "zoe.py").write_text(honest_source)
        make(inbox, honest_source.encode(), outside)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if not path.is_symlink()}
        began, marks = time.monotonic(), {}
        for submission in read_submissions(inbox, load_lab(lab), UTC):
            job = GradingRequest(
                student=submission.student, submission=submission.sha256, files=submission.files, seed=3, notes=submission.notes
            )
            marks[submission.student] = grade.worker.grade(job)
        assert time.monotonic() - began < 120  # a bomb unpacked would take far longer
        assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if not path.is_symlink()}
        assert marks.pop("zoe").points == FULL
        [(_, graded)] = marks.items()
        return graded.notes, int(graded.points)

    return run


NOT_TAKEN = {
    "a path that climbs": lambda box, data, out: zipped(box / "mallory.zip", {"../../answer.py": data, "../zoe.py": b"x"}),
    "an absolute path": lambda box, data, out: zipped(box / "mallory.zip", {str(out.with_name("answer.py")): data}),
    "a drive": lambda box, data, out: zipped(box / "mallory.zip", {"C:\\answer.py": data, "\\\\host\\answer.py": data}),
    "a link in a zip": lambda box, data, out: zipped(box / "mallory.zip", {}, {"answer.py": str(out)}),
    "a link in a tar": lambda box, data, out: tarred(
        box / "mallory.tar",
        [(special("answer.py", tarfile.SYMTYPE, str(out)), b""), (special("x", tarfile.LNKTYPE, str(out)), b"")],
    ),
    "a device in a tar": lambda box, data, out: tarred(box / "mallory.tar", [(special("answer.py", tarfile.CHRTYPE), b"")]),
    "a pipe in a tar": lambda box, data, out: tarred(box / "mallory.tar", [(special("answer.py", tarfile.FIFOTYPE), b"")]),
    "a link on disk": lambda box, data, out: os.symlink(out, box / "mallory.py"),
    "a linked folder": lambda box, data, out: os.symlink(out.parent, box / "mallory"),
    "a pipe on disk": lambda box, data, out: ((box / "mallory").mkdir(), os.mkfifo(box / "mallory" / "answer.py")),
    "letters of another script": lambda box, data, out: zipped(box / "mallory.zip", {"аnswer.py": data, "notes.py": b""}),
    "a name that turns": lambda box, data, out: zipped(box / "mallory.zip", {"answer\u202eyp.py": data, "notes.py": b""}),
    "a zip bomb": lambda box, data, out: zipped(box / "mallory.zip", {"answer.py": bytes(40 << 20)}),
    "a zip in a zip": lambda box, data, out: zipped(box / "mallory.zip", {"answer.zip": b"PK\5\6" + bytes(18)}),
    "no zip": lambda box, data, out: (box / "mallory.zip").write_bytes(b"PK\3\4" + os.urandom(2000)),
    "an empty file": lambda box, data, out: (box / "mallory.py").write_bytes(b""),
    "pickles": lambda box, data, out: zipped(box / "mallory.zip", {"answer.pkl": data, "answer.pyc": data, "answer.so": data}),
}


@pytest.mark.parametrize("trick", NOT_TAKEN)
def test_what_is_not_a_hand_in_is_noted_and_earns_nothing(class_marks, trick):
    notes, points = class_marks(NOT_TAKEN[trick])
    assert points == 0
    assert notes or trick == "an empty file"
    assert all(note.isprintable() and len(note) < 1000 for note in notes)


@pytest.mark.parametrize("name", ["аnswer.py", "answer\u202eyp.py", "作业.py"])
def test_the_only_program_is_taken_whatever_it_is_called_and_that_is_said(class_marks, name):
    notes, points = class_marks(lambda box, data, out: zipped(box / "mallory.zip", {name: data}))
    assert points == FULL
    assert any("was taken as answer.py" in note for note in notes)
    assert all(note.isprintable() for note in notes)


def many(box: Path, data: bytes, out: Path) -> None:
    with zipfile.ZipFile(box / "mallory.zip", "w") as archive:
        archive.writestr("answer.py", data)
        for number in range(2000):
            archive.writestr(zipfile.ZipInfo(f"f{number}"), b"")


def test_twice_as_many_entries_as_are_looked_at(class_marks, monkeypatch):
    for module in (archive_files, entries):
        monkeypatch.setattr(module, "MOST_ENTRIES", 1000)
    notes, points = class_marks(many)
    assert points in (0, FULL)  # the file may lie among those that are looked at
    assert any("more than 1,000 entries, the rest not looked at" in note for note in notes)


def test_files_that_are_not_asked_for_never_reach_the_sandbox(class_marks):
    def make(box: Path, data: bytes, out: Path) -> None:
        evil = dict.fromkeys(
            ("numpy.py", "sitecustomize.py", "given.py", "conftest.py", "test_answer.py"), b"raise SystemExit(0)"
        )
        zipped(box / "mallory.zip", {"answer.py": data, **evil, "checks/test_answer.py": b"", "__init__.py": b"1/0"})

    notes, points = class_marks(make)
    assert points == FULL
    assert any("ignored" in note for note in notes)


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/pickled-by-mallory",)


def test_a_pickle_is_loaded_by_nobody_but_its_own_code(grade):
    mark = Path("/tmp/pickled-by-mallory")
    data = pickle.dumps(Evil())
    verdict = grade(f"""
        import pickle
        def add(a, b):
            pickle.loads({data!r})
            return a + b
        def predict(x):
            class Own:
                def __reduce__(self): return eval, ("__import__('os')._exit(0)",)
            return Own()
        def name(): return {data!r}
    """)
    assert not mark.exists()
    assert verdict.outcome("test_add") == "passed"
    assert not verdict.passed & {"test_labels", "test_last"}


# Notebooks


@pytest.fixture(scope="module")
def notebook_arena(tmp_path_factory, make_lab, honest_source):
    from practicum.grading.pool import GraderProcess

    lab = make_lab(tmp_path_factory.mktemp("notebook") / "answer", submit="answer.ipynb")
    # 8 MiB in place of 64, in the worker: it is started by a command line.
    (lab / "checks" / "conftest.py").write_text("from practicum.labs import notebook\nnotebook.LARGEST = 8 << 20\n")
    worker = GraderProcess(lab)
    yield worker
    worker.close()


@pytest.fixture
def grade_notebook(notebook_arena, make_job, honest_source):
    """Grade a notebook, given as bytes or as the sources of its cells (after a cell with the honest answer)."""

    def run(notebook):
        if isinstance(notebook, list):
            cells = [{"cell_type": "code", "source": source, "outputs": []} for source in (honest_source, *notebook)]
            notebook = json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode()
        graded = notebook_arena.grade(make_job(notebook, "answer.ipynb"))
        honest = json.dumps({"cells": [{"cell_type": "code", "source": honest_source}], "nbformat": 4}).encode()
        assert notebook_arena.grade(make_job(honest, "answer.ipynb")).points == FULL
        return graded

    return run


def outputs(size: int) -> bytes:
    cell = {"cell_type": "code", "source": "x = 1", "outputs": [{"output_type": "stream", "name": "stdout", "text": "x" * size}]}
    return json.dumps({"cells": [cell], "nbformat": 4}).encode()


BROKEN = {
    "not JSON": b"{'cells': [}",
    "not text": b"\xff\xfe\x00\x01" * 100,
    "an empty file": b"",
    "a number": b"7",
    "no cells": b'{"nbformat": 4}',
    "cells that are text": b'{"cells": "print(1)"}',
    "brackets": b"[" * 2_000_000,
    "objects": b'{"cells":' * 1_000_000,
    "outputs above the limit": outputs(9 << 20),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_notebook_that_is_none(grade_notebook, kind):
    graded = grade_notebook(BROKEN[kind])
    assert {check.outcome for check in graded.checks} == {"missing"}
    [message] = {check.message for check in graded.checks if not check.hidden}
    assert message.startswith("answer.ipynb: expected ")
    assert message.isprintable()
    assert len(message) < 500


def test_a_notebook_without_what_is_asked_for(grade_notebook):
    for notebook in (b'{"cells": []}', outputs(7 << 20), b'{"cells": [1, null, {"cell_type": "code"}, {"cell_type": []}]}'):
        graded = grade_notebook(notebook)
        assert graded.points == 0
        assert {check.outcome for check in graded.checks} == {"missing"}


def test_odd_cells_cost_nothing(grade_notebook, honest_source):
    cell = {"id": "same", "cell_type": "code", "source": honest_source, "execution_count": -7, "metadata": []}
    cells = [
        cell,
        cell,
        None,
        {**cell, "source": ["x", 1]},
        {**cell, "cell_type": "raw"},
        {**cell, "source": None},
        {**cell, "source": "x\0"},
    ]
    assert grade_notebook(json.dumps({"cells": cells, "nbformat": "four"}).encode()).points == FULL
    assert grade_notebook(["1 / 0", "import sys; sys.exit(0)", "raise KeyboardInterrupt", "def ("]).points == FULL


def test_thousands_of_cells_and_megabytes_of_code(grade_notebook):
    assert grade_notebook(["pass"] * 3000).points == FULL
    assert grade_notebook(["x = '" + "y" * 3_000_000 + "'"]).points == FULL


HOOKS = [
    "ip = get_ipython()\nip.input_transformers_cleanup.append(lambda lines: ['def add(a, b): return a + b\\n'])",
    "import ast\nget_ipython().ast_transformers.append(type('T', (ast.NodeTransformer,), {'visit': lambda s, n: 1/0})())",
    "%load_ext evil\n%run /etc/passwd\n!rm -rf /\n!!kill -9 -1\nfiles = !ls /",
    "%%bash\nrm -rf / --no-preserve-root",
    "import builtins, sys\nbuiltins.compile = builtins.exec = lambda *a, **k: None",
    "get_ipython().run_cell('import os; os._exit(0)')\nget_ipython().kernel.do_shutdown(True)",
    "__failed__ = None\n__name__ = 'test_answer'\n__builtins__ = {}",
    "from IPython import get_ipython\nfrom google.colab import drive\ndrive.mount('/content/drive')\ninput = None",
]


@pytest.mark.parametrize("hook", HOOKS)
def test_what_a_notebook_tells_its_front_end_changes_no_verdict(grade_notebook, hook):
    assert grade_notebook([hook]).points in (FULL, 8)  # some take away what the honest code itself needs
    graded = grade_notebook(["def add(a, b): return 0 * a", hook])
    assert {c.name for c in graded.checks if c.points} <= {"test_model", "test_labels", "test_last"}


def test_a_cell_that_exits_costs_what_it_was_to_define(grade_notebook):
    graded = grade_notebook(["import os\nos._exit(0)"])
    assert graded.points == FULL
    assert graded.restarts <= 1  # and is not run again for the next check
    (note,) = graded.notes
    assert note.startswith("answer: cell 2 (`import os`) ended the program")
