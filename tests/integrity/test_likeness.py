"""Likeness by the formulas, on prints made by hand; who is flagged in classes made by chance, with and without copies."""

from __future__ import annotations

import math

import numpy as np
import pytest

from practicum.integrity.likeness.evidence import Cohort
from practicum.integrity.likeness.excess import ENOUGH_VOICES, excesses, p_values
from practicum.integrity.likeness.merged import merged
from practicum.integrity.likeness.pairs import THRESHOLD, judge
from practicum.integrity.likeness.shares import Likeness, candidates, likeness
from practicum.integrity.likeness.yardstick import FEW_VOICES, LEAST_BITS, YARDSTICK_OF_FEW, Yardstick, heights, p_value
from tests.integrity.classes import NOTHING, Work, copies, honest, prints

IDENTICAL, DEEP = 1.0, 0.97  # what is left of a copied work; of two copies, 0.94 of what they share


def cohort(works: list[Work], **more: list) -> Cohort:
    return Cohort([prints(*one) for one in works], NOTHING, **more)


def flagged(works: list[Work], **more: list) -> set[tuple[int, int]]:
    return {(pair.first, pair.second) for pair in judge(cohort(works, **more)).pairs if pair.p < THRESHOLD}


def test_bits_and_share_by_hand() -> None:
    # Fingerprint 1 is everybody's, 2 is the first two's, 3 that of three; 4 and 5 are the pair's, at one statement.
    works = [[[1], [2], [3], [4, 5]], [[1], [2], [3], [4, 5], [6]], [[1], [3], [7]], [[1], [8]]]
    found = likeness(cohort(works), np.array([0]), np.array([1]))
    common = -math.log(2.5 / 3) / math.log(2)  # 1: two of two others have it; 3: one of two, which is a bit
    assert found.bits[0] == pytest.approx(common + 3, abs=1e-6)
    assert found.own[:, 0] == pytest.approx([common + 3, common + 4], abs=1e-6)
    assert found.share[0] == pytest.approx(((common + 4) / (common + 5) + (common + 4) / (common + 6)) / 2, abs=1e-6)
    assert found.x[0] == pytest.approx(math.log(found.share[0] / (1 - found.share[0])), rel=1e-12)
    whole = likeness(cohort(works), np.array([0]), np.array([1]), whole=True)
    assert whole.bits[0] == 4
    assert whole.share[0] == pytest.approx((5 / 6 + 5 / 7) / 2, rel=1e-12)


def test_a_statement_counts_once_and_a_share_is_below_one() -> None:
    works = [[[9], [9], [9, 1]], [[9], [9, 2]], [[3]], [[4]]]
    found = likeness(cohort(works), np.array([0]), np.array([1]))
    assert found.bits[0] == 1
    for seed in range(5):  # fingerprints that overlap in many ways
        rng = np.random.default_rng(seed)
        works = [[list(rng.integers(0, 12, 3)) for _ in range(9)] for _ in range(6)]
        found = likeness(cohort(works), *candidates(cohort(works)))
        assert found.share.max(initial=0) < 1


def yardstick(x: dict[tuple[int, int], float], size: int) -> Yardstick:
    first, second = np.array(list(x)).T
    share = 1 / (1 + np.exp(-np.array(list(x.values()))))
    return Yardstick(cohort([[[at]] for at in range(size)]), Likeness(first, second, share, share, np.stack([share, share])))


def test_the_yardstick_is_how_alike_the_others_are() -> None:
    x = {(0, 1): 4.0, (0, 2): 3.0, (1, 2): 3.5, (2, 3): 1.0, (3, 4): 2.0, (5, 6): 1.5, (2, 7): 0.5, (1, 7): 2.5}
    found = yardstick(x, 8)
    # Without 0 and 1, the others' largest: 2 has 1.0 (with 3), 3 and 4 have 2.0, 5 and 6 have 1.5, 7 has 0.5 (with 2).
    for left_out, rest in (((0, 1), [1.0, 2.0, 2.0, 1.5, 1.5, 0.5]), ((), [4.0, 4.0, 3.5, 2.0, 2.0, 1.5, 1.5, 2.5])):
        lower, upper = np.quantile(rest, (0.25, 0.75))
        assert found.without(*left_out) == pytest.approx((upper, upper - lower), rel=1e-12)


