"""A small, complete lab to start from: it verifies as it is, and its comments say what to write where."""

from __future__ import annotations

import builtins
import keyword
import re
import secrets
import shutil
import sys
from pathlib import Path

from practicum.errors import PracticumError
from practicum.labs.lab import TAKEN, Lab, files_in, module_name

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_LIBRARIES = ("IPython", "matplotlib", "numpy", "pandas", "practicum", "pytest", "scipy", "sklearn", "torch")

_LAB = """\
title = "{title}"
summary = "Bring the columns of a table to the same scale."
topics = []                     # names from curriculum/topics.toml
points = 5                      # must equal the sum over the checks
submit = ["{submit}"]           # what a student submits: .py or .ipynb
libraries = ["numpy"]           # imported once, before any submission

# Limits on a submission stand in a table [limits]; the defaults are generous. See docs/labs.md.
"""

_README = """\
# {title}

Write `standardise(x)` in `{submit}`: it brings every column of `x` to mean 0 and standard deviation 1.

- `x` is a NumPy array of shape (N, D). The result has the same shape, and `x` itself is left as it was.
- A column whose values are all the same becomes zeros.

Check your work with `practicum check` in this folder, then submit `{submit}`.

| Part | Points |
|---|---|
| every column has mean 0 | 2 |
| every column has standard deviation 1 | 2 |
| a constant column becomes zeros | 1 |
"""

# The author's solution. It is also the text that mutants are edits of.
_FUNCTION = '''\
def standardise(x):
    """Bring every column to mean 0 and standard deviation 1.

    Args:
        x: Shape (N, D).

    Returns:
        A new array of shape (N, D).
    """
    # BEGIN SOLUTION
    # This goes out of the handout; what stands after STARTER goes in, or else `raise NotImplementedError`.
    mean = x.mean(axis=0)
    spread = x.std(axis=0)
    spread = np.where(spread == 0, 1, spread)  # a constant column has no spread to divide by
    return (x - mean) / spread
    # STARTER
    # mean = ...
    # raise NotImplementedError
    # END SOLUTION
'''

_MODULE = (
    '''\
"""{title}."""

import numpy as np


'''
    + _FUNCTION
)

_NOTEBOOK = (
    """\
# %% [markdown]
# # {title}
#
# Each cell begins with a line `# %%`; text cells are comments after `# %% [markdown]`.

# %%
import numpy as np

# %%
"""
    + _FUNCTION
    + """
# %% [markdown]
# Try it. Both rows of the result should be close to `[0, 0]` and `[1, 1]`.

# %%
table = np.random.default_rng(0).normal(5, [1, 20], size=(100, 2))
scaled = standardise(table)
print(np.stack([scaled.mean(axis=0), scaled.std(axis=0)]).round(3))
"""
)

_CHECKS = '''\
"""Checks of standardise(). They run beside the student's code, never in the same process."""

import numpy as np

from practicum.checks import assert_close, assert_proportional, assert_shape, hidden, points, timeout


@points(2, hint="subtract from every column its own mean: axis=0 goes down the columns")
@timeout(5)
def test_mean(student, rng):
    """Every column has mean 0"""
    x = rng.normal(5, 2, size=(20, 3))
    y = student.{module}.standardise(x)
    assert_shape(y, x.shape, what="the result")
    assert_close(np.mean(y, axis=0), np.zeros(3), what="the means of the columns")
    # Zeros have mean 0 as well: the values must be those of x, moved and scaled.
    for column in range(3):
        assert_proportional(np.asarray(y)[:, column], x[:, column] - x[:, column].mean(), what=f"column {column}")


@points(2, hint="divide every column by its own standard deviation, which is the root of its variance")
def test_spread(student, rng):
    """Every column has standard deviation 1"""
    x = rng.normal(5, [0.1, 2.0, 30.0], size=(20, 3))
    y = student.{module}.standardise(x)
    assert_close(np.std(y, axis=0), np.ones(3), what="the standard deviations of the columns")


# A hidden check is not handed out, and neither is a helper that only hidden checks use.
def with_constant_column(rng):
    x = rng.normal(5, 2, size=(20, 3))
    x[:, 1] = 3.0
    return x


@hidden
@points(1, hint="what is 0 / 0?")
def test_constant_column(student, rng):
    """A constant column becomes zeros"""
    x = with_constant_column(rng)
    y = student.{module}.standardise(x)
    assert_shape(y, x.shape, what="the result")
    assert_close(np.asarray(y)[:, 1], np.zeros(20), what="the constant column")
    assert_close(np.std(y, axis=0), np.array([1.0, 0.0, 1.0]), what="the standard deviations of the columns")
'''

