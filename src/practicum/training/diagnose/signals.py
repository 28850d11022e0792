"""Faults of the signals: how weights start, and what activations and gradients do on their way through the layers."""

import math
from collections import defaultdict

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from practicum.training.diagnose.finding import Finding
from practicum.training.diagnose.hooks import Hooks, Layer, Pass


def gains(layers: list[Layer]) -> dict[str, float]:
    """Return σ_w √fan_in of each linear and convolutional layer that was called.

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


def check_initialisation(passed: Pass) -> list[Finding]:
    """Look for weights that are constant, far too small or far too large."""
    found = []
    matrices = {id(module.weight) for module in passed.model.modules() if isinstance(module, nn.Linear | _ConvNd)}
    for name, value in passed.model.named_parameters():
        rows = value.detach().flatten(1) if value.ndim > 1 else value.detach()[None]
        if len(rows) < 2 or rows.shape[1] < 2 or not bool((rows == rows[0]).all()):
            continue
        grads = value.grad.flatten(1) if value.grad is not None and not value.grad.is_sparse else None
        same = grads is not None and torch.allclose(grads, grads[:1].expand_as(grads), rtol=1e-4, atol=0)
        if same or (id(value) in matrices and bool(rows.any())):  # zeros are fine where each unit has a gradient of its own
            found.append(
                Finding(
                    "weights constant",
                    f"all {len(rows)} rows of {name} are equal" + (", and so are their gradients" if same else ""),
                    "Draw the weights at random: units that start as copies of one stay near each other",
                )
            )
            break
    nonzero = {name: gain for name, gain in gains(passed.hooks.layers).items() if gain > 0}
    small = {name: gain for name, gain in nonzero.items() if gain < 0.02}
    large = {name: gain for name, gain in nonzero.items() if gain > 6}
    if small and 2 * len(small) > len(nonzero):
        name, gain = min(small.items(), key=lambda item: item[1])
        found.append(
            Finding(
                "weights too small",
                f"{len(small)} of {len(nonzero)} layers have σ√fan_in below 0.02 ({name}: {gain:.2g}); He's has 1.4",
                "Initialise with torch.nn.init.kaiming_normal_ or xavier_uniform_",
            )
        )
    if large:
        name, gain = max(large.items(), key=lambda item: item[1])
        found.append(
            Finding(
                "weights too large",
                f"{len(large)} of {len(nonzero)} layers have σ√fan_in above 6 ({name}: {gain:.2g}); He's initialisation has 1.4",
                "Initialise with torch.nn.init.kaiming_normal_ or xavier_uniform_",
            )
        )
    return found


def check_dead(alive: dict[str, tuple[Tensor, int]]) -> list[Finding]:
    """Look for units that no row ever makes positive."""
    for name, (units, rows) in alive.items():
        dead = int((~units).sum())
        if rows >= 32 and len(units) > 1 and 2 * dead > len(units):
            return [
                Finding(
                    "dead ReLU",
                    f"{dead} of {len(units)} units after {name} are 0 on all of {rows} rows or places",
                    "Lower the learning rate, look at the biases, or use LeakyReLU",
                )
            ]
    return []


def _gradients(model: nn.Module) -> list[tuple[str, Tensor]]:
    return [(name, p.grad) for name, p in model.named_parameters() if p.grad is not None and not p.grad.is_sparse]


def check_overflow(passed: Pass) -> list[Finding]:
    """Look for values that are not finite."""
    hooks = passed.hooks
    gradients = _gradients(passed.model)
    broken = next((name for name, grad in gradients if not bool(grad.isfinite().all())), None)
    if hooks.non_finite or broken or (passed.loss is not None and not math.isfinite(passed.loss)):
        name, dtype = (
            hooks.non_finite[0]
            if hooks.non_finite
            else (broken or "the loss", gradients[0][1].dtype if gradients else torch.float32)
        )
        top = max((layer.largest for layer in hooks.layers if layer.finite), default=0.0)
        kind = str(dtype).removeprefix("torch.")
        return [
            Finding(
                "overflow",
                f"{name} is not finite in {kind}, whose largest number is {torch.finfo(dtype).max:.3g}; up to there {top:.3g}",
                "Look at the scale of inputs and weights; use float32 there, or a loss scale with float16",
            )
        ]
    return []


def check_flow(passed: Pass) -> list[Finding]:
    """Look for gradients that vanish or explode through the layers, or explode through time."""
    hooks = passed.hooks
    gradients = _gradients(passed.model)
    norm = math.sqrt(sum(float(grad.float().square().sum()) for _, grad in gradients))
    over_time = max(_over_time(hooks), default=0.0)
    if norm > 50 and over_time > 100:
        return [
            Finding(
                "exploding gradients",
                f"the gradient's norm is {norm:.3g}, and it is {over_time:.3g} times larger at the first steps than at the last",
                "Clip the gradient, use an LSTM or GRU, or make the recurrent weights orthogonal",
            )
        ]
    through = [(layer.name, layer.grad_norm) for layer in hooks.layers if layer.grad_norm > 0]
    if len(through) < 4:
        return []
    by_name: dict[str, float] = defaultdict(float)
    for name, size in through:
        by_name[name] = max(by_name[name], size)
    (first, at_first), *_, (last, at_last) = by_name.items()
    if at_first < 1e-5 * at_last:
        return [
            Finding(
                "vanishing gradients",
                f"the gradient's norm is {at_first:.3g} at {first} and {at_last:.3g} at {last}, {len(by_name)} layers later",
                "Use ReLU in place of sigmoid, residual connections or normalisation, and He's initialisation",
            )
        ]
    if at_first > 1e4 * at_last and norm > 50:
        return [
            Finding(
                "exploding gradients",
                f"the gradient's norm is {at_first:.3g} at {first} and {at_last:.3g} at {last}, {len(by_name)} layers later",
                "Make the weights smaller, or normalise",
            )
        ]
    return []


def _over_time(hooks: Hooks) -> list[float]:
    """Return how much larger the gradient is in the first quarter of the steps than in the last: along each axis of a sequence
    that may be time, and over the calls of a cell.
    """
    series = [
        torch.tensor([float(y.grad.norm()) if y.grad is not None else 0.0 for y in calls]) for calls in hooks.calls.values()
    ]
    for layer in hooks.layers:
        tensor = layer.output if layer.input is None else layer.input
        if tensor.ndim == 3 and tensor.grad is not None:
            squares = tensor.grad.float().square()
            series += [squares.sum(dim=(1, 2)).sqrt(), squares.sum(dim=(0, 2)).sqrt()]
    ratios = []
    for steps in series:
        quarter = len(steps) // 4
        if quarter and (late := float(steps[-quarter:].median())) > 0:
            ratios.append(float(steps[:quarter].median()) / late)
    return ratios
