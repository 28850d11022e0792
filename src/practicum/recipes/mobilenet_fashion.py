"""MobileNetV2 at a quarter of its width on Fashion-MNIST (Sandler et al. 2018; Xiao et al. 2017).

All seventeen blocks, behind a small stem. Two passes over the data: depthwise convolutions have few products and yet move as
much memory as others, and it is memory that takes the time here.

What surprised: the network made for small processors takes 1.6 ms of one core per image, forth and back, where GoogLeNet takes
1.1 and AlexNet 0.4; more than two fifths of it go into batch norm, ReLU6 and copies.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from practicum.methods.classify import Classify
from practicum.models.mobilenet import MobileNetV2, MobileNetV2Config
from practicum.recipes._fashion import classify_clothes, draw, nesterov
from practicum.training.experiment import Experiment, Target
from practicum.training.hyperparameters import option


@dataclass(frozen=True)
class Recipe:
    """The training and its hyperparameters."""

    epochs: int = option(2, "passes over the training set")
    batch_size: int = option(128, "images per step")
    lr: float = option(0.05, "peak learning rate")
    width: float = option(0.25, "factor α on the channels")

    target: ClassVar[Target] = Target(
        "accuracy", at_least=0.85, source="own: what this width reaches in two minutes of one core", minutes=3
    )

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        model = MobileNetV2(MobileNetV2Config(10, 1, self.width, "small", dropout=0.1))
        return classify_clothes(model, Classify(), nesterov(self.lr), epochs=self.epochs, batch_size=self.batch_size, seed=seed)

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draw the confusion matrix, the first filters and the surest mistakes."""
        draw(experiment, experiment.model.stem[0], folder)
