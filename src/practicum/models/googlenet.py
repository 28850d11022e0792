"""GoogLeNet, the first Inception network (Szegedy et al. 2015, "Going deeper with convolutions", figure 2b, table 1).

    Inception(x) = [1×1(x), 3×3(1×1(x)), 5×5(1×1(x)), 1×1(maxpool(x))],   joined along the channels

While it trains, two auxiliary classifiers behind blocks 4a and 4d give their scores too, so that a loss acts on the middle of
the net (section 5).

Symbols: B images. `x_BCHW` has shape (B, channels, height, width). Parameters have torchvision's names.
Departs from the paper:
- Batch normalisation after each convolution (Ioffe & Szegedy 2015) instead of two local response normalisations.
- An auxiliary classifier averages to 4×4 regions, so that images may have any size; the paper averages 5×5 windows three apart,
  which is 4×4 as well for images of 224×224.
- `large_kernel=3` and `last_pooling=2` are what the published TensorFlow weights, and so torchvision, have in place of the 5×5
  convolution and of the 3×3 windows in front of block 5a.
- `stem="small"` is one 3×3 convolution with stride 2, for small images: 28×28 ends in maps of 3×3, not 1×1.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.models.images import expect_images

# Table 1: maps of the 1×1, of the 3×3 and its reduction, of the 5×5 and its reduction, and of the projection after pooling.
BLOCKS: dict[str, tuple[int, int, int, int, int, int]] = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class Scores(NamedTuple):
    """What GoogLeNet gives while it trains: each of shape (B, num_classes)."""

    logits: Tensor
    auxiliary2: Tensor
    auxiliary1: Tensor


class BasicConv2d(nn.Module):
    """Convolution, batch norm, ReLU; the size stays if the stride is 1.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: odd.
        stride: of the convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=kernel_size // 2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return (B, out_channels, ⌈H/stride⌉, ⌈W/stride⌉)."""
        return F.relu(self.bn(self.conv(x_BCHW)), inplace=True)


class Inception(nn.Module):
    """Four branches side by side.

    Args:
        in_channels: channels of the input.
        maps: a row of table 1.
        large_kernel: size of the third branch's kernel.

    Source: Szegedy et al. 2015, figure 2b.
    """

    def __init__(self, in_channels: int, maps: tuple[int, ...], large_kernel: int = 5) -> None:
        super().__init__()
        one, reduce3, three, reduce5, five, projection = maps
        self.branch1 = BasicConv2d(in_channels, one, 1)
        self.branch2 = nn.Sequential(BasicConv2d(in_channels, reduce3, 1), BasicConv2d(reduce3, three, 3))
        self.branch3 = nn.Sequential(BasicConv2d(in_channels, reduce5, 1), BasicConv2d(reduce5, five, large_kernel))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), BasicConv2d(in_channels, projection, 1))
        self.out_channels = one + three + five + projection

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return (B, out_channels, H, W)."""
        return torch.cat([self.branch1(x_BCHW), self.branch2(x_BCHW), self.branch3(x_BCHW), self.branch4(x_BCHW)], dim=1)


class AuxiliaryClassifier(nn.Module):
    """Average to 4×4, 1×1 convolution, a hidden layer, scores.

    Args:
        in_channels: channels of the input.
        maps: of the convolution; the hidden layer has eight times as many units.
        num_classes: number of scores.
        dropout: fraction of hidden units dropped.

    Source: Szegedy et al. 2015, section 5.
    """

    def __init__(self, in_channels: int, maps: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.conv = BasicConv2d(in_channels, maps, 1)
        self.fc1 = nn.Linear(maps * 4 * 4, 8 * maps)
        self.fc2 = nn.Linear(8 * maps, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return (B, num_classes)."""
        features_BD = self.conv(F.adaptive_avg_pool2d(x_BCHW, 4)).flatten(1)
        scores_BK: Tensor = self.fc2(self.dropout(F.relu(self.fc1(features_BD))))
        return scores_BK


