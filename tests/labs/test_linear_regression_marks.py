"""The marks of the linear regression lab: what earns none, what costs its share only, and what is said of a mistake."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from practicum.labs.lab import find_lab
from practicum.labs.mutants import Variant, load_alternatives, load_cheats
from practicum.store.results import GradedSubmission
from tests.labs.linear_regression import FULL, NAME, changed, lost

pytestmark = pytest.mark.slow

CHEATS = load_cheats(find_lab("linear-regression"))
QUICK = {"closed_form_everywhere", "copied_after_a_step_for_show", "memorised_examples"}


@pytest.mark.parametrize(
    "cheat",
    [each if each.name in QUICK else pytest.param(each, marks=pytest.mark.thorough) for each in CHEATS],
    ids=lambda cheat: cheat.name,
)
def test_a_cheat_earns_no_more_than_it_may(cheat: Variant, grade_regression: Callable[..., GradedSubmission]) -> None:
    result = grade_regression(cheat.files[NAME], seed=11)
    assert cheat.most is not None
    assert result.points <= cheat.most
    assert result.points <= FULL * (Decimal("0.4") if cheat.learns else Decimal("0.25"))


@pytest.mark.thorough
@pytest.mark.parametrize("answer", load_alternatives(find_lab("linear-regression")), ids=lambda answer: answer.name)
def test_a_right_answer_written_differently_earns_everything(
    answer: Variant, grade_regression: Callable[..., GradedSubmission]
) -> None:
    for seed in range(5, 10):
        assert lost(grade_regression(answer.files[NAME], seed)) == {}


BY_HAND = "    grad_w = 2 * X.T @ residual / len(X)\n    grad_b = 2 * residual.mean()\n    return grad_w, grad_b"
BY_AUTOGRAD = {
    "enable_grad": "    return torch.enable_grad()(lambda: torch.autograd.grad(loss(w, b), (w, b)))()",
    "a graph of its own": "    with torch.inference_mode(False), torch.enable_grad():\n"
    "        loss(w, b).backward()\n    return w.grad, b.grad",
    "torch.func": "    return torch.func.grad(loss, argnums=(0, 1))(w.detach(), b.detach())",
    "forward mode": "    return torch.func.jacfwd(loss, argnums=(0, 1))(w.detach(), b.detach())",
    "a Jacobian": "    return torch.autograd.functional.jacobian(loss, (w.detach(), b.detach()))",
    "an engine of its own": "    torch.autograd.Variable._execution_engine = torch._C._ImperativeEngine()\n"
    "    return torch.autograd.grad(loss(w, b), (w, b))",
}
SLOPES = {"test_gradient", "test_gradient_by_hand", "test_one_example", "test_first_step", "test_path", "test_converges"}


@pytest.mark.parametrize(
    "way",
    [way if way == "enable_grad" else pytest.param(way, marks=pytest.mark.thorough) for way in BY_AUTOGRAD],
)
def test_autograd_finds_no_gradient_that_is_asked_by_hand(
    way: str, regression: dict[str, Any], grade_regression: Callable[..., GradedSubmission]
) -> None:
    loss = "    loss = lambda w, b: mse(predict(X, w, b), y)\n    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()\n"
    result = grade_regression(changed(regression, (BY_HAND, loss + BY_AUTOGRAD[way])))
    assert set(lost(result)) == {*SLOPES, "test_dtypes"}
    message = next(check.message for check in result.checks if check.name == "test_gradient")
    if way != "an engine of its own":
        assert "gradient: expected the gradient written out in tensors, but autograd was asked" in message


# What the sheet lets a call look like, broken in one place → the public check that says so at home, and what it costs in all.
FORMS = {
    "ridge by its name": (
        ("def closed_form(X, y, ridge=0.0):", "def closed_form(X, y, penalty=0.0):\n    ridge = penalty"),
        {"test_ridge_on_paper": "0.5", "test_ridge": "1"},
    ),
    "lr and steps by their names": (
        ("def gradient_descent(X, y, lr, steps):", "def gradient_descent(X, y, rate, count):\n    lr, steps = rate, count"),
        {"test_first_step": "1", "test_path": "2", "test_converges": "1"},
    ),
    "N = 1": (("return X @ w + b", "return (X @ w.reshape(-1, 1)).squeeze() + b"), {"test_one_example": "0.25"}),
    "float64": (("w = X.new_zeros(X.shape[1])", "w = torch.zeros(X.shape[1])"), {"test_dtypes": "0.25"}),
    "another module": (
        ("loss_function(model(X).squeeze(1), y)", "loss_function(predict(X, model.weight[0], model.bias[0]), y)"),
        {"test_train_one_epoch": "1", "test_train_every_epoch": "1"},
    ),
}


def test_every_form_of_call_is_asked_at_home_and_costs_its_share(
    regression: dict[str, Any], grade_regression: Callable[..., GradedSubmission]
) -> None:
    result = grade_regression(changed(regression, *(edit for edit, _ in FORMS.values())))
    taken = {check.name: check.out_of - check.points for check in result.checks if check.points < check.out_of}
    assert taken == {name: Decimal(cost) for _, costs in FORMS.values() for name, cost in costs.items()}
    at_home = {check.name for check in result.checks if not check.hidden}
    assert all(at_home & costs.keys() for _, costs in FORMS.values())


# Mistakes that do not meet in one check: each with that check, and how it names the mistake.
Named = tuple[tuple[str, str], str, str]
STEP = "predict(X, *(v - lr * g for v, g in zip((w, b), gradient(X, y, w, b))))"
NAMED: list[list[Named]] = [
    [
        ((BY_HAND, BY_HAND.replace("2 * ", "")), "test_gradient", "that is half of it, the gradient of half the loss"),
        (("model(X).squeeze(1)", "model(X)"), "test_train_one_epoch", "that is a step on all pairs of (N, 1) and (N,)"),
        (("    penalty[0, 0] = 0.0\n", ""), "test_ridge_on_paper", "that is the answer with a penalty on the bias too"),
        (("** 2).mean()", "** 2).sum()"), "test_mse", "that is their sum, the mean is expected"),
    ],
    [
        (("mse(predict(X, w, b), y)", f"mse({STEP}, y)"), "test_first_step", "that is the loss after the step"),
        (("loss.backward()", "pass"), "test_train_one_epoch", "the weights did not move"),
        (("train.mean(dim=0), train.std(dim=0)", "train.mean(), train.std()"), "test_standardise", "for all features together"),
    ],
]


@pytest.mark.parametrize("mistakes", NAMED, ids=["first", "second"])
def test_a_known_mistake_is_named(
    mistakes: list[Named], regression: dict[str, Any], grade_regression: Callable[..., GradedSubmission]
) -> None:
    result = grade_regression(changed(regression, *(edit for edit, _, _ in mistakes)))
    messages = {check.name: check.message for check in result.checks}
    assert [says for _, name, says in mistakes if says not in messages[name]] == []
