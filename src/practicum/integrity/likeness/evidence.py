"""How much two submissions share beyond what their class shares: evidence, in nats.

    rarity of fingerprint f for the pair (i, j)    w = -ln max(p_class, p_near)
        p_class = (d + ½) / (n + 1)                d of the n other voices have f
        p_near  = (c + p_class) / (m + 1)          c of the m nearest voices of i and of j have f
    evidence                                       E = min over both sides of  Σ over statements s of  max over f at s of  w_f

A fingerprint that everybody has weighs nothing. One that is common among those who work like i and j (who follow the same lecture
notes, say) weighs little even where the whole class is large: that is what p_near is for. Evidence is counted in statements: each
once, however many fingerprints meet there, and a statement that is repeated once in all.

A voice is a submission, or several that are one work: a team's, or those of a group that copied. All counts are of voices,
without those of the pair; otherwise a work that twelve handed in would look like what the class usually writes. A published
answer is nobody's work: pairs with it are judged, and it counts nowhere.

Symbols: N submissions, F distinct fingerprints, P fingerprints of one submission, V voices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from practicum.integrity.canonical.fingerprints import Prints

NEIGHBOURS = 30
_STEPS = 1 << 20  # weights are compared by this part of one; and no submission has more fingerprints
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
        published: per submission, whether it is a published answer, which is no voice; it is an earlier one, too.

    Attributes:
        size: number of submissions.
        groups: as given, by default one per submission.
        earlier: as given, by default none.
        published: as given, by default none.
        features: of each submission, its fingerprints, numbered, in ascending order.
        at: of each submission, rows (fingerprint, statement), in ascending order.
        voices: the voice of each submission, numbered from 0; a published answer's counts if somebody's work is one with it.
        heard: of each voice, whether it counts.
        count: number of voices that count.
        frequency: how many of them have each fingerprint, shape (F,).
        near: of each submission, one submission of each of its nearest voices, the nearest first.
    """

    def __init__(
        self,
        prints: Sequence[Prints],
        given: NDArray[np.uint64],
        groups: Sequence[int] | None = None,
        earlier: Sequence[bool] | None = None,
        published: Sequence[bool] | None = None,
    ) -> None:
        self.size = len(prints)
        self.groups: Ints = np.arange(self.size) if groups is None else np.asarray(groups, np.int64)
        self.earlier: Bools = np.zeros(self.size, bool) if earlier is None else np.asarray(earlier, bool)
        self.published: Bools = np.zeros(self.size, bool) if published is None else np.asarray(published, bool)
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
        self._answers = np.bincount(self._held[self.published[self._owner]], minlength=self._distinct)
        self._statements = [_by_statement(at, features) for at, features in zip(self.at, self.features, strict=True)]
        self._place = np.full(self._distinct, -1)
        self.count_voices(self.groups)

    def compared(self, i: int, j: int) -> bool:
        """Return whether two submissions are compared: not within a group, and no earlier ones with each other."""
        return bool(self.groups[i] != self.groups[j] and not (self.earlier[i] and self.earlier[j]))

    def count_voices(self, voices: Ints) -> None:
        """Count by these voices from now on: a number per submission, the same for those that are one."""
        _, self.voices = np.unique(voices, return_inverse=True)
        self.heard = np.zeros(int(self.voices.max(initial=-1)) + 1, bool)
        self.heard[self.voices[~self.published]] = True
        self.count = int(self.heard.sum())
        somebodys = ~self.published[self._owner]
        once = np.unique((self.voices[self._owner] * max(self._distinct, 1) + self._held)[somebodys])
        self.frequency = np.bincount(once % max(self._distinct, 1), minlength=self._distinct)
        self._of_voice = np.split(
            once % max(self._distinct, 1), np.searchsorted(once // max(self._distinct, 1), range(1, len(self.heard)))
        )
        self._members = np.bincount(self.voices, minlength=len(self.heard))
        self._nearest: list[Ints] | None = None

    @property
    def near(self) -> list[Ints]:
        """Of each submission, one submission of each of its nearest voices, the nearest first."""
        if self._nearest is None:
            self._nearest = self._find_nearest()
            self._near_counts = [self.holds(one, others).sum(0) for one, others in enumerate(self._nearest)]
        return self._nearest

    def ranked(self) -> list[Ints]:
        """Return for each submission those it may be compared with, by the rarity of what they share."""
        voices, answers = self.frequency[self._held], self._answers[self._held]
        telling = (voices > 0) & (voices + answers > 1) & (voices <= COMMONEST)
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
            other_voices = others[(self.voices[others] != self.voices[one]) & ~self.published[others]]
            _, first = np.unique(self.voices[other_voices], return_index=True)
            near.append(other_voices[np.sort(first)[:NEIGHBOURS]])
        return near

    def holds(self, one: int, others: Ints) -> Bools:
        """Return which of a submission's fingerprints others have, shape (others, P)."""
        theirs = [self.features[other] for other in others.tolist()]
        return self._at(one, theirs, [np.ones(len(each), bool) for each in theirs])

    def _at(self, one: int, features: Sequence[Ints], values: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return values that belong to fingerprints, row by row, at a submission's fingerprints, shape (rows, P); else 0."""
        mine = self.features[one]
        if not len(features):
            return np.zeros((0, len(mine)), np.int64)
        self._place[mine] = np.arange(len(mine))
        place, flat = self._place[np.concatenate(features)], np.concatenate(values)
        self._place[mine] = -1
        row, kept = np.repeat(np.arange(len(features)), [len(each) for each in features]), place >= 0
        found = np.zeros((len(features), len(mine)), flat.dtype)
        found[row[kept], place[kept]] = flat[kept]
        return found

    def class_shares(self, one: int, others: Ints, held: Bools) -> Floats:
        """Return p_class of each of a submission's fingerprints, for it and each of others, shape (others, P).

        Args:
            one: the submission.
            others: indices of others.
            held: what they have of it, as `holds` says.
        """
        voices, theirs = self.voices[others], held.copy()
        unlike = np.flatnonzero((self._members[voices] > 1) | self.published[others])  # whose voice may have more or less
        theirs[unlike] = self._of_voices(one, voices[unlike])
        apart = voices != self.voices[one]
        mine = self._of_voices(one, self.voices[one : one + 1]) if self.published[one] else 1
        d = self.frequency[self.features[one]] - mine - (theirs & apart[:, None])
        n = self.count - int(self.heard[self.voices[one]]) - (self.heard[voices] & apart)
        shares: Floats = (d + 0.5) / (n[:, None] + 1)
        return shares

    def _of_voices(self, one: int, voices: Ints) -> Bools:
        """Return which of a submission's fingerprints voices have, shape (voices, P)."""
        theirs = [self._of_voice[voice] for voice in voices.tolist()]
        return self._at(one, theirs, [np.ones(len(each), bool) for each in theirs])

    def _weights(self, one: int, others: Ints) -> tuple[Floats, Bools]:
        """Return what each of a submission's fingerprints weighs for it and each of others, in nats; and if they share it."""
        near, mine = self.near, self.near[one]
        counts = self._at(one, [self.features[other] for other in others], [self._near_counts[other] + 1 for other in others])
        held = counts > 0
        c, m = self._near_counts[one] + counts - 1, np.full(len(others), len(mine))
        for row, other in enumerate(others.tolist()):
            m[row] += len(near[other])
            theirs = near[other]
            for suspect in (*mine[self.voices[mine] == self.voices[other]], *theirs[self.voices[theirs] == self.voices[one]]):
                has = held[row] if suspect == other else True if suspect == one else self.holds(one, np.array([suspect]))[0]
                c[row] -= has
                m[row] -= 1
        p_class = self.class_shares(one, others, held)
        return -np.log(np.clip(np.maximum(p_class, (c + p_class) / (m[:, None] + 1)), 1e-300, 1)), held

    def weights(self, i: int, j: int) -> tuple[Ints, Floats]:
        """Return the fingerprints that two submissions share, shape (F,), and what each weighs in nats."""
        weights, held = self._weights(i, np.array([j]))
        return self.features[i][held[0]], weights[held]

    def sides(self, first: Ints, second: Ints) -> Iterator[tuple[int, Ints, tuple[Ints, Ints]]]:
        """Yield each submission, the others that it makes pairs with, and where in an array (2, pairs) these are."""
        numbers = (np.tile(np.arange(len(first)), 2), (np.concatenate([first, second]), np.concatenate([second, first])))
        pairs = sparse.csr_matrix(numbers, (self.size, self.size))
        for one, (begin, end) in enumerate(pairwise(pairs.indptr)):
            if end > begin:
                pair = pairs.data[begin:end]
                yield one, np.asarray(pairs.indices[begin:end], np.int64), ((second[pair] == one).astype(np.int64), pair)

    def evidence(self, first: Ints, second: Ints) -> tuple[Floats, Ints]:
        """Return E of pairs, and how many statements carry it on the side that has fewer."""
        total, carrying = np.zeros((2, len(first))), np.zeros((2, len(first)), np.int64)
        for one, others, at in self.sides(first, second):
            weights, held = self._weights(one, others)
            total[at], carrying[at] = self.in_statements(one, weights * held)
        return total.min(0), carrying.min(0)

    def in_statements(self, one: int, weights: Floats) -> tuple[Floats, Ints]:
        """Return the sum over a submission's statements of the largest weight there, each fingerprint once.

        Args:
            one: the submission.
            weights: of its fingerprints, shape (rows, P), below 2^20.

        Returns:
            The sum of each row, and how many weights of more than ln 2 are in it.
        """
        if not len(self.features[one]):
            return np.zeros(len(weights)), np.zeros(len(weights), np.int64)
        feature, starts = self._statements[one]
        keys = np.round(weights * _STEPS).astype(np.int64)[:, feature] * _STEPS + (_STEPS - 1 - feature)
        strongest = _STEPS - 1 - np.maximum.reduceat(keys, starts, axis=1) % _STEPS
        counted = np.zeros(weights.shape)
        rows = np.arange(len(weights))[:, None]
        counted[rows, strongest] = weights[rows, strongest]
        return counted.sum(1), (counted > np.log(2)).sum(1)


def _by_statement(at: Ints, features: Ints) -> tuple[Ints, Ints]:
    """Return the fingerprints of all statements, one statement after the other, by their place; and where each begins."""
    order = np.argsort(at[:, 1], kind="stable")
    return np.searchsorted(features, at[order, 0]), np.flatnonzero(np.diff(at[order, 1], prepend=-1))
