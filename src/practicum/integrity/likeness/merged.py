"""Who put a work together from two others: half of each leaves a share of a half with either, which honest pairs have, too.

    cover      C = (bits of one's statements that one or the other of two has, too, + 1) / (T + 2),  of the two that have most
    p-value    p = 1 - exp(-exp(-h)),    h = (logit C - V - μ) / (β · max(1, 100 / T))

V is the 75 % quantile of the others' logit C, the three left out. Bits and T are those of `shares`. Location and scale are such
that no honest class of the generated kinds comes near; see benchmarks/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from practicum.integrity.likeness.evidence import Cohort, Floats, Ints
from practicum.integrity.likeness.shares import Likeness, bits_of
from practicum.integrity.likeness.yardstick import ENOUGH_BITS, FEW_VOICES, QUANTILE, p_value

LOCATION, SCALE = 1.0, 0.3  # μ and β
NEAREST = 8  # of a submission, among which the two are looked for
LEAST_OF_EACH = 0.2  # of a submission's bits, what each of the two adds to the other


@dataclass(frozen=True)
class Merged:
    """A submission, and the two others that have most of it between them.

    Attributes:
        work: the submission.
        sources: the two.
        cover: C, between 0 and 1.
        p: the probability that an honest class has a submission covered so well by two others.
    """

    work: int
    sources: tuple[int, int]
    cover: float
    p: float

    def pairs(self) -> list[tuple[int, int]]:
        """Return the submission with either of the two, the smaller index first."""
        return [(min(self.work, source), max(self.work, source)) for source in self.sources]


def merged(cohort: Cohort, found: Likeness) -> list[Merged]:
    """Return this term's submissions of which two others have most, and each of these two what the other has not.

    Args:
        cohort: the class.
        found: its pairs, without those with published answers.
    """
    cover, bits, sources = np.full(cohort.size, -np.inf), np.zeros(cohort.size), np.full((cohort.size, 2), -1)
    for one, others, (_, pair) in cohort.sides(found.first, found.second):
        if not cohort.earlier[one]:
            apart = np.flatnonzero(cohort.voices[others] != cohort.voices[one])
            near = others[apart[np.argsort(-found.share[pair[apart]], kind="stable")[:NEAREST]]]
            cover[one], bits[one], two = _cover(cohort, one, near)
            sources[one] = near[two] if len(two) else -1
    works, ours = [], np.isfinite(cover)
    for one in np.flatnonzero(sources[:, 0] >= 0).tolist():
        three = cohort.voices[[one, *sources[one]]]
        rest = cover[ours & ~np.isin(cohort.voices, three)]
        if len(rest) >= FEW_VOICES:
            height = (cover[one] - np.quantile(rest, QUANTILE) - LOCATION) / (SCALE * max(1.0, ENOUGH_BITS / bits[one]))
            first, second = sources[one].tolist()
            works.append(Merged(one, (first, second), float(expit(cover[one])), float(p_value(height))))
    return works


def _cover(cohort: Cohort, one: int, others: Ints) -> tuple[float, float, Ints]:
    """Return logit C, T, and which two of the others it is; none of them where one has hardly more than the other."""
    none = np.empty(0, np.int64)
    if len(others) < 2 or not len(cohort.features[one]):
        return -np.inf, 0.0, none
    held = cohort.holds(one, others)
    bits: Floats = bits_of(cohort.class_shares(one, others, held))
    alone = cohort.in_statements(one, bits * held)[0]
    first = int(np.argmax(alone))
    own = float(cohort.in_statements(one, bits[first : first + 1])[0][0])
    both = np.minimum(cohort.in_statements(one, bits[first] * (held | held[first]))[0], own)
    both[cohort.voices[others] == cohort.voices[others[first]]] = alone[first]
    second = int(np.argmax(both))
    needed = min(both[second] - alone[first], both[second] - alone[second]) >= LEAST_OF_EACH * own
    return float(logit((both[second] + 1) / (own + 2))), own, np.array([first, second]) if needed else none
