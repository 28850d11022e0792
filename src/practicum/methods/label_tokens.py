"""Labels for tokens: cross-entropy and accuracy at each place that counts.

    L = -(1/N) Σ_bt log p(y_bt | x_b)

Symbols: B rows, T tokens, K classes, N targets that count. A batch is `(input_BT, target_BT)`, with -100 for targets that do not.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from practicum.finite import ratio
from practicum.methods.language_model import IGNORED, LanguageModeling
from practicum.precision import wide


@dataclass(frozen=True)
class LabelTokens:
    """For any model that maps tokens (B, T) to logits (B, T, K)."""

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the mean cross-entropy over the targets that count, a scalar."""
        return LanguageModeling().loss(model, batch)

    def sum_and_count(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the cross-entropy added up over the targets that count, and their number (`sums.py`)."""
        return LanguageModeling().sum_and_count(model, batch)

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        """Return `accuracy` over targets that count, `row_accuracy` over rows (all of a row right) and `loss` in nats."""
        loss, right, targets, whole, rows = 0.0, 0, 0, 0, 0
        for input_BT, target_BT in batches:
            logits_BTK, counts_BT = wide(model(input_BT)), target_BT != IGNORED
            right_BT = logits_BTK.argmax(2) == target_BT
            loss += float(F.cross_entropy(logits_BTK.flatten(0, 1), target_BT.flatten(), ignore_index=IGNORED, reduction="sum"))
            right, targets = right + int(right_BT.sum()), targets + int(counts_BT.sum())
            whole, rows = whole + int((right_BT | ~counts_BT).all(1).sum()), rows + len(target_BT)
        return {"accuracy": ratio(right, targets), "row_accuracy": ratio(whole, rows), "loss": ratio(loss, targets)}
