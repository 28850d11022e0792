"""A tiny lab, one worker for all tests, and after every attack an honest neighbour who must get full marks.

Nothing here may depend on how busy the machine is. `grade` gives a check a minute, so what an attack meets is the limit that it
is about; `brief`, for what sleeps or never ends, gives 0.4 seconds, which no honest answer comes near: waiting for the machine
does not count.
"""

from __future__ import annotations

import hashlib
import json
import textwrap
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from practicum.grading.grader import GradingRequest
from practicum.grading.pool import GraderProcess
from practicum.store.results import CheckResult, GradedSubmission

LIMITS = {
    "cpu_seconds": 2,
    "wall_seconds": 300,
    "import_seconds": 60,
    "memory_mib": 200,
    "processes": 12,
    "disk_mib": 12,
    "open_files": 64,
    "output_kib": 64,
}

CHECKS = '''
"""MARKER-OF-THE-CHECKS"""
import numpy as np
import pytest
from practicum.checks import StudentError, assert_close, hidden, points, ref, timeout

SECRET = "MARKER-OF-THE-CHECKS"


@points(2, hint="a plus b")
@timeout(60)
def test_add(student, rng):
    """add() adds"""
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    assert_close(student.answer.add(a, b), a + b, what="add(a, b)")


@points(2)
@timeout(60)
def test_model(student, rng):
    """Model keeps its weight"""
    model = student.answer.Model(3)
    model.weight = np.array([1.0, 2.0, 3.0])
    x = rng.normal(size=(5, 3))
    assert_close(model.forward(x), x @ [1.0, 2.0, 3.0], what="forward(x)")


@hidden
@points(3)
@timeout(60)
def test_hidden(student, rng):
    """add() on other numbers"""
    a, b = rng.normal(size=7), rng.normal(size=7)
    expected_value = a + b
    assert np.allclose(student.answer.add(a, b), expected_value)


@hidden
@points(2)
@timeout(60)
def test_labels(student, rng):
    """predict() finds the labels"""
    x, labels = rng.normal(size=(64, 2)), rng.integers(0, 2, size=64) * 2 - 1
    x[:, 0] = labels * np.abs(x[:, 0])
    found = student.answer.predict(x)
    assert np.shape(found) == (64,) and np.mean(np.asarray(found) == labels) > 0.9


@points(1)
@timeout(60)
def test_last(student):
    """name() says who it is"""
    assert student.answer.name() == "honest"
'''

HONEST = """
import numpy as np


def add(a, b):
    return a + b


class Model:
    def __init__(self, n):
        self.weight = np.zeros(n)

    def forward(self, x):
        return x @ self.weight


def predict(x):
    return np.sign(x[:, 0]).astype(int)


def name():
    return "honest"
"""

ALL = {"test_add": 2, "test_model": 2, "test_hidden": 3, "test_labels": 2, "test_last": 1}


def write_lab(
    folder: Path, checks: str = CHECKS, submit: str = "answer.py", libraries: tuple[str, ...] = (), **limits: float
) -> Path:
    """Write a lab into a folder."""
    points = sum(ALL.values())
    lines = [f"{key} = {value}" for key, value in {**LIMITS, **limits}.items()]
    (folder / "source").mkdir(parents=True)
    (folder / "checks").mkdir()
    (folder / "README.md").write_text("# Answer\n")
    (folder / "lab.toml").write_text(
        f'title = "Answer"\npoints = {points}\nsubmit = ["{submit}"]\nlibraries = {list(libraries)}\n[limits]\n'
        + "\n".join(lines)
    )
    (folder / "source" / "answer.py").write_text(HONEST + "\nSOLUTION = 'MARKER-OF-THE-SOLUTION'\n")
    (folder / "source" / "given.py").write_text("GIVEN = 1\n")
    (folder / "checks" / "test_answer.py").write_text(checks)
    return folder


def job(source: str | bytes, name: str = "answer.py", student: str = "mallory", seed: int = 1) -> GradingRequest:
    """One submission of one file."""
    data = textwrap.dedent(source).encode() if isinstance(source, str) else source
    return GradingRequest(student=student, submission=hashlib.sha256(data).hexdigest(), files={name: data}, seed=seed)


