"""Faults of the training step, of the evaluation and of short trainings."""

import math
from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from practicum.training.diagnose.case import SEED, Case
from practicum.training.diagnose.finding import Finding
from practicum.training.diagnose.hooks import MOODY, Pass


def check_frozen(case: Case, passed: Pass) -> list[Finding]:
    """Look for layers that take part and will not learn: no gradient wanted, none arriving, or not among the optimiser's."""
    if passed.loss is None or not math.isfinite(passed.loss):
        return []
    called = {
        id(p)
        for layer in passed.hooks.layers
        if layer.output.requires_grad or layer.grad_norm
        for p in layer.module.parameters(recurse=False)
    }
    adapted = {  # a frozen matrix with a trainable one beside it in the same module is adapted, not forgotten
        id(p)
        for module in passed.model.modules()
        if any(p.requires_grad and p.ndim > 1 for p in module.parameters(recurse=False))
        for p in module.parameters()
    }
    taking_part = [(name, p) for name, p in passed.model.named_parameters() if p.ndim > 1 and id(p) in called]
    frozen = [(name, p) for name, p in taking_part if not p.requires_grad and id(p) not in adapted]
    share = sum(p.numel() for _, p in frozen) / max(1, sum(p.numel() for _, p in taking_part))
    remedy = "Set requires_grad, take the detach or no_grad away, or give it to the optimiser"
    if frozen and 2 * len(frozen) < len(taking_part) and share < 0.75:  # more than that is fine-tuning
        told = ", ".join(name for name, _ in frozen[:3])
        return [Finding("frozen layer", f"{told} has requires_grad=False among {len(taking_part)} weight matrices", remedy)]
    trainable = {id(p) for layer in passed.hooks.layers for p in layer.module.parameters(recurse=False) if p.requires_grad}
    cut = [name for name, p in passed.model.named_parameters() if id(p) in trainable and p.ndim > 1 and p.grad is None]
    if cut:
        return [
            Finding(
                "frozen layer",
                f"{', '.join(cut[:3])} was used and gets no gradient ({len(cut)} of {len(taking_part)} matrices)",
                remedy,
            )
        ]
    model, _, optimizer = case.fresh()
    if optimizer is not None:
        known = {id(p) for group in optimizer.param_groups for p in group["params"]}
        left = [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in known]
        if left:
            return [
                Finding(
                    "frozen layer",
                    f"the optimiser does not have {', '.join(left[:3])} ({len(left)} of {len([*model.parameters()])} tensors)",
                    remedy,
                )
            ]
    return _lost(case)


def _lost(case: Case) -> list[Finding]:
    """Update smaller than the weights' last bit are rounded away: in bfloat16, those below 1/256 of the weight."""
    model, method, optimizer = case.fresh()
    if optimizer is None or not any(p.dtype in (torch.bfloat16, torch.float16) for p in model.parameters()):
        return []
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    plain_step(model, method, optimizer, case.batches[0])
    moved = total = 0
    for name, p in model.named_parameters():
        if p.grad is not None and p.dtype in (torch.bfloat16, torch.float16):
            wanted = p.grad != 0
            moved, total = moved + int(((p != before[name]) & wanted).sum()), total + int(wanted.sum())
    if total and moved < 0.5 * total:
        return [
            Finding(
                "updates lost to rounding",
                f"a step changes {moved} of {total} half-precision weights that have a gradient",
                "Keep the weights in float32 and compute in half precision (autocast)",
            )
        ]
    return []


