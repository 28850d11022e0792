"""The two studies on the NumPy engine: their parts, and a short run of each."""

import numpy as np
import pytest

from practicum.recipes import mlp_digits, optimizer_race
from practicum.training.experiment import Sets


def test_the_valley():
    assert optimizer_race.rosenbrock((1, 1)) == 0
    assert optimizer_race.rosenbrock((-1.2, 1)) == pytest.approx(24.2)
    np.testing.assert_allclose(optimizer_race.rosenbrock([[0, 0], [2, 3], [np.nan, 0]]), [1, 101, np.inf])


def test_gradient_descent_in_the_valley_is_the_formula():
    visited = optimizer_race.valley("GD", 0.001, 50, seed=0)
    x, y = optimizer_race.START
    for point in visited[1:]:
        slope = -2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)
        x, y = x - 0.001 * slope[0], y - 0.001 * slope[1]
        np.testing.assert_allclose(point, (x, y), rtol=1e-10)
    assert len(visited) == 51


def test_stochastic_steps_are_right_on_average_and_repeat_with_the_seed():
    first = [optimizer_race.valley("SGD", 1e-4, 1, seed)[1] for seed in range(400)]
    np.testing.assert_array_equal(first[3], optimizer_race.valley("SGD", 1e-4, 1, 3)[1])
    assert len({tuple(point) for point in first}) == 2
    moved, expected = np.mean(first, 0) - optimizer_race.START, optimizer_race.valley("GD", 1e-4, 1, 0)[1] - optimizer_race.START
    np.testing.assert_allclose(moved, expected, rtol=0.25)


def test_a_rate_too_high_leaves_the_map():
    visited = optimizer_race.valley("GD", 1.0, 100, seed=0)
    assert len(visited) < 10
    assert np.isinf(optimizer_race.rosenbrock(visited[-1]))


def test_each_seed_races_from_a_start_of_its_own_at_rates_chosen_from_rosenbrocks(tmp_path, monkeypatch):
    """From Rosenbrock's start the lower rate ends at the minimum, from all others the higher one is better."""
    starts = []

    def valley(name, rate, steps, seed, start=optimizer_race.START):
        if start != optimizer_race.START:
            starts.append(start)
        return np.array([start, (1.0 + (rate == 0.03) if start == optimizer_race.START else 1.5 - 10 * rate, 1.0)])

    def learn(self, name, rate, images, labels, seed):
        taken.append(images)
        return None, [1.0]

    taken = []
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setattr(optimizer_race, "RATES", (0.003, 0.03))
    monkeypatch.setattr(optimizer_race, "valley", valley)
    monkeypatch.setattr(optimizer_race, "accuracy", lambda *given: 0.5)
    monkeypatch.setattr(optimizer_race.Recipe, "learn", learn)
    for drawn in ("draw_valley", "draw_curves"):
        monkeypatch.setattr(optimizer_race, drawn, lambda *given: None)
    rules = len(optimizer_race.RULES)
    for seed in range(3):
        metrics = optimizer_race.Recipe(rows=50).run(seed, tmp_path).metrics
        assert metrics["GD_valley_lr"] == 0.003
    assert [starts[i : i + rules] for i in range(0, 3 * rules, rules)] == [[start] * rules for start in starts[::rules]]
    assert len(set(starts)) == 3
    assert np.abs(np.subtract(starts, optimizer_race.START)).max() <= optimizer_race.SPREAD
    assert len({images.tobytes() for images in taken}) == 3


def test_a_short_race(tmp_path, monkeypatch):
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)  # the packaged sample is enough
    monkeypatch.setattr(optimizer_race, "RATES", (0.003, 0.03))
    outcome = optimizer_race.Recipe(steps=30, passes=1, rows=256, hidden=8, batch_size=32).run(0, tmp_path)
    assert 0 < outcome.metrics["GD_valley"] < 5
    assert 0 < outcome.metrics["momentum_valley"] < 5
    assert outcome.sets == Sets(256, 167, 500, "images", "learning rates")
    plain, adaptive = (
        min(outcome.metrics[f"{name}_valley"] for name in g) for g in (optimizer_race.PLAIN, optimizer_race.ADAPTIVE)
    )
    assert outcome.metrics["lead"] == pytest.approx(np.log10(plain / adaptive))
    assert outcome.metrics["Adam_accuracy"] > 0.3
    assert (tmp_path / "rosenbrock.png").stat().st_size > 10_000
    assert (tmp_path / "mnist.png").stat().st_size > 10_000


def test_shifts_move_by_one_pixel_at_most():
    images = np.full((300, 8, 8), -1.0, np.float32)
    images[:, 3, 4] = 1
    moved = mlp_digits.shifted(np.random.default_rng(0), images)
    assert moved.shape == images.shape
    at = {tuple(np.argwhere(image == 1)[0].tolist()) for image in moved}
    assert at == {(i, j) for i in (2, 3, 4) for j in (3, 4, 5)}
    assert (moved.sum((1, 2)) == images.sum((1, 2))).all()


def test_a_short_training_on_digits(tmp_path):
    outcome = mlp_digits.Recipe(epochs=4, hidden=32).run(0, tmp_path)
    assert outcome.metrics["accuracy"] > 0.85
    assert 0.94 < outcome.metrics["logistic_accuracy"] < 0.98
    assert (tmp_path / "digits.png").stat().st_size > 5_000
    assert outcome.metrics == mlp_digits.Recipe(epochs=4, hidden=32).run(0, tmp_path).metrics
