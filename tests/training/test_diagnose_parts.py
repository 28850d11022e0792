"""Parts of the diagnosis by themselves: what they measure, in numbers."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from practicum.training.diagnose.case import Case
from practicum.training.diagnose.data import check_labels, check_leak
from practicum.training.diagnose.hooks import Hooks, Scored
from practicum.training.diagnose.recipe import diagnose_experiment
from practicum.training.diagnose.shuffled import check_shuffled
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


def test_a_method_with_a_step_of_its_own_descends_no_loss_here() -> None:
    def has(*parts: str) -> bool:
        method = SimpleNamespace(**dict.fromkeys(parts))
        others: Any = {"optimizer": None, "step": None, "evaluate": None, "steps": 1}
        return Case.of(nn.Linear(1, 1), method, [1], test=None, count=1, **others).has_loss

    assert [has("loss"), has("step"), has("loss", "step"), has()] == [True, False, False, False]


def test_rows_that_training_repeats_itself_excuse_repeated_test_rows() -> None:
    """Of 40 training rows 12 are one row: 11 repetitions are 27.5 %."""
    rows = torch.randn(40, 5, generator=torch.Generator().manual_seed(0))
    rows[:12] = rows[0]
    labels = torch.zeros(40)

    def leak(known: int) -> list[str]:
        test = torch.randn(20, 5, generator=torch.Generator().manual_seed(1))
        test[:known] = rows[-known:]
        case = SimpleNamespace(batches=[(rows, labels)], test=[(test, labels[:20])])
        return [finding.evidence for finding in check_leak(case)]  # type: ignore[arg-type]

    assert leak(16) == []  # 80 % is less than 2 % + 3 x 27.5 %
    assert leak(17) == ["17 of 20 test rows stand among 40 training rows, 27.5% of which are repetitions"]


def test_rows_are_learnt_by_heart_in_five_times_the_steps_at_most() -> None:
    torch.manual_seed(0)
    model, passes = nn.Linear(3, 4), 0

    class Counting:
        def loss(self, model: nn.Module, batch: Any) -> torch.Tensor:
            nonlocal passes
            passes += torch.is_grad_enabled()
            return nn.functional.cross_entropy(model(batch[0]), batch[1])

    batches = [(torch.randn(60, 3), torch.randint(4, (60,))) for _ in range(4)]
    hooks = Hooks(model)
    with hooks:
        Counting().loss(model, batches[0])
    passes = 0
    case = Case.of(
        model, Counting(), batches, test=None, count=4, optimizer=lambda model: torch.optim.SGD(model.parameters(), lr=0.0),
        step=None, evaluate=None, steps=3,
    )  # fmt: skip
    assert check_shuffled(case, SimpleNamespace(scored=hooks.scored)) == []  # type: ignore[arg-type]
    assert passes == 5 * 3 * 2  # two of the four batches are learnt
