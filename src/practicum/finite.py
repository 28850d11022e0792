"""Not-a-number: one rule for losses, metrics and choices.

- A loss over no targets is 0: there is nothing to learn from them.
- A metric over nothing is NaN: nothing was measured.
- What is too large for a float is infinite.
- NaN is never better than what there is, and any number is better than NaN.
- Training stops at the first loss, or norm of a gradient, that is not finite (`training/loop.py`).
"""

import math


def ratio(total: float, count: float) -> float:
    """Return total/count, NaN where there was nothing to count."""
    return total / count if count else math.nan


def exponential(x: float) -> float:
    """Return e^x, infinite where that is too large for a float."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def better(value: float, best: float) -> bool:
    """Tell whether a value to maximise is better than the best one so far."""
    return value > best or (math.isnan(best) and not math.isnan(value))
