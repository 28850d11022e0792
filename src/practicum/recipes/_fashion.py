"""The family of recipes on Fashion-MNIST (Xiao, Rasul & Vollgraf 2017): data, augmentation, speed, pictures.

A member says its network and what it changes: images are mirrored and shifted, the learning rate goes through one cycle, and the
products are in bfloat16, over memory in channels_last order.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from practicum.data.augment import mirrored, shifted
from practicum.data.batches import Batches
from practicum.data.mnist import CLOTHES, fashion_mnist, scaled
from practicum.methods.classify import Classify
from practicum.training.experiment import Experiment
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit
from practicum.training.schedules import one_cycle

PUBLISHED = "Xiao et al., the dataset's list of results"


@dataclass(frozen=True)
class FashionRecipe(ABC):
    """A network on Fashion-MNIST.

    Attributes:
        shift: the most pixels by which an image is moved.
        warmup: fraction of the training in which the learning rate rises.
    """

    epochs: int = option(2, "passes over the training set")
    batch_size: int = option(128, "images per step")
    lr: float = option(0.05, "peak learning rate")

    shift: ClassVar[int] = 2
    warmup: ClassVar[float] = 0.2

    @abstractmethod
    def model(self) -> nn.Module:
        """Return the network: (B, 1, 28, 28) to scores (B, 10)."""

    @abstractmethod
    def first_convolution(self, model: Any) -> nn.Conv2d:
        """Return the layer whose filters are drawn."""

    def method(self) -> Any:
        """Return what to descend."""
        return Classify()

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return SGD with Nesterov's momentum."""
        return torch.optim.SGD(model.parameters(), lr=self.lr, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True)

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        model = self.model()
        clothes = fashion_mnist()
        train, validation, test = (
            scaled(images, 0.2860, 0.3530) for images in (clothes.train_images, clothes.validation_images, clothes.test_images)
        )
        black = float(train.min())  # 0 before scaling: what a shifted image leaves free is background

        def augment(generator: torch.Generator, images_B1HW: Tensor, labels_B: Tensor) -> tuple[Tensor, Tensor]:
            return shifted(mirrored(images_B1HW, generator), generator, self.shift, fill=black), labels_B

        return Experiment(
            model=model.to(memory_format=torch.channels_last),
            method=self.method(),
            train=Batches(train, clothes.train_labels, batch_size=self.batch_size, seed=seed, transform=augment, drop_last=True),
            validation=Batches(validation, clothes.validation_labels, batch_size=500, shuffle=False),
            test=Batches(test, clothes.test_labels, batch_size=500, shuffle=False),
            fit=Fit(
                epochs=self.epochs,
                optimizer=self.optimizer,
                schedule=one_cycle(self.warmup),
                evaluate_every=2,
                precision="bf16-mixed",
            ),
            sample=clothes.sample,
            unit="images",
        )

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draw the confusion matrix, the first filters and the surest mistakes."""
        draw(experiment, self.first_convolution(experiment.model), folder)


def draw(experiment: Experiment, first: nn.Conv2d, folder: Path) -> None:
    """Draw the confusion matrix, the first convolution's filters, and the mistakes that the network is surest of."""
    from practicum.training.plots.images import draw_confusion, draw_images

    draw_confusion(experiment, CLOTHES, folder / "confusion.png")
    draw_images(first.weight[:, 0].detach(), folder / "filters.png")
    mistakes: list[tuple[float, Tensor, str]] = []
    with torch.no_grad():
        for images_B1HW, labels_B in experiment.test:
            sureness_B, taken_B = experiment.model(images_B1HW).softmax(1).max(1)
            for i in (taken_B != labels_B).nonzero()[:, 0].tolist():
                told = f"{CLOTHES[labels_B[i]]}\nfor {CLOTHES[taken_B[i]]}"
                mistakes.append((float(sureness_B[i]), images_B1HW[i, 0], told))
    surest = sorted(mistakes, key=lambda mistake: -mistake[0])[:24]
    if not surest:
        return
    draw_images(torch.stack([image for _, image, _ in surest]), folder / "mistakes.png", titles=[told for *_, told in surest])
