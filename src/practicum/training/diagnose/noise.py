"""The gradient noise scale (McCandlish et al. 2018, eq. 2.9 and appendix A.1).

    B_simple = tr Σ / |G|²,   with   |G|² ≈ (B |g_B|² - b |g_b|²) / (B - b),   tr Σ ≈ (|g_b|² - |g_B|²) / (1/b - 1/B)

G is the true gradient, Σ the covariance of a single row's, g_b and g_B gradients of batches of b and of B rows. Batches far below
B_simple gain nearly linearly by being made larger; far above it, hardly at all.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from practicum.training.diagnose.case import Case
from practicum.training.generators import kept


def noise_scale(model: nn.Module, method: Any, batches: Iterable[Any], *, rows: int) -> float:
    """Return B_simple, in rows.

    Args:
        model: any module; stays as it was.
        method: has `loss(model, batch)`, a mean over the batch.
        batches: of equal size; all of them together are the large batch.
        rows: in each batch.

    Raises:
        ValueError: there are fewer than two batches.
    """
    with kept():
        case = Case.of(model, method, batches, optimizer=None, test=None, step=None, evaluate=None, count=10**9, steps=0)
        if len(case.batches) < 2:
            raise ValueError(f"expected two batches or more, got {len(case.batches)}")
        copy, method, _ = case.fresh()
        parameters = [p for p in copy.parameters() if p.requires_grad]
        total: list[Tensor] = [torch.zeros_like(p) for p in parameters]
        small = 0.0
        for batch in case.batches:
            grads = torch.autograd.grad(method.loss(copy, batch), parameters, allow_unused=True, materialize_grads=True)
            small += sum(float(grad.square().sum()) for grad in grads) / len(case.batches)
            total = [a + grad / len(case.batches) for a, grad in zip(total, grads, strict=True)]
    large, count = sum(float(grad.square().sum()) for grad in total), rows * len(case.batches)
    squared = (count * large - rows * small) / (count - rows)
    return (small - large) / (1 / rows - 1 / count) / squared if squared > 0 else float("inf")
