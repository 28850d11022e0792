"""The time that counts: what a submission computes and sleeps, not what a busy machine makes it wait."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from practicum.sandbox import clock
from practicum.sandbox.clock import Clock, Reading
from practicum.sandbox.link import Link
from practicum.sandbox.outcome import Died
from practicum.sandbox.proxy import StudentCode

CASES = {  # wall seconds of questions, what the kernel tells, what counts
    "computes alone": (2.0, Reading(2.0, 0.0), 2.0),
    "sleeps": (2.0, Reading(0.0, 0.0), 2.0),
    "computes half and waits half": (2.0, Reading(1.0, 1.0), 1.0),
    "sleeps a quarter and waits a quarter": (2.0, Reading(1.0, 0.5), 1.5),
    "four compute at once": (2.0, Reading(8.0, 0.0), 8.0),
    "computed between two questions": (0.0, Reading(3.0, 0.0), 3.0),
    "its threads wait for each other": (2.0, Reading(2.0, 22.0), 2.0),
    "waits for the disk, or for the processor as we look": (2.0, Reading(0.25, 0.0, ready=True), 0.25),
    "a kernel that does not tell": (2.0, Reading(0.25, None), 0.25),
}


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case, monkeypatch):
    monkeypatch.setattr(clock, "own_delay", lambda: 0.0)
    wall, reading, counted = CASES[case]
    used = Clock()
    used.wait(wall)
    assert used() == wall  # until the kernel is asked
    used.update(reading)
    assert (used(), used.counted, used.cpu) == (counted, counted, reading.cpu)
    used.update(reading)
    assert (used.counted, used.cpu) == (counted, reading.cpu)


def test_what_the_grader_waits_for_a_processor_is_not_the_submissions(monkeypatch):
    delays = iter([5.0, 5.75])
    monkeypatch.setattr(clock, "own_delay", lambda: next(delays))
    used = Clock()
    used.wait(1.0)
    used.update(Reading(0.125, 0.0))
    assert used.counted == 0.25


def test_the_kernel_is_read_right():
    """A child that computes a known time, then sleeps; its own child's time counts, too."""
    program = (
        "import os, time\n"
        "def burn(s):\n    until = time.process_time() + s\n    while time.process_time() < until: pass\n"
        "if os.fork() == 0: burn(0.1); os._exit(0)\n"
        "os.wait(); burn(0.2); print(flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        first = clock.read([child.pid])
        time.sleep(0.1)
        second = clock.read([child.pid])
    finally:
        child.kill()
        child.communicate()
    assert 0.3 - 2 * clock.TICK <= first.cpu < 1.0
    assert first.delay is not None
    assert second.cpu - first.cpu <= 2 * clock.TICK
    assert clock.read([child.pid]) == Reading(0.0, 0.0)


BURN = """
import time
def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until: pass
    return seconds
def calls(): return 1
def sleep(seconds): time.sleep(seconds)
"""


@pytest.fixture
def starved(sandbox):
    """A submission that shares one processor with four that are always busy."""
    process = sandbox.open({"answer.py": BURN.encode()}, {}, 0)
    link = Link(lambda: process, 300.0, 60.0, modules=("answer",))
    link.phase(forks=False)
    student = StudentCode(link, {})
    student.answer.calls()
    cpu = min(os.sched_getaffinity(0))
    os.sched_setaffinity(process.pid, {cpu})
    pin = f"import os\nos.sched_setaffinity(0, {{{cpu}}})\nprint(flush=True)\nwhile True: pass"
    hogs = [subprocess.Popen([sys.executable, "-c", pin], stdout=subprocess.PIPE) for _ in range(4)]
    for hog in hogs:
        assert hog.stdout is not None
        hog.stdout.readline()
    yield link, student
    process.kill()
    for hog in hogs:
        hog.kill()
        hog.communicate()


def test_a_busy_machine_costs_nothing(starved):
    link, student = starved
    link.begin(1.0, 0)
    began = time.monotonic()
    assert student.answer.burn(0.3) == 0.3
    assert 0.25 <= link.end() < 0.8
    if time.monotonic() - began <= 1.0:
        pytest.skip("the machine found time for it all the same, so nothing is shown")


def test_who_computes_too_long_is_ended_by_its_own_seconds(starved):
    link, student = starved
    link.begin(0.2, 0)
    with pytest.raises(Died, match="longer than the time for this check") as died:
        student.answer.burn(60)
    assert (died.value.outcome, died.value.starved) == ("timeout", False)
    assert 0.15 <= link.end() < 2.0


def test_who_sleeps_is_ended_too(submit):
    student = submit(BURN, seconds=0.3)
    with pytest.raises(Died, match="longer than the time for this check"):
        student.answer.sleep(60)
    assert student.link.end() < 0.3


def test_where_the_machine_gives_no_time_at_all_the_wall_clock_ends_it_and_says_so(submit, monkeypatch):
    student = submit(BURN)
    student.answer.calls()
    monkeypatch.setattr(clock, "backstop", lambda seconds: seconds)
    monkeypatch.setattr(clock, "read", lambda pids: Reading(0.0, None))
    student.link.begin(0.2, 0)
    with pytest.raises(Died, match="too busy") as died:
        student.answer.sleep(60)
    assert (died.value.outcome, died.value.starved, student.link.starved) == ("timeout", True, True)
