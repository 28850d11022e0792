"""What share of their work two submissions have in common, of the part that not everybody has.

    bits of fingerprint f        b = min(-ln p_class, ln 2) / ln 2          0 where everybody has it, 1 where half do or fewer
    shared, own bits             B, T = Σ over statements s of  max over f at s of  b_f    (B: on the side that has less)
    share                        mean over both sides of  (B + 1) / (T + 2)

p_class is that of `evidence`. A fingerprint says a bit at most, so that likeness is no matter of a few rare ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import logit

from practicum.integrity.evidence import NEIGHBOURS, Cohort, Floats, Ints

_STEPS = 1 << 20  # what bits are rounded to, and how many fingerprints a submission has at most


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


def candidates(cohort: Cohort) -> tuple[Ints, Ints]:
    """Return the pairs that are worth a look: each submission with those that share most of what is rare with it."""
    near = [others[:NEIGHBOURS] for others in cohort.ranked()]
    one = np.repeat(np.arange(cohort.size), [len(others) for others in near])
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
    count = len(first)
    numbers = (np.tile(np.arange(count), 2), (np.concatenate([first, second]), np.concatenate([second, first])))
    sides = sparse.csr_matrix(numbers, (cohort.size, cohort.size))
    shared, own = np.zeros((2, count)), np.zeros((2, count))
    held = _by_voice(cohort)
    for one in range(cohort.size):
        pair = sides.data[sides.indptr[one] : sides.indptr[one + 1]]
        others = sides.indices[sides.indptr[one] : sides.indptr[one + 1]]
        if len(others):
            side = (second[pair] == one).astype(int)
            shared[side, pair], own[side, pair] = _one_side(cohort, held, one, others, whole)
    bits = np.minimum(shared, own).min(0)  # two statements may be the same by all they have, and differ by what is shared
    return Likeness(first, second, bits, ((bits + 1) / (own + 2)).mean(0), own)


def _by_voice(cohort: Cohort) -> list[Ints]:
    """Return the fingerprints of each voice."""
    members: list[list[Ints]] = [[] for _ in range(cohort.count)]
    for voice, features in zip(cohort.voices.tolist(), cohort.features, strict=True):
        members[voice].append(features)
    return [some[0] if len(some) == 1 else np.unique(np.concatenate(some)) for some in members]


def _one_side(cohort: Cohort, held: list[Ints], one: int, others: Ints, whole: bool) -> tuple[Floats, Floats]:
    """Return the bits that a submission shares with each of others, and its own, shape (others,)."""
    mine, at = cohort.features[one], cohort.at[one]
    if not len(mine):
        return np.zeros(len(others)), np.zeros(len(others))
    both = np.array([np.isin(mine, cohort.features[other], assume_unique=True) for other in others])
    apart = cohort.voices[others] != cohort.voices[one]
    theirs = both.copy()
    for row, other in enumerate(others):
        voice = cohort.voices[other]
        if apart[row] and len(held[voice]) > len(cohort.features[other]):
            theirs[row] = np.isin(mine, held[voice], assume_unique=True)
    remain = cohort.frequency[mine] - 1 - theirs * apart[:, None]
    p_class = (remain + 0.5) / (len(held) - apart[:, None])
    bits = np.ones(p_class.shape) if whole else np.minimum(-np.log(p_class), np.log(2)) / np.log(2)
    order = np.argsort(at[:, 1], kind="stable")
    row_feature = np.searchsorted(mine, at[order, 0])
    starts = np.flatnonzero(np.diff(at[order, 1], prepend=-1))
    return _in_statements(bits * both, row_feature, starts), _in_statements(bits, row_feature, starts)


def _in_statements(bits: Floats, feature: Ints, starts: Ints) -> Floats:
    """Return the sum over statements of the most bits there, each fingerprint once, for each row of bits.

    Args:
        bits: shape (rows, P).
        feature: the fingerprints of all statements, one statement after the other.
        starts: where each statement begins.
    """
    keys = np.round(bits * _STEPS).astype(np.int64)[:, feature] * _STEPS + (_STEPS - 1 - feature)
    strongest = _STEPS - 1 - np.maximum.reduceat(keys, starts, axis=1) % _STEPS
    counted = np.zeros(bits.shape, bool)
    counted[np.arange(len(bits))[:, None], strongest] = True
    total: Floats = (bits * counted).sum(1)
    return total
