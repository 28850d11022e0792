"""Residual networks (He, Zhang, Ren & Sun 2016, "Deep residual learning for image recognition", eq. 1-2, figure 5 and table 1).

    y = ReLU(F(x) + x)      F: two 3×3 convolutions (basic), or 1×1, 3×3, 1×1 (bottleneck), with batch norm and ReLU between
    y = ReLU(F(x) + W x)    where the shape changes: W is a 1×1 convolution with batch norm (option B)

Symbols: B images. `x_BCHW` has shape (B, channels, height, width).
Departs from the paper:
- A bottleneck's stride is at its 3×3 convolution, not at the first 1×1 (as in torchvision; "ResNet 1.5").
- `stem="cifar"` is a 3×3 convolution without stride or pooling, for small images, as in the paper's section 4.2; the stages
  behind it stay those of table 1, with projections, and are not the narrow ones of section 4.2.
- `zero_init_residual` starts each block as the identity (Goyal et al. 2017, section 5.1).
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from practicum.models.images import expect_images
from practicum.models.layers.initialise import he_, initialise


def conv3x3(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """Return a 3×3 convolution that keeps the size (or divides it by the stride); the batch norm behind it has the bias."""
    return nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)


def conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """Return a 1×1 convolution without bias."""
    return nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Return the identity, or where the shape changes the projection W (option B)."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(conv1x1(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels))


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut.

    Args:
        in_channels: channels of the input.
        width: channels of both convolutions and of the output.
        stride: of the first convolution.

    Source: He et al. 2016, figure 5, left.
    """

    expansion = 1

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv3x3(in_channels, width, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv3x3(width, width), nn.BatchNorm2d(width)
        self.downsample = shortcut(in_channels, width, stride)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """ReLU(F(x) + x), of shape (B, width, ⌈H/stride⌉, ⌈W/stride⌉)."""
        out = F.relu(self.bn1(self.conv1(x_BCHW)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.downsample(x_BCHW))


class Bottleneck(nn.Module):
    """A 1×1 convolution to fewer channels, a 3×3 among them, a 1×1 back to four times as many, and a shortcut.

    Args:
        in_channels: channels of the input.
        width: channels of the first two convolutions; the output has four times as many.
        stride: of the 3×3 convolution.

    Source: He et al. 2016, figure 5, right.
    """

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv1x1(in_channels, width), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv3x3(width, width, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv1x1(width, 4 * width), nn.BatchNorm2d(4 * width)
        self.downsample = shortcut(in_channels, 4 * width, stride)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """ReLU(F(x) + x), of shape (B, 4 width, ⌈H/stride⌉, ⌈W/stride⌉)."""
        out = F.relu(self.bn1(self.conv1(x_BCHW)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(out + self.downsample(x_BCHW))


@dataclass(frozen=True)
class ResNetConfig:
    """Depth and width.

    Attributes:
        blocks: number of blocks in each stage; a stage halves the size and doubles the width, the first does neither.
        bottleneck: bottlenecks instead of basic blocks.
        num_classes: number of scores.
        in_channels: channels of the images.
        stem: `"imagenet"` (7×7 convolution with stride 2, then 3×3 max pooling with stride 2) or `"cifar"` (3×3 convolution).
        width: channels of the stem and of the first stage.
        zero_init_residual: start the last batch norm of each block at 0.
    """

    blocks: tuple[int, ...] = (2, 2, 2, 2)
    bottleneck: bool = False
    num_classes: int = 1000
    in_channels: int = 3
    stem: Literal["imagenet", "cifar"] = "imagenet"
    width: int = 64
    zero_init_residual: bool = False


class ResNet(nn.Module):
    """A residual network.

    Args:
        config: depth and width.

    Example:
        >>> import torch
        >>> model = ResNet(ResNetConfig(blocks=(1, 1), width=8, num_classes=10, stem="cifar"))
        >>> model(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])

    Source: He et al. 2016, table 1.
    """

    def __init__(self, config: ResNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ResNetConfig()
        block = Bottleneck if config.bottleneck else BasicBlock
        channels = config.width
        if config.stem == "imagenet":
            self.conv1 = nn.Conv2d(config.in_channels, channels, 7, stride=2, padding=3, bias=False)
            self.maxpool: nn.Module = nn.MaxPool2d(3, stride=2, padding=1)
        else:
            self.conv1 = conv3x3(config.in_channels, channels)
            self.maxpool = nn.Identity()
        self.bn1 = nn.BatchNorm2d(channels)
        self.stages = nn.Sequential()
        for stage, number in enumerate(config.blocks):
            width, stride = config.width * 2**stage, 1 if stage == 0 else 2
            # Only the first block of a stage changes the shape.
            blocks = [block(channels, width, stride)]
            channels = width * block.expansion
            blocks += [block(channels, width, 1) for _ in range(number - 1)]
            self.stages.append(nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, config.num_classes)
        initialise(self, partial(he_, fan="out"), (nn.Conv2d,))  # keeps the gradients' size, He et al. 2015, eq. 14
        if config.zero_init_residual:
            for module in self.modules():
                if isinstance(module, BasicBlock | Bottleneck):
                    # F(x) starts at 0, so that each block starts as the identity.
                    last = module.bn2 if isinstance(module, BasicBlock) else module.bn3
                    nn.init.zeros_(last.weight)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the scores of every class.

        Shapes:
            x_BCHW: (B, in_channels, H, W). Returns (B, num_classes).

        Raises:
            ValueError: the images have other channels.
        """
        expect_images(x_BCHW, self.config.in_channels)
        out = self.maxpool(F.relu(self.bn1(self.conv1(x_BCHW))))
        # (B, D, H, W) -> (B, D): the mean over all places
        features_BD = self.stages(out).mean((2, 3))
        scores_BK: Tensor = self.fc(features_BD)
        return scores_BK


def resnet18(**settings: Any) -> ResNet:
    """Return ResNet-18; `settings` are further fields of `ResNetConfig`."""
    return ResNet(ResNetConfig((2, 2, 2, 2), **settings))


def resnet34(**settings: Any) -> ResNet:
    """Return ResNet-34; `settings` are further fields of `ResNetConfig`."""
    return ResNet(ResNetConfig((3, 4, 6, 3), **settings))


def resnet50(**settings: Any) -> ResNet:
    """Return ResNet-50; `settings` are further fields of `ResNetConfig`."""
    return ResNet(ResNetConfig((3, 4, 6, 3), bottleneck=True, **settings))
