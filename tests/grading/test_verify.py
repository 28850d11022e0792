"""`verify_lab` finds what is wrong with a lab."""

import pytest

from practicum.course.errors import PracticumError
from practicum.grading.verify import verify_lab
from practicum.labs.lab import load_lab

from .labs import ADD, write


def verify(folder, **change):
    return verify_lab(load_lab(write(folder, ADD | change)), seeds=2)


def test_a_proven_lab_has_no_problems(tmp_path):
    seen = []
    report = verify_lab(load_lab(write(tmp_path, ADD)), seeds=2, progress=lambda name, done, of: seen.append((name, done, of)))
    assert report.problems == ()
    assert {v.name: v.points for v in report.verdicts} == {
        "solution": (6, 6),
        "handout": (0, 0),
        "sum": (6, 6),
        "absolute": (1.5, 1.5),
        "minus": (0.05, 0.05),  # 0 - 0 is right
    }
    assert report.hidden == {"test_negative"}
    assert seen[-1][1:] == (10, 10)


CHECKS, BUG, SUM = ADD["checks/test_adding.py"], ADD["bugs/minus.toml"], ADD["alternatives/sum.toml"]
FIRST = "    assert student.adding.add(2, 3) == 5"


def with_checks(old, new):
    assert old in CHECKS
    return {"checks/test_adding.py": CHECKS.replace(old, new)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lab.toml": ADD["lab.toml"].replace("points = 6", "points = 7")}, ["give 6.0 points together, lab.toml says 7"]),
        ({"bugs/minus.toml": BUG.replace('"test_numbers", ', "")}, ["bug minus: loses test_numbers in seeds 0, 1: failed"]),
        ({"bugs/minus.toml": BUG.replace("a - b", "b + a")}, ["bug minus: must lose test_share and does not"]),
        (
            {"alternatives/sum.toml": SUM.replace("sum([a, b])", "max(a, b)")},
            ["alternative sum: loses test_numbers", "alternative sum: loses test_negative"],
        ),
        (
            with_checks(FIRST, "    pass"),
            ["handout: must lose test_numbers and does not", "handout: earns 1 points", "bug minus: must lose test_numbers"],
        ),
        (with_checks("== 5", "== 5 + student.adding.add(0, 0).nope"), ["solution: test_numbers: the check itself broke"]),
        (with_checks("a - 1, f", "a - rng.integers(2), f"), ["solution solution: loses test_negative in seeds"]),
    ],
    ids=["points", "unnamed loss", "unlost", "alternative", "vacuous", "broken check", "seed"],
)
def test_each_fault_of_a_lab_is_named(tmp_path, change, said):
    problems = "\n".join(verify(tmp_path, **change).problems)
    for text in said:
        assert text in problems


def test_a_bug_that_names_no_check_is_an_error(tmp_path):
    with pytest.raises(PracticumError, match="names unknown checks test_nope; there are test_arrays"):
        verify(tmp_path, **{"bugs/minus.toml": ADD["bugs/minus.toml"].replace("test_numbers", "test_nope")})
