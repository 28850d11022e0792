"""Evidence by the formulas, on prints made by hand; the fitted distribution; what is flagged in classes made by chance."""

import numpy as np
import pytest

from practicum.integrity.canonical.fingerprints import Prints
from practicum.integrity.evidence import NEIGHBOURS, Cohort, Gumbel

pytestmark = pytest.mark.slow


def prints(*statements: list[int]) -> Prints:
    """Each argument is a statement's fingerprints."""
    hashes = [value for one in statements for value in one]
    at = [place for place, one in enumerate(statements) for _ in one]
    return Prints(np.array(hashes, np.uint64), np.array(at, np.int32), len(statements))


NOTHING = np.empty(0, np.uint64)


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
    evidence, statements = cohort.evidence(0, 1)
    assert evidence == pytest.approx(weights[[0, 1, 2, 3]].sum(), rel=1e-12)  # 4 and 5 count once
    assert statements == 2


def test_the_side_with_less_counts() -> None:
    works = [prints([9], [9], [9]), prints([9]), prints([1]), prints([1])]
    assert Cohort(works, NOTHING).evidence(0, 1)[0] == pytest.approx(-np.log(0.5 / 3))


def test_what_is_given_counts_for_nothing() -> None:
    works = [prints([1], [2]), prints([1], [2]), prints([3])]
    assert Cohort(works, np.array([1, 2], np.uint64)).evidence(0, 1) == (0.0, 0)


def test_groups_are_not_compared() -> None:
    works = [prints([1], [2], [number]) for number in range(10, 14)]
    pairs = Cohort(works, NOTHING, [0, 0, 1, 2]).pairs()
    assert {(pair.first, pair.second) for pair in pairs} == {(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)}


@pytest.mark.parametrize("works", [[], [prints([1])], [prints(), prints()], [prints([1]), prints([2])]])
def test_tiny_and_empty_classes(works: list[Prints]) -> None:
    pairs = Cohort(works, NOTHING).pairs()
    assert all(pair.p == 1 for pair in pairs)


def test_gumbel_is_recovered_and_copies_do_not_move_it() -> None:
    rng = np.random.default_rng(0)
    values = rng.gumbel(3.0, 2.0, 5_000)
    fitted = Gumbel.of(values)
    assert fitted.location == pytest.approx(3.0, abs=0.15)
    assert fitted.scale == pytest.approx(2.0, abs=0.15)
    assert Gumbel.of(np.append(values, np.full(500, 99.0))).scale == pytest.approx(2.0, rel=0.2)
    assert fitted.exceeds(fitted.reached_with(1e-6)) == pytest.approx(1e-6, rel=1e-9)


def random_class(seed: int, size: int, template: int = 0) -> list[list[list[int]]]:
    """Students who choose each of 120 statements among 3 to 12 common ways and some of their own."""
    rng = np.random.default_rng(seed)
    ways = rng.integers(3, 13, 120)
    works = []
    for student in range(size):
        work = [[1000 * at + int(rng.integers(ways[at])), 10**6 + student * 1000 + at] for at in range(120)]
        works.append([[one[0] if rng.random() < 0.8 else one[1]] for one in work])
    return works


def test_honest_classes_are_not_flagged_and_their_p_values_are_about_uniform() -> None:
    smallest = []
    for seed in range(40):
        pairs = Cohort([prints(*one) for one in random_class(seed, 50)], NOTHING).pairs()
        smallest.append(min(pair.p for pair in pairs))
    assert min(smallest) > 0.001
    assert 0.2 < np.mean(np.array(smallest) < 0.5) < 0.8
    assert np.mean(np.array(smallest) < 0.1) < 0.25


def test_a_copy_stands_out_though_most_of_it_is_common() -> None:
    for seed in range(5):
        works = random_class(seed, 50)
        rng = np.random.default_rng(seed)
        copy = [one for one in works[7] if rng.random() < 0.7] + [[10**8 + at] for at in range(30)]
        rng.shuffle(copy)
        pairs = Cohort([prints(*one) for one in [*works, copy]], NOTHING).pairs()
        assert (pairs[0].first, pairs[0].second) == (7, 50)
        assert pairs[0].p < 0.001
        assert pairs[1].p > 0.01


def test_neighbours_are_those_that_share_what_is_rare() -> None:
    works = [prints([1], [2], [number + 100]) for number in range(30)]
    works.append(prints([1], [2], [100], [101]))
    cohort = Cohort(works, NOTHING)
    assert cohort.near[30][:2].tolist() in ([0, 1], [1, 0])
    assert max(map(len, cohort.near)) <= NEIGHBOURS
