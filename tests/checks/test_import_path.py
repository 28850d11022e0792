"""`practicum.checks` is what authors import; `practicum.grading.checks`, where it was, goes on working with a note."""

import importlib
import sys

import pytest

from practicum import checks


def test_the_old_path_gives_the_same_names_and_says_so() -> None:
    sys.modules.pop("practicum.grading.checks", None)
    with pytest.warns(DeprecationWarning, match=r"practicum\.grading\.checks is now practicum\.checks: change the import"):
        old = importlib.import_module("practicum.grading.checks")
    assert old.__all__ == checks.__all__
    assert all(getattr(old, name) is getattr(checks, name) for name in checks.__all__)


def test_every_public_name_is_there() -> None:
    assert sorted(checks.__all__) == checks.__all__
    assert all(getattr(checks, name).__doc__ for name in checks.__all__)
