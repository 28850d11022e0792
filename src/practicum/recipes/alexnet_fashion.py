"""A narrow AlexNet on Fashion-MNIST (Krizhevsky 2014; Xiao et al. 2017).

A quarter of the width and a 5×5 stem without stride, for 28×28 pixels. Without batch norm the layers' gradients differ in size;
AdamW evens them out.

What surprised: the reduced VGG, with half as many weights and in the same time, is better: a run of it has 90.4 % of the
validation images, two runs of this one have 86.8 and 88.1 %.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from practicum.models.alexnet import AlexNet, AlexNetConfig
from practicum.recipes._fashion import FashionRecipe
from practicum.training.experiment import Target
from practicum.training.hyperparameters import option


@dataclass(frozen=True)
class Recipe(FashionRecipe):
    """The training and its hyperparameters."""

    epochs: int = 4
    lr: float = 1.5e-3
    width: int = option(16, "maps of the first convolution")
    hidden: int = option(256, "units of each hidden layer")

    target: ClassVar[Target] = Target(
        "accuracy", at_least=0.87, source="own: a linear model has 0.84, two runs 0.868 and 0.881 on validation images", minutes=3
    )

    def model(self) -> nn.Module:
        """Return the network."""
        return AlexNet(AlexNetConfig(10, 1, stem="small", width=self.width, hidden=self.hidden, dropout=0.25))

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return AdamW."""
        return torch.optim.AdamW(model.parameters(), lr=self.lr, weight_decay=0.01, fused=True)

    def first_convolution(self, model: Any) -> nn.Conv2d:
        """Return the layer whose filters are drawn."""
        return model.features[0]