class Verdict:
    """A graded submission, easy to ask."""

    def __init__(self, graded: GradedSubmission) -> None:
        self.graded = graded
        self.checks: dict[str, CheckResult] = {check.name: check for check in graded.checks}

    def outcome(self, check: str) -> str:
        return self.checks[check].outcome

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: check.outcome for name, check in self.checks.items()}

    @property
    def points(self) -> Decimal:
        return self.graded.points

    @property
    def passed(self) -> set[str]:
        return {name for name, check in self.checks.items() if check.outcome == "passed"}

    def message(self, check: str) -> str:
        return self.checks[check].message

    @property
    def shown(self) -> str:
        """Everything a student reads."""
        return "\n".join(f"{c.title}\n{c.message}\n{c.hint}" for c in self.graded.checks) + "\n".join(self.graded.notes)


class Arena:
    """A worker that grades hostile submissions, each followed by an honest one that must get everything."""

    def __init__(self, lab: Path, mode: str = "nested", honest: str = HONEST) -> None:
        self.lab, self.source = lab, honest
        self.worker = GraderProcess(lab, mode)  # type: ignore[arg-type]

    def honest(self) -> Verdict:
        verdict = Verdict(self.worker.grade(job(self.source, student="zoe")))
        assert set(verdict.outcomes.values()) == {"passed"}, verdict.graded
        assert verdict.points == verdict.graded.out_of
        assert verdict.graded.restarts == 0
        return verdict

    def __call__(self, source: str | bytes, *, plus_honest: bool = True, **options: object) -> Verdict:
        """Grade source (after the honest answer's own source, unless `plus_honest` is false), then an honest neighbour."""
        if isinstance(source, str):
            source = ("import numpy as np\n" + self.source + "\n" if plus_honest else "") + textwrap.dedent(source)
        verdict = Verdict(self.worker.grade(job(source, **options)))  # type: ignore[arg-type]
        assert self.worker.process.poll() is None, "the grader has died"
        self.honest()
        return verdict

    def observe(self, probe: str) -> Any:
        """What a submission's `probe()` sees from within, told in the message of an exception."""
        tell = "\n\ndef name():\n    import json\n    raise RuntimeError(json.dumps(probe()))\n"
        verdict = self(textwrap.dedent(probe) + tell)
        assert verdict.outcome("test_last") == "raised", verdict.message("test_last")
        text = verdict.message("test_last").removeprefix("your code raised RuntimeError: ")
        return json.JSONDecoder().raw_decode(text)[0]

    def close(self) -> None:
        self.worker.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lab(tmp_path_factory.mktemp("red") / "answer")


@pytest.fixture(scope="session")
def grade(lab: Path) -> Iterator[Arena]:
    arena = Arena(lab)
    yield arena
    arena.close()


@pytest.fixture(scope="session")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """As `grade`, with little time: for what sleeps or never ends."""
    checks = CHECKS.replace("@timeout(60)", "@timeout(0.4)")
    arena = Arena(write_lab(tmp_path_factory.mktemp("brief") / "answer", checks, import_seconds=0.5))
    yield arena
    arena.close()


@pytest.fixture(scope="session")
def make_lab() -> Callable[..., Path]:
    """Write another lab: `make_lab(folder, checks, **limits)`."""
    return write_lab


@pytest.fixture
def make_job() -> Callable[..., GradingRequest]:
    """A submission of one file: `make_job(source, name, student)`."""
    return job


@pytest.fixture
def make_arena() -> Iterator[Callable[..., Arena]]:
    """A worker of one's own: `make_arena(lab, mode, honest)`."""
    opened: list[Arena] = []

    def make(*args: Any, **options: Any) -> Arena:
        opened.append(Arena(*args, **options))
        return opened[-1]

    yield make
    for arena in opened:
        arena.close()


@pytest.fixture(scope="session")
def honest_source() -> str:
    """A submission that earns everything."""
    return HONEST


@pytest.fixture(scope="session")
def limits() -> dict[str, float]:
    """The limits of the tiny lab, as a sandbox takes them."""
    return {**{key: float(value) for key, value in LIMITS.items()}, "threads": 1.0}
