"""A student's notebook: it runs as in Jupyter, and a limit hurts the cell that meets it, not what comes before or after."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from practicum.grading.grader import GradingRequest
from practicum.grading.pool import GraderProcess

CHECKS = '''
from practicum.checks import points, timeout


@points(1)
@timeout(60)
def test_before(student):
    """before() is there"""
    assert student.answer.before() == 1


@points(1)
@timeout(60)
def test_within(student):
    """what the cell defined before it met its limit"""
    assert student.answer.within == 2


@points(1)
@timeout(60)
def test_after(student):
    """after() is there"""
    assert student.answer.after() == 3


@points(1)
@timeout(60)
def test_lost(student):
    """what the cell would have defined later"""
    assert student.answer.lost == 4
'''

LIMITS = "wall_seconds = 60\ncpu_seconds = 30\nmemory_mib = 200\noutput_kib = 64\nprocesses = 12"


def write_lab(folder: Path, checks: str, import_seconds: float) -> Path:
    (folder / "source").mkdir(parents=True)
    (folder / "checks").mkdir()
    limits = f"import_seconds = {import_seconds}\n{LIMITS}"
    (folder / "lab.toml").write_text(f'title = "Answer"\npoints = 4\nsubmit = ["answer.ipynb"]\n[limits]\n{limits}\n')
    (folder / "README.md").write_text("# Answer\n")
    (folder / "source" / "answer.py").write_text("# %%\nx = 1\n")
    (folder / "checks" / "test_answer.py").write_text(checks)
    return folder


def notebook(*cells: str) -> bytes:
    made = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": [], "execution_count": None} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def graded(worker: GraderProcess, data: bytes):
    files = {"answer.ipynb": data}
    return worker.grade(GradingRequest(student="ada", submission=hashlib.sha256(data).hexdigest(), files=files, seed=1))


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    lab = write_lab(tmp_path_factory.mktemp("cells") / "answer", CHECKS, import_seconds=0.5)
    # Half a second in place of three, in the worker too: it is started by a command line.
    (lab / "checks" / "conftest.py").write_text("from practicum.sandbox import clock\nclock.INTERRUPTED_SECONDS = 0.5\n")
    with_limits = GraderProcess(lab)
    yield with_limits
    with_limits.close()


# The middle cell's last part, whether `within` survives it, and what the student is told.
TROUBLE = {
    "sleeps": ("import time; time.sleep(40)", True, "was interrupted after 0.5 seconds"),
    "never ends": ("while True: pass", True, "was interrupted after 0.5 seconds"),
    "waits for input that never comes": ("import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
                                         True, "was interrupted after 0.5 seconds"),
    "cannot be interrupted": ("import time\nwhile True:\n    try: time.sleep(1)\n    except BaseException: pass", False,
                              "ended the program (it ran longer than the time for this check)"),
    "exits": ("import os; os._exit(3)", False, "ended the program (the process ended itself (exit code 3))"),
    "takes all memory": ("x = [bytes(1 << 20) for _ in range(2000)]", None, "memory"),
}  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_cell_that_meets_a_limit_costs_what_it_would_have_defined(worker, trouble):
    source, kept, told = TROUBLE[trouble]
    result = graded(worker, notebook("def before(): return 1", f"within = 2\n{source}\nlost = 4", "def after(): return 3"))
    outcomes = {check.name: check.outcome for check in result.checks}
    assert (outcomes["test_before"], outcomes["test_after"], outcomes["test_lost"]) == ("passed", "passed", "missing")
    if kept is not None:
        assert outcomes["test_within"] == ("passed" if kept else "missing")
    message = result.checks[-1].message
    assert message.startswith("answer has no 'lost'; cell 2 failed with ")
    assert message.endswith("; it begins with `within = 2`")
    if kept is not None:
        [note] = result.notes
        assert note.startswith(f"answer: cell 2 (`within = 2`) {told}")


@pytest.mark.parametrize(
    "source",
    [
        "for i in range(20_000): print(i, 'of many lines')",
        pytest.param("import os\nfor _ in range(100): os.write(1, b'x' * (1 << 16))", marks=pytest.mark.thorough),
        pytest.param(
            "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(chr(120) * (4 << 20))'])",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_a_cell_that_prints_much_costs_nothing(worker, source):
    result = graded(worker, notebook("def before(): return 1", f"within = 2\n{source}\nlost = 4", "def after(): return 3"))
    assert [check.outcome for check in result.checks] == ["passed"] * 4
    assert result.notes == ("answer: cell 2 (`within = 2`) printed more than it may; the rest was dropped, which costs nothing",)


def test_many_cells_that_sleep_end_in_time_and_the_last_is_run(worker):
    sleeping = ["import time; time.sleep(40)"] * 6
    result = graded(worker, notebook(*sleeping, "def before(): return 1\nwithin = 2", "def after(): return 3\nlost = 4"))
    assert [check.outcome for check in result.checks] == ["passed"] * 4
    taken = [float(re.search(r"interrupted after ([\d.]+) seconds", note)[1]) for note in result.notes]
    assert taken == pytest.approx([0.5, 0.25, 0.125, 0.1, 0.1, 0.1], abs=0.05)  # of twice a second for all together


JUPYTER = """
import sys
print("one")
NAME, ARGV = __name__, sys.argv
assert "__file__" not in globals()
----
import asyncio
async def three():
    await asyncio.sleep(0)
    return 3
