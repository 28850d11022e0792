"""Public and hidden checks: a submission is loaded once, forked, and held to its limits all the same."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from practicum.sandbox import process as process_module
from practicum.sandbox.guest.messages import Failure, Response
from practicum.sandbox.limits import process_tree
from practicum.sandbox.link import Answers, Link
from practicum.sandbox.outcome import Died
from practicum.sandbox.proxy import StudentCode, StudentError

STATE = """
import os, resource, time
import numpy as np
BIG = np.ones(110 << 17)  # MiB, of 200
until = time.process_time() + 0.3
while time.process_time() < until: pass
seen = []
def remember(x): seen.append(x); return list(seen)
def change(): BIG[:] = 2; return float(BIG[-1])
def more(): return float(np.ones(150 << 17).sum())
def used(): return time.process_time()
def limit(): return resource.getrlimit(resource.RLIMIT_CPU)[0]
def leave(code): os._exit(code)
"""


@pytest.fixture
def opened(sandbox):
    """A link to a submission that is loaded ahead, in the first of its two phases, and what it has opened."""
    processes = []

    def open_one(source, wall=300.0):
        def start():
            processes.append(sandbox.open({"answer.py": source.encode()}, {}, 0))
            return processes[-1]

        link = Link(start, wall, 60.0, modules=("answer",))
        link.phase(forks=True)
        link.begin(60.0, 0)
        return link, StudentCode(link, {}), processes

    yield open_one
    for process in processes:
        process.kill()


def test_each_phase_meets_the_submission_as_it_was_loaded(opened):
    link, student, processes = opened(STATE)
    kept = student.answer
    assert (student.answer.remember(1), student.answer.remember(2)) == ([1], [1, 2])
    link.phase(forks=False)
    link.begin(60.0, 0)
    assert student.answer.remember(3) == [3]
    with pytest.raises(StudentError, match="has ended"):
        kept.remember(4)
    assert len(processes) == 1


def test_what_was_loaded_counts_once_though_the_fork_changes_all_of_it(opened):
    link, student, processes = opened(STATE)
    assert student.answer.change() == 2.0
    with pytest.raises(Died, match="more than 200 MiB"):
        student.answer.more()
    link.begin(60.0, 0)
    assert student.answer.change() == 2.0  # started anew
    link.phase(forks=False)
    link.begin(60.0, 0)
    with pytest.raises(Died, match="more than 200 MiB"):
        student.answer.more()
    assert len(processes) == 2


def test_each_fork_has_the_processor_time_that_a_process_has(opened):
    link, student, _ = opened(STATE)
    assert student.answer.used() < 0.25
    first = student.answer.limit()
    link.phase(forks=False)
    link.begin(60.0, 0)
    assert student.answer.used() >= 0.3
    assert student.answer.limit() == first


@pytest.mark.parametrize("code", [0, 7])
def test_a_death_in_the_fork_is_told_and_the_next_phase_is_loaded_again(opened, code):
    link, student, processes = opened("import os, sys\ndef leave(code): os._exit(code)\ndef ok(): return 1\n")
    with pytest.raises(Died, match=f"exit code {code}"):
        student.answer.leave(code)
    link.phase(forks=False)
    link.begin(60.0, 0)
    assert student.answer.ok() == 1
    assert (len(processes), link.restarts) == (2, 1)


def test_a_fork_that_goes_between_two_questions_is_missed_at_the_next(opened):
    source = "import os, threading\ndef soon(): threading.Timer(0.05, os._exit, (5,)).start()\ndef ok(): return 1\n"
    _, student, _ = opened(source)

    def ask_on():
        while True:
            student.answer.ok()

    student.answer.soon()
    with pytest.raises(Died, match="exit code 5"):
        ask_on()


class Fake(Answers):
    """Answers at once, whatever is asked; takes time to load a module; a fork of it fails if `alone` is false."""

    def __init__(self, alone: bool, ends: frozenset[str] = frozenset()) -> None:
        self.alone, self.ends, self.asked = alone, ends, []
        self.died = None

    def call(self, request, deadline):
        self.asked.append(request.op if request.seed is None else f"{request.op}, seeded {request.seed}")
        if self.died:
            raise self.died
        if request.op == "module":
            time.sleep(0.02)
            if request.name in self.ends:
                self.died = Died("crashed", "it ended")
                raise self.died
        return Response(request.id, failure=Failure("ValueError") if request.name == "wrong" else None)

    def fork(self):
        self.asked.append("fork")
        return self.alone

    def go_back(self):
        return self.alone and self.died is None


def linked(modules, alone=True, ends=frozenset()):
    made = []

    def start():
        made.append(Fake(alone, ends))
        return made[-1]

    return Link(start, 100.0, modules=modules), made


def test_modules_are_loaded_before_the_first_question_and_before_the_fork():
    link, (made) = linked(("a", "wrong"))
    link.phase(forks=True)
    link.begin(1.0, 7)
    link.ask("get", name="x")
    link.ask("get", name="x")
    assert made[0].asked == ["module", "module", "fork", "get, seeded 7", "get"]


def test_the_last_phase_is_not_forked():
    link, made = linked(("a",))
    link.phase(forks=False)
    link.begin(1.0, 7)
    link.ask("get")
    assert made[0].asked == ["module", "get, seeded 7"]


@pytest.mark.parametrize("alone", [True, False])
def test_loading_again_costs_nothing_of_the_time_for_all_checks(alone):
    link, made = linked(("a",), alone)
    left = []
    for forks in (True, False):
        link.phase(forks)
        link.begin(1.0, 0)
        link.ask("get")
        left.append(link.left)
    assert left[0] <= 100 - 0.02
    assert left[0] - left[1] < 0.02
    assert (len(made), link.restarts) == (2 - alone, 0)


def test_a_module_that_kills_is_tried_once_and_the_others_are_loaded():
    link, made = linked(("a", "bad"), ends=frozenset({"bad"}))
    for forks in (True, False):
        link.phase(forks)
        for _ in range(2):
            link.begin(1.0, 0)
            link.ask("module", name="a")
            with pytest.raises(Died):
                link.ask("module", name="bad")
    assert sum(each.died is not None for each in made) == 1
    assert (len(made), link.restarts) == (2, 1)


def test_a_module_asked_for_after_a_death_in_the_same_check_is_not_held_to_be_the_killer():
    link, made = linked(())
    link.begin(1.0, 0)
    link.ask("get")
    made[0].died = Died("crashed", "a call ended it")
    with pytest.raises(Died):
        link.ask("module", name="a")
    assert link.fatal == {}
    link.begin(1.0, 0)
    link.ask("module", name="a")


def test_where_memory_is_short_the_kernel_ends_submissions_before_graders(opened):
    _, student, processes = opened("x = 1\n")
    assert student.answer.x == 1
    for pid in process_tree(processes[0].pid):  # the fork, too
        assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) == 1000
    assert int(Path("/proc/self/oom_score_adj").read_text()) < 1000


PRINTS = """
import sys
def show(kib): sys.stdout.write("x" * (kib << 10)); sys.stdout.flush(); return 1
print("x" * (500 << 10))
"""


def test_output_counts_per_check_and_what_an_import_prints_is_dropped(opened):
    link, student, processes = opened(PRINTS)
    for _ in range(3):
        link.begin(60.0, 0)
        assert student.answer.show(90) == 1  # KiB, of 100
    with pytest.raises(Died, match="printed more than 100 KiB") as died:
        student.answer.show(90)
    assert died.value.outcome == "output"
    link.begin(60.0, 0)
    assert student.answer.show(90) == 1
    assert len(processes) == 2


def test_a_fork_that_ends_before_it_has_answered_is_known_by_its_end(opened, monkeypatch):
    monkeypatch.setattr(process_module, "children_of", lambda pid: [])  # its parent was quicker than the look
    _, student, _ = opened("import os, random\nrandom.seed = lambda *args: os._exit(7)\ndef f(): return 1\n")
    with pytest.raises(Died, match=r"ended itself \(exit code 7\)"):
        student.answer.f()


def test_a_module_that_cannot_be_had_does_not_take_the_seed_with_it():
    link, made = linked(("a", "b"), ends={"b"})
    link.phase(forks=False)
    link.begin(1.0, 3)
    link.ask("get")  # the process lives, without that module
    link.begin(1.0, 7)
    with pytest.raises(Died):
        link.ask("module", name="b")
    link.ask("get")
    assert made[-1].asked[-2:] == ["get, seeded 3", "get, seeded 7"]
