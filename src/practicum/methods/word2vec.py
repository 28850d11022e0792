"""Negative sampling, word2vec's objective (Mikolov et al. 2013, "Distributed representations of words and phrases").

    L = -(1/P) Σ [log σ(score(w | c)) + Σ_{i=1}^K log σ(-score(n_i | c))]       eq. 4
    n_i ~ P(n) = count(n)^¾ / Σ count^¾

Symbols: B windows, W words of context, P pairs of context and middle word (CBOW: windows), K negatives. A batch is
`(middle_B, context_BW)`; the model maps `(context, words)` to scores and to where they count.
Departs from the paper: the pairs of one window share their negatives; as in the authors' program, a negative that is the middle
word itself is left out. With `shared`, all windows of a batch share N negatives, so that many small products become one product
of matrices (Ji et al. 2016, "Parallelizing Word2Vec in Shared and Distributed Memory", section III).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.methods.sums import mean
from practicum.methods.word_vectors import cosine_spearman
from practicum.precision import wide

softplus = partial(F.softplus, threshold=40.0)  # -log σ(-s): as exact as `logsigmoid` in double precision too


@dataclass(frozen=True)
class NegativeSampling:
    """Tells a window's middle word from K random ones.

    Attributes:
        counts: how often each word comes in the corpus, shape (V,).
        negatives: K.
        power: of the counts.
        shared: N; 0 where each window has negatives of its own.
    """

    counts: Tensor
    negatives: int = 5
    power: float = 0.75
    shared: int = 0

    @cached_property
    def cumulative(self) -> Tensor:
        """P(n ≤ word), shape (V,): a random number in [0, 1) is looked up in it."""
        counts = self.counts.cpu()  # where random numbers are drawn, whatever the model's device
        weights = counts.double() ** self.power * (counts > 0)
        return weights.cumsum(0) / weights.sum()

    def draw(self, *shape: int) -> Tensor:
        """Return random words."""
        return torch.searchsorted(self.cumulative, torch.rand(shape, dtype=torch.float64), right=True)

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the mean loss of the pairs, a scalar."""
        return mean(*self.sum_and_count(model, batch))

    def sum_and_count(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the loss added up over the pairs, and their number (`sums.py`)."""
        middle_B, context_BW = batch
        if self.shared:
            return self._over_shared(model, middle_B, context_BW, self.draw(self.shared).to(middle_B.device))
        return self._over_own(model, middle_B, context_BW, self.draw(len(middle_B), self.negatives).to(middle_B.device))

    def loss_with(self, model: nn.Module, middle_B: Tensor, context_BW: Tensor, negative_BK: Tensor) -> Tensor:
        """Return the mean loss of the pairs with these negatives, a scalar."""
        return mean(*self._over_own(model, middle_B, context_BW, negative_BK))

    def loss_shared(self, model: nn.Module, middle_B: Tensor, context_BW: Tensor, negative_N: Tensor) -> Tensor:
        """Return the mean loss of the pairs with these negatives for all windows, a scalar.

        It is `loss_with` where these N words are each window's negatives, and a term of theirs counts K/N. They are counted for
        all pairs, and taken back where one is the pair's middle word.
        """
        return mean(*self._over_shared(model, middle_B, context_BW, negative_N))

    def _over_own(self, model: nn.Module, middle_B: Tensor, context_BW: Tensor, negative_BK: Tensor) -> tuple[Tensor, Tensor]:
        scores, real = model(context_BW, torch.cat([middle_B[:, None], negative_BK], 1))  # (B, W, 1 + K), (B, W, 1)
        sign = torch.ones(1 + self.negatives, device=scores.device)
        sign[1:] = -1
        keep = torch.cat([torch.ones_like(middle_B[:, None]), negative_BK != middle_B[:, None]], 1)[:, None]  # (B, 1, 1 + K)
        return -(F.logsigmoid(sign * wide(scores)) * (real * keep)).sum(), real.sum()

    def _over_shared(self, model: nn.Module, middle_B: Tensor, context_BW: Tensor, negative_N: Tensor) -> tuple[Tensor, Tensor]:
        own_P, word_P, shared_UN, times_U = model(context_BW, middle_B[:, None], negative_N)
        own_P, shared_UN = wide(own_P), wide(shared_UN)
        weight = self.negatives / len(negative_N)
        drawn_P = torch.bincount(negative_N, minlength=len(self.counts))[word_P]
        wrong = (times_U * softplus(shared_UN).sum(1)).sum() - (drawn_P * softplus(own_P)).sum()
        return softplus(-own_P).sum() + weight * wrong, torch.ones_like(word_P).sum()

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> dict[str, float]:
        """Return `spearman`: how well cosines rank pairs of words as people do. A batch is `(a_N, b_N, score_N)`."""
        return {"spearman": cosine_spearman(model.vectors(), batches)}
