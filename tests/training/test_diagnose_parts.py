"""Parts of the diagnosis by themselves: what they measure, in numbers."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from practicum.training.diagnose.data import check_labels
from practicum.training.diagnose.hooks import Hooks, Scored
from practicum.training.diagnose.recipe import diagnose_experiment
from practicum.training.diagnose.signals import _over_time
from practicum.training.diagnose.stepping import check_evaluation
from practicum.training.loop import Fit


def cell_calls(norms: list[float]) -> Any:
    """What the hooks note of a cell whose gradient has these norms, step by step."""
    calls = []
    for norm in norms:
        calls.append(torch.zeros(1, requires_grad=True))
        calls[-1].grad = torch.tensor([float(norm)])
    return SimpleNamespace(calls={"cell": calls}, layers=[])


def test_gradients_over_time_are_medians_of_the_first_and_the_last_quarter() -> None:
    assert _over_time(cell_calls([8, 8, 8, 1, 1, 2, 2, 2])) == [8 / 2]
    assert _over_time(cell_calls([1, 9, 5, 0, 0, 0, 0, 0, 0, 2, 2, 4])) == [5 / 2]
    assert _over_time(cell_calls([1, 1, 1])) == []  # too short for quarters


def test_a_last_quarter_without_gradient_has_no_ratio() -> None:
    assert _over_time(cell_calls([8, 8, 8, 1, 1, 0, 0, 0])) == []


def test_the_largest_number_of_a_layer_is_that_of_its_output() -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0], [0, -5], [0, 0.5]]))
        model[0].bias.zero_()
    hooks = Hooks(model)
    with hooks:
        model(torch.tensor([[2.0, 3.0]]))
    (layer,) = (layer for layer in hooks.layers if layer.name == "0")
    assert (layer.mean, layer.largest) == (pytest.approx((2 - 15 + 1.5) / 3), 15)


@pytest.mark.parametrize(("rows", "found"), [(59, []), (60, ["label shift"])])
def test_a_class_is_missed_from_twenty_rows_a_class_on(rows: int, found: list[str]) -> None:
    """Of three classes, class 0 never comes."""
    target = 1 + torch.arange(rows) % 2
    scored = [Scored(torch.zeros(rows, 3), target, (rows, 3), "mean", "cross_entropy")]
    assert [finding.name for finding in check_labels(SimpleNamespace(scored=scored))] == found  # type: ignore[arg-type]


def test_the_rate_that_is_tried_is_the_schedules_in_the_first_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []

    def diagnose(model: nn.Module, *given: Any, optimizer: Any, **settings: Any) -> list[Any]:
        rates.append(optimizer(model).param_groups[0]["lr"])
        return []

    monkeypatch.setattr("practicum.training.diagnose.recipe.diagnose", diagnose)
    how = Fit(
        10, lambda model: torch.optim.SGD(model.parameters(), lr=0.8), schedule=lambda progress: 0.5 + progress, accumulate=2
    )
    experiment = SimpleNamespace(model=nn.Linear(1, 1), method=None, train=range(7), test=None, fit=how)
    diagnose_experiment(experiment, steps=4)  # type: ignore[arg-type]
    assert rates == [
        pytest.approx(0.8 * (0.5 + (0 + 1 + 2 + 3) / 4 / 40))
    ]  # 7 batches in groups of 2: 4 steps in each of 10 epochs


def test_a_model_that_is_one_layer_is_called_the_model() -> None:
    model = nn.Dropout(0.5)
    case: Any = SimpleNamespace(
        fresh=lambda: (model, None, None), test=None, batches=[torch.ones(3)],
        evaluate=lambda model, batches: [model(batch) for batch in batches],
    )  # fmt: skip
    (finding,) = check_evaluation(case)
    assert finding.name == "missing eval()"
    assert finding.evidence.startswith("model ran in train mode")
    model.eval()
    assert check_evaluation(case) == []
