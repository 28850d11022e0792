"""Tiny labs for the tests of grading."""

from pathlib import Path

ADD = {
    "lab.toml": """
title = "Adding"
points = 6
submit = ["adding.py"]

[limits]
cpu_seconds = 1
wall_seconds = 300
import_seconds = 60
memory_mib = 200
processes = 16
disk_mib = 16
output_kib = 100
""",
    "README.md": "# Adding\n\nWrite `add(a, b)`.\n",
    "source/adding.py": '''"""Adding."""


def add(a, b):
    """The sum of two numbers or arrays."""
    # BEGIN SOLUTION
    return a + b
    # END SOLUTION
''',
    "checks/test_adding.py": '''import numpy as np
from practicum.checks import assert_close, hidden, interpolate, points, timeout


@points(1, hint="two whole numbers")
@timeout(60)
def test_numbers(student):
    """add() adds numbers"""
    assert student.adding.add(2, 3) == 5


@points("2.5", hint="arrays of one shape")
@timeout(60)
def test_arrays(student, rng):
    """add() adds arrays"""
    a, b = rng.normal(size=(2, 3))
    assert_close(student.adding.add(a, b), a + b)


@hidden
@points(2, hint="numbers below zero")
@timeout(60)
def test_negative(student, rng):
    """add() adds negative numbers"""
    a = -int(rng.integers(1, 1000))
    assert student.adding.add(a, -1) == a - 1, f"the secret is {a}"


@points("0.5", hint="ten pairs of whole numbers")
@timeout(60)
def test_share(student, award):
    """add() adds at least some of 10 pairs"""
    award(interpolate(sum(student.adding.add(i, i) == 2 * i for i in range(10)), 0, 10), "of ten pairs")
''',
    "bugs/minus.toml": """
title = "Subtracts"
loses = ["test_numbers", "test_arrays", "test_negative", "test_share"]

[[edit]]
file = "adding.py"
find = "a + b"
replace = "a - b"
""",
    "bugs/absolute.toml": """
title = "Drops the sign"
loses = ["test_arrays", "test_negative"]

[[edit]]
file = "adding.py"
find = "a + b"
replace = "abs(a) + abs(b)"
""",
    "cheats/hard_coded.toml": """
title = "Knows the example of the task sheet"
most = 1.5

[[edit]]
file = "adding.py"
find = "a + b"
replace = "5"
""",
    "alternatives/sum.toml": """
title = "Uses sum"

[[edit]]
file = "adding.py"
find = "a + b"
replace = "sum([a, b])"
""",
}


def write(folder: Path, files: dict[str, str], name: str = "adding") -> Path:
    """Write a lab, some of its files replaced, and return its folder."""
    for path, text in files.items():
        target = folder / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder / name