def test_few_others_say_little() -> None:
    x = {(i, j): -0.2 for i in range(FEW_VOICES + 2) for j in range(i)}
    assert yardstick(x, FEW_VOICES + 2).without(0, 1) == pytest.approx((-0.2, 0))
    assert yardstick(x, FEW_VOICES + 2).without(0, 1, 2) == (YARDSTICK_OF_FEW, 0)


def test_the_p_value_by_the_formula() -> None:
    apart = np.array([0.0, 2.0, 0.35, 0.525, 2.0, 0.0])
    h = heights(np.array([0.2, 1.2, 1.2, 1.2, 1.2, 9.0]), np.array([400.0, 100.0, 25.0, 25.0, 25.0, LEAST_BITS - 0.1]), apart)
    assert h.tolist() == pytest.approx([0, 1 / 0.174, 0.5 / 0.174, 4**-0.75 / 0.174, 0.25 / 0.174, -np.inf], rel=1e-12)
    p = [1 - math.exp(-1), 1 - math.exp(-math.exp(-1 / 0.174)), 0.05491, 0.12287, 0.21157, 1]
    assert p_value(h) == pytest.approx(p, rel=1e-3)


@pytest.mark.parametrize("templates", [0, 4])
@pytest.mark.parametrize(
    ("size", "group", "kept"),
    [
        (8, 2, IDENTICAL), (8, 4, IDENTICAL), (14, 2, IDENTICAL), (14, 12, IDENTICAL), (17, 8, IDENTICAL), (30, 4, IDENTICAL),
        (20, 8, DEEP), (40, 12, DEEP), pytest.param(100, 12, IDENTICAL, marks=pytest.mark.thorough),
    ],
)  # fmt: skip
def test_a_group_is_flagged_whatever_its_part_of_the_class(size: int, group: int, kept: float, templates: int) -> None:
    works = honest(1, size - group + 1, templates=templates)
    works += copies(works[0], group - 1, kept)
    members = [0, *range(size - group + 1, size)]
    assert flagged(works) == {(i, j) for i in members for j in members if i < j}


def test_four_pairs_in_a_class_of_17() -> None:
    works = honest(2, 13)
    works += [copies(works[at], 1, IDENTICAL, seed=at)[0] for at in range(4)]
    assert flagged(works) == {(at, 13 + at) for at in range(4)}


@pytest.mark.parametrize("seeds", [range(6), pytest.param(range(6, 40), marks=pytest.mark.thorough)], ids=["a few", "many"])
@pytest.mark.parametrize("templates", [0, 4])
def test_honest_classes_are_not_flagged_at_any_size(templates: int, seeds: range) -> None:
    """The smallest p of each class is about uniform, or larger."""
    smallest = np.array(
        [
            min(pair.p for pair in judge(cohort(honest(seed, size, 80, templates=templates))).pairs)
            for size in (8, 12, 30)
            for seed in seeds
        ]
    )
    assert smallest.min() > THRESHOLD
    assert np.mean(smallest < 0.1) < 0.2
    assert np.mean(smallest < 0.5) < 0.7
    if templates:  # where everybody writes something else, no two are alike enough for a p below 1
        assert np.mean(smallest < 0.5) > 0.05


def test_a_group_is_one_voice_and_a_team_is_one() -> None:
    works = honest(3, 12)
    works += copies(works[0], 3, IDENTICAL)
    found = cohort(works)
    judge(found)
    assert found.count == 12
    assert len({found.voices[at] for at in (0, 12, 13, 14)}) == 1
    assert found.frequency.max() <= 12
    team = cohort(works, groups=[0, *range(1, 12), 0, 0, 0])
    assert team.count == 12
    assert not [pair for pair in judge(team).pairs if pair.p < THRESHOLD]


def test_who_copies_from_a_team_is_flagged_with_all_of_it() -> None:
    works = honest(4, 12)
    works += copies(works[0], 3, IDENTICAL)
    assert flagged(works, groups=[0, *range(1, 12), 0, 0, 99]) == {(0, 14), (12, 14), (13, 14)}


def halves(one: Work, other: Work, seed: int = 0) -> Work:
    """Return a work made of every other statement of one and the rest of another, in another order."""
    taken = [*one[::2], *other[1::2]]
    return [taken[at] for at in np.random.default_rng(seed).permutation(len(taken))]


@pytest.mark.parametrize("size", [20, 60])
def test_a_work_merged_of_two_is_flagged_with_both(size: int) -> None:
    works = honest(12, size)
    works += [halves(works[3], works[7])]
    assert flagged(works) == {(3, size), (7, size)}


