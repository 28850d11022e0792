"""AlexNet in one tower (Krizhevsky, Sutskever & Hinton 2012; the one tower is Krizhevsky 2014, "One weird trick", section 4).

    convolution 11×11/4 → pool → 5×5 → pool → 3×3 → 3×3 → 3×3 → pool → 6×6 average → dropout → 4096 → dropout → 4096 → scores

with a ReLU after each convolution and each of the two hidden layers, and overlapping max pooling: 3×3 windows, two apart.

Symbols: B images. `x_BCHW` has shape (B, channels, height, width). Parameters have torchvision's names.
Departs from the papers:
- No local response normalisation (2012, section 3.3); VGG found that it does not help (Simonyan & Zisserman 2015, section 4.1).
- An average over 6×6 regions before the hidden layers admits images of any size; at 224×224 it is the identity.
- `stem="small"` starts with a 5×5 convolution without stride and averages to 2×2, for images of about 28×28.
- Weights start as PyTorch's layers do, not normal with standard deviation 0.01 and biases of 1.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from practicum.models.images import expect_images


@dataclass(frozen=True)
class AlexNetConfig:
    """The widths.

    Attributes:
        num_classes: number of scores.
        in_channels: channels of the images.
        stem: `"imagenet"` (11×11, stride 4) or `"small"` (5×5, stride 1).
        width: maps of the first convolution; the others have 3, 6, 4 and 4 times as many.
        hidden: units of each hidden layer.
        dropout: fraction of features dropped before each hidden layer.
    """

    num_classes: int = 1000
    in_channels: int = 3
    stem: Literal["imagenet", "small"] = "imagenet"
    width: int = 64
    hidden: int = 4096
    dropout: float = 0.5


class AlexNet(nn.Module):
    """AlexNet.

    Args:
        config: the widths.

    Source: Krizhevsky 2014, section 4.
    """

    def __init__(self, config: AlexNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or AlexNetConfig()
        large, width = config.stem == "imagenet", config.width
        first = (
            nn.Conv2d(config.in_channels, width, 11, stride=4, padding=2)
            if large
            else nn.Conv2d(config.in_channels, width, 5, padding=2)
        )
        self.features = nn.Sequential(
            first, nn.ReLU(inplace=True), nn.MaxPool2d(3, stride=2),
            nn.Conv2d(width, 3 * width, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, stride=2),
            nn.Conv2d(3 * width, 6 * width, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(6 * width, 4 * width, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(4 * width, 4 * width, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, stride=2),
        )  # fmt: skip
        self.smallest = 63 if large else 15  # what the three poolings leave at least one pixel of
        regions = 6 if large else 2
        self.avgpool = nn.AdaptiveAvgPool2d(regions)
        self.classifier = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(4 * width * regions**2, config.hidden), nn.ReLU(inplace=True),
            nn.Dropout(config.dropout), nn.Linear(config.hidden, config.hidden), nn.ReLU(inplace=True),
            nn.Linear(config.hidden, config.num_classes),
        )  # fmt: skip

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the scores of every class.

        Shapes:
            x_BCHW: (B, in_channels, H, W), H and W at least 63 (small stem: 15). Returns (B, num_classes).

        Raises:
            ValueError: the images have other channels or are smaller.
        """
        expect_images(x_BCHW, self.config.in_channels, self.smallest)
        features_BD = self.avgpool(self.features(x_BCHW)).flatten(1)
        scores_BK: Tensor = self.classifier(features_BD)
        return scores_BK