def plain_step(model: nn.Module, method: Any, optimizer: Optimizer, batch: Any) -> float:
    """Do one ordinary training step and return the loss before it."""
    optimizer.zero_grad()
    loss: Tensor = method.loss(model, batch)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def check_step(case: Case) -> list[Finding]:
    """Do two of the user's steps, with the gradients cleared in between and without: nothing may differ."""
    if case.step is None:
        return []
    ends = []
    for clear in (True, False):
        model, _, optimizer = case.fresh()
        if optimizer is None:
            raise ValueError("`step` needs the `optimizer` it is to be called with")
        case.step(model, optimizer, case.batches[0])
        if clear:
            for p in model.parameters():
                p.grad = None
        torch.manual_seed(SEED)
        case.step(model, optimizer, case.batches[-1])
        ends.append(torch.cat([p.detach().float().flatten() for p in model.parameters()]))
    apart, size = float((ends[0] - ends[1]).norm()), float(ends[0].norm())
    if apart > 1e-6 * size:
        return [
            Finding(
                "missing zero_grad",
                f"the second step ends {apart:.3g} away from where it ends when the gradients are cleared before it",
                "Call optimizer.zero_grad() before backward()",
            )
        ]
    return []


def check_evaluation(case: Case) -> list[Finding]:
    """Hooks whether dropout and batch norm are still in train mode while the user evaluates."""
    if case.evaluate is None:
        return []
    model, _, _ = case.fresh()
    training: list[str] = []

    def note(name: str) -> Any:
        return lambda module, _: training.append(name) if module.training else None

    for name, module in model.named_modules():
        if isinstance(module, MOODY) or (isinstance(getattr(module, "dropout", None), float) and module.dropout):
            module.register_forward_pre_hook(note(name or "model"))
    batches: Iterable[Any] = case.test or case.batches
    case.evaluate(model, batches)
    if training:
        return [
            Finding(
                "missing eval()",
                f"{', '.join(dict.fromkeys(training))} ran in train mode during evaluation",
                "Call model.eval() before evaluation, and model.train() after it",
            )
        ]
    return []


def check_training(case: Case) -> list[Finding]:
    """Train on one batch, whose noise is the same at each step: the loss has to fall, and at the given rate it must not rise."""
    if not case.has_loss:
        return []
    tried: list[list[float]] = []
    if case.optimizer is not None:
        tried.append(_losses(case))
        ratios = update_ratios(case)
        if found := _too_high(case, tried[0], ratios, tried) or _too_low(case, tried[0], ratios):
            return found
    if any(_falls(losses) for losses in tried):
        return []
    tried += [_losses(case, adam=rate) for rate in (1e-3, 1e-2) if not any(_falls(losses) for losses in tried)]
    if any(_falls(losses) for losses in tried):
        return []
    lowest = min((x for losses in tried for x in losses if math.isfinite(x)), default=math.nan)
    return [
        Finding(
            "cannot overfit one batch",
            f"in {case.steps} steps on one batch the loss goes from {tried[0][0]:.4g} to {lowest:.4g} at best",
            "Look whether the loss depends on the model's outputs and the gradient reaches the weights",
        )
    ]


