"""Next-token prediction.

    L = -(1/N) Σ_bt log P(y_bt | x_b1 … x_bt),   perplexity = exp L,   bits per character = L / ln 2 · tokens per character

Symbols: B rows, T tokens, V vocabulary, N targets that count. A batch is `(input_BT, target_BT)`; the target is the input one
token ahead, or -100 where it does not count (padding, a prompt).
Source: Bengio et al. 2003, section 2; Radford et al. 2018, eq. 1.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from practicum.finite import exponential, ratio
from practicum.methods.sums import mean
from practicum.precision import wide

IGNORED = -100


@dataclass(frozen=True)
class LanguageModeling:
    """Cross-entropy of the next token, for any model that maps tokens (B, T) to logits (B, T, V).

    Attributes:
        tokens_per_character: of the text; 1 for a model of characters. Bits per character compare models with different tokens.
    """

    tokens_per_character: float = 1.0

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the mean cross-entropy over the targets that count, a scalar; 0 where none does."""
        return mean(*self.sum_and_count(model, batch))

    def sum_and_count(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the cross-entropy added up over the targets that count, and their number (`sums.py`)."""
        input_BT, target_BT = batch
        logits_NV = wide(model(input_BT)).flatten(0, 1)
        total = F.cross_entropy(logits_NV, target_BT.flatten(), ignore_index=IGNORED, reduction="sum")
        return total, (target_BT != IGNORED).sum()

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        """Return `loss` in nats per token, `perplexity` and `bits_per_character`, over all targets that count.

        All are NaN where none does; the perplexity of a loss above 709 is infinite.
        """
        loss, targets = 0.0, 0
        for input_BT, target_BT in batches:
            logits_NV = wide(model(input_BT)).flatten(0, 1)
            loss += float(F.cross_entropy(logits_NV, target_BT.flatten(), ignore_index=IGNORED, reduction="sum"))
            targets += int((target_BT != IGNORED).sum())
        mean = ratio(loss, targets)
        return {
            "loss": mean,
            "perplexity": exponential(mean),
            "bits_per_character": mean / math.log(2) * self.tokens_per_character,
        }
