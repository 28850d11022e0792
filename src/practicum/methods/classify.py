"""Classification by cross-entropy.

    L = -(1/B) Σ_b Σ_k q_bk log p_bk,   q = (1-ε) onehot(y) + ε/K

Symbols: B rows, K classes, ε label smoothing (Szegedy et al. 2016, section 7). A batch is `(*inputs, target_B)`: whatever
the model takes, then the classes' indices.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.finite import ratio
from practicum.precision import wide


@dataclass(frozen=True)
class Classify:
    """Cross-entropy on logits of shape (B, K).

    Attributes:
        label_smoothing: ε in [0, 1); 0 is plain cross-entropy.
    """

    label_smoothing: float = 0.0

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the mean cross-entropy of a batch.

        Args:
            model: maps the inputs to logits of shape (B, K).
            batch: `(*inputs, target_B)`.

        Returns:
            A scalar.
        """
        *inputs, target_B = batch
        return F.cross_entropy(wide(model(*inputs)), target_B, label_smoothing=self.label_smoothing)

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> dict[str, float]:
        """Return `accuracy` in [0, 1] and `loss` in nats (without smoothing), both means over rows."""
        right = rows = 0
        loss = 0.0
        for *inputs, target_B in batches:
            logits_BK = wide(model(*inputs))
            right += int((logits_BK.argmax(1) == target_B).sum())
            loss += float(F.cross_entropy(logits_BK, target_B, reduction="sum"))
            rows += len(target_B)
        return {"accuracy": ratio(right, rows), "loss": ratio(loss, rows)}


@torch.no_grad()
def confusion_matrix(model: nn.Module, batches: Iterable[tuple[Tensor, ...]], num_classes: int) -> Tensor:
    """Return how often class i was taken for class j, shape (K, K), integers."""
    counts = torch.zeros(num_classes * num_classes, dtype=torch.long)
    for *inputs, target_B in batches:
        counts += torch.bincount(target_B * num_classes + model(*inputs).argmax(1), minlength=num_classes**2).cpu()
    return counts.view(num_classes, num_classes)
