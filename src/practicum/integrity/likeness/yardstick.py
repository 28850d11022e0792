"""How unlikely a likeness is in an honest class, whoever else copied.

    likeness         x = logit of the share (see `shares`)
    yardstick        U = the 75 % quantile of the other voices' largest x, R = how far it is above the 25 % quantile
    p-value          p = 1 - exp(-exp(-h)),    h = (x - U - μ) / (β · max(1, 100 / B)^e),    e = R / 0.7, between ½ and 1

The yardstick is how alike the others are, those left out who are looked at; so no group of copies makes its own likeness look
ordinary. The largest x - U of an honest class hardly depends on its size or on how many ways of doing the task there are; it
follows about a Gumbel distribution (Fisher & Tippett 1928) of location μ and scale β. It is wider where there is less to go by,
and where some others have a twin by chance and some are like nobody, as in a short lab with popular answers. All constants were
measured on generated classes; see benchmarks/README.md.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from practicum.integrity.likeness.evidence import Cohort, Floats
from practicum.integrity.likeness.shares import Likeness

LOCATION, SCALE = 0.20, 0.174  # μ and β
ENOUGH_BITS = 100.0  # from here up, the scale is β
LEAST_BITS = 12.0
QUANTILE, LOWER_QUANTILE = 0.75, 0.25
WIDE_RANGE = 0.7  # R from which e is 1
LEAST_YARDSTICK = float(logit(0.35))
FEW_VOICES, YARDSTICK_OF_FEW = 6, float(logit(0.85))  # with fewer others than that, they say little of what is ordinary


class Yardstick:
    """How alike the voices of a class are: of each, its largest x with three others.

    Args:
        cohort: the class.
        found: its pairs without those with published answers, which say how many right answers there are.
    """

    def __init__(self, cohort: Cohort, found: Likeness) -> None:
        self.count = len(cohort.heard)
        ours = np.zeros(self.count, bool)
        ours[cohort.voices[~cohort.earlier]] = True
        one = np.concatenate([cohort.voices[found.first], cohort.voices[found.second]])
        other = np.concatenate([cohort.voices[found.second], cohort.voices[found.first]])
        x = np.tile(found.x, 2)
        kept = (one != other) & ours[one]
        one, other, x = one[kept], other[kept], x[kept]
        order = np.lexsort((-x, other, one))
        one, other, x = one[order], other[order], x[order]
        best = np.flatnonzero(np.diff(one * self.count + other, prepend=-1))  # of two voices, their most alike members
        one, other, x = one[best], other[best], x[best]
        order = np.lexsort((-x, one))
        one, other, x = one[order], other[order], x[order]
        rank = np.arange(len(one)) - np.searchsorted(one, one)
        self.partner, self.x = np.full((3, self.count), -1), np.full((3, self.count), -np.inf)
        top = rank < 3
        self.partner[rank[top], one[top]], self.x[rank[top], one[top]] = other[top], x[top]
        self.ours = ours

    def without(self, *voices: int) -> tuple[float, float]:
        """Return U and R, these voices left out."""
        left, out = self.ours.copy(), np.zeros((2, self.count), bool)
        for voice in voices:
            left[voice] = False
            out |= self.partner[:2] == voice
        x = np.where(out[0], np.where(out[1], self.x[2], self.x[1]), self.x[0])[left]
        least = LEAST_YARDSTICK if len(x) >= FEW_VOICES else YARDSTICK_OF_FEW
        if not len(x):
            return least, 0.0
        lower, upper = np.quantile(np.maximum(x, least), (LOWER_QUANTILE, QUANTILE))
        return float(upper), float(upper - lower)

    def heights(self, cohort: Cohort, found: Likeness) -> Floats:
        """Return h of each pair; minus infinity where there is too little to go by."""
        third = np.sort(self.x[2][self.ours])  # U is at least the quantile of these, whoever is left out
        unit = np.full(len(found.x), max(third[int(QUANTILE * (len(third) - 3))], LEAST_YARDSTICK) if len(third) > 3 else -np.inf)
        apart = np.zeros(len(found.x))
        for pair in np.flatnonzero(found.x > unit):  # the others are like what is ordinary at most
            voices = {int(cohort.voices[found.first[pair]]), int(cohort.voices[found.second[pair]])}
            unit[pair], apart[pair] = self.without(*voices)
        return heights(found.x - unit, found.bits, apart)

    def of_a_copy(self, own: Floats) -> Floats:
        """Return h of an identical copy of each of some submissions, which have so many bits of their own."""
        unit, apart = self.without()
        return heights(logit((own + 1) / (own + 2)) - unit, own, apart)


def heights(gap: Floats, bits: Floats, apart: Floats | float) -> Floats:
    """Return h for x - U, B and R; minus infinity where B is less than `LEAST_BITS`."""
    spread = SCALE * np.maximum(ENOUGH_BITS / np.maximum(bits, LEAST_BITS), 1) ** np.clip(apart / WIDE_RANGE, 0.5, 1)
    return np.where(bits >= LEAST_BITS, (gap - LOCATION) / spread, -np.inf)


def p_value(height: Floats) -> Floats:
    """Return the probability that an honest class has such a height."""
    p: Floats = -np.expm1(-np.exp(-height))
    return p
