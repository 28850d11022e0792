"""What a lab's author imports to write checks. See docs/labs.md.

from practicum.checks import assert_close, hidden, points, timeout
"""

from practicum.checks.assertions import assert_close, assert_dtype, assert_finite, assert_parameter_count, assert_shape
from practicum.checks.decorators import hidden, points, timeout, trains
from practicum.checks.honesty import assert_not_imported
from practicum.checks.training import accuracy, assert_decreases, assert_proportional, interpolate, numeric_gradient, over_seeds
from practicum.sandbox.outcome import Died, StudentError
from practicum.sandbox.proxy import plain, ref, write_array

__all__ = [
    "Died",
    "StudentError",
    "accuracy",
    "assert_close",
    "assert_decreases",
    "assert_dtype",
    "assert_finite",
    "assert_not_imported",
    "assert_parameter_count",
    "assert_proportional",
    "assert_shape",
    "hidden",
    "interpolate",
    "numeric_gradient",
    "over_seeds",
    "plain",
    "points",
    "ref",
    "timeout",
    "trains",
    "write_array",
]
