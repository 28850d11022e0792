"""Classes made by chance, as fingerprints without programs: so that thousands of submissions take no time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from practicum.integrity.canonical.fingerprints import Prints

NOTHING = np.empty(0, np.uint64)
Work = list[list[int]]  # a submission: the fingerprints of each statement


def prints(*statements: Sequence[int]) -> Prints:
    """Return the fingerprints of statements."""
    hashes = [value for one in statements for value in one]
    at = [place for place, one in enumerate(statements) for _ in one]
    return Prints(np.array(hashes, np.uint64), np.array(at, np.int32), len(statements))


def honest(seed: int, size: int, statements: int = 120, templates: int = 0) -> list[Work]:
    """Return a class in which nobody copied.

    Each statement has 3 to 12 common ways, of which a student takes one or, once in five, none. With templates, a student follows
    one of them in nine statements of ten.
    """
    rng = np.random.default_rng([seed, size, statements, templates])
    ways = rng.integers(3, 13, statements)
    plans = rng.integers(0, ways, (max(templates, 1), statements))
    works = []
    for student in range(size):
        plan, follows = plans[rng.integers(len(plans))], rng.random(statements) < (0.9 if templates else 0)
        taken = np.where(follows, plan, rng.integers(0, ways))
        own = rng.random(statements) < (0.05 if templates else 0.2)
        works.append([[10**6 * (student + 1) + at if own[at] else 100 * at + int(taken[at])] for at in range(statements)])
    return works


def copies(work: Work, count: int, kept: float, seed: int = 0) -> list[Work]:
    """Return copies in which this part of the statements is left, in another order; the others are everybody's own."""
    rng = np.random.default_rng([seed, count])
    found = []
    for number in range(count):
        stays = rng.random(len(work)) < kept
        copy = [one if stays[at] else [10**9 * (number + 1) + at] for at, one in enumerate(work)]
        found.append([copy[at] for at in rng.permutation(len(copy))])
    return found
