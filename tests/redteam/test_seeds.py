"""Nothing that a submission sees leads to the hidden inputs, though the run's seed is small and all small ones are tried."""

from __future__ import annotations

import hashlib
import json

import msgspec
import numpy as np
import pytest

from practicum.checks.seeds import Seeds

TOLD = """
import json, random
import numpy as np
STATES = [[random.getstate()[1][:3], np.random.get_state()[1][:3].tolist()]]
SEEN = []
def add(a, b):
    if a.shape == (4, 3): SEEN.append(a.tolist())
    return a + b
def name():
    STATES.append([random.getstate()[1][:3], np.random.get_state()[1][:3].tolist()])
    raise RuntimeError(json.dumps([STATES, SEEN]))
"""
SEED, TRIED = 2026, range(1500, 2500)  # of the 200,000 that take a third of a second
SECRET = "5" * 64


@pytest.fixture(scope="module")
def told(grade):
    """What two submissions see under two seeds of the run: their generators, and the inputs of public checks."""
    from tests.redteam.conftest import job

    seen = []
    for seed, secret in ((SEED, SECRET), (SEED + 1, SECRET), (SEED, "6" * 64), (SEED, "")):
        request = msgspec.structs.replace(job(grade.source + TOLD, seed=seed), secret=secret)
        message = grade.worker.grade(request).checks[-1].message.removeprefix("your code raised RuntimeError: ")
        seen.append(json.JSONDecoder().raw_decode(message)[0])
    return seen


def test_the_students_generators_know_nothing_of_the_run(told):
    states = [states for states, _ in told]
    assert len(states[0]) == 2
    assert states[0][0] != states[0][1], "the generators are seeded anew in each check"
    assert states.count(states[0]) == len(states)


def test_the_seed_of_a_generator_is_none_that_trying_finds(told):
    [[_, (at_load, *_)], [_, (in_check, *_)]] = told[0][0]
    for text in ("in the sandbox", "test_last in the sandbox"):
        for candidate in TRIED:
            for secret in ("", f"{SECRET}:"):
                digest = hashlib.sha256(f"{secret}{candidate}:{text}".encode()).digest()
                assert int.from_bytes(digest[:4], "big") >> 1 not in (at_load, in_check)


def _tried(seen: list[list[float]]) -> list[int]:
    """Return the seeds that explain a public check's inputs, if the seed alone leads to them."""
    return [c for c in TRIED if np.allclose(Seeds(str(c)).rng("test_add").normal(size=(4, 3)), seen)]


def test_public_inputs_do_not_give_the_seed_away(told):
    assert _tried(told[3][1][0]) == [SEED], "without a secret the attack works: it is a real one"
    for _, seen in told[:3]:
        assert _tried(seen[0]) == []
    inputs = [seen for _, seen in told]
    assert inputs[0] != inputs[1], "another seed"
    assert inputs[0] != inputs[2], "another secret"


def test_a_number_that_a_check_passes_on_leads_to_no_other_check():
    seeds = Seeds(f"{SECRET}:{SEED}")
    number = seeds.number("test_a")
    assert 0 <= number < 2**31
    assert number not in {Seeds(str(candidate)).number("test_a") for candidate in TRIED}
    assert number != seeds.number("test_b")


def test_results_of_earlier_stores_keep_their_inputs():
    digest = hashlib.sha256(b"rng:11:test_a").digest()
    expected = np.random.default_rng(int.from_bytes(digest[:16], "big")).normal(size=3)
    assert (Seeds("11").rng("test_a").normal(size=3) == expected).all()
    assert Seeds("11").number("test_a") == int.from_bytes(hashlib.sha256(b"11:test_a").digest()[:4], "big") >> 1
