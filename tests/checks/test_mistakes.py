"""What an author is told about a broken file of checks: one line, with its place."""

from types import SimpleNamespace

import pytest

from practicum.checks.about import points_of
from practicum.checks.plugin import BrokenLab, run_checks
from practicum.checks.seeds import Seeds

pytestmark = pytest.mark.slow

GOOD = """from practicum.checks import assert_close, hidden, points


@points(1)
def test_known(student):
    pass
"""


def collect(tmp_path, **files):
    folder = tmp_path / "lab" / "checks"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    return folder


def said(tmp_path, **files):
    folder = collect(tmp_path, **files)
    with pytest.raises(BrokenLab) as error:
        points_of(folder)
    heading, *lines = str(error.value).splitlines()
    assert heading == f"the checks in {folder} cannot be run:"
    return lines


def test_a_name_in_two_files_or_twice_in_one_is_refused(tmp_path):
    expected = "test_known is also in checks/test_a.py:5; names must be unique in a lab"
    assert said(tmp_path, a=GOOD, b=f"\n{GOOD}") == [f"checks/test_b.py:6: {expected}"]
    assert said(tmp_path / "one", a=GOOD + GOOD.partition("\n")[2]) == [f"checks/test_a.py:10: {expected}"]


def test_a_check_that_is_imported_a_second_time_is_refused(tmp_path):
    assert said(tmp_path, a=GOOD, b="from test_a import test_known as test_other, test_known\n") == [
        "checks/test_b.py:1: test_known is also in checks/test_a.py:4; names must be unique in a lab"
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("pass", "pass)", "checks/test_a.py:6: SyntaxError: unmatched ')'"),
        ("hidden, points", "points, pionts", "checks/test_a.py:1: ImportError: cannot import name 'pionts' from"),
        ("\n\n@points", "\nscore()\n@points", "checks/test_a.py:3: NameError: name 'score' is not defined"),
        ("@points(1)", "@points('one')", "checks/test_a.py:4: points: expected a number, got 'one'"),
        ("@points(1)", "@points(-1)", "checks/test_a.py:4: points: expected a number that is 0 or more, got -1"),
        ("@points(1)", "@points", "checks/test_a.py:4: points: expected a number, got none; write @points(2, hint=…)"),
        ("@points(1)", "@hidden()\n@points(1)", "checks/test_a.py:4: write @hidden without ()"),
        ("@points(1)", "@hidden", "checks/test_a.py:4: test_known has no @points(…): every check has some"),
        ("(student)", "(studnet)", "test_known: no fixture 'studnet'; a check's arguments are student, rng, seed, award"),
        ("(student)", "(assert_close)", "import it: from practicum.checks import assert_close"),
    ],
)
def test_one_line_says_what_and_where(tmp_path, old, new, line):
    assert old in GOOD
    (got,) = said(tmp_path, a=GOOD.replace(old, new, 1))
    assert line in got
    assert got.startswith("checks/test_a.py:")


def test_a_lab_without_checks_is_refused(tmp_path):
    assert said(tmp_path, a="x = 1\n") == ["no checks; expected functions named test_… in files named test_….py"]


def test_parametrised_checks_have_names_of_their_own(tmp_path):
    two = "import pytest\n" + GOOD.replace("@points", "@pytest.mark.parametrize('n', [1, 2])\n@points")
    folder = collect(tmp_path, a=two.replace("(student)", "(student, n)"))
    assert points_of(folder) == {"test_known[1]": 1, "test_known[2]": 1}


def test_a_check_that_breaks_names_its_own_line_first(tmp_path):
    folder = collect(tmp_path, a=GOOD.replace("pass", "return score"))
    results = []

    class NoProcess:
        process = None
        loading = 0.0

        def end(self):
            return 0.0

        def phase(self, forks):
            pass

        def begin(self, seconds, seed):
            pass

    run_checks(folder, lambda run: results.extend(run(NoProcess(), SimpleNamespace(lines={}), Seeds("0"))))
    assert results[0].outcome == "broken"
    assert results[0].private.splitlines()[0] == "checks/test_a.py:6: NameError: name 'score' is not defined"
