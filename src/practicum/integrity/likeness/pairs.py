"""Which pairs of a class have more in common than chance, each with its p-value; groups that copied count as one voice.

A group of copies must not be the yardstick of its own members. So it is found in rounds: pairs that share nearly everything are
one voice; likeness is counted anew with these voices; pairs that then stand out join as well, and so on. What is left is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from practicum.integrity.likeness.evidence import Bools, Cohort, Floats, Ints, Pair
from practicum.integrity.likeness.excess import excesses, p_values
from practicum.integrity.likeness.merged import Merged, merged
from practicum.integrity.likeness.shares import Likeness, candidates, likeness
from practicum.integrity.likeness.yardstick import Yardstick, p_value

THRESHOLD = 0.01
LEAST_EVIDENCE = 20.0  # nats: a chance of one in half a billion, if statements were independent
LEAST_STATEMENTS = 8
LEAST_GROUPS = 3  # students or teams of this term; of two, nothing is rare
ROUNDS = 4
SAME_SHARE, SAME_BITS = 0.93, 80.0  # as much in common makes one voice of two, before anything else is known
SAME_WHOLE = 0.95  # of all statements, what everybody has among them: so a group that is most of a class joins, too
ONE_OF_A_GROUP = 0.8  # share from which a pair is as conspicuous as the most conspicuous of its group


@dataclass(frozen=True)
class Judged:
    """A class, judged.

    Attributes:
        pairs: the most conspicuous first.
        merged: submissions that two others have most of between them.
        too_short: whether most submissions have so little of their own that even an identical copy would not stand out.
    """

    pairs: list[Pair]
    merged: list[Merged]
    too_short: bool


def judge(cohort: Cohort) -> Judged:
    """Find the groups of a class, count each as one voice from now on, and return its pairs with their p-values."""
    first, second = candidates(cohort)
    found = likeness(cohort, first, second)
    joined = (found.share >= SAME_SHARE) & (found.bits >= SAME_BITS)
    half = np.flatnonzero(found.share >= 0.5)  # as any two have that are nearly the same, however little of it is their own
    whole = likeness(cohort, first[half], second[half], whole=True)
    joined[half] |= (whole.share >= SAME_WHOLE) & (whole.bits >= SAME_BITS)
    among = ~(cohort.published[first] | cohort.published[second])
    height: Floats | None = None
    for _ in range(ROUNDS):
        if np.any(cohort.voices[first[joined]] != cohort.voices[second[joined]]):
            cohort.count_voices(_connected(cohort.voices, first[joined], second[joined]))
            found = likeness(cohort, first, second)
        elif height is not None:
            break
        yardstick = Yardstick(cohort, found.some(among))
        height = yardstick.heights(cohort, found)
        joined = p_value(height) * _chances(cohort, found) < THRESHOLD
        joined[joined] = _enough(*cohort.evidence(first[joined], second[joined]))
    assert height is not None
    if len(np.unique(cohort.groups[~cohort.earlier])) < LEAST_GROUPS:
        height = np.full(len(first), -np.inf)
    works = merged(cohort, found.some(among))
    return Judged(_judged(cohort, found, height, works), works, _too_short(cohort, found, yardstick))


def _connected(voices: Ints, first: Ints, second: Ints) -> Ints:
    """Return the voices after the pairs' have become one."""
    count = int(voices.max()) + 1
    links = sparse.coo_matrix((np.ones(len(first)), (voices[first], voices[second])), (count, count))
    joined: Ints = connected_components(links, directed=False)[1][voices]
    return joined


def _chances(cohort: Cohort, found: Likeness) -> Floats:
    """Return by what the p of each pair is multiplied: with k published answers, there are so many more to be like by chance."""
    published = cohort.published[found.first] | cohort.published[found.second]
    return np.where(published, 1 + cohort.published.sum() / max(cohort.count, 1), 1.0)


def _enough(evidence: Floats, statements: Ints) -> Bools:
    enough: Bools = (evidence >= LEAST_EVIDENCE) & (statements >= LEAST_STATEMENTS)
    return enough


def _judged(cohort: Cohort, found: Likeness, height: Floats, works: Sequence[Merged]) -> list[Pair]:
    """Return the pairs, the most conspicuous first."""
    near = np.array([(min(one, other), max(one, other)) for one, others in enumerate(cohort.near) for other in others.tolist()])
    pairs = np.unique(np.concatenate([np.stack([found.first, found.second], 1), near.reshape(-1, 2).astype(np.int64)]), axis=0)
    evidence, statements = cohort.evidence(pairs[:, 0], pairs[:, 1])
    excess = excesses(cohort, pairs, evidence)
    size = max(cohort.size, 1)
    at = np.searchsorted(pairs[:, 0] * size + pairs[:, 1], found.first * size + found.second)
    evidence, statements, excess, rare = evidence[at], statements[at], excess[at], p_values(cohort, pairs, excess)[at]
    p = p_value(height)
    p = np.where(height > 0, np.minimum(p, 2 * rare), p)  # one chance more for honest pairs to stand out: its p counts twice
    p = np.minimum(p * _chances(cohort, found), 1)
    for work in works:
        for first, second in work.pairs():
            p = np.where((found.first == first) & (found.second == second), np.minimum(p, work.p), p)
    p = _of_groups(cohort, found, np.where(_enough(evidence, statements), p, 1.0))
    columns = (found.first, found.second, evidence, excess, p, statements, found.share, found.bits)
    judged = [Pair(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    return sorted(judged, key=lambda pair: (pair.p, -pair.share, -pair.evidence, pair.first, pair.second))


def _of_groups(cohort: Cohort, found: Likeness, p: Floats) -> Floats:
    """Give pairs within a voice that share most of their work the smallest p of their voice."""
    voice = cohort.voices[found.first]
    inside = voice == cohort.voices[found.second]
    smallest = np.ones(len(cohort.heard))
    np.minimum.at(smallest, voice[inside], p[inside])
    alike = inside & (found.share >= ONE_OF_A_GROUP) & (p < 1)
    return np.where(alike, np.minimum(p, smallest[voice]), p)


def _too_short(cohort: Cohort, found: Likeness, yardstick: Yardstick) -> bool:
    """Return whether for most of this term's submissions an identical copy would not be flagged."""
    own = np.full(cohort.size, np.nan)
    for side, bits in zip((found.first, found.second), found.own, strict=True):
        own[side] = np.fmax(own[side], bits)
    own = own[~cohort.earlier & ~np.isnan(own)]
    return bool(len(own)) and bool(np.mean(p_value(yardstick.of_a_copy(own)) >= THRESHOLD) > 0.5)
