"""GoogLeNet at an eighth of its width on Fashion-MNIST (Szegedy et al. 2015; Xiao et al. 2017).

All nine Inception blocks and both auxiliary classifiers, behind a small stem. Two passes over the data: on a CPU, its many thin
branches cost more than their products.

What surprised: with twenty-two layers and an eighth of the width, two passes are as good as AlexNet's four: 88.5 and 88.4 % of
the validation images in two runs against 86.8 and 88.1 %, a difference that the seeds alone could make.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import nn

from practicum.methods.auxiliary_heads import AuxiliaryHeads
from practicum.models.googlenet import GoogLeNet, GoogLeNetConfig
from practicum.recipes._fashion import FashionRecipe
from practicum.training.experiment import Target
from practicum.training.hyperparameters import option


@dataclass(frozen=True)
class Recipe(FashionRecipe):
    """The training and its hyperparameters."""

    lr: float = 0.1
    width: float = option(0.125, "factor on every number of maps")

    target: ClassVar[Target] = Target(
        "accuracy",
        at_least=0.875,
        source="own: two runs have 0.885 and 0.884 on validation; less 0.009, the deviation of earlier runs. Linear: 0.84",
        minutes=3,
    )

    def model(self) -> nn.Module:
        """Return the network."""
        return GoogLeNet(GoogLeNetConfig(10, 1, self.width, "small", dropout=0.1, auxiliary_dropout=0.3))

    def method(self) -> AuxiliaryHeads:
        """Return what to descend: the losses of all three heads."""
        return AuxiliaryHeads()

    def first_convolution(self, model: Any) -> nn.Conv2d:
        """Return the layer whose filters are drawn."""
        return model.conv1.conv
