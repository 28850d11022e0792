"""Every lab that ships was proven as it is now, and proves itself again on a sample of its mutants, alternatives and cheats.

The whole proof, five seeds of every answer, takes minutes for each lab: `make verify` makes it and keeps it.
"""

import pytest

from practicum.csvfile import decode, parse_table, read_bytes
from practicum.curriculum import curriculum
from practicum.grading.verify import verify_lab
from practicum.labs.lab import files_in, find_lab, list_labs
from practicum.labs.lab_hash import proof_hash

LABS = [lab.name for lab in list_labs()]
PROOFS = curriculum() / "proofs.csv"


@pytest.fixture(scope="module")
def proofs() -> dict[str, dict[str, str]]:
    table = parse_table(decode(read_bytes(PROOFS), str(PROOFS)), str(PROOFS))
    return {row[0]: dict(zip(table.header, row, strict=True)) for row in table.rows}


@pytest.mark.parametrize("name", LABS)
def test_a_shipped_lab_was_proven_as_it_is(name, proofs):
    proof, lab = proofs[name], find_lab(name)
    assert proof["sha256"] == proof_hash(files_in(lab.folder)), f"{name} has changed since: run `make verify`"
    assert int(proof["seeds"]) >= 5
    assert int(proof["solution_seeds"]) >= 20
    assert int(proof["cheats"]) >= 6
    assert int(proof["mutants"]) >= 8
    assert int(proof["alternatives"]) >= (6 if name == "backprop" else 2)


# What a PyTorch lab's start costs is paid once by its own tests, which grade its solution, mistakes and cheats, too.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.thorough) if "torch" in find_lab(name).libraries else name for name in LABS]
)
def test_a_sample_of_a_shipped_lab_is_proven(name):
    report = verify_lab(find_lab(name), seeds=1, jobs=1, sample=1)
    assert report.problems == ()
    kinds = [verdict.kind for verdict in report.verdicts]
    assert kinds[:2] == ["solution", "handout"]
    assert kinds[2:] == ["alternative", "mutant", "cheat"]
    assert 0 < len(report.hidden) < len(report.checks)


def test_the_labs_of_the_first_assignment_and_a_notebook_ship():
    assert {"perceptron", "backprop", "linear-regression"} <= set(LABS)
