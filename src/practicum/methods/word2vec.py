"""Negative sampling, word2vec's objective (Mikolov et al. 2013, "Distributed representations of words and phrases").

    L = -(1/P) Σ [log σ(score(w | c)) + Σ_{i=1}^K log σ(-score(n_i | c))]       eq. 4
    n_i ~ P(n) = count(n)^¾ / Σ count^¾

Symbols: B windows, W words of context, P pairs of context and middle word (CBOW: windows), K negatives. A batch is
`(middle_B, context_BW)`; the model maps `(context, words)` to scores and to where they count.
Departs from the paper: the pairs of one window share their negatives (Ji et al. 2016, section III: many small products become one
matrix product); as in the authors' program, a negative that is the middle word itself is left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.methods.word_vectors import cosine_spearman
from practicum.precision import wide


@dataclass(frozen=True)
class NegativeSampling:
    """Tells a window's middle word from K random ones.

    Attributes:
        counts: how often each word comes in the corpus, shape (V,).
        negatives: K.
        power: of the counts.
    """

    counts: Tensor
    negatives: int = 5
    power: float = 0.75

    @cached_property
    def cumulative(self) -> Tensor:
        """P(n ≤ word), shape (V,): a random number in [0, 1) is looked up in it."""
        counts = self.counts.cpu()  # where random numbers are drawn, whatever the model's device
        weights = counts.double() ** self.power * (counts > 0)
        return weights.cumsum(0) / weights.sum()

    def draw(self, rows: int) -> Tensor:
        """Return random words, shape (rows, K)."""
        return torch.searchsorted(self.cumulative, torch.rand(rows, self.negatives, dtype=torch.float64), right=True)

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the mean loss of the pairs, a scalar."""
        middle_B, context_BW = batch
        negative_BK = self.draw(len(middle_B)).to(middle_B.device)
        return self.loss_with(model, middle_B, context_BW, negative_BK)

    def loss_with(self, model: nn.Module, middle_B: Tensor, context_BW: Tensor, negative_BK: Tensor) -> Tensor:
        """Return the mean loss of the pairs with these negatives, a scalar."""
        scores, real = model(context_BW, torch.cat([middle_B[:, None], negative_BK], 1))  # (B, W, 1 + K), (B, W, 1)
        sign = torch.ones(1 + self.negatives, device=scores.device)
        sign[1:] = -1
        keep = torch.cat([torch.ones_like(middle_B[:, None]), negative_BK != middle_B[:, None]], 1)[:, None]  # (B, 1, 1 + K)
        return -(F.logsigmoid(sign * wide(scores)) * (real * keep)).sum() / real.sum().clamp(min=1)

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> dict[str, float]:
        """Return `spearman`: how well cosines rank pairs of words as people do. A batch is `(a_N, b_N, score_N)`."""
        return {"spearman": cosine_spearman(model.vectors(), batches)}
