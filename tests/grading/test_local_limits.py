"""At home as when it is graded: the lab's limits hold, what the grader lacks is said, cells are called as Jupyter calls them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from practicum.grading.local import check_folder, read_handout
from practicum.grading.local.cells import cell_names, with_cell_names
from practicum.grading.local.imports import absent_imports
from practicum.grading.local.process import LocalProcess, environment
from practicum.labs.handout import build_handout
from practicum.labs.lab import load_lab
from practicum.labs.libraries import GRADER
from practicum.sandbox import bwrap, clock
from practicum.sandbox.guest.messages import Request
from practicum.sandbox.outcome import Died
from tests.grading.labs import ADD, write
from tests.grading.test_local import NOTEBOOK

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="held by /proc")


@pytest.fixture
def handout(tmp_path: Path) -> Path:
    folder = tmp_path / "handout"
    given = {"source/given.py": "ANSWER = 42\n", "source/table.csv": "1,2\n"}
    build_handout(load_lab(write(tmp_path, ADD | given)), folder)
    return folder


def test_a_handout_carries_the_limits_and_the_names_of_what_is_given(handout: Path) -> None:
    said = tomllib.loads((handout / "lab.toml").read_text())
    lab = load_lab(handout.parent / "adding")
    assert said["limits"] == lab.limits.model_dump()
    assert said["given"] == ["given.py", "table.csv"]
    assert read_handout(handout).limits.memory_mib == 200
    (handout / "lab.toml").write_text('title = "Old"\nsubmit = ["adding.py"]\npoints = 6\n')
    old = read_handout(handout)
    assert (old.limits.cpu_seconds, old.given) == (60.0, None), "a handout of an earlier version has the defaults"
    with (handout / "lab.toml").open("a") as file:
        file.write("[limits]\nmemory_mib = 7\ncoffee_cups = 3\n")
    assert read_handout(handout).limits.memory_mib == 7, "a limit that only a later version knows is passed over"


@pytest.mark.parametrize(
    ("outcome", "body", "words"),
    [
        ("output", "for i in range(30_000): print('a line', i)", "printed more than 100 KiB"),
        ("timeout", "while True: pass", "more than 1 seconds of processor time"),
        pytest.param("memory", "x = b'1' * (700 << 20)", "MemoryError", marks=LINUX),
        pytest.param(
            "memory", "x = [b'1' * (1 << 20) for _ in range(230)]\n        import time; time.sleep(20)",
            "used more than 200 MiB", marks=LINUX,
        ),
        pytest.param(
            "processes", "import threading, time\n"
            "        for _ in range(30): threading.Thread(target=time.sleep, args=(9,)).start()\n        time.sleep(9)",
            "more than 16 processes and threads", marks=LINUX,
        ),
    ],
    ids=["output", "cpu", "memory at once", "memory bit by bit", "threads"],
)  # fmt: skip
def test_each_limit_holds_and_costs_the_check_that_broke_it(handout: Path, outcome: str, body: str, words: str) -> None:
    broken = f"def add(a, b):\n    if isinstance(a, int) and (a, b) == (2, 3):\n        {body}\n    return a + b\n"
    (handout / "adding.py").write_text(broken)
    checks = check_folder(handout).checks
    assert [check.outcome for check in checks] == [outcome, "passed", "passed"]
    assert words in checks[0].message


@pytest.mark.parametrize(("ready", "outcome"), [(True, "passed"), (False, "timeout")])
def test_what_the_machine_makes_it_wait_is_not_its_time(
    handout: Path, monkeypatch: pytest.MonkeyPatch, ready: bool, outcome: str
) -> None:
    """A process that stands ready to run and gets no processor is here one that sleeps, of which the kernel is made to say so."""
    checks = handout / "checks" / "test_adding.py"
    checks.write_text(checks.read_text().replace("@timeout(60)", "@timeout(0.3)"))
    slow = "import time\ndef add(a, b):\n    if isinstance(a, int) and (a, b) == (2, 3): time.sleep(0.8)\n    return a + b\n"
    (handout / "adding.py").write_text(slow)
    monkeypatch.setattr(clock, "read", lambda pids: clock.Reading(0.0, 0.0, ready))
    checked = check_folder(handout).checks
    assert [check.outcome for check in checked] == [outcome, "passed", "passed"]


def test_output_is_counted_for_each_check_and_shown_where_it_is_wanted(handout: Path) -> None:
    noisy = "def add(a, b):\n    print('é' * 35_000)\n    return a + b\n"  # 70 KB for each of the first two checks
    (handout / "adding.py").write_text(noisy)
    shown: list[str] = []
    outcomes = [check.outcome for check in check_folder(handout, show=shown.append).checks]
    assert outcomes == ["passed", "passed", "output"], "the third check calls it ten times"
    assert "".join(shown).startswith("é" * 35_000)


def test_a_process_that_ends_between_two_questions_is_a_crash_and_nothing_else(handout: Path) -> None:
    """The question that it did not read any more is in the way of nobody who tidies up."""
    process = LocalProcess(handout, {}, read_handout(handout).limits, (), None)
    process.process.kill()
    process.process.wait()
    with pytest.raises(Died, match="the process ended itself"):
        process.call(Request(1, "seed", args=1), float("inf"))
    process.close()
    assert process.process.stdin.closed  # type: ignore[union-attr]
    assert process.process.stdout.closed  # type: ignore[union-attr]


def test_the_environment_is_the_graders_where_it_can_be() -> None:
    grader, home = bwrap.environment(3), environment(3)
    ours = [key for key in grader if key.endswith("_NUM_THREADS") or key.startswith(("PYTHON", "MPLBACKEND"))]
    assert len(ours) == 7
    assert {key: home[key] for key in ours} == {key: grader[key] for key in ours}
    assert home["PYTHONUTF8"] == "1", "files are read as UTF-8, as in the sandbox, whose locale is C.UTF-8"


def test_imports_that_the_grader_lacks_are_said_before_anything_runs(handout: Path) -> None:
    (handout / "helpers.py").write_text("")
    (handout / "adding.py").write_text("import given\nimport pandas as pd\nfrom helpers import add\n")
    said: list[str] = []
    (handout / "checks" / "test_adding.py").write_text("raise RuntimeError('the checks were run')")
    with pytest.raises(Exception, match="cannot be run"):
        check_folder(handout, warn=said.append)
    assert said == [
        "adding.py, line 2: imports pandas, which the grader may not have: this lab promises numpy and Python's own modules",
        "adding.py, line 3: imports helpers, which is your helpers.py, not one of the files that are submitted: the grader will "
        "not have it",
    ]


def test_which_imports_are_said() -> None:
    text = """
