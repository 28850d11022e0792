"""MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov & Chen 2018, "Inverted residuals and linear bottlenecks", tables 1 and 2).

    block(x) = x + P(D(E(x)))     E: 1×1 convolution to t times the channels, ReLU6
                                  D: 3×3 depthwise convolution, ReLU6
                                  P: 1×1 convolution

each with batch norm; P has no non-linearity, because ReLU6 loses information in few dimensions (section 3.2). The sum is left out
where the shape changes.

Symbols: B images. `x_BCHW` has shape (B, channels, height, width); t expansion.
Departs from the paper:
- Widths are rounded to multiples of 8, never down by more than a tenth (as in TensorFlow's and torchvision's implementation).
- `stem="small"` has stride 1 in the second group of blocks, for small images: 28×28 ends in maps of 2×2, not 1×1.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import Tensor, nn

from practicum.models.images import expect_images
from practicum.models.layers.initialise import he_, initialise

# Table 2: expansion t, channels c, blocks n, stride s of the first of them.
GROUPS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def rounded(channels: float, divisor: int = 8) -> int:
    """Return the nearest multiple of the divisor, at least the divisor, and the next one if that is less than 0.9 · channels."""
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest


def convolution(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Return a convolution that keeps the size (or divides it by the stride), and its batch norm."""
    padding = kernel_size // 2
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=padding, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(out_channels)]


class InvertedResidual(nn.Module):
    """Expand, filter depthwise, project.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: of the depthwise convolution.
        expansion: t; with 1 there is no expanding layer.

    Source: Sandler et al. 2018, table 1 and figure 4d.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = in_channels * expansion
        self.expand: nn.Module = nn.Identity()
        if expansion != 1:
            self.expand = nn.Sequential(*convolution(in_channels, wide, 1), nn.ReLU6(inplace=True))
        self.depthwise = nn.Sequential(*convolution(wide, wide, 3, stride, groups=wide), nn.ReLU6(inplace=True))
        self.project = nn.Sequential(*convolution(wide, out_channels, 1))
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return (B, out_channels, ⌈H/stride⌉, ⌈W/stride⌉)."""
        out: Tensor = self.project(self.depthwise(self.expand(x_BCHW)))
        return x_BCHW + out if self.residual else out


@dataclass(frozen=True)
class MobileNetV2Config:
    """Widths.

    Attributes:
        num_classes: number of scores.
        in_channels: channels of the images.
        width: factor α on the channels of every layer; the last one never gets narrower than 1280.
        stem: `"imagenet"`, or `"small"`.
        dropout: fraction dropped before the scores.
    """

    num_classes: int = 1000
    in_channels: int = 3
    width: float = 1.0
    stem: Literal["imagenet", "small"] = "imagenet"
    dropout: float = 0.2


class MobileNetV2(nn.Module):
    """MobileNetV2.

    Args:
        config: widths.

    Source: Sandler et al. 2018, table 2.
    """

    def __init__(self, config: MobileNetV2Config | None = None) -> None:
        super().__init__()
        self.config = config = config or MobileNetV2Config()
        channels = rounded(32 * config.width)
        self.stem = nn.Sequential(*convolution(config.in_channels, channels, 3, 2), nn.ReLU6(inplace=True))
        self.blocks = nn.Sequential()
        for number, (expansion, base, repeats, stride) in enumerate(GROUPS):
            width = rounded(base * config.width)
            for repeat in range(repeats):
                first = 1 if repeat or (config.stem == "small" and number == 1) else stride
                self.blocks.append(InvertedResidual(channels, width, first, expansion))
                channels = width
        last = rounded(1280 * max(1.0, config.width))
        self.head = nn.Sequential(*convolution(channels, last, 1), nn.ReLU6(inplace=True))
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(last, config.num_classes)
        initialise(self, partial(he_, fan="out"), (nn.Conv2d,))  # keeps the gradients' size, He et al. 2015, eq. 14

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the scores of every class.

        Shapes:
            x_BCHW: (B, in_channels, H, W). Returns (B, num_classes).

        Raises:
            ValueError: the images have other channels.
        """
        expect_images(x_BCHW, self.config.in_channels)
        features_BD = self.head(self.blocks(self.stem(x_BCHW))).mean((2, 3))
        scores_BK: Tensor = self.classifier(self.dropout(features_BD))
        return scores_BK
