"""Evidence by the formulas, on prints made by hand; the fitted distribution."""

import numpy as np
import pytest

from practicum.integrity.likeness.evidence import NEIGHBOURS, Cohort
from practicum.integrity.likeness.excess import Gumbel
from practicum.integrity.likeness.pairs import judge
from tests.integrity.classes import NOTHING, prints


def evidence(cohort: Cohort, i: int, j: int) -> tuple[float, int]:
    nats, statements = cohort.evidence(np.array([i]), np.array([j]))
    return float(nats[0]), int(statements[0])


def test_evidence_by_hand() -> None:
    # Fingerprint 1 is everybody's, 2 is the first two's, 3 that of three; 4 and 5 are the pair's, at one statement.
    works = [prints([1], [2], [3], [4, 5]), prints([1], [2], [3], [4, 5], [6]), prints([1], [3], [7]), prints([1], [8])]
    cohort = Cohort(works, NOTHING)
    shared, weights = cohort.weights(0, 1)
    assert len(shared) == 5
    # Neighbours: 0 has 1 and 2 (and 3, by fingerprint 1), as has 1: without the pair, m = 2 + 2, and of those c hold it.
    class_share = np.array([2.5, 0.5, 1.5, 0.5, 0.5]) / 3
    near = (np.array([4, 0, 2, 0, 0]) + class_share) / 5
    np.testing.assert_allclose(weights, -np.log(np.maximum(class_share, near)), rtol=1e-12)
    nats, statements = evidence(cohort, 0, 1)
    assert nats == pytest.approx(weights[[0, 1, 2, 3]].sum(), rel=1e-6)  # 4 and 5 count once
    assert statements == 2


def test_copies_of_a_pair_are_one_voice_in_its_evidence() -> None:
    """Four more copies of the same work, once they are known for what they are, leave the evidence of the pair as it was."""
    others = [prints([1], [3], [7]), prints([1], [8]), prints([3], [9])]
    two = Cohort([prints([1], [2], [3], [4]), prints([1], [2], [3], [4]), *others], NOTHING)
    two.count_voices(np.array([0, 0, 1, 2, 3]))
    six = Cohort([prints([1], [2], [3], [4])] * 6 + others, NOTHING)
    before = evidence(six, 0, 1)
    six.count_voices(np.array([0, 0, 0, 0, 0, 0, 1, 2, 3]))
    assert evidence(six, 0, 1) == pytest.approx(evidence(two, 0, 1), rel=1e-12)
    assert before[0] < evidence(six, 0, 1)[0]


def test_the_side_with_less_counts() -> None:
    works = [prints([9], [9], [9]), prints([9]), prints([1]), prints([1])]
    assert evidence(Cohort(works, NOTHING), 0, 1)[0] == pytest.approx(-np.log(0.5 / 3))


def test_what_is_given_counts_for_nothing() -> None:
    works = [prints([1], [2]), prints([1], [2]), prints([3])]
    assert evidence(Cohort(works, np.array([1, 2], np.uint64)), 0, 1) == (0.0, 0)


def test_groups_are_not_compared() -> None:
    works = [prints([1], [2], [number]) for number in range(10, 14)]
    pairs = judge(Cohort(works, NOTHING, [0, 0, 1, 2])).pairs
    assert {(pair.first, pair.second) for pair in pairs} == {(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)}


def test_gumbel_is_recovered_and_copies_do_not_move_it() -> None:
    rng = np.random.default_rng(0)
    values = rng.gumbel(3.0, 2.0, 5_000)
    fitted = Gumbel.of(values)
    assert fitted.location == pytest.approx(3.0, abs=0.15)
    assert fitted.scale == pytest.approx(2.0, abs=0.15)
    assert Gumbel.of(np.append(values, np.full(500, 99.0))).scale == pytest.approx(2.0, rel=0.2)
    assert Gumbel(3.0, 2.0).exceeds(np.array([3.0, 13.0])) == pytest.approx([1 - np.exp(-1), 1 - np.exp(-np.exp(-5))], rel=1e-12)


def test_neighbours_are_those_that_share_what_is_rare() -> None:
    works = [prints([1], [2], [number + 100]) for number in range(30)]
    works.append(prints([1], [2], [100], [101]))
    cohort = Cohort(works, NOTHING)
    assert cohort.near[30][:2].tolist() in ([0, 1], [1, 0])
    assert max(map(len, cohort.near)) <= NEIGHBOURS
