"""Windows of words around each word of a corpus, and how often words come together in them.

Subsampling (Mikolov et al. 2013, "Distributed representations of words and phrases", section 2.3, in the form of the authors'
program): a word of frequency f stays with probability min(1, √(t/f) + t/f), anew in each epoch, before windows are cut; a window
reaches a random 1…W words to each side, so that near words come more often, and never beyond its sentence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from practicum.data.batches import generator
from practicum.data.words import PAD, UNK, Vocabulary


@dataclass(frozen=True)
class Corpus:
    """A text as numbers.

    Attributes:
        token_N: its words, shape (N,).
        sentence_N: the number of each word's sentence, ascending, shape (N,).
        num_words: V, of the vocabulary.
    """

    token_N: Tensor
    sentence_N: Tensor
    num_words: int

    @classmethod
    def of(cls, sentences: Sequence[Sequence[str]], vocabulary: Vocabulary) -> "Corpus":
        """Return numbers the words of sentences; unknown ones are left out, and their neighbours become neighbours."""
        numbers = [[n for n in map(vocabulary.number, sentence) if n != UNK] for sentence in sentences]
        lengths = torch.tensor([len(row) for row in numbers])
        tokens = torch.tensor([n for row in numbers for n in row], dtype=torch.long)
        return cls(tokens, torch.arange(len(numbers)).repeat_interleave(lengths), len(vocabulary))

    def counts(self) -> Tensor:
        """Return how often each word comes, shape (V,)."""
        return torch.bincount(self.token_N, minlength=self.num_words)


class Windows:
    """Batches of windows in random order: `(middle_B, context_BW)`, with `PAD` where a window ends early.

    Args:
        corpus: the text.
        reach: the most words to each side; the context has twice as many columns.
        subsample: t; 0 keeps every word.
        batch_size: windows per batch, about.
        seed: of everything random.
    """

    def __init__(self, corpus: Corpus, *, reach: int = 5, subsample: float = 1e-3, batch_size: int = 4096, seed: int = 0) -> None:
        self.corpus, self.reach, self.seed, self.rows = corpus, reach, seed, len(corpus.token_N)
        self.keep_N = keep_probability(corpus.counts(), subsample)[corpus.token_N]
        self.batches = max(1, round(float(self.keep_N.sum()) / batch_size))

    def __len__(self) -> int:
        return self.batches

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of an epoch, from the `start`-th on."""
        random = generator(self.seed, number)
        kept = torch.rand(len(self.keep_N), generator=random) < self.keep_N
        token_M, sentence_M = self.corpus.token_N[kept], self.corpus.sentence_N[kept]
        reach_M = torch.randint(1, self.reach + 1, token_M.shape, generator=random)
        _, sentence_M, size = sentence_M.unique_consecutive(return_inverse=True, return_counts=True)
        place_M, end = torch.arange(len(token_M)), size.cumsum(0)
        left_M = torch.minimum(reach_M, place_M - (end - size)[sentence_M])
        right_M = torch.minimum(reach_M, end[sentence_M] - 1 - place_M)
        sides_M2 = torch.stack([left_M, right_M], 1).to(torch.int8 if self.reach < 2**7 else torch.int64)
        # For each word, what stands beside it: `reach` words before and behind.
        beside = F.pad(token_M, (self.reach, self.reach), value=PAD).unfold(0, self.reach, 1)
        distance = torch.arange(1, self.reach + 1, dtype=sides_M2.dtype)
        for middle_B in torch.randperm(len(token_M), generator=random).tensor_split(self.batches)[start:]:
            left_B1, right_B1 = sides_M2[middle_B].split(1, dim=1)
            before = beside[middle_B].masked_fill(distance.flip(0) > left_B1, PAD)
            behind = beside[middle_B + self.reach + 1].masked_fill(distance > right_B1, PAD)
            yield token_M[middle_B], torch.cat([before, behind], 1)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self.epoch(0)


def keep_probability(counts: Tensor, subsample: float) -> Tensor:
    """Return each word's probability to stay, shape (V,), float64; 0 for words that never come."""
    if not subsample:
        return (counts > 0).double()
    ratio = subsample * counts.sum() / counts.clamp(min=1).double()
    return (ratio.sqrt() + ratio).clamp(max=1) * (counts > 0)


def cooccurrences(corpus: Corpus, *, reach: int = 10) -> Tensor:
    """Return how often words stand near each other, each time counted as 1/distance.

    Args:
        corpus: the text.
        reach: the largest distance; sentences are not left.

    Returns:
        Shape (V, V), symmetric, sparse (COO, coalesced), float32.

    Source: Pennington et al. 2014, section 4.2.
    """
    size = (corpus.num_words, corpus.num_words)
    total = torch.sparse_coo_tensor(torch.empty(2, 0, dtype=torch.long), torch.empty(0), size, check_invariants=False)
    for distance in range(1, min(reach, len(corpus.token_N) - 1) + 1):
        left, right = corpus.token_N[:-distance], corpus.token_N[distance:]
        same = corpus.sentence_N[:-distance] == corpus.sentence_N[distance:]
        pairs = torch.stack([left[same], right[same]])
        values = torch.full((pairs.shape[1],), 1 / distance)
        total = (total + torch.sparse_coo_tensor(pairs, values, size, check_invariants=False)).coalesce()
    return (total + total.T).coalesce()
