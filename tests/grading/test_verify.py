"""`verify_lab` finds what is wrong with a lab."""

import pytest

from practicum.errors import PracticumError
from practicum.grading.lint import take_stock
from practicum.grading.verify import verify_lab
from practicum.labs.lab import load_lab
from tests.grading.labs import ADD, write


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


def test_each_fault_of_the_answers_is_named(tmp_path):
    """Four faults in one lab, each in a file of its own."""
    problems = verify(
        tmp_path,
        **{
            "lab.toml": ADD["lab.toml"].replace("points = 6", "points = 7"),
            "bugs/minus.toml": BUG.replace('"test_numbers", ', ""),
            "bugs/swapped.toml": BUG.replace("a - b", "b + a"),
            "alternatives/sum.toml": SUM.replace("sum([a, b])", "max(a, b)"),
        },
    ).problems
    given = "(test_numbers 1, test_arrays 2.5, test_negative 2, test_share 0.5)"
    assert f"lab.toml:3: points = 7, but the checks give 6 together {given}" in problems
    assert {
        *(
            f"mutant swapped: must lose {name} and does not"
            for name in ("test_numbers", "test_arrays", "test_negative", "test_share")
        ),
    } <= set(problems)
    for start in (
        "mutant minus: loses test_numbers in seeds 0, 1: failed",
        "alternative sum: loses test_numbers",
        "alternative sum: loses test_negative",
    ):
        assert any(problem.startswith(start) for problem in problems), problems
    assert not [problem for problem in problems if problem.startswith(("solution", "handout"))]


def test_each_fault_of_the_checks_is_named(tmp_path):
    """One check asks for nothing, one depends on the draw."""
    vacuous = CHECKS.replace(FIRST, "    pass")
    problems = verify(tmp_path, **{"checks/test_adding.py": vacuous.replace("a - 1, f", "a - rng.integers(2), f")}).problems
    assert "handout: must lose test_numbers and does not" in problems
    assert "handout: earns 1 points" in problems
    assert "mutant minus: must lose test_numbers and does not" in problems
    assert any(problem.startswith("solution: loses test_negative in seed") for problem in problems)


def test_a_check_that_breaks_on_an_answer_names_its_line(tmp_path):
    problems = verify(tmp_path, **with_checks("== 5", "== 5 + student.adding.add(0, 0).nope")).problems
    assert "checks/test_adding.py:9: AttributeError: 'int' object has no attribute 'nope'" in problems


def test_a_bug_that_names_no_check_is_an_error(tmp_path):
    said = r"bugs/minus.toml:3: no check is named 'test_numbrs' \(did you mean `test_numbers`\?\); there are test_arr"
    with pytest.raises(PracticumError, match=said):
        verify(tmp_path, **{"bugs/minus.toml": BUG.replace("test_numbers", "test_numbrs")})


def test_a_check_that_breaks_on_every_answer_is_one_problem(tmp_path):
    report = verify(tmp_path, **with_checks("== 5", "== score"))
    assert report.problems == ("checks/test_adding.py:9: NameError: name 'score' is not defined",)


def test_what_is_wrong_without_being_run_is_a_problem_and_few_bugs_are_a_note(tmp_path):
    checks = CHECKS.replace('@points("2.5", hint="arrays of one shape")', '@points("2.5")')
    checks = checks.replace('    """add() adds numbers"""\n', "")
    toml = ADD["lab.toml"].replace("[limits]", 'topics = ["perceptron", "perceptrn"]\nlibraries = ["nolib"]\n[limits]')
    stock = take_stock(load_lab(write(tmp_path, ADD | {"lab.toml": toml, "checks/test_adding.py": checks})))
    assert stock.problems == (
        "checks/test_adding.py:5: test_numbers has no docstring; its first line is the title that students read",
        "checks/test_adding.py:11: test_arrays has no hint; write @points(2.5, hint=…)",
        "lab.toml:6: no topic 'perceptrn' in topics.toml (did you mean `perceptron`?)",
        "lab.toml:7: the library 'nolib' is not installed here: pip install nolib",
    )
    assert stock.notes == ("2 mutants; a lab that ships has 8 or more", "1 alternative; a lab that ships has 2 or more")


DATA = "import pathlib\nTABLE = pathlib.Path(__file__).with_name('five.txt').read_text()\n\n\n@points(1"


def test_a_public_check_that_needs_a_file_which_is_not_handed_out_is_a_problem(tmp_path):
    checks = CHECKS.replace("\n\n@points(1", DATA).replace("(2, 3) == 5", "(2, 3) == int(TABLE)")
    (problem,) = verify(tmp_path, **{"checks/test_adding.py": checks, "checks/five.txt": "5"}).problems
    start = "handout: its public checks must pass with the solution in it, but checks/test_adding.py:"
    assert problem.startswith(start)
    assert "FileNotFoundError" in problem
    assert "of checks/ only .py files are handed out, so not five.txt" in problem
