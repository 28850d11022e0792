"""The commands `grade` and `regrade` as a lecturer types them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from practicum.cli import app
from practicum.errors import PracticumError
from practicum.gradebook.events import Result
from practicum.store.store import Store, events_of

CHECKS = '''from practicum.checks import hidden, points


@points(2, hint="two and two")
def test_sum(student):
    """add() adds"""
    assert student.answer.add(2, 2) == 4


@hidden
@points(3, hint="any two numbers")
def test_any(student, rng):
    """add() adds any two numbers"""
    a, b = (int(n) for n in rng.integers(0, 1000, 2))
    assert student.answer.add(a, b) == a + b
'''
RIGHT = "def add(a, b):\n    return a + b\n"
HOLDING = """
    if student.answer.waits and pathlib.Path(PATH).exists():
        select.select([0], [], [], 300)  # until whoever asked for this grade is gone
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the lab `sums` and nothing else; the current one."""
    for name, text in {
        "lab.toml": 'title = "Sums"\npoints = 5\nsubmit = ["answer.py"]\n',
        "README.md": "# Sums\n",
        "checks/test_answer.py": CHECKS,
        "source/answer.py": RIGHT,
    }.items():
        file = tmp_path / "sums" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def submit(here: Path, works: dict[str, str]) -> None:
    for student, code in works.items():
        entry = here / "in" / f"{student}@20270301T120000Z"
        entry.mkdir(parents=True, exist_ok=True)
        (entry / "answer.py").write_text(code)


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def scores(here: Path) -> dict[str, int]:
    return {e.student: int(e.score) for e in events_of(here / "practicum.db") if isinstance(e, Result)}


def test_grade_then_regrade(here: Path) -> None:
    ending, escaping = "import os\nos._exit(0)\n", "raise ValueError('\x1b[31m')"
    submit(here, {"ada": RIGHT, "bob": "def add(a, b):\n    return 4\n", "cy": ending, "di": escaping})
    said = run("grade", "sums", "in", "--jobs", "1", "--json", "out.json")
    assert scores(here) == {"ada": 5, "bob": 2, "cy": 0, "di": 0}
    for row in ("ada 5/5", "bob 2/5", "all: crashed", "4 graded now, 0 had a result before"):
        assert " ".join(row.split()) in " ".join(said.split())
    assert "\x1b" not in said
    assert [record["result"]["student"] for record in json.loads((here / "out.json").read_bytes())] == ["ada", "bob", "cy", "di"]
    assert sorted(file.name for file in (here / "feedback" / "sums").iterdir()) == ["ada.html", "bob.html", "cy.html", "di.html"]
    assert (here / "feedback" / "sums-report.html").exists()

    with pytest.raises(PracticumError, match="--preview` first"):
        run("regrade", "sums", "--publish")
    checks = here / "sums" / "checks" / "test_answer.py"
    checks.write_text(CHECKS.replace("add(2, 2) == 4", "add(2, 3) == 5"))
    said = run("grade", "sums", "in", "--no-feedback")
    assert "0 graded now, 4 had a result before" in said
    assert "4 results made with another version of the lab stay" in said
    said = run("regrade", "sums", "--jobs", "1")
    for part in ("bob", "2/5 → 0/5", "-2", "sum 2 → 0", "differs: lab", "1 submissions would change, 3 would not"):
        assert part in said
    assert scores(here)["bob"] == 2
    assert "Published: 1" in run("regrade", "sums", "--publish")
    assert scores(here) == {"ada": 5, "bob": 0, "cy": 0, "di": 0}


def test_what_is_wrong_is_said(here: Path) -> None:
    with pytest.raises(PracticumError, match="expected the FOLDER"):
        run("grade", "sums")
    with pytest.raises(PracticumError, match="nothing there"):
        run("grade", "sums", "nowhere")
    with pytest.raises(PracticumError, match="expected a store, got nothing there"):
        run("regrade", "sums")
    with pytest.raises(PracticumError, match="got both"):
        run("regrade", "sums", "--publish", "--preview")


def test_unsafe_says_what_it_gives_up(here: Path) -> None:
    submit(here, {"ada": RIGHT})
    said = CliRunner().invoke(app, ["grade", "sums", "in", "--jobs", "1", "--unsafe", "--no-feedback"], catch_exceptions=False)
    assert said.exit_code == 0, said.output
    assert "UNSAFE: there is no sandbox" in said.stderr
    assert "can read and change your files" in said.stderr
    assert scores(here) == {"ada": 5}


def _graded(here: Path, at_least: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many results are in the store."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        if len(scores(here)) >= at_least:
            return
        time.sleep(0.05)
    raise AssertionError(f"no {at_least} results in time: {process.communicate()}")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_end_on_the_way_loses_nothing_and_counts_nothing_twice(here: Path, how: signal.Signals) -> None:
    """It ends while the third submission is graded, which a check of the lab sees to."""
    works = {f"s{n}": f"waits = {n == 2}  # {n}\n{RIGHT}" for n in range(5)}
    submit(here, works)
    on_the_way = here / "on-the-way"
    on_the_way.touch()
    holding = HOLDING.replace("PATH", repr(str(on_the_way)))
    checks = CHECKS.replace('    """add() adds"""\n', f'    """add() adds"""{holding}')
    (here / "sums" / "checks" / "test_answer.py").write_text(f"import pathlib\nimport select\n\n{checks}")
    process = subprocess.Popen(
        [sys.executable, "-c", "from practicum.cli import main; main()", "grade", "sums", "in", "--jobs", "1"],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job's children ignore Ctrl-C
    )
    _graded(here, 2, process)
    process.send_signal(how)
    _, error = process.communicate(timeout=300)
    on_the_way.unlink()
    assert scores(here) == {"s0": 5, "s1": 5}, "what was graded is kept"
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert "Go on with: practicum grade sums in --resume" in " ".join(error.split())
    with Store(here / "practicum.db") as store:
        first = {r.submission.student: r.id for r in store.results()}
    said = run("grade", "sums", "in", "--jobs", "1", "--resume", "--no-feedback")
    assert "3 graded now, 2 had a result before" in said
    assert scores(here) == dict.fromkeys(works, 5)
    with Store(here / "practicum.db") as store:
        results = store.results(published=None)
        assert len(results) == 5, "nothing is there twice"
        assert first.items() <= {r.submission.student: r.id for r in results}.items(), "nothing was graded again"
        assert len({r.graded.provenance.seed for r in results}) == 1
        assert [run.status for run in store.runs()] == ["finished"]