@dataclass(frozen=True)
class GoogLeNetConfig:
    """Widths and variants.

    Attributes:
        num_classes: number of scores.
        in_channels: channels of the images.
        width: factor on every number of maps; eighths leave no remainder.
        stem: `"imagenet"`, or `"small"`.
        large_kernel: 5 as in the paper, or 3.
        last_pooling: side of the windows in front of block 5a, 3 as in the paper, or 2.
        auxiliary: have the two auxiliary classifiers.
        transform_input: the images are normalised with ImageNet's mean and deviation per channel; make that 0.5 and 0.5, as the
            TensorFlow weights want.
        dropout: fraction dropped before the scores.
        auxiliary_dropout: fraction dropped in the auxiliary classifiers.
    """

    num_classes: int = 1000
    in_channels: int = 3
    width: float = 1.0
    stem: Literal["imagenet", "small"] = "imagenet"
    large_kernel: int = 5
    last_pooling: int = 3
    auxiliary: bool = True
    transform_input: bool = False
    dropout: float = 0.4
    auxiliary_dropout: float = 0.7


class GoogLeNet(nn.Module):
    """GoogLeNet.

    Args:
        config: widths and variants.

    Raises:
        ValueError: `transform_input` for images that are not in colour.

    Source: Szegedy et al. 2015, table 1.
    """

    def __init__(self, config: GoogLeNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or GoogLeNetConfig()
        if config.transform_input and config.in_channels != 3:
            raise ValueError(f"expected images of 3 channels for transform_input, got in_channels={config.in_channels}")

        # The paper's numbers of maps, scaled; never none.
        def maps(number: int) -> int:
            return max(1, int(number * config.width))

        if config.stem == "imagenet":
            self.conv1 = BasicConv2d(config.in_channels, maps(64), 7, stride=2)
            self.conv2 = BasicConv2d(maps(64), maps(64), 1)
            self.conv3 = BasicConv2d(maps(64), maps(192), 3)
            # The windows may reach over the edge: 112 → 56, not 55.
            self.maxpool: nn.Module = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        else:
            self.conv1, self.conv2 = BasicConv2d(config.in_channels, maps(192), 3, stride=2), nn.Identity()
            self.conv3, self.maxpool = nn.Identity(), nn.Identity()
        channels, inputs = maps(192), {}
        for name, numbers in BLOCKS.items():
            # Two blocks feed the auxiliary classifiers: their widths are remembered by name.
            block = Inception(channels, tuple(map(maps, numbers)), config.large_kernel)
            self.add_module(f"inception{name}", block)
            inputs[name], channels = channels, block.out_channels
        if config.auxiliary:
            self.aux1 = AuxiliaryClassifier(inputs["4b"], maps(128), config.num_classes, config.auxiliary_dropout)
            self.aux2 = AuxiliaryClassifier(inputs["4e"], maps(128), config.num_classes, config.auxiliary_dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.fc = nn.Linear(channels, config.num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.01, a=-2, b=2)

    def forward(self, x_BCHW: Tensor) -> Tensor | Scores:
        """Return the scores of every class.

        Shapes:
            x_BCHW: (B, in_channels, H, W). Returns (B, num_classes); in training mode with auxiliary classifiers three of that
            shape, as `Scores`.

        Raises:
            ValueError: the images have other channels.
        """
        expect_images(x_BCHW, self.config.in_channels)
        if self.config.transform_input:
            # From ImageNet's mean and deviation per channel to 0.5 and 0.5, which the published weights were trained with.
            deviation, mean = x_BCHW.new_tensor([[0.229, 0.224, 0.225], [0.485, 0.456, 0.406]]).view(2, 3, 1, 1)
            x_BCHW = x_BCHW * (deviation / 0.5) + (mean - 0.5) / 0.5
        out = self.maxpool(self.conv3(self.conv2(self.maxpool(self.conv1(x_BCHW)))))
        heads: dict[str, Tensor] = {}
        for name in BLOCKS:
            if name == "4a":
                out = F.max_pool2d(out, 3, stride=2, ceil_mode=True)
            elif name == "5a":
                out = F.max_pool2d(out, self.config.last_pooling, stride=2, ceil_mode=True)
            out = self.get_submodule(f"inception{name}")(out)
            # Only in training: they push gradient into the middle of the network, section 5.
            if self.training and self.config.auxiliary:
                if name == "4a":
                    heads["auxiliary1"] = self.aux1(out)
                elif name == "4d":
                    heads["auxiliary2"] = self.aux2(out)
        # (B, C, H, W) -> (B, C): the mean over all places stands for the large hidden layers of earlier networks
        logits_BK: Tensor = self.fc(self.dropout(out.mean((2, 3))))
        return Scores(logits_BK, **heads) if heads else logits_BK