def _too_high(case: Case, given: list[float], ratios: dict[str, float], tried: list[list[float]]) -> list[Finding]:
    """Look for a rate at which the loss rises, jumps or stands still while a far smaller one makes it fall."""
    ratio = sorted(ratios.values())[len(ratios) // 2] if ratios else math.nan
    start = abs(given[0])
    rises = given[-1] > given[0] + 0.2 * start or (max(given) > given[0] + max(start, 0.1) and given[-1] > 0.5 * given[0])
    jumps = any(after > 1.2 * before and after > 0.1 * start for before, after in pairwise(given[:12]))
    rises = rises or not all(map(math.isfinite, given)) or (jumps and ratio > 0.3)
    if not rises and not ratio > 1:  # a step longer than the weights themselves leaves nothing of them
        return []
    # The smaller rate may be too high as well: the grosser the fault, the further down is a sound one.
    for factor in (1e-2, 1e-4, 1e-6):
        slow = _losses(case, factor=factor)
        tried.append(slow)
        stable = all(map(math.isfinite, slow)) and max(slow) < slow[0] + 0.2 * abs(slow[0]) + 0.02
        if stable and (rises or (_falls(slow) and slow[-1] < given[-1])):
            worst = max((x for x in given if math.isfinite(x)), default=math.inf)
            return [
                Finding(
                    "learning rate too high",
                    f"on one batch the loss goes from {given[0]:.3g} to {worst:.3g} and ends at {given[-1]:.3g} "
                    f"after {len(given) - 1} steps; with {factor:g} of the rate it ends at {slow[-1]:.3g}. "
                    f"The first step's update is {ratio:.2g} of the weights (a few thousandths are usual)",
                    "Lower it, by a factor of 10 first",
                )
            ]
    return []


def _too_low(case: Case, given: list[float], ratios: dict[str, float]) -> list[Finding]:
    """Look for weights that hardly move at all, and make the loss fall at a far higher rate."""
    still = {name for name, ratio in ratios.items() if ratio < 1e-5}
    if 2 * len(still) <= len(ratios):
        return []
    for factor in (1e2, 1e4, 1e5):
        fast = _losses(case, factor=factor, only=still)
        if math.isfinite(fast[-1]) and fast[-1] < given[-1] - 0.02 * abs(given[0]):
            return [
                Finding(
                    "learning rate too low",
                    f"on one batch the loss goes from {given[0]:.5g} to {given[-1]:.5g} in {len(given) - 1} steps, and with "
                    f"{factor:g} times the rate to {fast[-1]:.3g}. "
                    f"The first step's update of {len(still)} of {len(ratios)} weight matrices is at most "
                    f"{max(ratios[name] for name in still):.2g} of them (a few thousandths are usual)",
                    "Raise it, by a factor of 10 first",
                )
            ]
    return []


def _falls(losses: list[float]) -> bool:
    return math.isfinite(losses[-1]) and min(losses) < losses[0] - 0.02 * abs(losses[0])


def _losses(case: Case, *, factor: float = 1.0, only: Collection[str] = (), adam: float | None = None) -> list[float]:
    """Return the loss on the first batch along a short training.

    Args:
        case: what is diagnosed.
        factor: on the learning rates of the user's optimiser.
        only: on those of groups with one of these parameters; of all groups where none is named.
        adam: train with AdamW at this rate instead.
    """
    model, method, optimizer = case.fresh()
    if adam is not None or optimizer is None:
        optimizer = torch.optim.AdamW(model.parameters(), lr=adam or 1e-3)
    else:
        chosen = {id(p) for name, p in model.named_parameters() if not only or name in only}
        for group in optimizer.param_groups:
            if any(id(p) in chosen for p in group["params"]):
                group["lr"] *= factor
    losses = []
    for _ in range(case.steps):
        torch.manual_seed(SEED)
        losses.append(plain_step(model, method, optimizer, case.batches[0]))
        if not math.isfinite(losses[-1]):
            return losses
    torch.manual_seed(SEED)
    with torch.no_grad():
        losses.append(float(method.loss(model, case.batches[0])))
    return losses


def update_ratios(case: Case) -> dict[str, float]:
    """Return ‖Δw‖/‖w‖ of each weight matrix in one step of the user's optimiser; empty without one.

    Embeddings are left out: only the rows of a batch move, from starts as small as one likes. So is what is not to learn.
    """
    model, method, optimizer = case.fresh()
    if optimizer is None or not case.has_loss:
        return {}
    embeddings = {id(p) for module in model.modules() if isinstance(module, nn.Embedding) for p in module.parameters()}
    learning = {id(p) for group in optimizer.param_groups for p in group["params"] if p.requires_grad}
    before = {
        name: p.detach().clone()
        for name, p in model.named_parameters()
        if p.ndim > 1 and id(p) in learning and id(p) not in embeddings
    }
    plain_step(model, method, optimizer, case.batches[0])
    new = dict(model.named_parameters())
    return {name: float((new[name].detach() - old).norm() / old.norm()) for name, old in before.items() if float(old.norm()) > 0}
