"""How much two submissions share beyond what their class shares: evidence, in nats, and how unlikely it is among honest pairs.

    rarity of fingerprint f for the pair (i, j)    w = -ln max(p_class, p_near)
        p_class = (d - 2 + ½) / (n - 1)            d of the n submissions have f, i and j among them
        p_near  = (c + p_class) / (m + 1)          c of the m nearest neighbours of i and of j have f, i and j left out
    evidence                                       E = min over both sides of  Σ over statements s of  max over f at s of  w_f
    excess                                         z = min over both sides of  (E - median_i) / spread_i

A fingerprint that everybody has weighs nothing. One that is common among those who work like i and j (who follow the same lecture
notes, say) weighs little even where the whole class is large: that is what p_near is for. Evidence is counted in statements: each
once, however many fingerprints meet there, and a statement that is repeated once in all. Median and spread (of absolute
deviations, Rousseeuw & Croux 1993) are those of E between a submission and its closest neighbours, so that a pair has to stand
out from both its sides' other matches; a spread is at least a statement that nobody else has, ln (N + 1).

The largest excess per submission in an honest class follows, about, a Gumbel distribution (Fisher & Tippett 1928). It is fitted
to this class at the quantiles that a few copies don't reach; the p-value of a pair is that some pair of the class has such an
excess.

Symbols: N submissions, F distinct fingerprints, P fingerprints of one submission.
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
CLOSEST = 20  # of the neighbours, and a fifth of the class at most: those against which a pair has to stand out
COMMONEST = 64  # submissions that share a fingerprint by which neighbours are looked for
QUANTILES = np.linspace(0.1, 0.6, 11)
POOLED = 10  # neighbours' worth of the class's ordinary spread in each submission's own, which few values tell badly
SMALLEST_CLASS = 12
LEAST_SCALE = 0.5  # of the distribution, in spreads: what honest classes have, where this one has too little to fit it to

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """Two submissions and what they share.

    Attributes:
        first: index of one.
        second: index of the other.
        evidence: E, in nats.
        excess: z.
        p: that an honest class of this size has a pair with such an excess; 1 where the class is too small to say.
        statements: how many statements carry evidence, on the side that has fewer.
    """

    first: int
    second: int
    evidence: float
    excess: float
    p: float
    statements: int


@dataclass(frozen=True)
class Gumbel:
    """A Gumbel distribution of largest values.

    Attributes:
        location: μ.
        scale: β.
    """

    location: float
    scale: float

    @classmethod
    def of(cls, largest: Floats) -> Gumbel:
        """Fit it at the lower quantiles, which outliers do not move."""
        heights = -np.log(-np.log(QUANTILES))
        scale, location = np.polyfit(heights, np.quantile(largest, QUANTILES), 1)
        return cls(float(location), max(float(scale), LEAST_SCALE))

    def exceeds(self, value: float) -> float:
        """Return the probability of a larger value."""
        return float(-np.expm1(-np.exp(-(value - self.location) / self.scale)))

    def reached_with(self, probability: float) -> float:
        """Return the value that is exceeded with this probability."""
        return self.location - self.scale * float(np.log(-np.log1p(-probability)))


class Cohort:
    """The submissions of a class, and earlier ones, made comparable.

    Args:
        prints: of each submission.
        given: fingerprints that count for nothing, those of the handout, say.
        groups: a number per submission; those with the same are not compared (a team, or all earlier ones).

    Attributes:
        largest: after `pairs`, the largest excess of each submission, at least 0.
        honest: after `pairs`, the distribution fitted to it; None where the class is too small.
    """

    largest: Floats
    honest: Gumbel | None = None

    def __init__(self, prints: Sequence[Prints], given: NDArray[np.uint64], groups: Sequence[int] | None = None) -> None:
        self.size = len(prints)
        self.groups = np.arange(self.size) if groups is None else np.asarray(groups)
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
        held = np.concatenate(self.features) if self.size else np.empty(0, np.int64)
        self.frequency = np.bincount(held, minlength=int(feature.max()) + 1 if len(feature) else 0)
        self.near = self._nearest()
        self.near_counts = [self._count_near(one) for one in range(self.size)]

    def _nearest(self) -> list[Ints]:
        """Return each submission's neighbours, by the rarity of what they share."""
        owner = np.repeat(np.arange(self.size), [len(one) for one in self.features])
        held = np.concatenate(self.features) if self.size else np.empty(0, np.int64)
        telling = (self.frequency[held] > 1) & (self.frequency[held] <= COMMONEST)
        weight = np.sqrt(np.log((self.size + 1) / self.frequency[held[telling]]))
        matrix = sparse.csr_matrix((weight, (owner[telling], held[telling])), (self.size, len(self.frequency)))
        shared = (matrix @ matrix.T).tocsr()
        near = []
        for one in range(self.size):
            others = shared.indices[shared.indptr[one] : shared.indptr[one + 1]]
            values = shared.data[shared.indptr[one] : shared.indptr[one + 1]]
            allowed = self.groups[others] != self.groups[one]
            others, values = others[allowed], values[allowed]
            near.append(np.asarray(others[np.argsort(-values, kind="stable")[:NEIGHBOURS]], np.int64))
        return near

    def _count_near(self, one: int) -> Ints:
        """For each feature of a submission, how many of its neighbours have it."""
        mine = self.features[one]
        counts = np.zeros(len(mine), np.int64)
        for other in self.near[one]:
            counts[np.isin(mine, self.features[other], assume_unique=True)] += 1
        return counts

    def weights(self, i: int, j: int) -> tuple[Ints, Floats]:
        """Return the fingerprints that two submissions share, shape (F,), and what each weighs in nats."""
        shared, at_i, at_j = np.intersect1d(self.features[i], self.features[j], assume_unique=True, return_indices=True)
        j_near, i_near = int(j in self.near[i]), int(i in self.near[j])
        c = self.near_counts[i][at_i] + self.near_counts[j][at_j] - j_near - i_near
        m = len(self.near[i]) + len(self.near[j]) - j_near - i_near
        p_class = (self.frequency[shared] - 1.5) / (self.size - 1)
        p_near = (c + p_class) / (m + 1)
        return shared, -np.log(np.clip(np.maximum(p_class, p_near), 0, 1))

    def evidence(self, i: int, j: int) -> tuple[float, int]:
        """Return E, and how many statements carry it on the side that has fewer."""
        shared, weights = self.weights(i, j)
        sums, statements = zip(*(_by_statement(self.at[one], shared, weights) for one in (i, j)), strict=True)
        return min(sums), min(statements)

    def pairs(self) -> list[Pair]:
        """Return the pairs of neighbours, those with the largest excess first."""
        wanted = sorted({(min(i, int(j)), max(i, int(j))) for i in range(self.size) for j in self.near[i]})
        found = [self.evidence(i, j) for i, j in wanted]
        median, spread = self._ordinary({pair: value for pair, (value, _) in zip(wanted, found, strict=True)})
        excess = [
            min((value - median[i]) / spread[i], (value - median[j]) / spread[j])
            for (i, j), (value, _) in zip(wanted, found, strict=True)
        ]
        largest = np.zeros(self.size)
        for (i, j), z in zip(wanted, excess, strict=True):
            largest[i], largest[j] = max(largest[i], z), max(largest[j], z)
        self.largest = largest
        self.honest = honest = Gumbel.of(largest) if len(largest) >= SMALLEST_CLASS else None
        pairs = []
        for (i, j), (value, statements), z in zip(wanted, found, excess, strict=True):
            p = float(-np.expm1(len(largest) * np.log1p(-min(honest.exceeds(z), 1 - 1e-15)))) if honest else 1.0
            pairs.append(Pair(i, j, value, float(z), p, statements))
        return sorted(pairs, key=lambda pair: (-pair.excess, -pair.evidence, pair.first, pair.second))

    def _ordinary(self, evidence: dict[tuple[int, int], float]) -> tuple[Floats, Floats]:
        """Return median and spread of each submission's evidence with its closest neighbours; who is no neighbour shares
        nothing.
        """
        count = min(CLOSEST, max(self.size // 5, 1))
        closest = np.zeros((self.size, count))
        for one, others in enumerate(self.near):
            values = sorted((evidence[min(one, int(other)), max(one, int(other))] for other in others), reverse=True)[:count]
            closest[one, : len(values)] = values
        median = np.median(closest, axis=1)
        spread = 1.4826 * np.median(np.abs(closest - median[:, None]), axis=1)
        least = np.log(self.size + 1)
        pooled = max(float(np.median(spread)), least) if self.size else least
        return median, np.maximum(np.sqrt((count * spread**2 + POOLED * pooled**2) / (count + POOLED)), least)


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
