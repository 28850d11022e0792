"""Faults that one forward and one backward pass show."""

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.training.diagnose.case import Case, Plain
from practicum.training.diagnose.finding import Finding
from practicum.training.diagnose.watch import NORMS, Layer, Scored, Stop, Watch


@dataclass(frozen=True)
class Pass:
    """What came of the first batches.

    Attributes:
        model: a copy, with the first batch's gradients.
        loss: of the first batch; None for methods with a step of their own.
        watch: records of the first batch.
        scored: what cross-entropy was given, over all batches.
    """

    model: nn.Module
    loss: float | None
    watch: Watch
    scored: list[Scored]


def check_one_pass(case: Case) -> tuple[list[Finding], Pass | None]:
    """Returns what the first pass shows, and its records; None for them where the loss cannot be computed."""
    model, method, optimizer = case.fresh()
    watch = Watch(model)
    loss: Tensor | None = None
    try:
        with watch:
            if case.has_loss:
                loss = method.loss(model, case.batches[0])
            else:
                optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.0)
                method.step(Plain(), model, optimizer, case.batches[0])
    except Stop:
        return _stopped(watch), None
    if loss is not None and loss.requires_grad and bool(loss.isfinite()):
        loss.backward()
    scored = [*watch.scored]
    alive = watch.alive
    if case.has_loss:  # more batches: rare classes, and units that are silent on one batch alone
        more = Watch(model)
        more.alive = alive
        try:
            with more, torch.no_grad():
                for batch in case.batches[1:]:
                    method.loss(model, batch)
        except Stop:
            return _stopped(more), None
        scored += more.scored
    passed = Pass(model, None if loss is None else float(loss.detach()), watch, scored)
    found = _inputs(watch) + _scores(passed) + _reduction(case, passed)
    found += _initialisation(passed, known=bool(found))
    found += _dead(alive) + _batch_norm(watch)
    return found + _flow(passed, known=bool(found)), passed


def _stopped(watch: Watch) -> list[Finding]:
    if watch.out_of_range:
        low, high, classes = watch.out_of_range
        return [Finding("labels out of range", f"labels run from {low} to {high}, and the model has {classes} outputs, 0 to {classes - 1}",
                        "Count classes from 0, and give the last layer one output for each")]  # fmt: skip
    return _batch_norm(watch)


def _inputs(watch: Watch) -> list[Finding]:
    for x in watch.inputs[:1]:
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
        first = watch.layers[0].module if watch.layers else None
        if size > 10 and not isinstance(first, NORMS):
            mean, std = float(x.float().mean()), float(x.float().std())
            return [Finding("unnormalised inputs", f"the inputs have mean {mean:.3g} and standard deviation {std:.3g}",
                            "Subtract the training set's mean and divide by its standard deviation")]  # fmt: skip
    return []


def _scores(passed: Pass) -> list[Finding]:
    found = []
    for scored in passed.watch.scored[:1]:
        x = scored.logits_NK.float()
        sums = x.sum(-1) if x.ndim > 1 else x
        if scored.kind == "cross_entropy" and x.shape[-1] > 1 and x.min() >= 0 and float((sums - 1).abs().max()) < 0.02:
            found.append(Finding("softmax twice", f"cross-entropy got rows of numbers in [{x.min():.3g}, {x.max():.3g}] that sum to 1: probabilities",
                                 "Give it logits: it applies log-softmax itself"))  # fmt: skip
        if (
            scored.kind == "nll_loss"
            and scored.target_N is not None
            and len(x)
            and float(x.exp().sum(-1).log().abs().max()) > 0.05
        ):
            found.append(Finding("log-softmax missing", f"nll_loss got rows whose exponentials sum to as much as {float(x.exp().sum(-1).max()):.3g}",
                                 "Give it log-probabilities, or use cross_entropy"))  # fmt: skip
        if scored.kind == "binary" and x.numel() > 20 and x.min() >= 0 and x.max() <= 1:
            found.append(Finding("softmax twice", f"binary cross-entropy with logits got {x.numel()} numbers, all in [{x.min():.3g}, {x.max():.3g}]",
                                 "Give it logits: it applies the sigmoid itself"))  # fmt: skip
    for shape in passed.watch.over_batch[:1]:
        found.append(Finding("softmax over the batch", f"a softmax over axis 0 of a tensor of shape {shape}: rows of the batch compete with each other",
                             "Take it over the classes, dim=-1"))  # fmt: skip
    return found