_MEAN_OF_ALL = """\
title = "Subtracts the mean of the whole table"
loses = ["test_mean", "test_constant_column"]     # exactly these checks

[[edit]]
file = "{source}"                # in source/
find = "x.mean(axis=0)"          # must match exactly once
replace = "x.mean()"
"""

_VARIANCE = """\
title = "Divides by the variance"
loses = ["test_spread", "test_constant_column"]

[[edit]]
file = "{source}"
find = "x.std(axis=0)"
replace = "x.var(axis=0)"
"""

_DIVIDES_BY_ZERO = """\
title = "Divides by zero where a column is constant"
loses = ["test_constant_column"]

[[edit]]
file = "{source}"
find = "np.where(spread == 0, 1, spread)"
replace = "spread"
"""

_SHIFTED = """\
title = "Adds a tiny number instead of asking for zero"

[[edit]]
file = "{source}"
find = "np.where(spread == 0, 1, spread)"
replace = "spread + 1e-12"
"""


_ZEROS = """\
title = "Returns zeros, whose mean is 0"
most = 0                         # the points it may earn at most: never above a quarter of the lab's
# learns = true                  # of a cheat that learns something from the data: it may earn up to 40 % of the points

[[edit]]
file = "{source}"
find = "return (x - mean) / spread"
replace = "return np.zeros_like(x)"
"""


def skeleton(name: str, *, notebook: bool = False) -> dict[str, str]:
    """Return the files of a new lab, by path in its folder.

    Args:
        name: The lab's name; the file that students submit is called after it.
        notebook: Submit a notebook instead of a module.

    Raises:
        PracticumError: The name cannot be that of a lab.
    """
    module = module_name(f"{name}.py")
    if not _NAME.fullmatch(name):
        raise PracticumError(f"expected a lab's name in small letters, digits and hyphens, like `my-lab`, got `{name}`")
    if whose := _whose(module):
        raise PracticumError(f"expected a lab's name that is free for the module to submit, got `{name}`: {whose}")
    words = {
        "title": name.replace("-", " ").replace("_", " ").capitalize(),
        "module": module,
        "submit": f"{name}.ipynb" if notebook else f"{module}.py",
        "source": f"{name if notebook else module}.py",
    }
    files = {
        "lab.toml": _LAB,
        "README.md": _README,
        f"source/{words['source']}": _NOTEBOOK if notebook else _MODULE,
        f"checks/test_{module}.py": _CHECKS,
        "bugs/mean_of_all.toml": _MEAN_OF_ALL,
        "bugs/variance.toml": _VARIANCE,
        "bugs/divides_by_zero.toml": _DIVIDES_BY_ZERO,
        "alternatives/tiny_number.toml": _SHIFTED,
        "cheats/zeros.toml": _ZEROS,
    }
    fields = re.compile("{(" + "|".join(words) + ")}")
    return {path: fields.sub(lambda field: words[field[1]], text) for path, text in files.items()}


def _whose(module: str) -> str:
    """Say what already has the name of a module, or nothing."""
    if module in TAKEN:
        return f"`student.{module}` is Practicum's own in a check"
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        return f"`{module}` is a word of Python"
    if module in sys.stdlib_module_names:
        return f"`{module}` is a module of Python"
    if hasattr(builtins, module):
        return f"`{module}` is a built-in of Python"
    if module in _LIBRARIES:
        return f"`{module}` is a library that labs use"
    return ""


def write_skeleton(name: str, parent: Path, *, notebook: bool = False) -> Path:
    """Write a new lab into a folder of labs.

    Raises:
        PracticumError: The name cannot be that of a lab, or there is something of that name.
    """
    files = skeleton(name, notebook=notebook)
    folder = parent / name
    if folder.exists():
        raise PracticumError(f"{folder}: expected a name that is free, got one that is taken")
    _write(folder, {path: text.encode() for path, text in files.items()})
    return folder


def copy_lab(lab: Lab, name: str, parent: Path) -> Path:
    """Copy a lab into a folder of labs, to be changed there; what its author left hidden and compiled files stay behind.

    Raises:
        PracticumError: The name cannot be that of a lab, there is something of that name, or it cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise PracticumError(f"expected a lab's name in small letters, digits and hyphens, like `my-lab`, got `{name}`")
    folder = parent / name
    if folder.exists():
        raise PracticumError(f"{folder}: expected a name that is free, got one that is taken")
    _write(folder, {path: file.read_bytes() for path, file in files_in(lab.folder)})
    return folder


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Write a lab whole, or nothing."""
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    try:
        for path, data in files.items():
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            (draft / path).write_bytes(data)
        draft.rename(folder)
    except OSError as error:
        raise PracticumError(f"{folder}: cannot be written ({error.strerror})") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
