"""The family of palindrome recipes: the experiment, and a picture of what the network remembers at other lengths."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn

from practicum.data.batches import Generated
from practicum.data.disjoint import only
from practicum.data.palindromes import palindromes
from practicum.methods.backprop_through_time import gradient_norms
from practicum.methods.classify import Classify
from practicum.training.experiment import Experiment
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit
from practicum.training.schedules import one_cycle

VALIDATION_SEED, TEST_SEED = 1, 2  # the same rows in every run; `only` keeps them apart from the training's, whatever its seed


@dataclass(frozen=True)
class PalindromeRecipe(ABC):
    """A network that says a palindrome's last digit: fresh palindromes in every step, 2,000 others to watch, 10,000 to test on.

    Eight tenths of all palindromes of the length may come in training; the others are for validation and test, a tenth each.
    """

    length: int = option(10, "of the palindromes")
    hidden: int = option(128, "units")
    epochs: int = option(8, "of 100 steps")
    batch_size: int = option(128, "palindromes per step")
    lr: float = option(1e-3, "peak learning rate")

    @abstractmethod
    def model(self) -> nn.Module:
        """Return a `RecurrentClassifier` of ten digits."""

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        make = partial(palindromes, length=self.length)
        return Experiment(
            model=self.model(),
            method=Classify(),
            train=Generated(only(make, "train"), batch_size=self.batch_size, batches=100, seed=seed),
            validation=Generated(only(make, "validation"), batch_size=1000, batches=2, seed=VALIDATION_SEED),
            test=Generated(only(make, "test"), batch_size=1000, batches=10, seed=TEST_SEED),
            fit=Fit(
                epochs=self.epochs,
                optimizer=lambda model: torch.optim.AdamW(model.parameters(), lr=self.lr, weight_decay=0.0, fused=True),
                schedule=one_cycle(),
                clip=1.0,  # one step through a state that grows would undo hundreds of others
            ),
            unit="palindromes, those of training anew in each epoch",
        )

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draw accuracy against length, and the gradient's norm at each step."""
        draw_memory(experiment.model, self.length, folder / "memory.png")


def draw_memory(model: nn.Module, length: int, path: Path) -> None:
    """Draw accuracy against length, and the norm of the loss's gradient at each step's state s (h, of an LSTM h and c).

    Args:
        model: a `RecurrentClassifier`.
        length: that it was trained at.
        path: of the PNG file.
    """
    from matplotlib.figure import Figure

    lengths = range(3, 2 * length + 1)
    accuracies = []
    for other in lengths:
        test = Generated(only(partial(palindromes, length=other), "test"), batch_size=1000, batches=1, seed=TEST_SEED)
        with torch.no_grad():
            accuracies.append(Classify().evaluate(model, test)["accuracy"])
    digits, last = palindromes(torch.Generator().manual_seed(TEST_SEED), 1000, length)
    norms = gradient_norms(model.body, model.embedding(digits), lambda h: nn.functional.cross_entropy(model.head(h), last))
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(lengths, accuracies, marker=".")
    left.axvline(length, color="gray", linestyle=":")
    left.set_xlabel(f"length (trained at {length})")
    left.set_ylabel("accuracy")
    right.semilogy(range(1, length), norms, marker=".")
    right.set_xlabel("step t")
    right.set_title("‖∂L/∂s_t‖ of the trained network")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