def test_how_well_two_others_cover_a_work_by_hand() -> None:
    works = honest(13, 12)
    works += [halves(works[3], works[7])]
    found = cohort(works)
    pairs = likeness(found, *candidates(found))
    (made,) = [work for work in merged(found, pairs) if work.work == 12]
    assert sorted(made.pairs()) == [(3, 12), (7, 12)]
    assert made.cover == pytest.approx(121 / 122, rel=1e-4)  # all of its 120 statements are one's or the other's
    covers = []
    for one in range(12):
        if one in (3, 7):
            continue
        found_with = [pair for pair in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True) if one in pair]
        others = [other for pair in found_with for other in pair if other != one]
        have = {other: {statement[0] for statement in works[other]} for other in others}
        mine = {statement[0] for statement in works[one]}
        first = max(others, key=lambda other: len(mine & have[other]))
        best = max(len(mine & (have[first] | have[other])) for other in others if other != first)
        covers.append((best + 1) / (len(mine) + 2))
    usual = np.quantile(np.log(np.array(covers) / (1 - np.array(covers))), 0.75)
    assert made.p == pytest.approx(1 - math.exp(-math.exp(-(math.log(121) - usual - 1.0) / 0.3)), rel=0.05)


def test_a_copy_is_not_merged_of_its_source_and_another() -> None:
    works = honest(14, 20)
    works += copies(works[5], 2, DEEP) + copies(works[6], 1, IDENTICAL)
    judged = judge(cohort(works))
    assert {(pair.first, pair.second) for pair in judged.pairs if pair.p < THRESHOLD} == {(5, 20), (5, 21), (20, 21), (6, 22)}
    alone = cohort(works)  # in which nobody is one voice yet
    assert not [work for work in merged(alone, likeness(alone, *candidates(alone))) if work.p < THRESHOLD]


def test_earlier_terms_are_compared_with_this_one_and_are_no_yardstick() -> None:
    works = honest(5, 20)
    works += copies(works[0], 1, IDENTICAL) + copies(works[19], 1, IDENTICAL)
    earlier = [False] * 10 + [True] * 10 + [False, True]
    found = judge(cohort(works, earlier=earlier)).pairs
    assert {(pair.first, pair.second) for pair in found if pair.p < THRESHOLD} == {(0, 20)}
    assert not [pair for pair in found if earlier[pair.first] and earlier[pair.second]]
    copied = [*earlier[:19], False, *earlier[20:]]
    assert flagged(works, earlier=copied) == {(0, 20), (19, 21)}


def test_of_two_submissions_nothing_is_known() -> None:
    works = honest(6, 1) * 2
    assert [pair.p for pair in judge(cohort(works)).pairs] == [1.0]


@pytest.mark.parametrize("works", [[], [[[1]]], [[], []], [[[1]], [[2]]], [[], [[1]], [[1]]]])
def test_tiny_and_empty_classes(works: list[Work]) -> None:
    assert all(pair.p == 1 for pair in judge(cohort(works)).pairs)


@pytest.mark.parametrize("statements", [6, 15])
def test_a_lab_too_short_to_tell_says_so(statements: int) -> None:
    """Thirty honest students, most of whom have a twin by chance: three answers in six or fifteen statements."""
    works = [[[100 * at + way] for at in range(statements)] for way in (0, 1, 2) for _ in range(10)]
    judged = judge(cohort(works))
    assert judged.too_short
    assert not [pair for pair in judged.pairs if pair.p < THRESHOLD]
    assert not judge(cohort(honest(7, 30))).too_short


def test_a_rare_template_is_no_copy() -> None:
    """Four of sixty follow a template of their own: they stand out by rarity, not by how alike they are."""
    works = honest(8, 56, templates=3) + honest(9, 4, templates=1)
    found = cohort([[[one[0] + 10**7 * (at >= 56)] for one in work] for at, work in enumerate(works)])
    assert found.count >= ENOUGH_VOICES
    first, second = candidates(found)
    near = [(min(i, j), max(i, j)) for i, others in enumerate(found.near) for j in others.tolist()]
    pairs = np.unique([*zip(first, second, strict=True), *near], axis=0)
    rare = p_values(found, pairs, excesses(found, pairs, found.evidence(*pairs.T)[0]))
    assert rare.min() < THRESHOLD  # by excess alone they would be flagged
    assert min(pair.p for pair in judge(found).pairs) > THRESHOLD
