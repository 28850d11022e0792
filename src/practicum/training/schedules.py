"""Learning-rate schedules: functions of progress, the fraction of the training done, that return the factor on the peak rate.

    one_cycle      start ↗ 1 ↘ end, cosines (Smith & Topin 2018; cosines as in fast.ai and PyTorch's OneCycleLR)
    cosine         (1 + cos π t) / 2 (Loshchilov & Hutter 2017, eq. 5, one cycle), t the progress since the warm-up
    linear         1 - t
    polynomial     (1 - t)^power
    step           gamma^(milestones passed)
    exponential    end^p
    inverse_sqrt   min(p/warmup, √(warmup/p)) (Vaswani et al. 2017, eq. 3, scaled to a peak of 1)
    trapezoid      warm-up, plateau, linear cool-down (Zhai et al. 2022; Hägele et al. 2024)

Symbols: p progress in [0, 1]; `warmup` the fraction of the training in which the factor climbs from 0 to 1.
Departs from the papers: progress stands for the step's number, so that a schedule knows neither the number of steps nor the peak.
Step s of T is p = s/T, which gives what PyTorch's schedulers give; its OneCycleLR counts in T - 1 steps: there p = s/(T - 1).
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import cos, pi, sqrt

Schedule = Callable[[float], float]


def _fraction(name: str, value: float, *, one: bool = False) -> None:
    if not (0 <= value < 1 or (one and value == 1)):
        raise ValueError(f"expected {name} in [0, 1{']' if one else ')'}, got {value}")


def _after_warmup(warmup: float, decay: Schedule, floor: float) -> Schedule:
    """Climb from 0 to 1 in `warmup`, then falls from 1 to `floor` as `decay` falls from 1 to 0."""
    _fraction("warmup", warmup)
    _fraction("floor", floor, one=True)

    def factor(progress: float) -> float:
        if progress < warmup:
            return progress / warmup
        return floor + (1 - floor) * decay((progress - warmup) / (1 - warmup))

    return factor


def _falling_cosine(progress: float) -> float:
    return (1 + cos(pi * progress)) / 2


def constant() -> Schedule:
    """Return the factor 1 throughout."""
    return lambda progress: 1.0


def one_cycle(warmup: float = 0.3, start: float = 1 / 25, end: float = 1e-4) -> Schedule:
    """Return half a cosine up from `start` to 1, half a cosine down to `end`.

    Args:
        warmup: fraction of the training that goes up.
        start: the first factor; PyTorch's 1/div_factor.
        end: the last factor; PyTorch's 1/(div_factor · final_div_factor).

    Returns:
        The factor as a function of progress.

    Raises:
        ValueError: `warmup` is not in [0, 1).

    Source: Smith & Topin 2018, "Super-convergence".
    """
    _fraction("warmup", warmup)

    def factor(progress: float) -> float:
        if progress < warmup:
            return 1 + (start - 1) * _falling_cosine(progress / warmup)
        return end + (1 - end) * _falling_cosine((progress - warmup) / (1 - warmup))

    return factor


def cosine(warmup: float = 0.0, floor: float = 0.0) -> Schedule:
    """Return half a cosine from 1 down to `floor`, after a linear warm-up.

    Args:
        warmup: fraction of the training in which the factor climbs from 0 to 1.
        floor: the last factor.

    Returns:
        The factor as a function of progress.

    Raises:
        ValueError: `warmup` is not in [0, 1) or `floor` not in [0, 1].

    Source: Loshchilov & Hutter 2017, eq. 5.
    """
    return _after_warmup(warmup, _falling_cosine, floor)


def linear(warmup: float = 0.0, floor: float = 0.0) -> Schedule:
    """Return a straight line from 1 down to `floor`, after a linear warm-up. Arguments and errors as in `cosine`."""
    return _after_warmup(warmup, lambda progress: 1 - progress, floor)


def polynomial(power: float, warmup: float = 0.0, floor: float = 0.0) -> Schedule:
    """(1 - t)^power down to `floor`, after a linear warm-up; `power` 1 is `linear`. Other arguments and errors as in `cosine`."""
    return _after_warmup(warmup, lambda progress: max(1 - progress, 0.0) ** power, floor)


def step(milestones: Sequence[float] = (0.5, 0.75), gamma: float = 0.1) -> Schedule:
    """Multiply by `gamma` at each milestone.

    Args:
        milestones: where in the training, ascending fractions.
        gamma: the factor at each of them.

    Returns:
        The factor as a function of progress.

    Raises:
        ValueError: the milestones do not ascend or leave [0, 1].

    Source: He et al. 2016, section 4.2, uses (0.5, 0.75) of the training and 0.1.
    """
    places = sorted(milestones)
    if places != list(milestones) or any(not 0 <= place <= 1 for place in places):
        raise ValueError(f"expected ascending milestones in [0, 1], got {tuple(milestones)}")
    return lambda progress: gamma ** bisect_right(places, progress)


def exponential(end: float = 1e-3) -> Schedule:
    """Fall by the same ratio in every step, to `end` at last.

    Raises:
        ValueError: `end` is not positive.
    """
    if end <= 0:
        raise ValueError(f"expected a positive end, got {end}")
    return lambda progress: end**progress


def inverse_sqrt(warmup: float = 0.1) -> Schedule:
    """Return a linear warm-up to 1, then a fall with the square root of the steps.

    Args:
        warmup: fraction of the training that climbs; the paper's 4,000 of 100,000 steps are 0.04.

    Returns:
        The factor as a function of progress.

    Raises:
        ValueError: `warmup` is not in (0, 1).

    Source: Vaswani et al. 2017, eq. 3; its peak (d_model · warmup_steps)^-½ is the learning rate here.
    """
    if not 0 < warmup < 1:
        raise ValueError(f"expected warmup in (0, 1), got {warmup}")
    return lambda progress: progress / warmup if progress < warmup else sqrt(warmup / progress)


def trapezoid(warmup: float = 0.1, cooldown: float = 0.2, floor: float = 0.0) -> Schedule:
    """Return a linear warm-up, a plateau at 1, and a linear cool-down to `floor`; the plateau may grow while the training runs.

    Args:
        warmup: fraction of the training in which the factor climbs from 0 to 1.
        cooldown: fraction at the end in which it falls.
        floor: the last factor.

    Returns:
        The factor as a function of progress.

    Raises:
        ValueError: a fraction is out of range, or the two slopes overlap.

    Source: Hägele et al. 2024, eq. 1.
    """
    _fraction("cooldown", cooldown)
    if warmup + cooldown > 1:
        raise ValueError(f"expected warmup + cooldown ≤ 1, got {warmup} + {cooldown}")
    flat = (1 - cooldown - warmup) / (1 - warmup) if warmup < 1 else 0.0
    return _after_warmup(warmup, lambda progress: 1.0 if progress <= flat else (1 - progress) / (1 - flat), floor)
