"""What word vectors are good for: neighbours, similarity as people see it, analogies.

    similarity(a, b) = cos(v_a, v_b)
    a is to b as c is to d:   d = argmax_w cos(v_w, v_b/|v_b| - v_a/|v_a| + v_c/|v_c|),  w ∉ {a, b, c}       (3CosAdd)
    Spearman's ρ = the correlation of ranks; ties share the mean of theirs

Source: Mikolov, Yih & Zweig 2013, "Linguistic regularities in continuous space word representations", section 5; 3CosAdd is
named in Levy & Goldberg 2014, "Linguistic regularities in sparse and explicit word representations", eq. 2.
"""

from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from practicum.precision import wide


def ranks(values: Tensor) -> Tensor:
    """Return each value's rank from 1 on, ties the mean of theirs; shape (N,), float64."""
    _, group, counts = values.unique(return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    return (last - (counts - 1) / 2)[group]


def spearman(x_N: Tensor, y_N: Tensor) -> float:
    """Return Spearman's ρ of two lists of numbers, NaN where one of them is constant or has a NaN, which has no rank.

    Raises:
        ValueError: they are not of the same length, or shorter than 2.
    """
    if x_N.shape != y_N.shape or x_N.ndim != 1 or len(x_N) < 2:
        raise ValueError(f"expected two lists of the same length, at least 2; got {tuple(x_N.shape)} and {tuple(y_N.shape)}")
    if x_N.isnan().any() or y_N.isnan().any():
        return float("nan")
    return float(torch.corrcoef(torch.stack([ranks(x_N), ranks(y_N)]))[0, 1])


def cosine_spearman(vectors_VD: Tensor, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> float:
    """Return Spearman's ρ between the cosines of pairs and people's scores; a batch is `(a_N, b_N, score_N)`."""
    a, b, scores = (torch.cat(column) for column in zip(*batches, strict=True))
    cosines = F.cosine_similarity(wide(vectors_VD[a]), wide(vectors_VD[b]))
    return spearman(cosines, scores.to(cosines.device))


class WordVectors:
    """Words and their vectors.

    Args:
        words: V words.
        vectors: shape (V, D).

    Raises:
        ValueError: there are not as many vectors as words.
    """

    def __init__(self, words: Sequence[str], vectors: Tensor) -> None:
        if len(words) != len(vectors):
            raise ValueError(f"expected as many vectors as words, got {len(vectors)} and {len(words)}")
        self.words, self.unit_VD = tuple(words), F.normalize(wide(vectors), dim=1)
        self.place = {word: row for row, word in enumerate(words)}

    def known(self, *words: str) -> bool:
        """Tell whether all of these words have vectors."""
        return all(word in self.place for word in words)

    def neighbours(self, word: str, count: int = 10) -> list[tuple[str, float]]:
        """Return the words nearest to `word`, with their cosines; KeyError where it is not known."""
        return self._nearest(self.unit_VD[self.place[word]], {self.place[word]}, count)

    def analogy(self, a: str, b: str, c: str, count: int = 1) -> list[tuple[str, float]]:
        """Return what is to c as b is to a, with cosines; KeyError where one of them is not known.

        Source: 3CosAdd.
        """
        rows = [self.place[word] for word in (a, b, c)]
        at_a, at_b, at_c = self.unit_VD[rows]
        return self._nearest(F.normalize(at_b - at_a + at_c, dim=0), set(rows), count)

    def pairs(self, words: Sequence[tuple[str, str]], scores: Sequence[float]) -> tuple[Tensor, Tensor, Tensor]:
        """Return rows a_N, rows b_N and score_N of the pairs whose words are both known."""
        kept = [(self.place[a], self.place[b], score) for (a, b), score in zip(words, scores, strict=True) if self.known(a, b)]
        return torch.tensor([a for a, _, _ in kept]), torch.tensor([b for _, b, _ in kept]), torch.tensor([s for _, _, s in kept])

    def analogy_accuracy(self, questions: Sequence[tuple[str, str, str, str]], *, batch_size: int = 512) -> tuple[float, int]:
        """Return the share of questions (a, b, c, d) that are answered with d, and how many there were with known words.

        Args:
            questions: each four words; those with an unknown word don't count.
            batch_size: questions answered at once.
        """
        known = [[self.place[word] for word in question] for question in questions if self.known(*question)]
        rows = torch.tensor(known, dtype=torch.long, device=self.unit_VD.device).view(-1, 4)
        right = 0
        for part in rows.split(batch_size):
            a, b, c, d = part.T
            cosines = (self.unit_VD[b] - self.unit_VD[a] + self.unit_VD[c]) @ self.unit_VD.T
            cosines.scatter_(1, part[:, :3], -torch.inf)
            right += int((cosines.argmax(1) == d).sum())
        return (right / len(rows) if len(rows) else float("nan")), len(rows)

    def _nearest(self, unit_D: Tensor, without: set[int], count: int) -> list[tuple[str, float]]:
        cosines = self.unit_VD @ unit_D
        cosines[list(without)] = -torch.inf
        values, rows = cosines.topk(min(count, len(self.words) - len(without)))
        return [(self.words[row], value) for row, value in zip(rows.tolist(), values.tolist(), strict=True)]
