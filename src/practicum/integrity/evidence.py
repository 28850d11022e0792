"""How much two submissions share beyond what their class shares: evidence, in nats.

    rarity of fingerprint f for the pair (i, j)    w = -ln max(p_class, p_near)
        p_class = (d + ½) / (n + 1)                d of the n other voices have f
        p_near  = (c + p_class) / (m + 1)          c of the m nearest voices of i and of j have f
    evidence                                       E = min over both sides of  Σ over statements s of  max over f at s of  w_f

A fingerprint that everybody has weighs nothing. One that is common among those who work like i and j (who follow the same lecture
notes, say) weighs little even where the whole class is large: that is what p_near is for. Evidence is counted in statements: each
once, however many fingerprints meet there, and a statement that is repeated once in all.

A voice is a submission, or several that are one work: a team's, or those of a group that copied. All counts are of voices,
without those of the pair; otherwise a work that twelve handed in would look like what the class usually writes.

Symbols: N submissions, F distinct fingerprints, P fingerprints of one submission, V voices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from practicum.integrity.canonical.fingerprints import Prints

NEIGHBOURS = 30
COMMONEST = 64  # voices that share a fingerprint by which neighbours are looked for

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Pair:
    """Two submissions and what they share.

    Attributes:
        first: index of one.
        second: index of the other.
        evidence: E, in nats.
        excess: z, how far E stands out from both sides' other matches.
        p: that an honest class has a pair so much alike; 1 where there is too little to go by.
        statements: how many statements carry evidence, on the side that has fewer.
        share: of the work that not everybody has, how much they have in common, between 0 and 1.
        bits: how much that is.
    """

    first: int
    second: int
    evidence: float
    excess: float
    p: float
    statements: int
    share: float = 0.0
    bits: float = 0.0


class Cohort:
    """The submissions of a class, and earlier ones, made comparable.

    Args:
        prints: of each submission.
        given: fingerprints that count for nothing, those of the handout, say.
        groups: a number per submission; those with the same are one voice and not compared (a team).
        earlier: per submission, whether it is an earlier term's; these are not compared with each other.

    Attributes:
        size: number of submissions.
        groups: as given, by default one per submission.
        earlier: as given, by default none.
        features: of each submission, its fingerprints, numbered, in ascending order.
        at: of each submission, rows (fingerprint, statement), in ascending order.
        voices: the voice of each submission, numbered from 0.
        frequency: how many voices have each fingerprint, shape (F,).
        near: of each submission, one submission of each of its nearest voices, the nearest first.
    """

    def __init__(
        self,
        prints: Sequence[Prints],
        given: NDArray[np.uint64],
        groups: Sequence[int] | None = None,
        earlier: Sequence[bool] | None = None,
    ) -> None:
        self.size = len(prints)
        self.groups: Ints = np.arange(self.size) if groups is None else np.asarray(groups, np.int64)
        self.earlier: Bools = np.zeros(self.size, bool) if earlier is None else np.asarray(earlier, bool)
        hashes = np.concatenate([one.hashes for one in prints] or [np.empty(0, np.uint64)])
        document = np.repeat(np.arange(self.size), [len(one.hashes) for one in prints])
        statement = np.concatenate([one.at for one in prints] or [np.empty(0, np.int32)])
        kept = ~np.isin(hashes, given)
        _, feature = np.unique(hashes[kept], return_inverse=True)
        document, statement = document[kept], statement[kept]
        rows = np.unique(np.stack([document, feature, statement], 1), axis=0) if len(feature) else np.empty((0, 3), np.int64)
        bounds = np.searchsorted(rows[:, 0], np.arange(self.size + 1))
        self.at = [rows[a:b, 1:] for a, b in pairwise(bounds)]
        self.features: list[Ints] = [np.unique(at[:, 0]) for at in self.at]
        self._owner = np.repeat(np.arange(self.size), [len(one) for one in self.features])
        self._held = np.concatenate(self.features) if self.size else np.empty(0, np.int64)
        self._distinct = int(feature.max()) + 1 if len(feature) else 0
        self.count_voices(self.groups)

    def compared(self, i: int, j: int) -> bool:
        """Return whether two submissions are compared: not within a group, and no earlier ones with each other."""
        return bool(self.groups[i] != self.groups[j] and not (self.earlier[i] and self.earlier[j]))

    def count_voices(self, voices: Ints) -> None:
        """Count by these voices from now on: a number per submission, the same for those that are one."""
        _, self.voices = np.unique(voices, return_inverse=True)
        once = np.unique(self.voices[self._owner] * max(self._distinct, 1) + self._held)
        self.frequency = np.bincount(once % max(self._distinct, 1), minlength=self._distinct)
        self._nearest: list[Ints] | None = None

    @property
    def count(self) -> int:
        """Number of voices."""
        return int(self.voices.max(initial=-1)) + 1

    @property
    def near(self) -> list[Ints]:
        """Of each submission, one submission of each of its nearest voices, the nearest first."""
        if self._nearest is None:
            self._nearest = self._find_nearest()
            self._near_counts = [self._count_near(one) for one in range(self.size)]
        return self._nearest

    def ranked(self) -> list[Ints]:
        """Return for each submission those it may be compared with, by the rarity of what they share."""
        telling = (self.frequency[self._held] > 1) & (self.frequency[self._held] <= COMMONEST)
        weight = np.sqrt(np.log((self.count + 1) / self.frequency[self._held[telling]]))
        matrix = sparse.csr_matrix((weight, (self._owner[telling], self._held[telling])), (self.size, self._distinct))
        shared = (matrix @ matrix.T).tocsr()
        found = []
        for one in range(self.size):
            others = shared.indices[shared.indptr[one] : shared.indptr[one + 1]]
            values = shared.data[shared.indptr[one] : shared.indptr[one + 1]]
            allowed = (self.groups[others] != self.groups[one]) & ~(self.earlier[others] & self.earlier[one])
            others, values = others[allowed], values[allowed]
            found.append(np.asarray(others[np.argsort(-values, kind="stable")], np.int64))
        return found

    def _find_nearest(self) -> list[Ints]:
        near = []
        for one, others in enumerate(self.ranked()):
            other_voices = others[self.voices[others] != self.voices[one]]
            _, first = np.unique(self.voices[other_voices], return_index=True)
            near.append(other_voices[np.sort(first)[:NEIGHBOURS]])
        return near

    def _count_near(self, one: int) -> Ints:
        """For each feature of a submission, how many of its nearest voices have it."""
        mine = self.features[one]
        counts = np.zeros(len(mine), np.int64)
        for other in self.near[one]:
            counts[np.isin(mine, self.features[other], assume_unique=True)] += 1
        return counts

    def weights(self, i: int, j: int) -> tuple[Ints, Floats]:
        """Return the fingerprints that two submissions share, shape (F,), and what each weighs in nats."""
        shared, at_i, at_j = np.intersect1d(self.features[i], self.features[j], assume_unique=True, return_indices=True)
        sides = ((i, j, at_i), (j, i, at_j))
        c, m = np.zeros(len(shared), np.int64), 0
        for one, other, at in sides:
            near = self.near[one]
            c += self._near_counts[one][at]
            m += len(near)
            for suspect in near[self.voices[near] == self.voices[other]]:
                c -= np.isin(shared, self.features[suspect], assume_unique=True)
                m -= 1
        apart = int(self.voices[i] != self.voices[j])
        p_class = (self.frequency[shared] - 1 - apart + 0.5) / (self.count - apart)
        p_near = (c + p_class) / (m + 1)
        return shared, -np.log(np.clip(np.maximum(p_class, p_near), 0, 1))

    def evidence(self, i: int, j: int) -> tuple[float, int]:
        """Return E, and how many statements carry it on the side that has fewer."""
        shared, weights = self.weights(i, j)
        sums, statements = zip(*(_by_statement(self.at[one], shared, weights) for one in (i, j)), strict=True)
        return min(sums), min(statements)


def _by_statement(at: Ints, shared: Ints, weights: Floats) -> tuple[float, int]:
    """Return the sum over statements of the largest weight there, each fingerprint once, and how many of these say something."""
    if not len(shared):
        return 0.0, 0
    place = np.searchsorted(shared, at[:, 0])
    place[place == len(shared)] = 0
    here = shared[place] == at[:, 0]
    feature, statement, weight = at[here, 0], at[here, 1], weights[place[here]]
    order = np.lexsort((-weight, statement))
    _, first = np.unique(statement[order], return_index=True)
    strongest = order[first]
    _, once = np.unique(feature[strongest], return_index=True)
    largest = weight[strongest][once]
    return float(largest.sum()), int((largest > np.log(2)).sum())
