"""A reduced VGG on Fashion-MNIST (Simonyan & Zisserman 2015; Xiao et al. 2017).

Four 3×3 convolutions of 16 to 64 maps with batch norm (`SMALL_VGG`).

What surprised: started with linear layers of standard deviation 0.01, as wide ones are, this narrow network does not learn at
all; the scores hardly depend on the image. Some of the mistakes it is surest of are the labels': a boot that is called a sneaker.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from practicum.methods.classify import Classify
from practicum.models.vgg import SMALL_VGG, VGG
from practicum.recipes._fashion import classify_clothes, draw, nesterov
from practicum.training.experiment import Experiment, Target
from practicum.training.hyperparameters import option


@dataclass(frozen=True)
class Recipe:
    """The training and its hyperparameters."""

    epochs: int = option(5, "passes over the training set")
    batch_size: int = option(128, "images per step")
    lr: float = option(0.05, "peak learning rate")

    target: ClassVar[Target] = Target(
        "accuracy", at_least=0.9, source="own: what this width reaches in two minutes of one core", minutes=3
    )

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        model = VGG(SMALL_VGG)
        return classify_clothes(model, Classify(), nesterov(self.lr), epochs=self.epochs, batch_size=self.batch_size, seed=seed)

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draw the confusion matrix, the first filters and the surest mistakes."""
        draw(experiment, experiment.model.features[0], folder)
