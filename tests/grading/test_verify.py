"""`verify_lab` finds what is wrong with a lab."""

from decimal import Decimal

import pytest

from practicum.checks.about import About
from practicum.checks.seeds import Seeds
from practicum.errors import PracticumError
from practicum.grading.lint import take_stock
from practicum.grading.verify import _further_requests, verify_lab
from practicum.labs.lab import load_lab
from practicum.labs.mutants import Variant
from tests.grading.labs import ADD, write


def verify(folder, seeds=2, **change):
    return verify_lab(load_lab(write(folder, ADD | change)), seeds)


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
        "hard_coded": (1, 1),
    }
    assert [(v.name, v.most) for v in report.verdicts if v.kind == "cheat"] == [("hard_coded", 1.5)]
    assert report.hidden == {"test_negative"}
    assert seen[-1][1:] == (12, 12)


CHECKS, BUG, SUM = ADD["checks/test_adding.py"], ADD["bugs/minus.toml"], ADD["alternatives/sum.toml"]
CHEAT = ADD["cheats/hard_coded.toml"]
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
            "cheats/hard_coded.toml": CHEAT.replace("1.5", "0.5"),
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
    assert "cheat hard_coded: earns 1 points, and may earn at most 0.5" in problems
    assert not [problem for problem in problems if problem.startswith(("solution", "handout"))]


DATA = "import pathlib\nTABLE = pathlib.Path(__file__).with_name('five.txt').read_text()\n\n\n@points(1"


def test_each_fault_of_the_checks_is_named(tmp_path):
    """One check asks for nothing, one depends on the draw, one breaks on an answer, and a file is missing in the handout."""
    faulty = CHECKS.replace(FIRST, "    assert TABLE").replace("a - 1, f", "a - rng.integers(2), f")
    faulty = faulty.replace("student.adding.add(a, b), a + b", "1 // (student.adding.add(0, 1) % 5), 1")
    faulty = faulty.replace("\n\n@points(1", DATA)
    problems = verify(tmp_path, **{"checks/test_adding.py": faulty, "checks/five.txt": "5"}).problems
    assert "cheat hard_coded: breaks test_arrays in seeds 0, 1: checks/test_adding.py:19: ZeroDivisionError" in "\n".join(
        problems
    )
    assert "handout: must lose test_numbers and does not" in problems
    assert "handout: earns 1 points" in problems
    assert "mutant minus: must lose test_numbers and does not" in problems
    assert any(problem.startswith("solution: loses test_negative in seed") for problem in problems)
    (absent,) = (problem for problem in problems if problem.startswith("handout: its public checks must pass"))
    assert absent.startswith("handout: its public checks must pass with the solution in it, but checks/test_adding.py:")
    assert "FileNotFoundError" in absent
    assert "of checks/ only .py files are handed out, so not five.txt" in absent


def test_the_solution_is_graded_in_many_seeds_and_in_twenty_where_it_trains(tmp_path):
    def unlucky(check, seed):
        return f"assert rng.random() != {Seeds(str(seed)).rng(check).random()!r}"

    checks = CHECKS.replace("@points(1,", "@trains\n@points(1,").replace("points, timeout", "points, timeout, trains")
    checks = checks.replace("test_numbers(student)", "test_numbers(student, rng)")
    checks = checks.replace(FIRST, f"{FIRST}\n    {unlucky('test_numbers', 20)}")  # where training checks are left out
    checks = checks.replace("    a = -int", f"    {unlucky('test_negative', 21)}\n    a = -int")
    lab = load_lab(write(tmp_path, ADD | {"checks/test_adding.py": checks}))
    report = verify_lab(lab, seeds=1, solution_seeds=23)
    assert [problem.partition(": failed")[0] for problem in report.problems] == ["solution: loses test_negative in seed 21"]
    assert report.verdicts[0].points == (6, 6)
    assert (report.seeds, report.solution_seeds) == ((0,), 23)


@pytest.mark.parametrize(
    ("marked", "asked"),
    [
        (("a",), {**dict.fromkeys(range(5, 20), True), **dict.fromkeys(range(20, 30), False)}),
        ((), dict.fromkeys(range(5, 30), True)),
        (("a", "b"), dict.fromkeys(range(5, 20), True)),
    ],
)
def test_what_is_asked_of_the_solution_in_further_seeds(marked, asked):
    checks = tuple(About(name, "", Decimal(1), "", "", hidden=False, trains=name in marked) for name in ("a", "b"))
    requests = _further_requests(Variant("solution", "", (), {}), checks, range(5, 30))
    assert {request.seed: request.training for request in requests} == asked


def test_a_bug_that_names_no_check_is_an_error(tmp_path):
    said = r"bugs/minus.toml:3: no check is named 'test_numbrs' \(did you mean `test_numbers`\?\); there are test_arr"
    with pytest.raises(PracticumError, match=said):
        verify(tmp_path, **{"bugs/minus.toml": BUG.replace("test_numbers", "test_numbrs")})


def test_a_check_that_breaks_on_every_answer_is_one_problem_which_names_its_line(tmp_path):
    report = verify(tmp_path, 1, **with_checks("== 5", "== 5 + student.adding.add(0, 0).nope"))
    assert report.problems == ("checks/test_adding.py:9: AttributeError: 'int' object has no attribute 'nope'",)


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
    assert stock.notes == (
        "2 mutants; a lab that ships has 8 or more",
        "1 alternative; a lab that ships has 2 or more",
        "1 cheat; a lab that ships has 6 or more",
    )


@pytest.mark.parametrize(
    ("ceiling", "said"),
    [
        ("most = 1.5", ()),
        ("most = 2.4\nlearns = true", ()),
        (
            "most = 1.6",
            (
                "cheats/hard_coded.toml:3: most = 1.6, but a cheat that learns nothing may earn at most 25 % "
                "of the lab's 6 points, 1.5",
            ),
        ),
        (
            "most = 2.5\nlearns = true",
            ("cheats/hard_coded.toml:3: most = 2.5, but a cheat may earn at most 40 % of the lab's 6 points, 2.4",),
        ),
    ],
)
def test_no_cheat_may_be_allowed_more_than_its_share_of_the_points(tmp_path, ceiling, said):
    lab = load_lab(write(tmp_path, ADD | {"cheats/hard_coded.toml": CHEAT.replace("most = 1.5", ceiling)}))
    assert take_stock(lab).problems == said
