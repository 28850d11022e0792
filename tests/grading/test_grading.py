"""One lab, graded by real worker processes."""

from decimal import Decimal

import pytest

from practicum.errors import PracticumError
from practicum.grading.grader import GradingRequest
from practicum.grading.pool import GraderProcess, Pool
from tests.grading.labs import ADD, write

GOOD = "def add(a, b):\n    return a + b\n"


def request(source, student="s1", seed=0):
    files = {} if source is None else {"adding.py": source.encode()}
    return GradingRequest(student=student, submission=f"sha-{student}", files=files, seed=seed)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return write(tmp_path_factory.mktemp("labs"), ADD)


@pytest.fixture(scope="module")
def grader(lab):
    worker = GraderProcess(lab)
    yield worker
    worker.close()


@pytest.fixture(scope="module")
def alone(lab):
    """A pool with one worker, which a test may kill: another takes its place."""
    with Pool(lab, 1) as pool:
        yield pool


def outcomes(result):
    return {check.name: check.outcome for check in result.checks}


def test_a_right_answer_earns_everything(grader):
    result = grader.grade(request(GOOD))
    assert (result.points, result.out_of) == (Decimal("6.0"), Decimal("6.0"))
    assert set(outcomes(result).values()) == {"passed"}
    assert result.restarts == 0
    assert result.provenance.versions["numpy"]
    assert result.provenance.sandbox == "bubblewrap, nested"
    assert result.provenance.limits["memory_mib"] == 200


def test_points_are_exact_decimals_and_partial_points_are_given(grader):
    result = grader.grade(request("def add(a, b):\n    return a + b if a is not b or a < 3 else 0\n"))
    share = next(check for check in result.checks if check.name == "test_share")
    assert (share.outcome, share.points, share.message) == ("partial", Decimal("0.15"), "of ten pairs")
    assert result.points == Decimal("5.65")


@pytest.mark.parametrize(
    ("outcome", "body"),
    [
        ("failed", "return 6"),
        ("raised", "1 // 0"),
        ("crashed", "os._exit(0)"),
        ("timeout", "while True: pass"),
        ("memory", "x = [b'1' * (1 << 20) for _ in range(10**5)]"),
        ("output", "print('x' * (1 << 20))"),
        ("missing", "raise NotImplementedError"),
    ],
)
def test_each_way_to_fail_has_its_own_verdict_and_costs_its_own_check_only(grader, outcome, body):
    source = f"import os\ndef add(a, b):\n    if isinstance(a, int) and (a, b) == (2, 3):\n        {body}\n    return a + b\n"
    result = grader.grade(request(source))
    others = dict.fromkeys(("test_arrays", "test_negative", "test_share"), "passed")
    assert outcomes(result) == {"test_numbers": outcome, **others}
    assert result.points == Decimal("5.0")
    assert result.restarts == (outcome in ("crashed", "timeout", "memory", "output"))


def test_a_missing_file_is_said(grader):
    result = grader.grade(request(None))
    assert result.points == 0
    assert set(outcomes(result).values()) == {"missing"}
    assert result.checks[0].message == "adding.py was not submitted"


def test_the_handout_is_not_written_yet(grader):
    result = grader.grade(request("def add(a, b):\n    raise NotImplementedError\n"))
    assert result.points == 0
    assert result.checks[0].message == "not written yet: add() at adding.py:2"
    assert [check.hint for check in result.checks] == [""] * 4, "a hint may hold the formula"


def test_a_hidden_check_shows_neither_values_nor_messages(grader):
    result = grader.grade(request("def add(a, b):\n    if b == -1: raise type(f'E{a}', (Exception,), {})(a)\n    return a + b\n"))
    hidden = next(check for check in result.checks if check.name == "test_negative")
    assert hidden.outcome == "raised"
    assert hidden.message == "your code raised an exception at adding.py:2"
    assert "E-" in hidden.private
    result = grader.grade(request("def add(a, b):\n    return a + b if b != -1 else 7\n"))
    hidden = next(check for check in result.checks if check.name == "test_negative")
    assert (hidden.outcome, hidden.message, hidden.hint) == ("failed", "", "numbers below zero")
    assert "the secret is" in hidden.private


