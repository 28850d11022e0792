"""word2vec's two tables of vectors (Mikolov et al. 2013, "Distributed representations of words and phrases", section 2).

    score(w | c) = v_cᵀ u_w                             skip-gram: each word c of the window predicts the one in its middle
    score(w | c₁…c_W) = (1/W Σ v_c)ᵀ u_w                CBOW: their mean predicts it

Symbols: B windows, W context words, K words to score, V words, D numbers per vector; v input vectors, u output vectors. With
words that are scored in every window: N such words, P pairs of context and middle word (CBOW: windows), U different contexts.
Departs from the paper: skip-gram's roles are those of the authors' program, where the context predicts the middle, rather than
those of the paper's eq. 1, where the middle predicts the context; over a corpus both go through the same pairs.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from practicum.models.layers.sampled_product import different, sampled_product
from practicum.models.layers.sparse import Sparse, argsort


class SharedScores(NamedTuple):
    """Scores of a word of each window's own, and of words that all windows share.

    Attributes:
        own_P: of each window's word by each word of its context (CBOW: by their mean, where there are such).
        word_P: the pair's word.
        shared_UN: of the shared words by each context that comes, once.
        times_U: how many pairs have this context.
    """

    own_P: Tensor
    word_P: Tensor
    shared_UN: Tensor
    times_U: Tensor


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

    def forward(
        self, context_BW: Tensor, word_BK: Tensor, shared_N: Tensor | None = None
    ) -> tuple[Tensor, Tensor] | SharedScores:
        """Score words by their context.

        Args:
            context_BW: context words, `pad` where there is none.
            word_BK: the words to score.
            shared_N: words to score in every window; then K = 1, and `score_shared` answers.

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
        if shared_N is not None:
            return self.score_shared(context_BW, word_BK[:, 0], shared_N)
        return (self.plain if torch.compiler.is_compiling() else self.score)(context_BW, word_BK)

    def plain(self, context_BW: Tensor, word_BK: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `forward` does, as the equations read: gather both vectors, multiply."""
        v_BWD, u_BKD = self.input(context_BW), self.output(word_BK)
        real_BW1 = (context_BW != self.pad)[:, :, None]
        if self.cbow:
            count_B11 = real_BW1.sum(1, keepdim=True)
            v_BWD = (v_BWD * real_BW1).sum(1, keepdim=True) / count_B11.clamp(min=1)
            real_BW1 = count_B11 > 0
        return v_BWD @ u_BKD.mT, real_BW1

    def score(self, context_BW: Tensor, word_BK: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `plain` does, with 0 where no score counts; each word's vector is read once, and padding is left out.

        Sizes depend on which words come, so that a compiler has nothing to hold on to: it gets `plain`.
        """
        (B, W), K = context_BW.shape, word_BK.shape[1]
        real_BW = context_BW != self.pad
        place_P = real_BW.flatten().nonzero()[:, 0]
        window_P = place_P // W
        context_U, column_P, _ = different(context_BW.flatten()[place_P], self.input.num_embeddings)
        word_U, row_BK, _ = different(word_BK.flatten(), self.output.num_embeddings)
        v_UD, u_UD = self.input(context_U), self.output(word_U)
        if self.cbow:
            size_B = real_BW.sum(1)
            share_P = v_UD.new_ones(len(place_P)) / size_B[window_P]
            mean_BD = Sparse(window_P, column_P, share_P, (B, len(context_U))) @ v_UD
            each_BK = torch.arange(B, device=word_BK.device).repeat_interleave(K)
            pairs = Sparse(each_BK, row_BK, u_UD.new_ones(B * K), (B, len(word_U)))
            return sampled_product(pairs, mean_BD, u_UD).view(B, 1, K), (size_B > 0)[:, None, None]
        row_PK = row_BK.view(B, K)[window_P].flatten()
        order = argsort(row_PK, len(word_U))
        pairs = Sparse(
            row_PK[order], column_P.repeat_interleave(K)[order], u_UD.new_ones(len(order)), (len(word_U), len(context_U))
        )
        scores = sampled_product(pairs, u_UD, v_UD)
        place_PK = (place_P[:, None] * K + torch.arange(K, device=place_P.device)).flatten()
        return scores.new_zeros(B * W * K).scatter(0, place_PK[order], scores).view(B, W, K), real_BW[:, :, None]

    @torch.compiler.disable
    def score_shared(self, context_BW: Tensor, word_B: Tensor, shared_N: Tensor) -> SharedScores:
        """Score one word of each window, and in every window the same N words.

        A word that is the context of many windows meets the shared words once, in one product of matrices (Ji et al. 2016,
        "Parallelizing Word2Vec in Shared and Distributed Memory", section III).
        """
        real_BW = context_BW != self.pad
        size_B = real_BW.sum(1)
        if self.cbow and not size_B.all():  # a window without context has no mean
            some_B = size_B > 0
            real_BW, size_B, context_BW, word_B = real_BW[some_B], size_B[some_B], context_BW[some_B], word_B[some_B]
        context_P = context_BW.masked_select(real_BW)
        window_P = torch.arange(len(word_B), device=word_B.device).repeat_interleave(size_B)
        context_U, column_P, times_U = different(context_P, self.input.num_embeddings)
        v_UD, u_BD, u_ND = self.input(context_U), self.output(word_B), self.output(shared_N)
        ones_P = v_UD.new_ones(len(window_P))
        pairs = Sparse(window_P, column_P, ones_P, (len(word_B), len(context_U)))
        if not self.cbow:
            return SharedScores(sampled_product(pairs, u_BD, v_UD), word_B[window_P], v_UD @ u_ND.mT, times_U)
        mean_BD = pairs.with_values(ones_P / size_B[window_P]) @ v_UD
        return SharedScores(torch.linalg.vecdot(mean_BD, u_BD), word_B, mean_BD @ u_ND.mT, torch.ones_like(word_B))

    def vectors(self) -> Tensor:
        """Return the input vectors v, the ones that are used afterwards; shape (V, D)."""
        return self.input.weight.detach()