import os, torch.nn as nn, matplotlib.pyplot as plt
from sklearn.datasets import make_moons
from . import sibling
try:
    import seaborn
except (ImportError, ValueError):
    import fallback
try:
    import certain
except KeyError:
    pass
if TYPE_CHECKING:
    import jaxtyping
def late():
    from os.path import join
    import deep.er
from IPython.display import display
import practicum, mine, fallback
"""
    found = absent_imports([("a.py", text), ("b.py", "x ="), ("c.py", "import certain\n\0")], ["torch"], ["a.py", "mine.py"], [])
    assert [re.match(r"a.py, line (\d+): imports (\w+),", line).groups() for line in found] == [  # type: ignore[union-attr]
        ("3", "sklearn"), ("8", "fallback"), ("10", "certain"), ("17", "deep"),
    ]  # fmt: skip


def test_what_every_grader_has_is_what_its_installation_requires() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["teach"]]
    assert {re.split(r"[><=;\[ ]", each)[0] for each in required} >= set(GRADER) - {"mpl_toolkits"}


def ipynb(*cells: str | list[str]) -> bytes:
    made = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": [], "execution_count": None} for cell in cells]
    text = {"cell_type": "markdown", "source": "# text", "metadata": {}}
    return json.dumps({"cells": [text, *made], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def test_cells_are_called_as_jupyter_calls_them(tmp_path: Path) -> None:
    folder = tmp_path / "handout"
    build_handout(load_lab(write(tmp_path, NOTEBOOK, "doubling")), folder)
    cells = [
        "import math",
        "  \n",
        "%%bash\nls",
        "\ndef helper(x):\n    return x.nothing\n",
        "import seaborn_x",
        "def double(x):\n    return helper(x)",
    ]
    (folder / "doubling.ipynb").write_bytes(ipynb(*cells))
    report = check_folder(folder)
    message = report.checks[0].message
    assert message.splitlines() == [
        "your code raised AttributeError: 'int' object has no attribute 'nothing'",
        'Cell In[5] ("def double(x):"), line 2 in double: return helper(x)',
        'Cell In[3] ("def helper(x):"), line 3 in helper: return x.nothing',
    ]
    assert any(note.startswith('Cell In[4] ("import seaborn_x"), line 1: imports seaborn_x') for note in report.notes)
    (folder / "doubling.ipynb").write_bytes(ipynb("", "def double(x)\n    return 2 * x"))
    message = check_folder(folder).checks[0].message
    assert message.startswith("doubling has no 'double'; Cell In[1] (\"def double(x)\") failed with SyntaxError")


@pytest.mark.skipif(sys.platform == "win32", reason="no signal interrupts a cell there")
def test_a_cell_that_meets_a_limit_costs_nothing_but_itself(tmp_path: Path) -> None:
    limits = {"lab.toml": NOTEBOOK["lab.toml"] + "[limits]\nimport_seconds = 0.5\noutput_kib = 10\n"}
    folder = tmp_path / "handout"
    build_handout(load_lab(write(tmp_path, NOTEBOOK | limits, "doubling")), folder)
    cells = [
        "import time\nfactor = 2\ntime.sleep(40)",
        "",
        "for i in range(50_000): print(i)",
        "def double(x):\n    return factor * x",
    ]
    (folder / "doubling.ipynb").write_bytes(ipynb(*cells))
    report = check_folder(folder)
    assert report.points == (1, 1)
    assert [note.partition(")")[0] + ")" for note in report.notes] == [
        'Cell In[1] ("import time")',
        'Cell In[2] ("for i in range(50_000)',
    ]
    assert "was interrupted after" in report.notes[0]
    assert "printed more than it may" in report.notes[1]


def test_a_cell_that_is_not_there_keeps_its_place() -> None:
    names = cell_names(ipynb(["x = ", "1"], "y" * 99), "n.ipynb")
    assert names == ['Cell In[1] ("x = 1")', f'Cell In[2] ("{"y" * 60}…")']
    assert (
        with_cell_names("at <cell 7 of n>:3 in f; cell 9 failed with E", {"n": names})
        == "at <cell 7 of n>:3 in f; cell 9 failed with E"
    )
    assert with_cell_names("<cell 2 of other>:3", {"n": names}) == "<cell 2 of other>:3"


def test_cells_of_the_running_notebook_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "handout"
    build_handout(load_lab(write(tmp_path, NOTEBOOK, "doubling")), folder)
    names = {"/tmp/ipykernel_1/7.py": ("Cell", "In[7]")}
    shell = SimpleNamespace(compile=SimpleNamespace(format_code_name=names.get))
    namespace: dict[str, object] = {}
    exec(compile("\ndef double(x):\n    return x / 0\n", "/tmp/ipykernel_1/7.py", "exec"), namespace)
    message = check_folder(folder, live=namespace, shell=shell).checks[0].message
    assert message.splitlines() == ["your code raised ZeroDivisionError: division by zero", "Cell In[7], line 3 in double: "]


PROGRAM = "from practicum.cli import main; main()"


@pytest.mark.parametrize("encoding", ["cp1252", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("gbk", "ascii"))])
def test_no_console_ends_in_a_traceback(handout: Path, encoding: str) -> None:
    (handout / "adding.py").write_text(
        "def add(a, b):\n    raise ValueError('∂L/∂w é 李 ✓')\n",
        encoding="utf-8",
    )
    sheet = handout / "lab.toml"
    sheet.write_text(sheet.read_text().replace('title = "Adding"', 'title = "加法 é"'), encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(Path(bwrap.__file__).parents[2])}
    command = [sys.executable, "-c", PROGRAM, "check", str(handout)]
    done = subprocess.run(command, env=environment, capture_output=True)
    assert done.returncode == 1, done.stderr
    assert b"Traceback" not in done.stdout + done.stderr
    text = done.stdout.decode(encoding)
    assert "public checks" in text
    assert "your code raised ValueError" in text
    assert re.search(r"^x +0 / 1  add\(\)", text, re.MULTILINE), "the sign has another form"
    assert ("加法" if encoding == "gbk" else r"\u52a0\u6cd5") in text
