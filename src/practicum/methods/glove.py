"""GloVe's objective: weighted least squares on log co-occurrence counts (Pennington, Socher & Manning 2014, eq. 8 and 9).

    L = (1/N) Σ f(X_ij) (score(i, j) - log X_ij)²,   f(x) = min(1, (x/x_max)^α)

Symbols: N entries of X that are not 0. A batch is `(word_N, context_N, count_N)`.
Departs from the paper: the mean over a batch in place of the sum, which AdaGrad's steps do not notice.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, nn

from practicum.methods.word_vectors import cosine_spearman
from practicum.precision import wide


@dataclass(frozen=True)
class WeightedLeastSquares:
    """Fits scores to log counts, frequent pairs more closely.

    Attributes:
        x_max: the count from which on the weight is 1.
        alpha: α.
    """

    x_max: float = 100.0
    alpha: float = 0.75

    def weight(self, count_N: Tensor) -> Tensor:
        """Return f(X). Source: eq. 9."""
        return (count_N / self.x_max).clamp(max=1) ** self.alpha

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Return the mean weighted square, a scalar."""
        word_N, context_N, count_N = batch
        return (self.weight(wide(count_N)) * (wide(model(word_N, context_N)) - wide(count_N).log()).square()).mean()

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> dict[str, float]:
        """Return `spearman`: how well cosines rank pairs of words as people do. A batch is `(a_N, b_N, score_N)`."""
        return {"spearman": cosine_spearman(model.vectors(), batches)}
