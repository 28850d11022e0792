"""Every lab that ships proves itself, here in one seed; `make verify` does it in five."""

import pytest

from practicum.grading.verify import verify_lab
from practicum.labs.lab import find_lab, list_labs


@pytest.mark.parametrize("name", [lab.name for lab in list_labs()])
def test_a_shipped_lab_is_proven(name):
    report = verify_lab(find_lab(name), seeds=1, jobs=2)
    assert report.problems == ()
    kinds = [verdict.kind for verdict in report.verdicts]
    assert kinds.count("mutant") >= 8
    assert kinds.count("alternative") >= (6 if name == "backprop" else 2)
    assert 0 < len(report.hidden) < len(report.checks)


def test_the_labs_of_the_first_assignment_and_a_notebook_ship():
    assert {"perceptron", "backprop", "linear-regression"} <= {lab.name for lab in list_labs()}
