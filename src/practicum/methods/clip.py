"""Clipping the gradient by its norm (Pascanu, Mikolov & Bengio 2013, algorithm 1).

    g ← g · min(1, c / (‖g‖ + 10⁻⁶))

Symbols: g the gradients of all parameters as one vector, ‖g‖ its Euclidean norm, c the largest norm.
Departs from the paper: 10⁻⁶ in the denominator, as in PyTorch's `clip_grad_norm_`, which does the same for dense gradients.
"""

from typing import Any

import torch
from torch import Tensor, nn


@torch.no_grad()
def clip_gradients(model: nn.Module, largest: float) -> float:
    """Scale the gradients of a model in place to a norm of at most `largest`.

    Args:
        model: whose parameters have gradients, dense or sparse (an embedding's with `sparse=True`).
        largest: c.

    Returns:
        ‖g‖ as it was; infinite or NaN where a gradient is, which are then of no use.
    """
    parameters = [*model.parameters()]
    if not any(p.grad is not None and p.grad.is_sparse for p in parameters):
        total: Any = nn.utils.clip_grad_norm_(parameters, largest)
        return float(total.full_tensor() if hasattr(total, "full_tensor") else total)  # sharded gradients have a norm in parts
    parts: list[Tensor] = []
    for parameter in parameters:
        if parameter.grad is not None:
            if parameter.grad.is_sparse:
                parameter.grad = parameter.grad.coalesce()  # else a row that comes twice would count as two
            parts.append(parameter.grad.values() if parameter.grad.is_sparse else parameter.grad)
    norm = torch.stack([part.norm() for part in parts]).norm()
    for part in parts:
        part.mul_((largest / (norm + 1e-6)).clamp(max=1.0))
    return float(norm)
