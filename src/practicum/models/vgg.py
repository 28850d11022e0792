"""VGG (Simonyan & Zisserman 2015, "Very deep convolutional networks for large-scale image recognition", table 1).

    per stage: (3×3 convolution → ReLU) × n → 2×2 max pooling;   then 7×7 average → 4096 → 4096 → scores

Two 3×3 convolutions see 5×5 pixels and three see 7×7, with fewer weights and more non-linearities than one large kernel
(section 2.3).

Symbols: B images. `x_BCHW` has shape (B, channels, height, width). Parameters have torchvision's names.
Departs from the paper:
- An average over 7×7 regions before the hidden layers admits images of any size; at 224×224 it is the identity.
- `batch_norm` puts batch normalisation after each convolution; without it, the paper started its deeper nets from a trained
  shallow one (section 3.1).
- Convolutions start with He's initialisation; the paper's note says that Glorot's would have done without the pre-training.
"""

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from practicum.models.images import expect_images
from practicum.models.layers.initialise import he_, initialise

# Maps of the convolutions in each stage, by the number of layers with weights: columns A, B, D and E of table 1.
STAGES: dict[int, tuple[tuple[int, ...], ...]] = {
    11: ((64,), (128,), (256,) * 2, (512,) * 2, (512,) * 2),
    13: ((64,) * 2, (128,) * 2, (256,) * 2, (512,) * 2, (512,) * 2),
    16: ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
    19: ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4),
}


@dataclass(frozen=True)
class VGGConfig:
    """Depth and widths.

    Attributes:
        stages: maps of each convolution, stage by stage; `STAGES[16]` is VGG-16.
        num_classes: number of scores.
        in_channels: channels of the images.
        batch_norm: normalise after each convolution.
        regions: the last maps are averaged to regions × regions.
        hidden: units of each of the two hidden layers.
        dropout: fraction of hidden units dropped.
    """

    stages: tuple[tuple[int, ...], ...] = STAGES[16]
    num_classes: int = 1000
    in_channels: int = 3
    batch_norm: bool = False
    regions: int = 7
    hidden: int = 4096
    dropout: float = 0.5


# For images of about 28×28, a quarter of VGG-11's width up to the third stage.
SMALL_VGG = VGGConfig(
    stages=((16,), (32,), (64, 64)), num_classes=10, in_channels=1, batch_norm=True, regions=3, hidden=128, dropout=0.25
)


class VGG(nn.Module):
    """VGG with the stages of its configuration.

    Args:
        config: depth and widths.

    Example:
        >>> import torch
        >>> VGG(SMALL_VGG)(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])

    Source: Simonyan & Zisserman 2015, table 1.
    """

    def __init__(self, config: VGGConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or VGGConfig()
        layers: list[nn.Module] = []
        channels = config.in_channels
        for stage in config.stages:
            for width in stage:
                layers.append(nn.Conv2d(channels, width, 3, padding=1))
                if config.batch_norm:
                    layers.append(nn.BatchNorm2d(width))
                layers.append(nn.ReLU(inplace=True))
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(config.regions)
        self.classifier = nn.Sequential(
            nn.Linear(channels * config.regions**2, config.hidden), nn.ReLU(inplace=True), nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.hidden), nn.ReLU(inplace=True), nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.num_classes),
        )  # fmt: skip
        initialise(self, partial(he_, fan="out"), (nn.Conv2d,))  # keeps the gradients' size, He et al. 2015, eq. 14

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the scores of every class.

        Shapes:
            x_BCHW: (B, in_channels, H, W), H and W at least 2 to the number of stages. Returns (B, num_classes).

        Raises:
            ValueError: the images have other channels or are smaller.
        """
        expect_images(x_BCHW, self.config.in_channels, 2 ** len(self.config.stages))
        features_BD = self.avgpool(self.features(x_BCHW)).flatten(1)
        scores_BK: Tensor = self.classifier(features_BD)
        return scores_BK
