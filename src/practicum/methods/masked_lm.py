"""Masked language modelling (Devlin et al. 2019, section 3.1, task 1, and appendix A.1).

    L = -(1/N) Σ_{t asked} log P(u_t | ũ),   ũ_t = [MASK] with 80 %, a random token with 10 %, u_t with 10 %, where t is asked

Symbols: B rows, T tokens, N tokens that are asked for. A batch is `(tokens_BT, …)`; only the tokens are read.
Departs from the paper: tokens are chosen anew each time, not once for all epochs (Liu et al. 2019, section 4.1).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.finite import exponential, ratio
from practicum.methods.sums import mean
from practicum.precision import wide


@dataclass(frozen=True)
class MaskedLM:
    """Hides tokens and asks the model for them.

    Attributes:
        vocab_size: random tokens are drawn from as many.
        mask: the number of `[MASK]`.
        special: tokens that are never hidden: padding, `[CLS]`, `[SEP]`.
        rate: share of the others that is asked for.
    """

    vocab_size: int
    mask: int
    special: tuple[int, ...]
    rate: float = 0.15

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the mean cross-entropy over the tokens asked for; 0 where chance chose none.

        Args:
            model: maps tokens (B, T) and `asked_BT=` to logits (N, V).
            batch: `(tokens_BT, …)`.
        """
        return mean(*self.sum_and_count(model, batch))

    def sum_and_count(self, model: nn.Module, batch: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Return the cross-entropy added up over the tokens asked for, and their number (`sums.py`)."""
        hidden_BT, asked_BT = self.hide(batch[0])
        logits_NV = wide(model(hidden_BT, asked_BT=asked_BT))
        return F.cross_entropy(logits_NV, batch[0][asked_BT], reduction="sum"), asked_BT.sum()

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> dict[str, float]:
        """Return `loss`, `perplexity` and `accuracy` over the tokens asked for, the same ones each time; NaN without any."""
        generator = torch.Generator().manual_seed(0)
        loss, right, asked = 0.0, 0, 0
        for tokens_BT, *_ in batches:
            hidden_BT, asked_BT = self.hide(tokens_BT, generator)
            logits_NV, target_N = wide(model(hidden_BT, asked_BT=asked_BT)), tokens_BT[asked_BT]
            loss += float(F.cross_entropy(logits_NV, target_N, reduction="sum"))
            right += int((logits_NV.argmax(1) == target_N).sum())
            asked += len(target_N)
        mean = ratio(loss, asked)
        return {"loss": mean, "perplexity": exponential(mean), "accuracy": ratio(right, asked)}

    def hide(self, tokens_BT: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Return the tokens with some hidden, and where they are asked for (boolean), both of shape (B, T)."""
        chance_BT, kind_BT = (torch.rand(tokens_BT.shape, generator=generator).to(tokens_BT.device) for _ in range(2))
        random_BT = torch.randint(self.vocab_size, tokens_BT.shape, generator=generator).to(tokens_BT.device)
        special_BT = torch.isin(tokens_BT, torch.tensor(self.special, device=tokens_BT.device))
        asked_BT = (chance_BT < self.rate) & ~special_BT
        # Of those asked for, 80 % are masked, 10 % replaced and 10 % left: at use there are no masks, section 3.1.
        hidden_BT = torch.where(asked_BT & (kind_BT < 0.8), self.mask, tokens_BT)
        return torch.where(asked_BT & (kind_BT >= 0.9), random_BT, hidden_BT), asked_BT
