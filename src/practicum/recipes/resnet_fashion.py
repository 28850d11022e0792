"""A slim residual network on Fashion-MNIST (He et al. 2016; Xiao et al. 2017).

Three stages of one basic block, 32 to 128 channels, behind a 3×3 stem: what a few epochs on a CPU have use for. What makes it
affordable: channels_last and bfloat16 products (twice the speed of plain float32 together), one cycle with a high peak (Smith
& Topin 2018), blocks that start as the identity, and label smoothing. Mirroring and shifts by up to two pixels hold off
overfitting.

What surprised: nothing yet.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from practicum.methods.classify import Classify
from practicum.models.resnet import ResNet, ResNetConfig
from practicum.recipes._fashion import PUBLISHED, classify_clothes, draw, nesterov
from practicum.training.experiment import Experiment, Target


@dataclass(frozen=True)
class Recipe:
    """Knobs.

    Attributes:
        epochs: passes over the training set.
        batch_size: images per step.
        lr: peak learning rate.
        width: channels of the first stage.
        stages: number of stages of one block each.
        label_smoothing: ε of the targets.
    """

    epochs: int = 8
    batch_size: int = 128
    lr: float = 0.1
    width: int = 32
    stages: int = 3
    label_smoothing: float = 0.1

    target: ClassVar[Target] = Target(
        "accuracy", at_least=0.935, published="94.9 %", source=f"{PUBLISHED}: ResNet-18, standard augmentation", minutes=8
    )

    def build(self, seed: int) -> Experiment:
        """Returns the experiment."""
        blocks = (1,) * self.stages
        model = ResNet(ResNetConfig(blocks, False, 10, 1, stem="cifar", width=self.width, zero_init_residual=True))
        method = Classify(self.label_smoothing)
        return classify_clothes(model, method, nesterov(self.lr), epochs=self.epochs, batch_size=self.batch_size, seed=seed)

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draws the confusion matrix, the first filters and the surest mistakes."""
        draw(experiment, experiment.model.conv1, folder)
