"""The foundations' recipes on packaged samples, with small settings: what they measure holds, and their pictures are drawn."""

import csv
from pathlib import Path

import pytest

from practicum.recipes import ablation_fashion, mlp_mnist, pca_digits, perceptron_gaussians, softmax_mnist
from practicum.training.loop import fit


@pytest.fixture(autouse=True)
def only_samples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))


@pytest.mark.parametrize("seed", range(2))
def test_the_perceptron_keeps_to_its_theorems(seed: int, tmp_path: Path) -> None:
    metrics = perceptron_gaussians.Recipe(rows=200, epochs=30).run(seed, tmp_path).metrics
    assert metrics["accuracy"] >= 0.95
    assert 0 < metrics["mistakes"] <= metrics["bound"]
    assert metrics["xor_accuracy"] <= 0.75
    assert metrics["xor_epochs"] == metrics["overlap_epochs"] == 30
    assert metrics["overlap_accuracy"] <= metrics["overlap_best"] + 0.012  # three standard errors of 10,000 points
    assert (tmp_path / "boundaries.png").stat().st_size > 10_000


def test_the_bound_is_novikoffs_for_the_line_between_the_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panels = []
    monkeypatch.setattr(perceptron_gaussians, "_draw", lambda drawn, path: panels.extend(drawn))
    metrics = perceptron_gaussians.Recipe(rows=60, epochs=5).run(3, tmp_path).metrics
    _, _, x, y, _ = panels[0]
    middle = perceptron_gaussians.MIDDLE[0]
    length = (1 + middle**2) ** 0.5  # of (1, 0, -middle), the line with its intercept
    margin = min((1 if label else -1) * (a - middle) / length for (a, _), label in zip(x, y, strict=True))
    radius = max((a * a + b * b + 1) ** 0.5 for a, b in x)
    assert metrics["bound"] == pytest.approx((radius / margin) ** 2, rel=1e-10)


def test_pca_compresses_digits_and_its_kernel_parts_moons(tmp_path: Path) -> None:
    metrics = pca_digits.Recipe().run(7, tmp_path).metrics
    assert metrics["digits_gap_to_sklearn"] < 1e-12
    assert 0.14 < metrics["digits_error"] < 0.18
    assert metrics["moons_accuracy"] > 0.98 > 0.92 > metrics["moons_accuracy_without_kernel"]
    assert {path.name for path in tmp_path.glob("*.png")} == {"digits.png", "components.png", "moons.png"}


def test_softmax_regression_on_the_sample(tmp_path: Path) -> None:
    outcome = softmax_mnist.Recipe(steps=30).run(0, tmp_path)
    assert outcome.sample
    assert 0.82 < outcome.metrics["accuracy"] < outcome.metrics["train_accuracy"]
    assert (tmp_path / "weights.png").exists()


def test_the_mlp_learns_the_sample(tmp_path: Path) -> None:
    recipe = mlp_mnist.Recipe(epochs=2, hidden=64, batch_size=50)
    experiment = recipe.build(0)
    assert experiment.sample
    rows = fit(
        experiment.model, experiment.method, experiment.train, experiment.fit, validation=experiment.validation, progress=False
    )
    assert rows[-1]["accuracy"] > 0.8
    recipe.picture(experiment, tmp_path)
    assert (tmp_path / "confusion.png").exists()


def test_the_ablation_measures_every_row_from_the_same_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = ablation_fashion.Recipe(images=600, epochs=2, hidden=16, batch_size=20).run(0, tmp_path)
    assert outcome.sample
    assert list(outcome.metrics) == [f"{name}_{metric}" for metric in ("accuracy", "loss") for name in ablation_fashion.VARIANTS]
    assert outcome.metrics["baseline_accuracy"] > 0.4
    losses = [value for name, value in outcome.metrics.items() if name.endswith("_loss")]
    assert len(set(losses)) >= len(losses) - 1  # every row trains another way, but early stopping need not stop in two epochs
    with (tmp_path / "ablation.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [row["added"] for row in table] == [row.title for row in ablation_fashion.VARIANTS.values()]
    assert [float(row["test_loss"]) for row in table] == pytest.approx(losses, abs=1e-5)
    # A row does not depend on those before it: in another order the numbers are the same.
    two = {name: ablation_fashion.VARIANTS[name] for name in ("dropout", "baseline")}
    monkeypatch.setattr(ablation_fashion, "VARIANTS", two)
    again = ablation_fashion.Recipe(images=600, epochs=2, hidden=16, batch_size=20).run(0, tmp_path)
    assert again.metrics == {name: outcome.metrics[name] for name in again.metrics}
