"""word2vec's two tables of vectors (Mikolov et al. 2013, "Distributed representations of words and phrases", section 2).

    score(w | c) = v_cᵀ u_w                             skip-gram: each word c of the window predicts the one in its middle
    score(w | c₁…c_W) = (1/W Σ v_c)ᵀ u_w                CBOW: their mean predicts it

Symbols: B windows, W context words, K words to score, V words, D numbers per vector; v input vectors, u output vectors.
Departs from the paper: skip-gram's roles are those of the authors' program, where the context predicts the middle, rather than
those of the paper's eq. 1, where the middle predicts the context; over a corpus both go through the same pairs.
"""

from torch import Tensor, nn


class Word2Vec(nn.Module):
    """Scores words by their context.

    Args:
        num_words: V.
        width: D.
        cbow: score by the mean of the context rather than by each word of it.
        pad: the context word that is none.
        sparse: gradients hold only the rows of words that came; it pays with a large vocabulary. AdamW takes no such
            gradients; SGD, Adagrad and SparseAdam do.

    Source: Mikolov et al. 2013, section 2.2.
    """

    def __init__(self, num_words: int, width: int = 100, *, cbow: bool = False, pad: int = 0, sparse: bool = True) -> None:
        super().__init__()
        self.cbow, self.pad = cbow, pad
        self.input = nn.Embedding(num_words, width, sparse=sparse)
        self.output = nn.Embedding(num_words, width, sparse=sparse)
        nn.init.uniform_(self.input.weight, -0.5 / width, 0.5 / width)
        nn.init.zeros_(self.output.weight)

    def forward(self, context_BW: Tensor, word_BK: Tensor) -> tuple[Tensor, Tensor]:
        """Score words by their context.

        Args:
            context_BW: context words, `pad` where there is none.
            word_BK: the words to score.

        Returns:
            The scores, and True where one counts; shapes (B, W, K) and (B, W, 1), with CBOW (B, 1, K) and (B, 1, 1).

        Shapes:
            context_BW: (B, W). word_BK: (B, K).

        Raises:
            ValueError: the numbers of windows differ.
        """
        if len(context_BW) != len(word_BK):
            raise ValueError(
                f"expected as many contexts as rows of words, got {tuple(context_BW.shape)} and {tuple(word_BK.shape)}"
            )
        v_BWD, u_BKD = self.input(context_BW), self.output(word_BK)
        real_BW1 = (context_BW != self.pad)[:, :, None]
        if self.cbow:
            count_B11 = real_BW1.sum(1, keepdim=True)
            v_BWD = (v_BWD * real_BW1).sum(1, keepdim=True) / count_B11.clamp(min=1)
            real_BW1 = count_B11 > 0
        return v_BWD @ u_BKD.mT, real_BW1

    def vectors(self) -> Tensor:
        """Return the input vectors v, the ones that are used afterwards; shape (V, D)."""
        return self.input.weight.detach()
