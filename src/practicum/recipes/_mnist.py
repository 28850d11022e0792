"""The family of recipes that learn MNIST from shifted digits."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from practicum.data.augment import shifted
from practicum.data.batches import Batches
from practicum.data.mnist import mnist, scaled
from practicum.methods.classify import Classify
from practicum.training.experiment import Experiment
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit
from practicum.training.plots.images import draw_confusion


@dataclass(frozen=True)
class DigitsRecipe(ABC):
    """A network on MNIST.

    Attributes:
        drop_last: leave out an epoch's last, smaller batch.
    """

    epochs: int = option(12, "passes over the training set")
    batch_size: int = option(128, "images per step")
    lr: float = option(4e-3, "peak learning rate")
    shift: int = option(2, "images move by up to so many pixels")

    drop_last: ClassVar[bool] = False

    @abstractmethod
    def model(self) -> nn.Module:
        """Return the network: (B, 1, 28, 28) to scores (B, 10)."""

    @abstractmethod
    def fit(self) -> Fit:
        """Return how to train."""

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        digits = mnist()
        train, validation, test = (
            scaled(images, 0.1307, 0.3081) for images in (digits.train_images, digits.validation_images, digits.test_images)
        )
        black = float(train.min())  # 0 before scaling: what a shifted image leaves free is background

        def augment(generator: torch.Generator, images_B1HW: Tensor, labels_B: Tensor) -> tuple[Tensor, Tensor]:
            return shifted(images_B1HW, generator, self.shift, fill=black), labels_B

        return Experiment(
            model=self.model(),
            method=Classify(),
            train=Batches(
                train,
                digits.train_labels,
                batch_size=self.batch_size,
                seed=seed,
                transform=augment,
                drop_last=self.drop_last,
            ),
            validation=Batches(validation, digits.validation_labels, batch_size=1000, shuffle=False),
            test=Batches(test, digits.test_labels, batch_size=1000, shuffle=False),
            fit=self.fit(),
            sample=digits.sample,
            unit="images",
        )

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draw the confusion matrix."""
        draw_confusion(experiment, tuple("0123456789"), folder / "confusion.png")
