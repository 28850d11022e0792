"""Which statement of one submission answers to which of another, and which name to which."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from practicum.integrity.likeness.evidence import Cohort
from practicum.integrity.submissions import ComparedSubmission


@dataclass(frozen=True)
class Match:
    """Two statements that carry evidence together.

    Attributes:
        first: index of the statement in the one submission.
        second: index of that in the other.
        weight: of the strongest fingerprint they share, in nats.
    """

    first: int
    second: int
    weight: float


def align(
    cohort: Cohort, first: ComparedSubmission, second: ComparedSubmission, i: int, j: int, least: float = 0.7
) -> list[Match]:
    """Return statements matched one to one, greedily by all that they share, in the order of the first.

    Args:
        cohort: the class.
        first: the one submission, whole.
        second: the other, whole.
        i: index of the one.
        j: index of the other.
        least: weight below which a match says nothing, in nats (0.7: half of those who work alike have it too).
    """
    shared, weights = cohort.weights(i, j)
    weight_of = dict(zip(shared.tolist(), weights.tolist(), strict=True))
    places: list[defaultdict[int, list[int]]] = []
    for one in (i, j):
        found: defaultdict[int, list[int]] = defaultdict(list)
        for feature, statement in cohort.at[one].tolist():
            if weight_of.get(feature, 0.0) > 0:
                found[feature].append(statement)
        places.append(found)
    total: Counter[tuple[int, int]] = Counter()
    strongest: defaultdict[tuple[int, int], float] = defaultdict(float)
    for feature, weight in weight_of.items():
        for a in places[0][feature][:20]:  # what comes more often than that says nothing about one place
            for b in places[1][feature][:20]:
                total[a, b] += weight
                strongest[a, b] = max(strongest[a, b], weight)
    for a, b in total:
        if first.statements[a].form.text == second.statements[b].form.text:
            total[a, b] += 1
    taken: tuple[set[int], set[int]] = (set(), set())
    matches = []
    for (a, b), _ in sorted(total.items(), key=lambda item: (-item[1], abs(item[0][0] - item[0][1]), item[0])):
        if strongest[a, b] >= least and a not in taken[0] and b not in taken[1]:
            taken[0].add(a)
            taken[1].add(b)
            matches.append(Match(a, b, strongest[a, b]))
    return sorted(matches, key=lambda match: match.first)


def renamings(matches: list[Match], first: ComparedSubmission, second: ComparedSubmission) -> list[tuple[str, str, int, int]]:
    """Return which names stand in each other's places: `(name, other, places where so, all places of the name)`.

    Args:
        matches: of the two.
        first: the one.
        second: the other.
    """
    pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for match in matches:
        a, b = first.statements[match.first].form, second.statements[match.second].form
        if a.text == b.text:
            for name, other in zip(a.names, b.names, strict=True):
                pairs[name][other] += 1
    found = []
    for name, others in pairs.items():
        other, count = others.most_common(1)[0]
        if name and other:
            found.append((name, other, count, others.total()))
    return sorted(found, key=lambda item: (-item[2], item[0]))
