"""Copies of what is published with a lab: each is flagged once, with what it is nearest to, and nobody else is."""

from __future__ import annotations

import random

import pytest
from copies import disguise
from copies.corpora import independent

from practicum.integrity import reading
from practicum.integrity.compare import Comparison, compare
from practicum.integrity.submissions import ComparedSubmission, read_submission
from practicum.labs.handout import solution_files
from practicum.labs.lab import find_lab
from practicum.labs.mutants import load_alternatives
from tests.integrity.classes import Work, honest, prints
from tests.integrity.classes import copies as copied


def flagged(lab_name: str, copies: dict[str, dict[str, bytes]], others: int) -> list[tuple[str, str]]:
    """Return who is flagged with which answer, in a class of so many others, none of whom is flagged."""
    lab = find_lab(lab_name)
    files = independent(4, others).files | copies
    works = [*(read_submission(student, each) for student, each in files.items()), *reading.published_by(lab)]
    found = [one.pair for one in compare(works, reading.given_by(lab).values()).found if one.flagged]
    assert {works[side].name for pair in found for side in (pair.first, pair.second) if not works[side].published} == set(copies)
    return sorted((works[pair.first].name, works[pair.second].name) for pair in found if works[pair.second].published)


def test_copies_of_the_solution_and_of_alternatives_are_flagged() -> None:
    """The solution with other names in another order, an alternative of its own, and two that are edits of the solution."""
    lab = find_lab("backprop")
    rng = random.Random(2)
    answers = {each.name: each.files for each in load_alternatives(lab)}
    solution = {
        name: disguise.reorder_functions(disguise.rename(data.decode(), rng), rng).encode()
        for name, data in solution_files(lab).items()
    }
    copies = {"ada": solution, "bob": answers["loops"], "eve": answers["averaged_in_linear"]}
    copies |= {"joe": answers["jacobian_loss_averaged"]}  # one statement of it is another
    assert flagged("backprop", copies, 9) == [
        ("ada", "the lab's solution"), ("bob", "alternative loops"), ("eve", "alternative averaged_in_linear"),
        ("joe", "alternative jacobian_loss_averaged"),
    ]  # fmt: skip


@pytest.mark.thorough
def test_every_alternative_is_found_in_a_small_class() -> None:
    for each in load_alternatives(find_lab("backprop")):
        assert flagged("backprop", {"ada": each.files}, 7) == [("ada", f"alternative {each.name}")]


def test_a_copy_of_a_reference_is_flagged() -> None:
    file = reading.PACKAGE / "classic" / "perceptron.py"
    assert flagged("perceptron", {"ada": {"perceptron.py": file.read_bytes()}}, 11) == [("ada", "practicum.classic.perceptron")]


def compared(works: list[Work], published: list[Work]) -> Comparison:
    """Return what comes of comparing a class made by chance, published answers beside it."""
    students = [ComparedSubmission(f"s{at}", prints=prints(*one)) for at, one in enumerate(works)]
    answers = [ComparedSubmission(f"a{at}", "published", prints=prints(*one), published=True) for at, one in enumerate(published)]
    return compare([*students, *answers])


def among(comparison: Comparison, size: int) -> dict[tuple[int, int], tuple[float, ...]]:
    """Return share, bits, evidence, excess and p of each pair of students."""
    pairs = [one.pair for one in comparison.found if one.pair.second < size]
    return {(one.first, one.second): (one.share, one.bits, one.evidence, one.excess, one.p) for one in pairs}


def with_answers(size: int, kept: float) -> tuple[list[Work], list[Work]]:
    """Return a class in which one copied from another, and answers of which half of the others have as much as is kept."""
    works = honest(11, size, 80)
    works += copied(works[0], 1, kept=0.97)
    return works, [copied(works[at], 1, kept, seed=at)[0] for at in range(1, size // 2 + 1)]


@pytest.mark.parametrize(("size", "kept"), [(17, 0.5), (44, 0.25)])
def test_published_answers_say_nothing_about_how_alike_two_students_are(size: int, kept: float) -> None:
    works, answers = with_answers(size, kept)
    alone, beside = compared(works, []), compared(works, answers)
    assert [(one.pair.first, one.pair.second) for one in alone.found if one.flagged] == [(0, size)]
    expected = {pair: pytest.approx(values, rel=1e-9) for pair, values in among(alone, size + 1).items()}
    assert among(beside, size + 1) == expected


def test_who_copies_from_a_student_is_flagged_where_half_of_the_class_took_published_answers() -> None:
    works, answers = with_answers(17, kept=1.0)
    found = compared(works, answers).found
    assert {(one.pair.first, one.pair.second) for one in found if one.flagged} == {
        (0, 17),
        *((at, 17 + at) for at in range(1, 9)),
    }


@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 40), marks=pytest.mark.thorough)], ids=["a few", "many"])
@pytest.mark.parametrize("statements", [30, 80])
def test_honest_students_beside_published_answers_are_not_accused(statements: int, seeds: range) -> None:
    """Twelve published answers, more than a class of eight has; smallest p of all pairs with them."""
    smallest = []
    for seed in seeds:
        for size in (8, 20):
            works = honest(seed, size + 12, statements, templates=4)
            found = compared(works[:size], works[size:]).found
            assert not [one for one in found if one.flagged]
            smallest.append(min((one.pair.p for one in found if one.pair.second >= size), default=1.0))
    assert sum(p < 0.1 for p in smallest) < max(2, 0.2 * len(smallest))