task = asyncio.ensure_future(three()) if False else None
third = await three()
many = [await three() for _ in range(2)]
----
from __future__ import annotations
----
import dataclasses, pickle, typing
@dataclasses.dataclass
class Point:
    x: int
    y: Undefined = 2
    def total(self): return self.x + self.y
copied = pickle.loads(pickle.dumps(Point(1))).total()
class Plain:
    x: int
hinted = typing.get_type_hints(Plain) == {"x": int}
----
%%writefile helper.py
def helped():
    return "helped's"
----
%%writefile -a helper.py
MORE = 5
----
import helper
helped = helper.helped() + str(helper.MORE)
----
before = 1; %matplotlib inline
from ipywidgets import *
from IPython.display import *
@interact(x=(0, 10))
def shown(x=2): return x * 2
@interact
def also(x=2): return x * 3
@interact_manual
def third_way(x=2): return x * 4
display(shown); display(HTML("<b>"))
slider = IntSlider(value=3); slider.value = 4; slider["x"]
class Mine(VBox): pass
mine = Mine()
----
import multiprocessing
def double(x): return 2 * x
with multiprocessing.get_context("fork").Pool(2) as pool: doubled = pool.map(double, [1, 2])
----
if __name__ == "__main__": main = True
----
import asyncio
async def put(): RESULT.append(1)
RESULT = []
task = asyncio.get_event_loop().create_task(put()) if False else asyncio.ensure_future(put(), loop=asyncio.new_event_loop())
task.cancel()
try: await task
except BaseException: pass
"""

JUPYTER_CHECKS = '''
import pytest
from practicum.checks import points, timeout

WANTED = {
    "NAME": "__main__", "ARGV": ["answer.ipynb"], "third": 3, "many": [3, 3], "copied": 3, "hinted": True,
    "helped": "helped's5", "doubled": [2, 4], "main": True, "before": 1,
}

@points(1)
@pytest.mark.parametrize("name", WANTED)
def test_value(student, name):
    """What a cell made"""
    assert getattr(student.answer, name) == WANTED[name]

@points(1)
def test_decorated(student):
    """Decorated by a widget, a function stays one"""
    assert [student.answer.shown(5), student.answer.also(5), student.answer.third_way(5)] == [10, 15, 20]
'''


def test_a_notebook_runs_as_in_jupyter(tmp_path):
    worker = GraderProcess(write_lab(tmp_path / "answer", JUPYTER_CHECKS, import_seconds=30))
    try:
        result = graded(worker, notebook(*(cell.strip("\n") for cell in JUPYTER.split("----\n"))))
    finally:
        worker.close()
    assert {check.name: check.message for check in result.checks if check.outcome != "passed"} == {}
    assert result.notes == ()
