"""Planted copies are found and nobody else is; teams, earlier terms, and what else two submissions may share."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
from copies import disguise, surgery
from copies.corpora import corpus, independent
from copies.populations import DEPTHS, FEW_ANSWERS, disguised, population

from practicum.integrity.compare import Comparison, compare
from practicum.integrity.submissions import ComparedSubmission, read_submission
from tests.integrity.test_submissions import IMAGE, code, notebook, npz

pytestmark = pytest.mark.slow


def names(works: list[ComparedSubmission], comparison: Comparison) -> list[frozenset[str]]:
    return [frozenset((works[one.pair.first].student, works[one.pair.second].student)) for one in comparison.found]


def read(files: dict[str, dict[str, bytes]]) -> list[ComparedSubmission]:
    return [read_submission(student, each) for student, each in files.items()]


@pytest.mark.thorough
@pytest.mark.parametrize("name", "ABCDEF")
def test_planted_pairs_are_on_top_and_no_other_is_flagged(name: str) -> None:
    """Classes of forty; a hundred each, and more seeds, are in benchmarks/similarity.py."""
    found = corpus(name, seed=0, size=40)
    works = read(found.files)
    comparison = compare(works, [read_submission("", {"given.py": found.given})])
    ranking = names(works, comparison)
    planted = {frozenset(pair) for pair in found.planted}
    assert set(ranking[:5]) == planted
    assert {pair for pair, one in zip(ranking, comparison.found, strict=True) if one.flagged} <= planted


@pytest.mark.thorough
@pytest.mark.parametrize("templates", [False, True])
def test_independent_work_is_not_flagged(templates: bool) -> None:
    works = read(independent(3, 60, templates=templates).files)
    assert not [one for one in compare(works).found if one.flagged]


@pytest.fixture(scope="session")
def independent_files() -> dict[str, dict[str, bytes]]:
    """Sixteen programs of their own."""
    return independent(5, 16).files


@pytest.fixture(scope="session")
def independent_works(independent_files: dict[str, dict[str, bytes]]) -> list[ComparedSubmission]:
    return read(independent_files)


@pytest.fixture
def class_with_a_copy(independent_works: list[ComparedSubmission]) -> tuple[list[ComparedSubmission], int, int]:
    """Sixteen programs of their own, and one of them again at the end under another name."""
    works = [replace(one) for one in independent_works]
    return [*works, replace(works[11], student="copier")], 11, 16


def flagged(comparison: Comparison) -> list[tuple[int, int]]:
    return [(one.pair.first, one.pair.second) for one in comparison.found if one.flagged]


def test_a_copy_is_flagged(class_with_a_copy: tuple[list[ComparedSubmission], int, int]) -> None:
    works, original, copy = class_with_a_copy
    comparison = compare(works)
    assert flagged(comparison) == [(original, copy)]
    assert comparison.clusters == [[original, copy]]
    assert comparison.found[0].pair.p < 1e-3


@pytest.mark.parametrize("depth", [*DEPTHS][1:])
def test_a_group_that_hid_its_copies_is_flagged(
    depth: str, independent_files: dict[str, dict[str, bytes]], independent_works: list[ComparedSubmission]
) -> None:
    """Four of twenty: to each other they look ordinary."""
    source = next(iter(independent_files[independent_works[2].student].values())).decode()
    copies = [disguised(source, depth, random.Random(number)) for number in range(4)]
    works = [*independent_works, *(read_submission(f"copier{at}", {"c.py": copy.encode()}) for at, copy in enumerate(copies))]
    found = compare(works)
    assert found.clusters == [[2, 16, 17, 18, 19]]
    assert len(flagged(found)) == 10
    assert {found.cohort.voices[one] for one in found.clusters[0]} == {found.cohort.voices[2]}
    assert found.note == ""


@pytest.mark.parametrize("seed", [8, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (6, 9, 10, 11))])
def test_who_did_a_short_lab_in_the_same_popular_ways_is_not_flagged(seed: int) -> None:
    """In a short lab some have a twin by chance and others are like nobody: how alike the others are is a wide range."""
    write, rng = population(FEW_ANSWERS, seed), random.Random(seed)
    works = [read_submission(f"s{at}", {"a.py": write(rng).encode()}) for at in range(60)]
    assert [flagged(compare(random.Random(draw).sample(works, 30))) for draw in range(6)] == [[]] * 6


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [*range(6)])
def test_a_submission_that_merges_two_others_is_flagged_with_both_and_nobody_else(seed: int) -> None:
    files = independent(seed, 100).files
    honest = read(files)
    sources = [next(iter(files[honest[one].student].values())).decode() for one in (4, 9)]
    rng = random.Random(1)
    merged = read_submission("merger", {"m.py": disguise.rename(surgery.merge(*sources, rng), rng).encode()})
    comparison = compare([*honest, merged])
    assert sorted(flagged(comparison)) == [(4, 100), (9, 100)]
    assert all("merger may be made of two others" in one.traces[0] for one in comparison.found[:2])


def test_teams_are_exempt_inside_and_checked_outside(class_with_a_copy: tuple[list[ComparedSubmission], int, int]) -> None:
    works, original, copy = class_with_a_copy
    together = {works[original].student: "red", works[copy].student: "red"}
    assert not flagged(compare(works, teams=together))
    apart = {works[original].student: "red", works[3].student: "red"}
    assert flagged(compare(works, teams=apart)) == [(original, copy)]


def test_what_is_given_is_not_evidence(class_with_a_copy: tuple[list[ComparedSubmission], int, int]) -> None:
    works, original, _ = class_with_a_copy
    assert not flagged(compare(works, [works[original]]))


def test_earlier_terms(class_with_a_copy: tuple[list[ComparedSubmission], int, int]) -> None:
    works, original, copy = class_with_a_copy
    for one in (*works[:6], works[original]):
        one.term = "2026"
    assert flagged(compare(works)) == [(original, copy)]
    works[copy].student, before = works[original].student, works[copy].student
    again = compare(works)
    assert not flagged(again)
    assert [(one.pair.first, one.pair.second) for one in again.own if one.flagged] == [(original, copy)]
    works[copy].student = before
    works[copy].term = "2026"
    assert not flagged(compare(works))  # earlier ones among themselves are nobody's business now


def test_a_class_of_two_and_a_lab_too_short_to_tell_have_a_note(independent_works: list[ComparedSubmission]) -> None:
    two = compare([independent_works[0], replace(independent_works[0], student="copier")])
    assert not flagged(two)
    assert two.note.startswith("The class is too small")
    answers = ["print(sum(range(9)))", "total = 0\nfor i in range(9):\n    total += i\nprint(total)", "print(9 * 8 // 2)"]
    short = compare([read_submission(f"s{at}", {"a.py": answers[at % 3].encode()}) for at in range(30)])
    assert not flagged(short)
    assert short.note.startswith("This lab is too short to tell")


def traces(*extra: dict[str, bytes]) -> list[tuple[tuple[int, int], tuple[str, ...], bool]]:
    """Thirty submissions, each with a line of its own, the first ones with more files."""
    works = [read_submission(f"s{at}", {"a.py": b"x = %d" % at, **(extra[at] if at < len(extra) else {})}) for at in range(30)]
    return [((one.pair.first, one.pair.second), one.traces, one.flagged) for one in compare(works).found if one.traces]


def test_the_same_weights_are_reason_enough() -> None:
    weights = npz(w=np.random.default_rng(0).normal(size=100))
    assert traces({"a.npz": weights}, {}, {"b.npz": weights}) == [((0, 2), ("the same to the last bit: a.npz: w.npy",), True)]


def test_weights_that_many_have_are_the_tasks() -> None:
    weights = {"given.npz": npz(w=np.ones(100))}
    assert traces(*[weights] * 6) == []


def test_weights_that_were_handed_out_are_nobodys() -> None:
    rng = np.random.default_rng(2)
    handed_out, trained = rng.normal(size=100), rng.normal(size=100)
    students = [(f"s{at}", {"a.py": b"x = %d" % at}) for at in range(30)]
    both = {"m.npz": npz(start=handed_out, trained=trained)}
    extra = [both, both, {"m.npz": npz(start=handed_out)}]
    works = [
        read_submission(student, {**files, **more}) for (student, files), more in zip(students, [*extra, *[{}] * 27], strict=True)
    ]
    told = [
        (one.traces, one.flagged)
        for one in compare(works, [read_submission("", {"g.npz": npz(a=handed_out)})]).found
        if one.traces
    ]
    assert told == [(("the same to the last bit: m.npz: trained.npy",), True)]


def test_saved_outputs_numbers_and_misspellings() -> None:
    rng = np.random.default_rng(1)
    log = "\n".join(f"{step},{loss:.6f}" for step, loss in enumerate(rng.random(20))).encode()
    image = {"output_type": "display_data", "data": {"image/png": IMAGE}}
    answers = {"cell_type": "markdown", "source": "The gradiant of the functoin is taken by backpropagation through the layers."}
    right = {"cell_type": "markdown", "source": "The gradient of the function is taken by backpropagation through the layers."}
    mine, others = {"n.ipynb": notebook(code("", image), answers)}, {"n.ipynb": notebook(right)}
    told = traces({**mine, "log.csv": log}, {**mine, "train.log": log}, *[others] * 10)
    assert told == [
        (
            (0, 1),
            (
                "the same to the last bit: n.ipynb, output of cell 1: an image",
                "20 numbers in saved outputs and logs that hardly anyone else has",
                "the same misspellings: functoin, gradiant",
            ),
            False,
        )
    ]


@pytest.mark.parametrize("much", [1, pytest.param(10, marks=pytest.mark.thorough)])
def test_hostile_submissions_disturb_nobody(much: int, class_with_a_copy: tuple[list[ComparedSubmission], int, int]) -> None:
    works, original, copy = class_with_a_copy
    hostile = [
        {"a.py": b"(" * 10_000 * much},
        {"a.py": b"x = [" + b"1," * 200_000 * much + b"]"},
        {"a.py": b"\0" * 10_000},
        {"a.ipynb": b'{"cells": [' + b"[" * 50_000},
        {"a.ipynb": json.dumps({"cells": [code("x = 1")] * 1_000 * much}).encode()},
        {"a.py": b"x = 1\n" * 2_000 * much},
        {},
    ]
    everyone = [*works, *(read_submission(f"eve{at}", files) for at, files in enumerate(hostile))]
    assert flagged(compare(everyone)) == [(original, copy)]
