"""What a recipe says: an experiment, and the figure it has to reach."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from torch import Tensor, nn

from practicum.training.loop import Fit


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
    """Batches in an order that depends on a seed and the epoch's number alone; `data/batches.py` has five kinds."""

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
        source: where it is published, or why the target is what it is.
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

    def met(self, value: float) -> bool:
        """Tell whether `value` reaches the target; NaN does not."""
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)

    def __str__(self) -> str:
        return f"{self.metric} ≥ {self.at_least:g}" if self.at_least is not None else f"{self.metric} ≤ {self.at_most:g}"


@dataclass(frozen=True)
class Experiment:
    """One training.

    Attributes:
        model: any module.
        method: what to descend, and how to measure.
        train: batches to learn from.
        test: batches to measure the result on, once, at the end.
        fit: how to train.
        validation: batches to measure on in between; the test set where a recipe selects nothing by them.
        sample: True where the data are only the packaged sample, so that the target does not apply.
    """

    model: nn.Module
    method: Any
    train: Data
    test: Iterable[Any]
    fit: Fit
    validation: Iterable[Any] | None = None
    sample: bool = False


@dataclass(frozen=True)
class StudyResult:
    """What a study found.

    Attributes:
        metrics: by name; the target's metric is one of them.
        sample: True where the data were only the packaged sample.
    """

    metrics: dict[str, float]
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
