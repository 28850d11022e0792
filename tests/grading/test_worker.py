"""A worker: what it costs before it grades anything, and what it costs when it ends."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import msgspec
import pytest

from practicum.grading import pool
from practicum.grading.grader import GradingRequest
from practicum.grading.pool import Pool, WorkerDied
from practicum.store.results import GradedSubmission, Provenance

LOOKS = "import sys\nimport practicum.grading.worker\nprint(*sys.modules)"


def test_a_worker_starts_without_what_it_does_not_need() -> None:
    """Every grading command starts as many as there are cores, and waits for them."""
    done = subprocess.run([sys.executable, "-c", LOOKS], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "practicum.grading.worker" in modules
    assert [each for each in modules if each.startswith(("sqlalchemy", "torch", "rich", "typer", "practicum.course"))] == []


CHECKS = '''
import os, signal
import numpy as np
from practicum.checks import points, timeout


@points(1)
def test_first(student):
    """The first"""
    assert student.answer.f() == 1


@points(2)
@timeout(0.3)
def test_size(student):
    """The size of what comes back"""
    size = student.answer.size()
    if size == "loop":
        try:
            while True: sum(range(1000))
        except Exception: pass
    if size == "one operation":
        np.ones((3000, 3000), int) @ np.ones((3000, 3000), int)  # half a minute, in which Python looks at no signal
    if size == "worker":
        os.kill(os.getpid(), signal.SIGKILL)
    assert size == 3


@points(3)
def test_last(student):
    """The last"""
    assert student.answer.f() == 1
'''


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "answer"
    (folder / "source").mkdir(parents=True)
    (folder / "checks").mkdir()
    (folder / "lab.toml").write_text('title = "Answer"\npoints = 6\nsubmit = ["answer.py"]\n')
    (folder / "README.md").write_text("# Answer\n")
    (folder / "source" / "answer.py").write_text(answer(3))
    (folder / "checks" / "test_answer.py").write_text(CHECKS)
    # 0.3 seconds in place of ten, in the workers too: they are started by a command line.
    (folder / "checks" / "conftest.py").write_text("from practicum.checks import own_time\nown_time.LEAST_SECONDS = 0.3\n")
    return folder


def answer(size: object) -> str:
    return f"def f(): return 1\ndef size(): return {size!r}\n"


def asked(student: str, size: object) -> GradingRequest:
    data = answer(size).encode()
    return GradingRequest(student=student, submission=hashlib.sha256(data).hexdigest(), files={"answer.py": data}, seed=1)


@pytest.fixture(scope="module")
def results(lab):
    """One class, graded by one worker at a time: three whose answers are trouble, each followed by an honest one."""
    sizes = {"ada": "loop", "bob": 3, "cy": "one operation", "dan": 3, "eve": "worker", "fay": 3}
    with Pool(lab, 1) as graders:
        graded = {result.student: result for result in graders.grade(asked(*each) for each in sizes.items())}
    return graded, graders.notes


@pytest.mark.parametrize("student", ["ada", "cy"])
def test_a_check_that_computes_too_long_costs_that_check_only(results, student):
    graded, _ = results
    first, size, last = graded[student].checks
    assert [first.outcome, size.outcome, last.outcome] == ["passed", "timeout", "passed"]
    assert graded[student].points == 4
    assert size.message == (
        "to check what your code returned took more than 0.3 seconds of computing, so the check was ended; "
        "is it of the size that is asked for?"
    )
    assert size.private.startswith("the check's own code computed for more than 0.3 seconds and was ended.")


def test_the_loss_of_a_worker_costs_the_submission_it_was_lost_with(results):
    graded, notes = results
    assert sorted(graded) == ["ada", "bob", "cy", "dan", "fay"]
    assert [graded[student].points for student in ("bob", "dan", "fay")] == [6, 6, 6]
    assert notes == [
        "eve is not graded: every worker that had it was lost (the worker ended during test_size: "
        "it was killed, by the system for want of memory unless somebody did it)"
    ]


class Fake:
    """Stands for a worker: grades at once, or ends as the test wants."""

    events: ClassVar[list[str]] = []
    failing_starts = 0

    def __init__(self, folder, mode):
        self.notes: list[str] = []
        self.process = SimpleNamespace(poll=lambda: self.code)
        self.code = None
        self.events.append("start")
        if Fake.failing_starts:
            Fake.failing_starts -= 1
            raise WorkerDied("the worker ended before it was ready: exit code 1")

    def grade(self, request):
        self.events.append(request.student)
        starved = self.events.count(request.student) == 1 and request.student in ("bob", "eve")
        return msgspec.structs.replace(result_of(request), starved=starved)

    def close(self):
        self.events.append("close")


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(pool, "GraderProcess", Fake)
    monkeypatch.setattr(Fake, "events", [])
    return Fake


def result_of(request):
    made = Provenance(lab_sha256="0" * 64, seed=1, versions={}, limits={}, sandbox="none")
    return GradedSubmission(lab="answer", student=request.student, submission=request.submission, checks=(), provenance=made)


def test_a_worker_lost_while_idle_or_starting_is_replaced_and_the_run_goes_on(fake):
    with Pool(Path("lab"), 1) as graders:
        graders.graders.workers[0].code = -9
        fake.failing_starts = 1
        assert [result.student for result in graders.grade([asked("ada", 3)])] == ["ada"]
    assert fake.events == ["start", "close", "start", "start", "ada", "close", "close"]
    assert graders.notes == []


def test_where_no_worker_starts_any_more_the_submission_is_named(fake):
    with Pool(Path("lab"), 1) as graders:
        graders.graders.workers[0].code = -9
        fake.failing_starts = 2
        assert [result.student for result in graders.grade([asked("ada", 3), asked("cy", 3)])] == ["cy"]
    assert graders.notes == [
        "ada is not graded: every worker that had it was lost (the worker ended before it was ready: exit code 1)"
    ]


def test_what_the_machine_gave_no_time_is_graded_again_alone(fake):
    """Whoever met the end of the wall clock waits until the others are done; then what comes, counts."""
    with Pool(Path("lab"), 1) as graders:
        graded = [result.student for result in graders.grade(asked(name, 3) for name in ("ada", "bob", "cy", "eve"))]
    assert [event for event in fake.events if event not in ("start", "close")] == ["ada", "bob", "cy", "eve", "bob", "eve"]
    assert graded == ["ada", "cy", "bob", "eve"]
