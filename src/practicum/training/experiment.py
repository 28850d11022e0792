"""What a recipe says: an experiment, how it is trained, and the figure it has to reach."""

import math
import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class Method(Protocol):
    """An objective: a loss for the loop to descend, and metrics for people. One with its own `step` needs no `loss` (see
    docs/library.md).
    """

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        """Return a scalar, the mean over the batch."""
        ...

    def evaluate(self, model: nn.Module, batches: Iterable[Any]) -> dict[str, float]:
        """Return the metrics; the model is in eval mode, and no gradients are recorded."""
        ...


class Data(Protocol):
    """Batches in an order that depends on a seed and the epoch's number alone; `data/batches.py` has six kinds."""

    rows: int  # that can be drawn: images, sentences, tokens, nodes

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    def epoch(self, number: int, start: int = 0) -> Iterator[Any]:
        """Yield the batches of an epoch, from the `start`-th on."""
        ...


@dataclass(frozen=True)
class Target:
    """The figure a recipe has to reach on the full data.

    Attributes:
        metric: a name that `evaluate` (or a study) returns.
        at_least: its floor; or
        at_most: its ceiling. Exactly one of the two.
        published: the published value, as text; empty where there is none.
        source: where it is published, or why the target is what it is. Targets are set before there are results on test data, and
            none is lowered afterwards.
        minutes: what a run may take on two cores.
        seeds: how many runs the stated mean wants.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    published: str = ""
    source: str = ""
    minutes: float = 2
    seeds: int = 3

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"{self.metric}: expected one of at_least and at_most, got {self.at_least} and {self.at_most}")

    def met(self, *values: float) -> bool:
        """Tell whether runs reach the target: the mean of several, less one standard error, does. What is not finite does not."""
        if not all(map(math.isfinite, values)):
            return False
        mean = statistics.fmean(values)
        error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
        return mean - error >= self.at_least if self.at_least is not None else mean + error <= (self.at_most or 0.0)

    def __str__(self) -> str:
        return f"{self.metric} ≥ {self.at_least:g}" if self.at_least is not None else f"{self.metric} ≤ {self.at_most:g}"


@dataclass(frozen=True)
class Fit:
    """How to train.

    Attributes:
        epochs: passes over the training batches.
        optimizer: makes the optimiser for the model.
        schedule: maps progress in [0, 1] to a factor on the optimiser's learning rates (training/schedules.py).
        accumulate: batches whose gradients add up to one step of the optimiser.
        clip: the largest norm of the gradient.
        ema: decay of the weights' moving average, which is then what is evaluated and returned.
        evaluate_every: epochs between evaluations.
        best: the metric by which the best weights are kept and returned; needs validation batches. `-loss` with a minus: lower
            is better. Several with commas in between, `-loss,accuracy`: the weights kept are those where each is at least as good
            as ever, and patience lasts while any is (Veličković et al. 2018).
        patience: evaluations without a better `best` after which training stops.
        minutes: training stops when it has taken this long.
        precision: of the passes, where the accelerator names none: "32-true" or "bf16-mixed", say.
    """

    epochs: int
    optimizer: Callable[[nn.Module], Optimizer] = lambda model: torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule: Callable[[float], float] | None = None
    accumulate: int = 1
    clip: float | None = None
    ema: float | None = None
    evaluate_every: int = 1
    best: str | None = None
    patience: int | None = None
    minutes: float | None = None
    precision: str | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.accumulate < 1 or self.evaluate_every < 1:
            raise ValueError(
                f"expected epochs, accumulate and evaluate_every of at least 1, "
                f"got {self.epochs}, {self.accumulate}, {self.evaluate_every}"
            )
        if self.patience is not None and self.best is None:
            raise ValueError("patience counts evaluations without a better `best`, and `best` names no metric")


@dataclass(frozen=True)
class Sets:
    """How many rows a result stands on, apart in three sets.

    Attributes:
        train: that were learnt from.
        validation: that were watched, and by which whatever was chosen was chosen.
        test: that were measured once, at the end.
        unit: what a row is: images, questions, characters.
        chosen: what the validation set chose, as text; empty where it only drew a curve.
    """

    train: int
    validation: int
    test: int
    unit: str = "rows"
    chosen: str = ""


@dataclass(frozen=True)
class Experiment:
    """One training.

    Attributes:
        model: any module.
        method: what to descend, and how to measure.
        train: batches to learn from.
        validation: batches to measure on in between; they share no row with the others.
        test: batches to measure the result on, once, at the end. Nothing else in the experiment may depend on them.
        fit: how to train.
        sample: True where the data are only the packaged sample, so that the target does not apply.
        unit: what a row is: images, questions, characters.
    """

    model: nn.Module
    method: Any
    train: Data
    validation: Any
    test: Any
    fit: Fit
    sample: bool = False
    unit: str = "rows"

    def sets(self) -> Sets:
        """Return the three sets' sizes, and what the validation set chooses."""
        chosen = f"the weights, by {' and '.join(each.lstrip('-') for each in self.fit.best.split(','))}" if self.fit.best else ""
        return Sets(self.train.rows, self.validation.rows, self.test.rows, self.unit, chosen)


@dataclass(frozen=True)
class StudyResult:
    """What a study found.

    Attributes:
        metrics: by name, on the test data where nothing else is said; the target's metric is one of them.
        sets: the three sets' sizes, and what the validation set chose.
        sample: True where the data were only the packaged sample.
    """

    metrics: dict[str, float]
    sets: Sets
    sample: bool = False


class Recipe(Protocol):
    """What stands in a file of `recipes/`: a frozen dataclass of hyperparameters with `build`, or with `run` for a study."""

    target: ClassVar[Target]

    def build(self, seed: int) -> Experiment:
        """Return the experiment; the global generators are seeded before."""
        ...


class Study(Protocol):
    """A recipe that is more than one training."""

    target: ClassVar[Target]

    def run(self, seed: int, folder: Path) -> StudyResult:
        """Run it all and write its pictures into `folder`."""
        ...