def _reduction(case: Case, passed: Pass) -> list[Finding]:
    """A mean over rows stays what it is when the batch is halved; a sum halves."""
    remedy = "Take the mean over the batch; else the step grows with the batch size"
    whole = passed.loss
    if whole is None or not math.isfinite(whole) or abs(whole) < 1e-6:
        return []
    if passed.watch.scored and passed.watch.scored[0].target_N is not None and len(passed.watch.scored) == 1:
        scored = passed.watch.scored[0]
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
    model.eval()
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


def gains(layers: list[Layer]) -> dict[str, float]:
    """Returns σ_w √fan_in of each linear and convolutional layer that was called.

    A layer passes a signal's second moment on as E[y²] = fan_in · σ_w² · E[x²]; the gain is its root. He's initialisation
    has √2, which makes up for the half that ReLU cuts off; Xavier's has 1 where fan_in = fan_out.

    Source: Glorot & Bengio 2010, eq. 5; He et al. 2015, eq. 8.
    """
    found = {}
    for layer in layers:
        weight = getattr(layer.module, "weight", None)
        if (
            isinstance(layer.module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d)
            and isinstance(weight, Tensor)
            and weight.numel() > 1
        ):
            found[layer.name] = float(weight.detach().float().square().mean().sqrt()) * weight[0].numel() ** 0.5
    return found


def _initialisation(passed: Pass, *, known: bool) -> list[Finding]:
    found = []
    for name, value in passed.model.named_parameters():
        rows = value.detach().flatten(1) if value.ndim > 1 else value.detach()[None]
        if len(rows) < 2 or rows.shape[1] < 2 or not bool((rows == rows[0]).all()):
            continue
        grads = value.grad.flatten(1) if value.grad is not None and not value.grad.is_sparse else None
        if grads is not None and torch.allclose(grads, grads[:1].expand_as(grads), rtol=1e-4, atol=0):
            found.append(Finding("weights constant", f"all rows of {name} {tuple(value.shape)} are equal, and so are their gradients: its units stay copies of one",
                                 "Draw the weights at random"))  # fmt: skip
            break
    nonzero = {name: gain for name, gain in gains(passed.watch.layers).items() if gain > 0}
    small = {name: gain for name, gain in nonzero.items() if gain < 0.02}
    large = {name: gain for name, gain in nonzero.items() if gain > 6}
    if small and 2 * len(small) > len(nonzero):
        name, gain = min(small.items(), key=lambda item: item[1])
        found.append(Finding("weights too small", f"{len(small)} of {len(nonzero)} layers have σ√fan_in below 0.02 ({name}: {gain:.2g}); He's initialisation has 1.4",
                             "Initialise with torch.nn.init.kaiming_normal_ or xavier_uniform_"))  # fmt: skip
    if large:
        name, gain = max(large.items(), key=lambda item: item[1])
        found.append(Finding("weights too large", f"{len(large)} of {len(nonzero)} layers have σ√fan_in above 6 ({name}: {gain:.2g}); He's initialisation has 1.4",
                             "Initialise with torch.nn.init.kaiming_normal_ or xavier_uniform_"))  # fmt: skip
    if not found and not known and len(passed.watch.scored) == 1 and passed.watch.scored[0].kind == "cross_entropy":
        scored = passed.watch.scored[0]
        if scored.target_N is not None and len(scored.target_N):
            loss, classes = float(F.cross_entropy(scored.logits_NK.float(), scored.target_N)), scored.logits_NK.shape[1]
            if loss > 1.7 * math.log(classes) + 0.3:
                found.append(Finding("loss at init", f"cross-entropy starts at {loss:.3g}; a model that knows nothing has log {classes} = {math.log(classes):.3g}",
                                     "Make the last layer's weights smaller, and look at its bias and at the inputs' scale"))  # fmt: skip
    return found


