"""Faults that one forward and one backward pass show."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from practicum.training.diagnose.case import Case, Plain
from practicum.training.diagnose.finding import Finding
from practicum.training.diagnose.hooks import MOODY, NORMS, Hooks, Pass, Stop
from practicum.training.diagnose.signals import check_dead, check_flow, check_initialisation, check_overflow


def check_one_pass(case: Case) -> tuple[list[Finding], Pass | None]:
    """Return what the first pass shows, and its records; None for them where the loss cannot be computed."""
    model, method, optimizer = case.fresh()
    hooks = Hooks(model)
    loss: Tensor | None = None
    try:
        with hooks:
            if case.has_loss:
                loss = method.loss(model, case.batches[0])
            else:
                optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.0)
                method.step(Plain(), model, optimizer, case.batches[0])
    except Stop:
        return _stopped(hooks), None
    if loss is not None and loss.requires_grad and bool(loss.isfinite()):
        loss.backward()
    scored = [*hooks.scored]
    alive = hooks.alive
    if case.has_loss:  # more batches: rare classes, and units that are silent on one batch alone
        more = Hooks(model)
        more.alive = alive
        try:
            with more, torch.no_grad():
                for batch in case.batches[1:]:
                    method.loss(model, batch)
        except Stop:
            return _stopped(more), None
        scored += more.scored
    passed = Pass(model, None if loss is None else float(loss.detach()), hooks, scored)
    found = (
        _inputs(hooks)
        + check_overflow(passed)
        + _scores(passed)
        + _reduction(case, passed)
        + _batch_norm(hooks)
        + check_initialisation(passed)
    )
    found = found or check_dead(alive) or check_flow(passed) or _loss_at_init(passed)  # consequences, where no cause was found
    return found, passed


def _stopped(hooks: Hooks) -> list[Finding]:
    if hooks.out_of_range:
        low, high, classes = hooks.out_of_range
        return [
            Finding(
                "labels out of range",
                f"labels run from {low} to {high}, and the model has {classes} outputs, 0 to {classes - 1}",
                "Count classes from 0, and give the last layer one output for each",
            )
        ]
    return _batch_norm(hooks)


def _inputs(hooks: Hooks) -> list[Finding]:
    for x in hooks.inputs[:1]:
        if not x.is_floating_point() or x.ndim < 2 or not x.numel() or x.layout != torch.strided:
            continue
        if not bool(x.isfinite().all()):
            return [
                Finding(
                    "non-finite inputs",
                    f"{int((~x.isfinite()).sum())} of {x.numel()} input values are NaN or infinite",
                    "Clean the data",
                )
            ]
        size = float(x.float().square().mean().sqrt())
        first = hooks.layers[0].module if hooks.layers else None
        if size > 10 and not isinstance(first, NORMS):
            mean, std = float(x.float().mean()), float(x.float().std())
            return [
                Finding(
                    "unnormalised inputs",
                    f"the inputs have mean {mean:.3g} and standard deviation {std:.3g}",
                    "Subtract the training set's mean and divide by its standard deviation",
                )
            ]
    return []


def _scores(passed: Pass) -> list[Finding]:
    found = []
    for scored in passed.hooks.scored[:1]:
        x = scored.logits_NK.float()
        sums = x.sum(-1) if x.ndim > 1 else x
        if scored.kind == "cross_entropy" and x.shape[-1] > 1 and x.min() >= 0 and float((sums - 1).abs().max()) < 0.02:
            found.append(
                Finding(
                    "softmax twice",
                    f"cross-entropy got rows of numbers in [{x.min():.3g}, {x.max():.3g}] that sum to 1: probabilities",
                    "Give it logits: it applies log-softmax itself",
                )
            )
        if (
            scored.kind == "nll_loss"
            and scored.target_N is not None
            and len(x)
            and float(x.exp().sum(-1).log().abs().max()) > 0.05
        ):
            found.append(
                Finding(
                    "log-softmax missing",
                    f"nll_loss got rows whose exponentials sum to as much as {float(x.exp().sum(-1).max()):.3g}",
                    "Give it log-probabilities, or use cross_entropy",
                )
            )
        if scored.kind == "binary" and x.numel() > 20 and x.min() >= 0 and x.max() <= 1:
            found.append(
                Finding(
                    "softmax twice",
                    f"binary cross-entropy with logits got {x.numel()} numbers, all in [{x.min():.3g}, {x.max():.3g}]",
                    "Give it logits: it applies the sigmoid itself",
                )
            )
    for shape in passed.hooks.over_batch[:1]:
        found.append(
            Finding(
                "softmax over the batch",
                f"a softmax over axis 0 of a tensor of shape {shape}: rows of the batch compete with each other",
                "Take it over the classes, dim=-1",
            )
        )
    return found


def _reduction(case: Case, passed: Pass) -> list[Finding]:
    """Return a mean over rows stays what it is when the batch is halved; a sum halves."""
    remedy = "Take the mean over the batch; else the step grows with the batch size"
    whole = passed.loss
    if whole is None or not math.isfinite(whole) or abs(whole) < 1e-6:
        return []
    if passed.hooks.scored and passed.hooks.scored[0].target_N is not None and len(passed.hooks.scored) == 1:
        scored = passed.hooks.scored[0]
        mean = float(F.cross_entropy(scored.logits_NK.float(), scored.target_N)) if scored.kind == "cross_entropy" else 0.0
        rows = len(scored.logits_NK)
        if mean and rows > 3 and abs(whole / mean - rows) < 0.02 * rows:
            return [
                Finding(
                    "wrong reduction",
                    f"the loss is {whole:.4g}, {rows} times the mean over its {rows} rows, {mean:.4g}: a sum",
                    remedy,
                )
            ]
    batch = case.batches[0]
    rows = len(batch[0]) if isinstance(batch, tuple | list) and isinstance(batch[0], Tensor) else 0
    if rows < 4 or not all(isinstance(part, Tensor) and part.ndim and len(part) == rows for part in batch):
        return []
    model, method, _ = case.fresh()
    for module in model.modules():
        if isinstance(module, MOODY):  # rows must not depend on chance or on each other
            module.eval()
    half = rows // 2
    with torch.no_grad():
        a, b, both = (
            float(method.loss(model, tuple(part[s] for part in batch)))
            for s in (slice(half), slice(half, 2 * half), slice(2 * half))
        )
    if abs(both - (a + b)) < 1e-3 * abs(both) and abs(both - (a + b) / 2) > 0.3 * abs(both):
        return [
            Finding(
                "wrong reduction", f"{2 * half} rows have a loss of {both:.4g}, their halves {a:.4g} and {b:.4g}: a sum", remedy
            )
        ]
    return []


def _loss_at_init(passed: Pass) -> list[Finding]:
    if len(passed.hooks.scored) != 1 or passed.hooks.scored[0].kind != "cross_entropy":
        return []
    scored = passed.hooks.scored[0]
    if scored.target_N is None or not len(scored.target_N):
        return []
    loss, classes = float(F.cross_entropy(scored.logits_NK.float(), scored.target_N)), scored.logits_NK.shape[1]
    if loss <= 1.7 * math.log(classes) + 0.3:
        return []
    return [
        Finding(
            "loss at init",
            f"cross-entropy starts at {loss:.3g}; a model that knows nothing has log {classes} = {math.log(classes):.3g}",
            "Make the last layer's weights smaller, and look at its bias and at the inputs' scale",
        )
    ]


def _batch_norm(hooks: Hooks) -> list[Finding]:
    if not hooks.single:
        return []
    return [
        Finding(
            "batch norm with batch size 1",
            f"{hooks.single[0]} normalises a batch of one row by that row's own mean and variance",
            "Use larger batches (drop_last for the rest), or group or layer norm",
        )
    ]
