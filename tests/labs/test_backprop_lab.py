"""The back-propagation lab graded with what was once paid for without the work, and with right work that once lost marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from practicum.checks.about import checks_of
from practicum.grading.grader import GradingRequest
from practicum.grading.pool import GraderProcess
from practicum.labs.handout import solution_files
from practicum.labs.lab import find_lab
from practicum.labs.mutants import load_cheats, load_mutants
from practicum.store.results import GradedSubmission

pytestmark = pytest.mark.slow

FULL = Decimal(75)
Grade = Callable[..., GradedSubmission]


@pytest.fixture(scope="module")
def grade() -> Iterator[Grade]:
    """Grade the files of a submission."""
    worker = GraderProcess(find_lab("backprop").folder)

    def one(files: dict[str, bytes], seed: int = 0) -> GradedSubmission:
        request = GradingRequest(student="ada", submission="files", files=files, seed=seed, rehearsal=seed)
        return worker.grade(request)

    yield one
    worker.close()


def mutant(name: str) -> dict[str, bytes]:
    """The files of a planted wrong answer."""
    return next(each.files for each in load_mutants(find_lab("backprop")) if each.name == name)


def lost(result: GradedSubmission) -> dict[str, str]:
    """Check → why it did not earn its points."""
    return {c.name: f"{c.outcome}: {c.private or c.message}" for c in result.checks if c.points < c.out_of}


def test_the_solution_earns_everything_in_the_seed_that_once_cost_it_a_point(grade):
    result = grade(solution_files(find_lab("backprop")), seed=6)
    assert lost(result) == {}
    assert result.points == FULL


@pytest.mark.parametrize("name", ["no_backward", "own_loss", "moons_known", "random_features"])
def test_points_without_the_work_stay_below_their_ceiling(grade, name):
    cheat = next(each for each in load_cheats(find_lab("backprop")) if each.name == name)
    assert grade(cheat.files).points <= cheat.most
    assert cheat.most <= FULL * Decimal("0.4" if cheat.learns else "0.25")


def test_a_wrong_signature_is_seen_at_home(grade):
    files = solution_files(find_lab("backprop"))
    source = files["modules.py"].decode()
    changed = source.replace("def backward(self, x, y):", "def backward(self, x, y, factor):")
    assert changed != source
    result = grade({**files, "modules.py": changed.encode()})
    public = {c.name for c in result.checks if not c.hidden and not c.points}
    assert {"test_backward_calls", "test_mlp_backward", "test_mlp_without_hidden_layers"} <= public


def test_backward_of_the_model_is_called_at_home(grade):
    result = grade(mutant("mlp_backward_takes_labels"))
    public = {c.name: c.message for c in result.checks if not c.hidden and not c.points}
    assert public.keys() == {"test_mlp_backward", "test_mlp_without_hidden_layers"}
    assert "backward() missing 1 required positional argument" in public["test_mlp_backward"]


def test_a_model_that_needs_a_hidden_layer_loses_no_more_than_that(grade):
    result = grade(mutant("mlp_needs_a_hidden_layer"))
    assert FULL - result.points == 3
    assert lost(result).keys() == {"test_mlp_without_hidden_layers", "test_mlp_values_without_hidden_layers", "test_train_calls"}


def test_an_update_inside_backward_is_named_and_costs_no_gradient(grade):
    result = grade(mutant("linear_updates_in_backward"))
    assert lost(result).keys() == {"test_mlp_backward"}
    assert "expected backward to leave params as they are" in lost(result)["test_mlp_backward"]


def test_the_task_sheet_lists_the_checks_as_they_are():
    lab = find_lab("backprop")
    sheet = (lab.folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (`.*) \| (yes|) ?\|$", sheet, re.MULTILINE)
    assert sorted((Decimal(points), not public) for points, _, public in rows) == sorted(
        (check.points, check.hidden) for check in checks_of(lab.checks)
    )
    assert sum(Decimal(points) for points, _, _ in rows) == FULL
