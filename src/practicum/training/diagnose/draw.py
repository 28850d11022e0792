"""A picture of what flows through a model: activations, gradients and update-to-weight ratios, layer by layer."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from practicum.training.diagnose.case import Case, Plain
from practicum.training.diagnose.hooks import Hooks
from practicum.training.diagnose.stepping import update_ratios
from practicum.training.generators import kept


def draw_signals(
    model: nn.Module,
    method: Any,
    batches: Iterable[Any],
    path: Path,
    *,
    optimizer: Optimizer | Callable[[nn.Module], Optimizer] | None = None,
) -> None:
    """Draw three charts for the first batch: standard deviation of each layer's output, norm of the gradient there, and how far
    one step moves each weight matrix.

    Args:
        model: any module; stays as it was.
        method: has `loss(model, batch)`, or a `step` of its own.
        batches: of which the first is used.
        path: of the PNG file.
        optimizer: the one in use, or what makes it; without one the third chart is empty.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogFormatterSciNotation

    with kept():
        case = Case.of(model, method, batches, optimizer=optimizer, test=None, step=None, evaluate=None, count=1, steps=0)
        copy, method, own = case.fresh()
        with Hooks(copy) as hooks:
            if case.has_loss:
                loss = method.loss(copy, case.batches[0])
            else:
                method.step(Plain(), copy, own or torch.optim.SGD(copy.parameters(), lr=0.0), case.batches[0])
        if case.has_loss:
            loss.backward()
        ratios = update_ratios(case)
    deviations = {layer.name: layer.std for layer in hooks.layers}
    gradients = {layer.name: layer.grad_norm for layer in hooks.layers}
    charts = (
        ("standard deviation of the output", deviations),
        ("norm of the gradient there", gradients),
        ("‖Δw‖/‖w‖ in one step", ratios),
    )
    longest = max(len(values) for _, values in charts)
    figure = Figure(figsize=(14, max(3.0, 0.2 * longest)), layout="constrained")
    for axes, (title, values) in zip(figure.subplots(1, 3), charts, strict=True):
        names = [*values]
        axes.plot([max(values[name], 1e-12) for name in names], range(len(names)), "o-", markersize=4)
        axes.set_yticks(range(len(names)), names, fontsize=6)
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(LogFormatterSciNotation(minor_thresholds=(0.7, 0.2)))  # few labels: they don't overlap
        axes.invert_yaxis()
        axes.set_title(title, fontsize=9)
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