def _dead(alive: dict[str, tuple[Tensor, int]]) -> list[Finding]:
    for name, (units, rows) in alive.items():
        dead = int((~units).sum())
        if rows >= 32 and len(units) > 1 and 2 * dead > len(units):
            return [Finding("dead ReLU", f"{dead} of {len(units)} units after {name} are 0 on all of {rows} rows or places",
                            "Lower the learning rate, look at the biases, or use LeakyReLU")]  # fmt: skip
    return []


def _batch_norm(watch: Watch) -> list[Finding]:
    if not watch.single:
        return []
    return [Finding("batch norm with batch size 1", f"{watch.single[0]} normalises a batch of one row by that row's own mean and variance",
                    "Use larger batches (drop_last for the rest), or group or layer norm")]  # fmt: skip


def _flow(passed: Pass, *, known: bool) -> list[Finding]:
    watch = passed.watch
    gradients = [
        (name, value.grad)
        for name, value in passed.model.named_parameters()
        if value.grad is not None and not value.grad.is_sparse
    ]
    broken = next((name for name, grad in gradients if not bool(grad.isfinite().all())), None)
    if watch.non_finite or broken or (passed.loss is not None and not math.isfinite(passed.loss)):
        name, dtype = (
            watch.non_finite[0]
            if watch.non_finite
            else (broken or "the loss", gradients[0][1].dtype if gradients else torch.float32)
        )
        top = max((layer.largest for layer in watch.layers if layer.finite), default=0.0)
        kind = str(dtype).removeprefix("torch.")
        return [Finding("overflow", f"{name} is not finite in {kind}, which ends at {torch.finfo(dtype).max:.3g}; the largest finite activation is {top:.3g}",
                        "Look at the scale of inputs and weights; use float32 there, or a loss scale with float16")]  # fmt: skip
    norm = math.sqrt(sum(float(grad.float().square().sum()) for _, grad in gradients))
    over_time = max((ratio for layer in watch.layers for ratio in _over_time(layer)), default=0.0)
    if not known and norm > 50 and over_time > 100:
        return [Finding("exploding gradients", f"the gradient's norm is {norm:.3g}, and it is {over_time:.3g} times larger at the first steps than at the last",
                        "Clip the gradient, use an LSTM or GRU, or make the recurrent weights orthogonal")]  # fmt: skip
    through = [(layer.name, layer.grad_norm) for layer in watch.layers if layer.grad_norm > 0]
    if known or len(through) < 4:
        return []
    by_name: dict[str, float] = defaultdict(float)
    for name, size in through:
        by_name[name] = max(by_name[name], size)
    (first, at_first), *_, (last, at_last) = by_name.items()
    if at_first < 1e-5 * at_last:
        return [Finding("vanishing gradients", f"the gradient's norm is {at_first:.3g} at {first} and {at_last:.3g} at {last}, {len(by_name)} layers later",
                        "Use ReLU in place of sigmoid, residual connections or normalisation, and He's initialisation")]  # fmt: skip
    if at_first > 1e4 * at_last and norm > 50:
        return [Finding("exploding gradients", f"the gradient's norm is {at_first:.3g} at {first} and {at_last:.3g} at {last}, {len(by_name)} layers later",
                        "Make the weights smaller, or normalise")]  # fmt: skip
    return []


def _over_time(layer: Layer) -> list[float]:
    """How many times larger the gradient is in the first quarter of the steps than in the last, along either axis that may be time."""
    tensor: Any = layer.output if layer.input is None else layer.input
    if tensor.ndim != 3 or tensor.grad is None:
        return []
    ratios = []
    for axis in (0, 1):
        steps = tensor.grad.float().square().sum(dim=[a for a in range(3) if a != axis]).sqrt()
        quarter = len(steps) // 4
        if quarter and (late := float(steps[-quarter:].median())) > 0:
            ratios.append(float(steps[:quarter].median()) / late)
    return ratios
