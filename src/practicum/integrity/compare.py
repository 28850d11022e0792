"""Comparing a class: which pairs share more than the class does, and what else two submissions have in common."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from practicum.integrity.likeness.evidence import Cohort, Pair
from practicum.integrity.likeness.pairs import LEAST_EVIDENCE, LEAST_GROUPS, LEAST_STATEMENTS, THRESHOLD, judge
from practicum.integrity.misspellings import shared_misspellings
from practicum.integrity.submissions import ComparedSubmission

__all__ = ["LEAST_EVIDENCE", "LEAST_STATEMENTS", "THRESHOLD", "Comparison", "Found", "compare"]

TOO_SMALL = "The class is too small to say what is ordinary in it: no pair is flagged for its code, the pairs are only ranked."
TOO_SHORT = (
    "This lab is too short to tell: most submissions have so little that not everybody has that even an identical copy would not "
    "stand out. That a pair is not flagged for its code says nothing here."
)
_FEW = 3
_MANY_DECIMALS = 8


@dataclass(frozen=True)
class Found:
    """A pair, and what is known of it.

    Attributes:
        pair: the two submissions, with the evidence in their code.
        traces: in words, what else they share that hardly anyone else has: outputs, weights, numbers, misspellings.
        flagged: whether a person should look at it.
    """

    pair: Pair
    traces: tuple[str, ...]
    flagged: bool


@dataclass
class Comparison:
    """What came of comparing a class.

    Attributes:
        cohort: the submissions, as they were compared.
        found: pairs, the most conspicuous first.
        own: pairs of a student with the same student's submission of an earlier term.
        clusters: groups of submissions that flagged pairs connect, each two or more.
        note: what whoever reads this has to know first, a sentence or two; "" where there is nothing.
    """

    cohort: Cohort
    found: list[Found] = field(default_factory=list)
    own: list[Found] = field(default_factory=list)
    clusters: list[list[int]] = field(default_factory=list)
    note: str = ""


def compare(
    submissions: Sequence[ComparedSubmission],
    given: Iterable[ComparedSubmission] = (),
    teams: Mapping[str, str] | None = None,
    *,
    threshold: float = THRESHOLD,
) -> Comparison:
    """Compare every submission of this term with every other and with those of earlier terms.

    Args:
        submissions: of this and earlier terms.
        given: what everybody got or has to write: handout, solution. It counts for nothing.
        teams: names by student; within a team nothing is compared.
        threshold: the p-value from which down a pair is flagged.
    """
    given = list(given)
    hashes: NDArray[np.uint64] = np.concatenate([np.empty(0, np.uint64), *(one.prints.hashes for one in given)])
    earlier = [bool(one.term) for one in submissions]
    published = [one.published for one in submissions]
    cohort = Cohort([one.prints for one in submissions], hashes, _groups(submissions, teams or {}), earlier, published)
    shared = _traces(submissions, given)
    judged = judge(cohort)
    for work in judged.merged:
        if work.p < threshold:
            have = f"{' and '.join(submissions[each].name for each in work.sources)} have {work.cover:.0%} of it between them"
            for both in work.pairs():
                traces, certain = shared.get(both, ([], False))
                shared[both] = ([*traces, f"{submissions[work.work].name} may be made of two others: {have}"], certain)
    comparison = Comparison(cohort)
    if len(np.unique(cohort.groups[~cohort.earlier])) < LEAST_GROUPS:
        comparison.note = TOO_SMALL
    elif judged.too_short:
        comparison.note = TOO_SHORT
    pairs = {(pair.first, pair.second): pair for pair in judged.pairs}
    further = [(i, j) for i, j in shared if cohort.compared(i, j) and (i, j) not in pairs]
    evidence, statements = cohort.evidence(*np.array(further, np.int64).reshape(-1, 2).T)
    for (i, j), nats, carrying in zip(further, evidence.tolist(), statements.tolist(), strict=True):
        pairs[i, j] = Pair(i, j, nats, 0.0, 1.0, carrying)
    for (i, j), pair in pairs.items():
        traces, certain = shared.get((i, j), ([], False))
        found = Found(pair, tuple(traces), certain or pair.p < threshold)
        (comparison.own if submissions[i].student == submissions[j].student else comparison.found).append(found)
    comparison.found = _nearest_published(submissions, comparison.found)
    for each in (comparison.found, comparison.own):
        each.sort(key=lambda found: (not found.flagged, found.pair.p, -found.pair.share, -len(found.traces)))
    comparison.clusters = _clusters([(one.pair.first, one.pair.second) for one in comparison.found if one.flagged])
    return comparison


def _nearest_published(submissions: Sequence[ComparedSubmission], found: Sequence[Found]) -> list[Found]:
    """Return the pairs, of each student with published answers only the nearest: these answers are like one another."""
    kept: list[Found] = []
    near: defaultdict[int, list[Found]] = defaultdict(list)
    for one in found:
        student, other = sorted((one.pair.first, one.pair.second), key=lambda side: submissions[side].published)
        (near[student] if submissions[other].published else kept).append(one)
    return kept + [min(some, key=lambda one: (not one.flagged, -one.pair.share, one.pair.second)) for some in near.values()]


def _groups(submissions: Sequence[ComparedSubmission], teams: Mapping[str, str]) -> list[int]:
    """Return a number for each submission, the same within a team and for one student's of this term."""
    numbers: dict[tuple[str, ...], int] = {}
    groups = []
    for at, one in enumerate(submissions):
        if one.published:
            key: tuple[str, ...] = ("published",)  # who copied one is no yardstick for who copied another
        elif one.term:
            key = ("earlier", str(at))
        elif one.student in teams:
            key = ("team", teams[one.student])
        else:
            key = ("student", one.student)
        groups.append(numbers.setdefault(key, len(numbers)))
    return groups


