"""Answers that are small as they come and large as the check computes with them: they cost their check, and the grader little."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

CHECKS = '''
import numpy as np
from practicum.checks import assert_close, assert_shape, hidden, points, timeout


@points(2)
@timeout(60)
def test_add(student):
    """add() adds"""
    assert_close(student.answer.add(1.0, 2.0), 3.0)


@points(2)
@timeout(60)
def test_model(student):
    """Many answers of one check"""
    kept = [student.answer.Model(n) for n in range(30)]
    assert len(kept) == 30


@points(3)
@timeout(60)
def test_hidden(student):
    """A check that broadcasts what it gets"""
    assert np.isclose(student.answer.predict(3), np.arange(1000.0)).all()


@points(2)
@timeout(60)
def test_labels(student):
    """Any array of one axis"""
    assert_shape(student.answer.labels(), (None,))


@points(1)
@timeout(60)
def test_last(student):
    """name() says who it is"""
    assert student.answer.name() == "honest"
'''
HONEST = """
import numpy as np
def add(a, b): return a + b
def Model(n): return n
def predict(n): return np.arange(1000.0)
def labels(): return np.zeros(3)
def name(): return "honest"
"""


@pytest.fixture(scope="module")
def arena(tmp_path_factory, make_lab):
    from tests.redteam.conftest import Arena

    arena = Arena(make_lab(tmp_path_factory.mktemp("large") / "answer", CHECKS, memory_mib=400), honest=HONEST)
    yield arena
    arena.close()


def peak(pid: int) -> int:
    """The most memory that a process has had so far, in bytes."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) << 10


def test_an_array_of_small_integers_is_refused_by_its_shape_before_it_is_converted(arena):
    arena.honest()
    before = peak(arena.worker.process.pid)
    verdict = arena("def add(a, b): return np.zeros(8 << 20, np.int8)")
    assert verdict.outcome("test_add") == "failed"
    assert "expected shape (), got shape (8388608,)" in verdict.message("test_add")
    assert peak(arena.worker.process.pid) - before < 30 << 20  # it came in 8 MiB, and is copied once; as float64 it has 64


def test_an_answer_has_so_many_numbers_at_most(arena):
    verdict = arena("def labels(): return np.zeros((8 << 20) + 1, np.int8)")
    assert verdict.outcome("test_labels") == "raised"
    assert "arrays of more than 8,388,608 numbers do not cross" in verdict.message("test_labels")


def test_all_answers_of_a_check_together_have_so_many(arena):
    arena.honest()
    before = peak(arena.worker.process.pid)
    verdict = arena("def Model(n): return np.zeros(8 << 20, np.int8)")
    assert verdict.outcome("test_model") == "protocol"
    assert "more numbers in one check than a check may receive" in verdict.message("test_model")
    assert verdict.passed == {"test_add", "test_hidden", "test_labels", "test_last"}
    assert peak(arena.worker.process.pid) - before < 120 << 20  # eight of them


@pytest.mark.thorough
def test_all_answers_of_a_check_together_have_so_many_values(arena):
    verdict = arena("def Model(n): return [0] * 200_000")
    assert verdict.outcome("test_model") == "protocol"
    assert "more plain values in one check" in verdict.message("test_model")


def test_what_a_check_broadcasts_beyond_the_graders_memory_is_that_checks_loss(arena):
    """Eight million numbers against a thousand are sixty gigabytes: nothing is allocated, and the worker stays."""
    pid = arena.worker.process.pid
    assert 0 < resource.prlimit(pid, resource.RLIMIT_DATA)[0] < 6 << 30  # 4 GiB more than it began with
    before = peak(pid)
    verdict = arena("def predict(n): return np.zeros((8 << 20, 1), np.int8)")
    assert verdict.outcome("test_hidden") == "broken"
    assert "MemoryError" in verdict.message("test_hidden")
    assert verdict.passed == {"test_add", "test_model", "test_labels", "test_last"}
    assert peak(pid) - before < 200 << 20
