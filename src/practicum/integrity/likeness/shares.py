"""What share of their work two submissions have in common, of the part that not everybody has.

    bits of fingerprint f        b = min(-ln p_class, ln 2) / ln 2          0 where everybody has it, 1 where half do or fewer
    shared, own bits             B, T = Σ over statements s of  max over f at s of  b_f    (B: on the side that has less)
    share                        mean over both sides of  (B + 1) / (T + 2)

p_class is that of `evidence`. A fingerprint says a bit at most, so that likeness is no matter of a few rare ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from practicum.integrity.likeness.evidence import NEIGHBOURS, Bools, Cohort, Floats, Ints


@dataclass(frozen=True)
class Likeness:
    """What pairs of submissions have in common.

    Attributes:
        first: index of one, shape (pairs,).
        second: index of the other, larger.
        bits: B.
        share: mean over both sides of (B + 1) / (T + 2), between 0 and 1.
        own: T of both sides, shape (2, pairs).
    """

    first: Ints
    second: Ints
    bits: Floats
    share: Floats
    own: Floats

    @property
    def x(self) -> Floats:
        """The share's logit."""
        x: Floats = logit(self.share)
        return x

    def some(self, which: Bools) -> Likeness:
        """Return it for some of the pairs."""
        return Likeness(self.first[which], self.second[which], self.bits[which], self.share[which], self.own[:, which])


def candidates(cohort: Cohort) -> tuple[Ints, Ints]:
    """Return the pairs that are worth a look: each submission with the submissions, and with the published answers, that share
    most of what is rare with it.
    """
    ranked = cohort.ranked()
    near = [others[cohort.published[others] == which][:NEIGHBOURS] for which in (False, True) for others in ranked]
    one = np.repeat(np.tile(np.arange(cohort.size), 2), [len(others) for others in near])
    other = np.concatenate([*near, np.empty(0, np.int64)])
    pairs = np.unique(np.minimum(one, other) * max(cohort.size, 1) + np.maximum(one, other))
    return pairs // max(cohort.size, 1), pairs % max(cohort.size, 1)


def likeness(cohort: Cohort, first: Ints, second: Ints, *, whole: bool = False) -> Likeness:
    """Return what pairs have in common, counted by the cohort's voices.

    Args:
        cohort: the class.
        first: index of one of each pair.
        second: index of the other, larger.
        whole: count each statement as a bit, what everybody has, too.
    """
    shared, own = np.zeros((2, len(first))), np.zeros((2, len(first)))
    for one, others, at in cohort.sides(first, second):
        held = cohort.holds(one, others)
        bits = np.ones(held.shape) if whole else bits_of(cohort.class_shares(one, others, held))
        own[at], shared[at] = cohort.in_statements(one, bits)[0], cohort.in_statements(one, bits * held)[0]
    bits = np.minimum(shared, own).min(0)  # two statements may be the same by all they have, and differ by what is shared
    return Likeness(first, second, bits, ((bits + 1) / (own + 2)).mean(0), own)


def bits_of(p_class: Floats) -> Floats:
    """Return b for each p_class."""
    bits: Floats = np.minimum(-np.log(p_class), np.log(2)) / np.log(2)
    return bits
