"""Schedules against torch.optim.lr_scheduler, step by step."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.training import schedules as s

PEAK = 0.37
lrs = torch.optim.lr_scheduler


def rates(make: Callable[[Any], Any], steps: int) -> list[float]:
    """The learning rates PyTorch uses in steps 0, 1, …"""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)
    scheduler, found = make(optimizer), []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def ours(schedule: s.Schedule, steps: int, total: float) -> list[float]:
    return [PEAK * schedule(step / total) for step in range(steps)]


@pytest.mark.parametrize("total", [12, 37, 100, 250])
@pytest.mark.parametrize(("pct", "div", "final"), [(0.3, 25, 1e4), (0.1, 10, 400), (0.5, 3, 2)])
def test_one_cycle_is_torchs(total: int, pct: float, div: float, final: float) -> None:
    theirs = rates(lambda o: lrs.OneCycleLR(o, PEAK, total, pct_start=pct, div_factor=div, final_div_factor=final), total - 1)
    schedule = s.one_cycle((pct * total - 1) / (total - 1), 1 / div, 1 / div / final)
    assert ours(schedule, total - 1, total - 1) == pytest.approx(theirs, rel=1e-10, abs=1e-12)


TWINS: list[tuple[s.Schedule, Callable[[Any, int], Any]]] = [
    (s.constant(), lambda o, t: lrs.ConstantLR(o, 1.0)),
    (s.cosine(), lambda o, t: lrs.CosineAnnealingLR(o, t)),
    (s.cosine(floor=0.1), lambda o, t: lrs.CosineAnnealingLR(o, t, eta_min=0.1 * PEAK)),
    (s.linear(), lambda o, t: lrs.LinearLR(o, 1.0, 0.0, t)),
    (s.linear(floor=0.25), lambda o, t: lrs.LinearLR(o, 1.0, 0.25, t)),
    (s.polynomial(2.0), lambda o, t: lrs.PolynomialLR(o, t, 2.0)),
    (s.polynomial(0.9), lambda o, t: lrs.PolynomialLR(o, t, 0.9)),
    (s.step((0.5, 0.75), 0.1), lambda o, t: lrs.MultiStepLR(o, [t // 2, 3 * t // 4], 0.1)),
    (s.step((0.25, 0.5, 0.75), 0.3), lambda o, t: lrs.StepLR(o, t // 4, 0.3)),
    (s.exponential(1e-3), lambda o, t: lrs.ExponentialLR(o, 1e-3 ** (1 / t))),
    (s.exponential(0.2), lambda o, t: lrs.ExponentialLR(o, 0.2 ** (1 / t))),
]


@pytest.mark.parametrize("total", [4, 20, 100, 364])
@pytest.mark.parametrize("twin", range(len(TWINS)))
def test_twins_in_torch(twin: int, total: int) -> None:
    schedule, make = TWINS[twin]
    assert ours(schedule, total, total) == pytest.approx(rates(lambda o: make(o, total), total), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("total", "warm"), [(20, 4), (100, 25), (64, 16)])
@pytest.mark.parametrize("kind", ["cosine", "linear", "polynomial", "trapezoid"])
def test_warmup_is_torchs_sequence(total: int, warm: int, kind: str) -> None:
    rest = total - warm
    schedule, then = {
        "cosine": (s.cosine(warm / total, 0.05), lambda o: [lrs.CosineAnnealingLR(o, rest, eta_min=0.05 * PEAK)]),
        "linear": (s.linear(warm / total, 0.05), lambda o: [lrs.LinearLR(o, 1.0, 0.05, rest)]),
        "polynomial": (s.polynomial(3.0, warm / total), lambda o: [lrs.PolynomialLR(o, rest, 3.0)]),
        "trapezoid": (
            s.trapezoid(warm / total, 1 / 4, 0.1),
            lambda o: [lrs.ConstantLR(o, 1.0), lrs.LinearLR(o, 1.0, 0.1, total // 4)],
        ),
    }[kind]
    ends = [warm, total - total // 4] if kind == "trapezoid" else [warm]
    # LinearLR refuses a start of exactly 0; 1e-12 is nearer than the tolerance.
    theirs = rates(lambda o: lrs.SequentialLR(o, [lrs.LinearLR(o, 1e-12, 1.0, warm), *then(o)], ends), total)
    assert ours(schedule, total, total) == pytest.approx(theirs, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize(("d_model", "warm", "total"), [(512, 4000, 100_000), (64, 10, 100)])
def test_inverse_sqrt_is_equation_3(d_model: int, warm: int, total: int) -> None:
    schedule, peak = s.inverse_sqrt(warm / total), 1 / sqrt(d_model * warm)
    for number in (1, 2, warm // 2, warm - 1, warm, warm + 1, 2 * warm, total):
        assert peak * schedule(number / total) == pytest.approx(d_model**-0.5 * min(number**-0.5, number * warm**-1.5), rel=1e-12)


@given(warmup=st.floats(0.01, 0.7), floor=st.floats(0, 1), progress=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_all_climb_to_one_and_then_fall(warmup: float, floor: float, progress: float) -> None:
    for schedule in (
        s.one_cycle(warmup, 0.0, floor), s.cosine(warmup, floor), s.linear(warmup, floor), s.polynomial(2.0, warmup, floor),
        s.trapezoid(warmup, 0.3, floor), s.inverse_sqrt(warmup),
    ):  # fmt: skip
        assert schedule(0.0) == 0
        assert schedule(warmup) == pytest.approx(1)
        later = min(1.0, progress + 1e-3)
        slack = 1e-12
        assert -slack <= schedule(progress) <= 1 + slack
        if later <= warmup:
            assert schedule(progress) <= schedule(later) + slack
        elif progress >= warmup:
            assert schedule(progress) >= schedule(later) - slack
    assert s.cosine(warmup, floor)(1.0) == pytest.approx(floor)
    assert s.trapezoid(warmup, 0.3, floor)(1.0) == pytest.approx(floor)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: s.cosine(warmup=1.0), r"warmup in \[0, 1\), got 1.0"),
        (lambda: s.one_cycle(warmup=-0.1), r"warmup in \[0, 1\), got -0.1"),
        (lambda: s.linear(floor=1.5), r"floor in \[0, 1\], got 1.5"),
        (lambda: s.step((0.7, 0.5)), r"ascending milestones in \[0, 1\], got \(0.7, 0.5\)"),
        (lambda: s.step((30, 60)), r"ascending milestones in \[0, 1\], got \(30, 60\)"),
        (lambda: s.exponential(0.0), "positive end, got 0.0"),
        (lambda: s.inverse_sqrt(0.0), r"warmup in \(0, 1\), got 0.0"),
        (lambda: s.trapezoid(0.6, 0.5), r"warmup \+ cooldown ≤ 1, got 0.6 \+ 0.5"),
    ],
)
def test_wrong_settings_are_named(make: Callable[[], s.Schedule], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()
