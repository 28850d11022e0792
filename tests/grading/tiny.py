"""A tiny lab, submissions for it, and a backend that grades without a sandbox."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

from practicum.grading.grader import GradingRequest
from practicum.labs.lab import Lab, load_lab
from practicum.store.results import CheckResult, GradedSubmission, Provenance

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
    assert student.answer.add(a, b) == a + b, f"secret {a} {b}"
'''

RIGHT = "def add(a, b):\n    return a + b\n"
LUCKY = "def add(a, b):\n    return 4\n"
SLOW = "import time\n\n\ndef add(a, b):\n    time.sleep(0.1)\n    return a + b\n"


def tiny_lab(folder: Path, checks: str = CHECKS) -> Lab:
    """Write the lab and load it."""
    contents = {
        "lab.toml": 'title = "Sums"\npoints = 5\nsubmit = ["answer.py"]\n',
        "README.md": "# Sums\n",
        "checks/test_answer.py": checks,
        "source/answer.py": RIGHT,
    }
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return load_lab(folder)


def submit(folder: Path, works: dict[str, str], stamp: str = "20270301T120000Z") -> Path:
    """Write `{student: code}` as a folder of submissions."""
    for student, code in works.items():
        entry = folder / f"{student}@{stamp}"
        entry.mkdir(parents=True, exist_ok=True)
        (entry / "answer.py").write_text(code, encoding="utf-8")
    return folder


class Fake:
    """Gives as many points (of ten) as the first number in a submission says, times `factor`.

    Args:
        lab: the lab.
        stop: the exception to end with after so many submissions.
    """

    def __init__(self, lab: Lab, *, factor: int = 1, stop: tuple[int, BaseException] | None = None, **provenance: Any) -> None:
        self.lab, self.factor, self.stop, self.provenance = lab, factor, stop, provenance
        self.notes: list[str] = []
        self.requests: list[GradingRequest] = []

    def __call__(self, lab: Lab) -> nullcontext[Fake]:
        """As `Backends`."""
        return nullcontext(self)

    def grade(self, requests: Iterable[GradingRequest]) -> Generator[GradedSubmission, None, None]:
        """As `Backend`."""
        for number, request in enumerate(requests):
            if self.stop is not None and number == self.stop[0]:
                raise self.stop[1]
            self.requests.append(request)
            yield self.result(request)

    def result(self, request: GradingRequest) -> GradedSubmission:
        """What a request gets."""
        found = re.search(rb"\d+", request.files.get("answer.py", b""))
        points = Decimal(int(found[0]) if found else 0) * self.factor
        check = CheckResult(name="test_n", title="n", hidden=False, points=points, out_of=Decimal(10), outcome="partial")
        return GradedSubmission(
            lab=self.lab.name,
            student=request.student,
            submission=request.submission,
            checks=(check,),
            provenance=Provenance(
                **{
                    "lab_sha256": self.lab.sha256,
                    "seed": request.seed,
                    "versions": {},
                    "limits": {},
                    "sandbox": "bubblewrap, nested",
                }
                | self.provenance
            ),
        )
