"""GloVe's bilinear model of co-occurrence (Pennington, Socher & Manning 2014, eq. 7).

    log X_ij ≈ w_iᵀ w̃_j + b_i + b̃_j

Symbols: N entries, V words, D numbers per vector. w are the words' vectors, w̃ the context words'.
"""

import torch
from torch import Tensor, nn

from practicum.models.layers.sampled_product import different, sampled_product
from practicum.models.layers.sparse import Sparse, argsort


class GloVe(nn.Module):
    """Scores pairs of words.

    Args:
        num_words: V.
        width: D.
        sparse: gradients hold only the rows of words that came; it pays with a large vocabulary. AdamW takes no such
            gradients; SGD, Adagrad and SparseAdam do.

    Source: Pennington et al. 2014, eq. 7.
    """

    def __init__(self, num_words: int, width: int = 50, *, sparse: bool = True) -> None:
        super().__init__()
        self.word, self.context = (nn.Embedding(num_words, width, sparse=sparse) for _ in range(2))
        self.word_bias, self.context_bias = (nn.Embedding(num_words, 1, sparse=sparse) for _ in range(2))
        for table in (self.word, self.context, self.word_bias, self.context_bias):
            nn.init.uniform_(table.weight, -0.5 / width, 0.5 / width)

    def forward(self, word_N: Tensor, context_N: Tensor) -> Tensor:
        """Return the estimates of log X, shape (N,)."""
        products = (self.plain if torch.compiler.is_compiling() else self.products)(word_N, context_N)
        return products + self.word_bias(word_N)[:, 0] + self.context_bias(context_N)[:, 0]

    def plain(self, word_N: Tensor, context_N: Tensor) -> Tensor:
        """Return wᵀ w̃ of each pair, shape (N,), as the equation reads."""
        return (self.word(word_N) * self.context(context_N)).sum(1)

    def products(self, word_N: Tensor, context_N: Tensor) -> Tensor:
        """Return what `plain` does, each vector read once. Sizes depend on which words come; a compiler gets `plain`."""
        word_U, row_N, _ = different(word_N, self.word.num_embeddings)
        context_U, column_N, _ = different(context_N, self.context.num_embeddings)
        w_UD, w_context_UD = self.word(word_U), self.context(context_U)
        order = argsort(row_N, len(word_U))
        pairs = Sparse(row_N[order], column_N[order], w_UD.new_ones(len(order)), (len(word_U), len(context_U)))
        products = sampled_product(pairs, w_UD, w_context_UD)
        return products.new_zeros(len(order)).scatter(0, order, products)

    def vectors(self) -> Tensor:
        """Return w + w̃, which the paper uses (section 4.2); shape (V, D)."""
        return (self.word.weight + self.context.weight).detach()
