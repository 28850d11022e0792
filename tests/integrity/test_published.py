"""Copies of what is published with a lab: each is flagged once, with what it is nearest to, and nobody else is."""

from __future__ import annotations

import random

import pytest
from copies import disguise
from copies.corpora import independent

from practicum.integrity import reading
from practicum.integrity.compare import compare
from practicum.integrity.submissions import read_submission
from practicum.labs.handout import solution_files
from practicum.labs.lab import find_lab
from practicum.labs.mutants import load_alternatives


def flagged(lab_name: str, copies: dict[str, dict[str, bytes]], others: int) -> list[tuple[str, str]]:
    """Return who is flagged with which answer, in a class of so many others, none of whom is flagged."""
    lab = find_lab(lab_name)
    files = independent(4, others).files | copies
    works = [*(read_submission(student, each) for student, each in files.items()), *reading.published_by(lab)]
    found = [one.pair for one in compare(works, reading.given_by(lab).values()).found if one.flagged]
    assert {works[side].name for pair in found for side in (pair.first, pair.second) if not works[side].published} == set(copies)
    return sorted((works[pair.first].name, works[pair.second].name) for pair in found if works[pair.second].published)


def test_copies_of_the_solution_and_of_alternatives_are_flagged() -> None:
    """The solution with other names in another order, an alternative of its own, and one that is an edit of the solution."""
    lab = find_lab("backprop")
    rng = random.Random(2)
    answers = {each.name: each.files for each in load_alternatives(lab)}
    solution = {
        name: disguise.reorder_functions(disguise.rename(data.decode(), rng), rng).encode()
        for name, data in solution_files(lab).items()
    }
    copies = {"ada": solution, "bob": answers["loops"], "eve": answers["averaged_in_linear"]}
    assert flagged("backprop", copies, 9) == [
        ("ada", "the lab's solution"), ("bob", "alternative loops"), ("eve", "alternative averaged_in_linear"),
    ]  # fmt: skip


@pytest.mark.thorough
def test_every_alternative_is_found_in_a_small_class() -> None:
    for each in load_alternatives(find_lab("backprop")):
        assert flagged("backprop", {"ada": each.files}, 7) == [("ada", f"alternative {each.name}")]


def test_a_copy_of_a_reference_is_flagged() -> None:
    file = reading.PACKAGE / "classic" / "perceptron.py"
    assert flagged("perceptron", {"ada": {"perceptron.py": file.read_bytes()}}, 11) == [("ada", "practicum.classic.perceptron")]
