"""What the recipes on Fashion-MNIST (Xiao, Rasul & Vollgraf 2017) have in common: data, augmentation, speed, pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from practicum.data.augment import mirrored, shifted
from practicum.data.batches import Batches
from practicum.data.mnist import CLOTHES, fashion_mnist, scaled
from practicum.training.experiment import Experiment
from practicum.training.loop import Fit
from practicum.training.schedules import one_cycle

PUBLISHED = "Xiao et al., the dataset's list of results"


def classify_clothes(
    model: nn.Module,
    method: Any,
    optimizer: Callable[[nn.Module], torch.optim.Optimizer],
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    shift: int = 2,
    warmup: float = 0.2,
) -> Experiment:
    """Return the training of a network on mirrored and shifted clothes, in one cycle, channels_last and mixed precision.

    Args:
        model: maps (B, 1, 28, 28) to (B, 10).
        method: what to descend.
        optimizer: makes the optimiser for the model.
        epochs: passes over the training set.
        batch_size: images per step.
        seed: of order and augmentation.
        shift: the most pixels by which an image is moved.
        warmup: fraction of the training in which the learning rate rises.
    """
    clothes = fashion_mnist()
    train, test = (scaled(images, 0.2860, 0.3530) for images in (clothes.train_images, clothes.test_images))
    black = float(train.min())

    def augment(generator: torch.Generator, images_B1HW: Tensor, labels_B: Tensor) -> tuple[Tensor, Tensor]:
        return shifted(mirrored(images_B1HW, generator), generator, shift, fill=black), labels_B

    return Experiment(
        model=model.to(memory_format=torch.channels_last),
        method=method,
        train=Batches(train, clothes.train_labels, batch_size=batch_size, seed=seed, transform=augment, drop_last=True),
        test=Batches(test, clothes.test_labels, batch_size=500, shuffle=False),
        fit=Fit(epochs=epochs, optimizer=optimizer, schedule=one_cycle(warmup), evaluate_every=2, precision="bf16-mixed"),
        sample=clothes.sample,
    )


def nesterov(lr: float, weight_decay: float = 5e-4) -> Callable[[nn.Module], torch.optim.Optimizer]:
    """Return SGD with Nesterov's momentum of 0.9, for the model it gets."""
    return lambda model: torch.optim.SGD(
        model.parameters(), lr=lr, momentum=0.9, nesterov=True, weight_decay=weight_decay, fused=True
    )


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
