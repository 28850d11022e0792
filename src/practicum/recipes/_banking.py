"""The family of recipes on Banking77 whose words begin as GloVe's vectors: which of 77 things does a bank's customer want?"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from practicum.data.banking77 import banking77
from practicum.methods.classify import Classify
from practicum.recipes._sentences import sentences
from practicum.training.experiment import Experiment
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit
from practicum.training.plots.images import draw_confusion
from practicum.training.schedules import one_cycle

SOURCE = "Casanueva et al. 2020, table 3, encoders pretrained on far more text; the target is ours, for GloVe alone"


@dataclass(frozen=True)
class BankingRecipe(ABC):
    """A network on Banking77.

    Attributes:
        clip: the largest norm of the gradient, or None.
        evaluate_every: epochs between evaluations.
    """

    epochs: int = option(8, "passes over the training set")
    batch_size: int = option(64, "questions per step")
    lr: float = option(2e-3, "peak learning rate")
    dropout: float = option(0.5, "on the pooled features")
    label_smoothing: float = option(0.1, "in [0, 1)")

    clip: ClassVar[float | None] = None
    evaluate_every: ClassVar[int] = 3

    @abstractmethod
    def model(self, vectors: Tensor, num_classes: int) -> nn.Module:
        """Return the network, with these word vectors to begin with."""

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        texts = banking77()
        data = sentences(texts, batch_size=self.batch_size, seed=seed)
        return Experiment(
            model=self.model(data.vectors, len(texts.classes)),
            method=Classify(label_smoothing=self.label_smoothing),
            train=data.train,
            validation=data.validation,
            test=data.test,
            fit=Fit(
                epochs=self.epochs,
                optimizer=lambda model: torch.optim.AdamW(model.parameters(), lr=self.lr, weight_decay=0.01, fused=True),
                schedule=one_cycle(),
                clip=self.clip,
                evaluate_every=self.evaluate_every,
            ),
            sample=data.sample,
            unit="questions",
        )

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draw the confusion matrix."""
        draw_confusion(experiment, banking77().classes, folder / "confusion.png")
