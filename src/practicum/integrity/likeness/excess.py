"""How far the evidence of a pair stands out from its two sides' other matches, in a class that is large enough to tell.

    excess    z = min over both sides of  (E - median_i) / spread_i

Median and spread (of absolute deviations, Rousseeuw & Croux 1993) are those of E between a submission and its closest neighbours;
a spread is at least a statement that nobody else has, ln (N + 1). The largest excess per voice of an honest class follows, about,
a Gumbel distribution (Fisher & Tippett 1928). It is fitted to the class at the quantiles that a few copies do not reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from practicum.integrity.evidence import Cohort, Floats

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

    def exceeds(self, value: float) -> float:
        """Return the probability of a larger value."""
        return float(-np.expm1(-np.exp(-(value - self.location) / self.scale)))

    def reached_with(self, probability: float) -> float:
        """Return the value that is exceeded with this probability."""
        return self.location - self.scale * float(np.log(-np.log1p(-probability)))


Excesses = dict[tuple[int, int], float]


def excesses(cohort: Cohort, evidence: Mapping[tuple[int, int], float]) -> Excesses:
    """Return z of each pair.

    Args:
        cohort: the class.
        evidence: E, by pair of submissions (the smaller index first); all pairs of `Cohort.near` among them.
    """
    count = min(CLOSEST, max(cohort.count // 5, 1))
    closest = np.zeros((cohort.size, count))
    for one, others in enumerate(cohort.near):
        values = sorted((evidence[min(one, int(other)), max(one, int(other))] for other in others), reverse=True)[:count]
        closest[one, : len(values)] = values  # who is no neighbour shares nothing
    median = np.median(closest, axis=1)
    spread = 1.4826 * np.median(np.abs(closest - median[:, None]), axis=1)
    least = np.log(cohort.size + 1)
    pooled = max(float(np.median(spread)), least) if cohort.size else least
    spread = np.maximum(np.sqrt((count * spread**2 + POOLED * pooled**2) / (count + POOLED)), least)
    return {
        (i, j): float(min((value - median[i]) / spread[i], (value - median[j]) / spread[j])) for (i, j), value in evidence.items()
    }


def p_values(cohort: Cohort, excess: Excesses) -> Excesses:
    """Return the p-value of each pair: that some pair of an honest class has such an excess; 1 where voices are few."""
    if cohort.count < ENOUGH_VOICES:
        return dict.fromkeys(excess, 1.0)
    largest = np.zeros(cohort.count)
    for (i, j), z in excess.items():
        one, other = cohort.voices[i], cohort.voices[j]
        if one != other:
            largest[one], largest[other] = max(largest[one], z), max(largest[other], z)
    honest = Gumbel.of(largest)
    return {pair: float(-np.expm1(cohort.count * np.log1p(-min(honest.exceeds(z), 1 - 1e-15)))) for pair, z in excess.items()}
