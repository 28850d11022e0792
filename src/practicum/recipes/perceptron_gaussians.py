"""What the perceptron rule can and cannot learn (Rosenblatt 1958; Novikoff 1962; Minsky & Papert 1969).

Three sets of points in the plane, with a fresh test set for each: two Gaussians so far apart that a line parts them, where the
rule must stop within (R/γ)² mistakes; two that overlap, where it never stops and its last weights are whatever the last rows made
of them; and XOR with four clusters, where no line is right on more than three of them. All lie around (6, 4), so that the rule
has to find the intercept too. Every seed draws its own points. Nothing is chosen, so there is no validation set.

What surprised: how loose Novikoff's bound is, by a factor of 20 to 2,000 over 17 seeds. On overlapping classes the last weights
lose 7 points against the best line on average, and 28 at worst; averaging and smooth losses exist to repair that.
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np

from practicum.classic.perceptron import Perceptron
from practicum.training.experiment import Sets, StudyResult, Target
from practicum.training.hyperparameters import option

MIDDLE = (6.0, 4.0)
TEST = 10_000  # new points of each set


@dataclass(frozen=True)
class Recipe:
    """The study and its hyperparameters."""

    rows: int = option(400, "points to learn from, per set")
    distance: float = option(4.5, "of the separable Gaussians' means from the middle, in standard deviations")
    overlap: float = option(1.0, "the same for the overlapping ones")
    epochs: int = option(100, "at most")

    target: ClassVar[Target] = Target(
        "accuracy",
        at_least=0.995,
        source=(
            "own: twelve other seeds have 0.9971 ± 0.0007 of the separable points; less two deviations, rounded down. "
            "The best line is right on 1 - Φ(-4.5)"
        ),
        minutes=0.1,
        seeds=5,
    )

    def run(self, seed: int, folder: Path) -> StudyResult:
        """Learn all three sets; `bound` is (R/γ)² for the line between the means, and `xor_accuracy` cannot pass 0.75."""
        random = np.random.default_rng(seed)
        metrics: dict[str, float] = {}
        panels = []
        kinds: tuple[tuple[str, Any], ...] = (
            ("", [[[-self.distance, 0]], [[self.distance, 0]]]),
            ("overlap_", [[[-self.overlap, 0]], [[self.overlap, 0]]]),
            ("xor_", [[[-3, -3], [3, 3]], [[-3, 3], [3, -3]]]),
        )
        for name, means in kinds:
            x, y = _points(random, means, self.rows)
            new_x, new_y = _points(random, means, TEST)
            fitted = Perceptron(max_iter=self.epochs, random_state=seed).fit(x, y)
            metrics |= {
                f"{name}accuracy": fitted.score(new_x, new_y),
                f"{name}mistakes": float(fitted.mistakes_[0]),
                f"{name}epochs": float(fitted.n_iter_),
            }
            if not name:
                line = np.array([1.0, 0.0, -MIDDLE[0]])  # upright between the means; γ wants it with length 1
                augmented = np.hstack([x, np.ones((len(x), 1))])
                margin = ((2 * y - 1) * (augmented @ line)).min() / np.linalg.norm(line)
                radius = np.linalg.norm(augmented, axis=1).max()
                metrics["bound"] = float((radius / margin) ** 2) if margin > 0 else float("nan")
            panels.append((name.rstrip("_") or "separable", fitted, x, y, metrics[f"{name}accuracy"]))
        _draw(panels, folder / "boundaries.png")
        metrics["overlap_best"] = NormalDist().cdf(self.overlap)
        return StudyResult(metrics, sets=Sets(self.rows, 0, TEST, "points of each set"))


def _points(random: np.random.Generator, means: Any, rows: int) -> tuple[Any, Any]:
    """Return rows in equal parts around the means of each class (shape (2, clusters, 2)), with standard deviation 1."""
    y = np.arange(rows) % 2
    cluster = np.arange(rows) // 2 % len(means[0])
    return MIDDLE + np.array(means)[y, cluster] + random.normal(size=(rows, 2)), y


def _draw(panels: list[tuple[str, Perceptron, Any, Any, float]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    for axes, (name, fitted, x, y, accuracy) in zip(figure.subplots(1, 3), panels, strict=True):
        reach = np.abs(x - MIDDLE).max() + 0.5
        across, up = np.meshgrid(*(np.linspace(middle - reach, middle + reach, 200) for middle in MIDDLE))
        side = fitted.predict(np.stack([across.ravel(), up.ravel()], axis=1)).reshape(across.shape)
        axes.contourf(across, up, side, levels=[-0.5, 0.5, 1.5], colors=["tab:blue", "tab:orange"], alpha=0.2)
        axes.scatter(*x.T, c=np.where(y, "tab:orange", "tab:blue"), s=6)
        axes.set_title(f"{name}: {accuracy:.1%}, after {fitted.mistakes_[0]} mistakes", fontsize=10)
        axes.set_aspect("equal")
    figure.savefig(path, dpi=120)
