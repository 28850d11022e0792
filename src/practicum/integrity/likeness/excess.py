"""How far the evidence of a pair stands out from its two sides' other matches, in a class that is large enough to tell.

    excess    z = min over both sides of  (E - median_i) / spread_i

Median and spread (of absolute deviations, Rousseeuw & Croux 1993) are those of E between a submission and its closest neighbours;
a spread is at least a statement that nobody else has, ln (N + 1). The largest excess per voice of an honest class follows, about,
a Gumbel distribution (Fisher & Tippett 1928). It is fitted to the class at the quantiles that a few copies do not reach.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from practicum.integrity.likeness.evidence import Cohort, Floats, Ints

CLOSEST = 20  # of the neighbours, and a fifth of the class at most: those against which a pair has to stand out
QUANTILES = np.linspace(0.1, 0.6, 11)
POOLED = 10  # neighbours' worth of the class's ordinary spread in each submission's own, which few values tell badly
ENOUGH_VOICES = 40  # with fewer, three copies spoil the fit, and honest pairs reach any p
LEAST_SCALE = 0.5  # of the distribution, in spreads: what honest classes have, where this one has too little to fit it to


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

    def exceeds(self, values: Floats) -> Floats:
        """Return the probability of larger values."""
        p: Floats = -np.expm1(-np.exp(-(values - self.location) / self.scale))
        return p


def excesses(cohort: Cohort, pairs: Ints, evidence: Floats) -> Floats:
    """Return z of each pair.

    Args:
        cohort: the class.
        pairs: indices of submissions, shape (pairs, 2); all pairs of `Cohort.near` among them.
        evidence: E of each.
    """
    count = min(CLOSEST, max(cohort.count // 5, 1))
    known = {(i, j): value for (i, j), value in zip(pairs.tolist(), evidence.tolist(), strict=True)}
    closest = np.zeros((cohort.size, count))
    for one, others in enumerate(cohort.near):
        values = sorted((known[min(one, other), max(one, other)] for other in others.tolist()), reverse=True)[:count]
        closest[one, : len(values)] = values  # who is no neighbour shares nothing
    median = np.median(closest, axis=1)
    spread = 1.4826 * np.median(np.abs(closest - median[:, None]), axis=1)
    least = np.log(np.sum(~cohort.published) + 1)
    pooled = max(float(np.median(spread)), least) if cohort.size else least
    spread = np.maximum(np.sqrt((count * spread**2 + POOLED * pooled**2) / (count + POOLED)), least)
    excess: Floats = ((evidence[:, None] - median[pairs]) / spread[pairs]).min(1)
    return excess


def p_values(cohort: Cohort, pairs: Ints, excess: Floats) -> Floats:
    """Return the p-value of each pair: that some pair of an honest class has such an excess; 1 where voices are few."""
    if cohort.count < ENOUGH_VOICES:
        return np.ones(len(excess))
    largest, voices = np.zeros(len(cohort.heard)), cohort.voices[pairs]
    apart = (voices[:, 0] != voices[:, 1]) & ~cohort.published[pairs].any(1)
    for side in (0, 1):
        np.maximum.at(largest, voices[apart, side], excess[apart])
    exceeded = np.minimum(Gumbel.of(largest[cohort.heard]).exceeds(excess), 1 - 1e-15)
    p: Floats = -np.expm1(cohort.count * np.log1p(-exceeded))
    return p
