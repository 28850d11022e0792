"""What is wrong with a model that is about to be trained, or in training: measured on a few batches, each fault by its name.

    for finding in diagnose(model, method, batches, optimizer=optimizer, test=test_batches):
        print(finding)

Everything is done on copies: the model, the method, the optimiser and the random generators stay as they were. Checks run in
the order causes come before consequences; training tests (learning rate, one batch, shuffled labels) run only where the earlier
ones found nothing.

- data (`data.py`): labels out of range, label shift, dead class, data leak
- loss and inputs (`onepass.py`): unnormalised and non-finite inputs, softmax twice, log-softmax missing, softmax over the batch,
  wrong reduction, batch norm with batch size 1, loss at init
- signals (`signals.py`): weights too small, too large or constant, dead ReLU, overflow, vanishing and exploding gradients
- a step (`stepping.py`): missing zero_grad, missing eval(), frozen layer, updates lost to rounding
- short trainings (`stepping.py`, `shuffled.py`): learning rate too high or too low, cannot overfit one batch, shuffled labels

`draw_signals` shows activations, gradients and update-to-weight ratios per layer; `noise_scale` measures the gradient's noise.
"""

from collections.abc import Callable, Iterable
from typing import Any

from torch import nn
from torch.optim import Optimizer

from practicum.training.diagnose.case import Case
from practicum.training.diagnose.data import check_labels, check_leak
from practicum.training.diagnose.draw import draw_signals
from practicum.training.diagnose.finding import Finding
from practicum.training.diagnose.noise import noise_scale
from practicum.training.diagnose.onepass import check_one_pass
from practicum.training.diagnose.shuffled import check_shuffled
from practicum.training.diagnose.stepping import check_evaluation, check_frozen, check_step, check_training
from practicum.training.generators import kept

__all__ = ["Finding", "diagnose", "draw_signals", "noise_scale"]


def diagnose(
    model: nn.Module,
    method: Any,
    batches: Iterable[Any],
    *,
    optimizer: Optimizer | Callable[[nn.Module], Optimizer] | None = None,
    test: Iterable[Any] | None = None,
    step: Callable[[nn.Module, Optimizer, Any], Any] | None = None,
    evaluate: Callable[[nn.Module, Iterable[Any]], Any] | None = None,
    count: int = 8,
    steps: int = 40,
) -> list[Finding]:
    """Return what is wrong; nothing, if all is well.

    Args:
        model: any module.
        method: has `loss(model, batch)`; one with its own `step` instead is looked at in a single pass.
        batches: training batches, shuffled; the first `count` are used.
        optimizer: the one in use, or what makes it; without one, the learning rate cannot be judged.
        test: test batches, to look for training rows among them.
        step: your own training step, `step(model, optimizer, batch)`, to look for gradients that are never cleared.
        evaluate: your own evaluation, `evaluate(model, batches)`, to look for a missing `eval()`.
        count: batches to look at.
        steps: of each short training.

    Raises:
        ValueError: there is no batch.
    """
    with kept():
        case = Case.of(
            model, method, batches, optimizer=optimizer, test=test, step=step, evaluate=evaluate, count=count, steps=steps
        )
        findings = check_leak(case)
        found, passed = check_one_pass(case)
        findings += found
        if passed is None:  # the loss could not be computed
            return findings
        findings += check_labels(passed)
        findings += check_frozen(case, passed) + check_step(case) + check_evaluation(case)
        if not findings:
            findings += check_training(case)
        if not findings:
            findings += check_shuffled(case, passed)
    return findings
