"""Means over unequal parts: the sum and the count of which a loss is the mean.

    L = Σ_parts s_p / Σ_parts n_p,   not the mean of the s_p / n_p

Symbols: parts are the batches of one step (accumulation) and the processes' shares of each; s_p is a part's sum, n_p its targets.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._pytree import tree_leaves


def sum_and_count(method: Any, model: nn.Module, batch: Any) -> tuple[Tensor, Tensor | int]:
    """Return a batch's loss added up, a scalar, and how many targets it is over.

    Args:
        method: with `sum_and_count(model, batch)`, where the number of targets is not the number of rows: words without padding,
            say. Else its `loss` is a mean over rows.
        model: what is trained.
        batch: tensors with a row each for every target, or whatever the method knows to count.
    """
    if hasattr(method, "sum_and_count"):
        total, count = method.sum_and_count(model, batch)
        return total, count
    rows = len(tree_leaves(batch)[-1])
    return method.loss(model, batch) * rows, rows


def mean(total: Tensor, count: Tensor) -> Tensor:
    """Return a sum over its count; 0 where there is nothing to add up (`finite.py`)."""
    return total / count.clamp(min=1)


def backward(fabric: Any, model: nn.Module, optimizer: Optimizer, method: Any, group: list[Any]) -> float:
    """Add the gradient of the mean loss over a step's batches and all processes, and return that loss.

    Args:
        fabric: Lightning Fabric's.
        model: as `fabric` has set it up.
        optimizer: its parameters get the gradient; they have none so far.
        method: with `loss`, see `sum_and_count`.
        group: this process's share of each batch.
    """
    if len(group) * fabric.world_size == 1:  # nothing to weigh
        loss: Tensor = method.loss(model, fabric.to_device(group[0]))
        fabric.backward(loss)
        return loss.item()
    both = torch.zeros(2, device=fabric.device)  # the sum, and the number of targets
    for number, batch in enumerate(group, start=1):
        # Gradients of sums add up over the group; only the last batch's backward pass sends them to the other processes.
        with fabric.no_backward_sync(model, enabled=number < len(group)):
            total, count = sum_and_count(method, model, fabric.to_device(batch))
            fabric.backward(total)
        both += torch.stack([total.detach().float(), torch.as_tensor(count, device=fabric.device).float()])
    both = fabric.all_reduce(both, reduce_op="sum")
    targets = max(float(both[1]), 1.0)
    for parameters in optimizer.param_groups:
        for parameter in parameters["params"]:
            if parameter.grad is not None:  # the mean over processes by now, of sums
                parameter.grad.mul_(fabric.world_size / targets)
    return float(both[0]) / targets
