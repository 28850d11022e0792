"""Regularisers that live in the loss: label smoothing, and penalties on the weights.

    label smoothing   -Σ_k q_k log p_k,   q = (1 - ε) onehot(y) + ε/K            (Szegedy et al. 2016, section 7)
    L2                L + λ/2 Σ w²        gradient λ w: weights decay in proportion (Krogh & Hertz 1992, eq. 1)
    L1                L + λ Σ |w|         gradient λ sign(w): small weights go to 0 (Tibshirani 1996)

Symbols: B rows, K classes, ε smoothing, λ strength, w every weight: parameters of at least two dimensions, no biases, no gains.
With plain SGD, L2 here and `weight_decay` in the optimiser are one; with Adam they are not
(Loshchilov & Hutter 2019).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from practicum.methods.sums import sum_and_count
from practicum.precision import wide


def cross_entropy(logits_BK: Tensor, target_B: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy with smoothed labels, a scalar: `F.cross_entropy` written out.

    Args:
        logits_BK: scores.
        target_B: classes' indices.
        label_smoothing: ε in [0, 1].

    Raises:
        ValueError: the shapes do not fit, or ε is out of range.

    Source: Szegedy et al. 2016, section 7.
    """
    if logits_BK.ndim != 2 or target_B.shape != logits_BK.shape[:1]:
        raise ValueError(f"expected logits (B, K) and targets (B,), got {tuple(logits_BK.shape)} and {tuple(target_B.shape)}")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"expected label_smoothing in [0, 1], got {label_smoothing}")
    logits_BK = wide(logits_BK)
    log_p_BK = logits_BK - logits_BK.logsumexp(1, keepdim=True)
    right_B = log_p_BK.gather(1, target_B[:, None])[:, 0]
    return -((1 - label_smoothing) * right_B + label_smoothing * log_p_BK.mean(1)).mean()


def weights(model: nn.Module) -> list[Tensor]:
    """Return the parameters that penalties are for: those with at least two dimensions."""
    return [parameter for parameter in model.parameters() if parameter.ndim >= 2]


def l1(model: nn.Module) -> Tensor:
    """Return Σ |w|."""
    return torch.stack([wide(w).abs().sum() for w in weights(model)]).sum()


def l2(model: nn.Module) -> Tensor:
    """Return ½ Σ w²."""
    return torch.stack([wide(w).square().sum() for w in weights(model)]).sum() / 2


@dataclass(frozen=True)
class Penalised:
    """Another method's loss plus penalties; what is measured stays as it was.

    Attributes:
        method: has `loss` and `evaluate`.
        l1: λ of Σ |w|.
        l2: λ of ½ Σ w².
    """

    method: Any
    l1: float = 0.0
    l2: float = 0.0

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        """Return the method's loss and the penalties, a scalar."""
        loss: Tensor = self.method.loss(model, batch)
        return loss + self._penalties(model)

    def sum_and_count(self, model: nn.Module, batch: Any) -> tuple[Tensor, Tensor | int]:
        """Return the method's sum with the penalties once for each target, and the number of targets (`sums.py`)."""
        total, count = sum_and_count(self.method, model, batch)
        return total + count * self._penalties(model), count

    def _penalties(self, model: nn.Module) -> Tensor | float:
        return (self.l1 * l1(model) if self.l1 else 0.0) + (self.l2 * l2(model) if self.l2 else 0.0)

    def evaluate(self, model: nn.Module, batches: Iterable[Any]) -> dict[str, float]:
        """Return the method's metrics."""
        metrics: dict[str, float] = self.method.evaluate(model, batches)
        return metrics
