"""Checks of standardise(). They run beside the student's code, never in the same process."""

import numpy as np

from practicum.grading.checks import assert_close, hidden, points, timeout


@points(2, hint="subtract from every column its own mean: axis=0 goes down the columns")
@timeout(5)
def test_mean(student, rng):
    """Every column has mean 0"""
    x = rng.normal(5, 2, size=(20, 3))
    y = student.columns.standardise(x)
    assert_close(np.mean(y, axis=0), np.zeros(3), what="the means of the columns")


@points(2, hint="divide every column by its own standard deviation, which is the root of its variance")
def test_spread(student, rng):
    """Every column has standard deviation 1"""
    x = rng.normal(5, [0.1, 2.0, 30.0], size=(20, 3))
    y = student.columns.standardise(x)
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
    y = student.columns.standardise(with_constant_column(rng))
    assert_close(y[:, 1], np.zeros(20), what="the constant column")
