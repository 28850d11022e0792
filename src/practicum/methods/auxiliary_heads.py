"""Classification by a network with auxiliary classifiers in its middle (Szegedy et al. 2015, section 5).

    L = H(y, logits) + w Σ_a H(y, logits_a),   w = 0.3

Symbols: H cross-entropy, a auxiliary classifiers; only training mode has them, so they cost nothing afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.methods.classify import Classify
from practicum.precision import wide


@dataclass(frozen=True)
class AuxiliaryHeads:
    """Cross-entropy on all of a network's heads.

    Attributes:
        weight: w of the auxiliary classifiers' losses.
        label_smoothing: ε in [0, 1).
    """

    weight: float = 0.3
    label_smoothing: float = 0.0

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the weighted sum of the heads' mean cross-entropies.

        Args:
            model: maps the inputs to a tuple of logits (B, K), the main ones first.
            batch: `(*inputs, target_B)`.

        Raises:
            TypeError: the model gives one tensor, not a tuple.
        """
        *inputs, target_B = batch
        heads = model(*inputs)
        if not isinstance(heads, tuple):
            raise TypeError(f"expected a tuple of logits from a model in training mode, got {type(heads).__name__}")
        losses = torch.stack(
            [F.cross_entropy(wide(logits_BK), target_B, label_smoothing=self.label_smoothing) for logits_BK in heads]
        )
        return losses[0] + self.weight * losses[1:].sum()

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> dict[str, float]:
        """Return `accuracy` and `loss` of the main head, as `Classify` does."""
        return Classify().evaluate(model, batches)