def test_another_seed_gives_other_inputs_and_the_same_seed_the_same(grader):
    tell = "import numpy as np\ndef add(a, b):\n    raise ValueError(f'{a}')\n"
    messages = [grader.grade(request(tell, seed=seed)).checks[1].message for seed in (1, 1, 2)]
    assert messages[0] == messages[1] != messages[2]


def test_a_pool_grades_each_submission_once_and_leaves_no_worker_to_a_caller_that_wants_no_more(lab):
    with Pool(lab, 2) as pool:
        results = list(pool.grade([request(GOOD, f"s{i}") for i in range(8)]))
        assert sorted(r.student for r in results) == sorted(f"s{i}" for i in range(8))
        assert {r.points for r in results} == {Decimal("6.0")}

        workers = list(pool.graders.workers)
        assert {worker.process.poll() for worker in workers} == {None}
        more = pool.grade(request(GOOD, f"s{i}") for i in range(20))
        next(more)
        more.close()
        assert all(worker.process.poll() is not None for worker in workers)


def test_an_error_in_a_request_stops_the_pool(lab):
    def requests():
        yield request(GOOD)
        raise OSError("cannot be read")

    with Pool(lab, 1) as pool:
        workers = list(pool.graders.workers)
        with pytest.raises(OSError, match="cannot be read"):
            list(pool.grade(requests()))
        assert [worker.process.poll() is None for worker in workers] == [False]


def test_no_more_than_one_request_waits(alone):
    asked = []
    for done, _ in enumerate(alone.grade(asked.append(i) or request(GOOD, f"s{i}") for i in range(6)), 1):
        assert len(asked) <= done + 2


def test_a_worker_that_is_killed_is_replaced(alone):
    results = []
    for result in alone.grade([request(GOOD, f"s{i}") for i in range(5)]):
        results.append(result.student)
        if len(results) == 2:
            alone.graders.workers[-1].process.kill()
    assert results == [f"s{i}" for i in range(5)]
    assert alone.notes == []


@pytest.mark.thorough  # test_worker loses workers, too
def test_a_submission_that_loses_every_worker_is_left_and_said(lab, monkeypatch):
    real = GraderProcess.grade

    def dies(self, request):
        if request.student == "s1":
            self.process.kill()
        return real(self, request)

    monkeypatch.setattr(GraderProcess, "grade", dies)
    with Pool(lab, 1) as pool:
        results = [result.student for result in pool.grade([request(GOOD, f"s{i}") for i in range(4)])]
    assert results == ["s0", "s2", "s3"]
    assert pool.notes[-1] == (
        "s1 is not graded: every worker that had it was lost "
        "(the worker ended: it was killed, by the system for want of memory unless somebody did it)"
    )


def test_a_broken_lab_is_said_at_once(tmp_path):
    """What else breaks one is tested where checks are collected."""
    with pytest.raises(PracticumError, match=r"checks/test_adding.py:1: ModuleNotFoundError: .*'nothing_like_it'"):
        GraderProcess(write(tmp_path, ADD | {"checks/test_adding.py": "import nothing_like_it\n"}))


def test_a_check_that_breaks_is_marked_for_the_author(tmp_path):
    checks = ADD["checks/test_adding.py"] + "\n\n@points(1)\ndef test_broken(student):\n    student.adding.add(1, 1).shape\n"
    worker = GraderProcess(write(tmp_path, ADD | {"checks/test_adding.py": checks}))
    try:
        broken = worker.grade(request(GOOD)).checks[-1]
    finally:
        worker.close()
    assert (broken.outcome, broken.points) == ("broken", 0)
    assert "could not read what your code gave back" in broken.message
    assert "test_adding.py" in broken.private
