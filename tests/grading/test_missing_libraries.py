"""A lab whose libraries this machine lacks is not graded: else the whole class would pay for it."""

from datetime import UTC

import pytest

from practicum.errors import PracticumError
from practicum.grading.backends import backends
from practicum.grading.grade import grade_folder
from practicum.labs.lab import load_lab
from practicum.store.store import Store
from tests.grading.labs import ADD, write


def test_grading_says_what_to_install(tmp_path):
    toml = ADD["lab.toml"].replace("[limits]", 'libraries = ["numpy", "nolib.sub"]\n[limits]')
    lab = load_lab(write(tmp_path, ADD | {"lab.toml": toml}))
    (tmp_path / "in" / "s001").mkdir(parents=True)
    (tmp_path / "in" / "s001" / "adding.py").write_text("def add(a, b): return a + b\n")
    with (
        Store(tmp_path / "practicum.db") as store,
        pytest.raises(PracticumError, match=r"^grading \w+ needs nolib, not installed here: pip install nolib$"),
    ):
        grade_folder(lab, tmp_path / "in", store, UTC, backends(1, None, False))