def _traces(
    submissions: Sequence[ComparedSubmission], given: Sequence[ComparedSubmission]
) -> dict[tuple[int, int], tuple[list[str], bool]]:
    """Return what pairs share that at most a few have, and whether that alone is enough to look at them."""
    few = max(2, min(_FEW, len(submissions) // 4))
    shared: defaultdict[tuple[int, int], tuple[list[str], bool]] = defaultdict(lambda: ([], False))
    for kind, certain in (("arrays", True), ("outputs", False)):
        known = {key for one in given for key in getattr(one, kind)}
        for key, holders in _holders(getattr(one, kind) for one in submissions).items():
            if 2 <= len(holders) <= few and key not in known:
                for i, j in _pairs(holders):
                    traces, before = shared[i, j]
                    traces.append(f"the same to the last bit: {getattr(submissions[i], kind)[key]}")
                    shared[i, j] = (traces, before or certain)
    numbers: Counter[tuple[int, int]] = Counter()
    known = {number for one in given for number in one.decimals}
    for number, holders in _holders(one.decimals for one in submissions).items():
        if 2 <= len(holders) <= few and number not in known:
            numbers.update(_pairs(holders))
    for pair, count in numbers.items():
        if count >= _MANY_DECIMALS:
            traces, before = shared[pair]
            traces.append(f"{count} numbers in saved outputs and logs that hardly anyone else has")
            shared[pair] = (traces, before)
    for pair, words in shared_misspellings(submissions, given, few).items():
        traces, before = shared[pair]
        traces.append("the same misspellings: " + ", ".join(words[:8]))
        shared[pair] = (traces, before)
    return dict(shared)


def _holders(of: Iterable[Iterable[object]]) -> dict[object, list[int]]:
    holders: defaultdict[object, list[int]] = defaultdict(list)
    for number, things in enumerate(of):
        for thing in things:
            holders[thing].append(number)
    return holders


def _pairs(holders: Sequence[int]) -> list[tuple[int, int]]:
    return [(i, j) for position, i in enumerate(holders) for j in holders[position + 1 :]]


def _clusters(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return connected components, the largest first."""
    root: dict[int, int] = {}

    def find(one: int) -> int:
        while root.setdefault(one, one) != one:
            one = root[one]
        return one

    for i, j in pairs:
        root[find(i)] = find(j)
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for one in sorted(root):
        groups[find(one)].append(one)
    return sorted(groups.values(), key=lambda group: (-len(group), group))
