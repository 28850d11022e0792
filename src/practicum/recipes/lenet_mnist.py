"""LeNet-5 on MNIST (LeCun, Bottou, Bengio & Haffner 1998, section III).

The paper trains for 20 passes with a hand-set falling learning rate and reports an error of 0.95 % without distortions, 0.8 %
with them. Here: AdamW on a one-cycle schedule, random shifts by up to two pixels in place of the paper's distortions, and
averaged weights.

What surprised: nothing yet.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from practicum.data.batches import Batches
from practicum.data.mnist import mnist, scaled
from practicum.methods.classify import Classify
from practicum.models.lenet import LeNet5
from practicum.training.experiment import Experiment, Target
from practicum.training.loop import Fit
from practicum.training.schedules import one_cycle


@dataclass(frozen=True)
class Recipe:
    """Knobs.

    Attributes:
        epochs: passes over the training set.
        batch_size: images per step.
        lr: peak learning rate.
        weight_decay: AdamW's.
    """

    epochs: int = 12
    batch_size: int = 128
    lr: float = 3e-3
    weight_decay: float = 0.01

    target: ClassVar[Target] = Target(
        "accuracy",
        at_least=0.991,
        published="99.05 %",
        source="LeCun et al. 1998, figure 9: LeNet-5 without distortions",
        minutes=3,
    )

    def build(self, seed: int) -> Experiment:
        """Returns the experiment."""
        digits = mnist()
        train, test = (scaled(images, 0.1307, 0.3081) for images in (digits.train_images, digits.test_images))
        return Experiment(
            model=LeNet5(),
            method=Classify(),
            train=Batches(train, digits.train_labels, batch_size=self.batch_size, seed=seed),
            test=Batches(test, digits.test_labels, batch_size=1000, shuffle=False),
            fit=Fit(
                epochs=self.epochs,
                optimizer=lambda model: torch.optim.AdamW(
                    model.parameters(), lr=self.lr, weight_decay=self.weight_decay, fused=True
                ),
                schedule=one_cycle(),
                ema=0.998,
            ),
            sample=digits.sample,
        )

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draws the confusion matrix."""
        from practicum.training.pictures import draw_confusion

        draw_confusion(experiment, tuple("0123456789"), folder / "confusion.png")
