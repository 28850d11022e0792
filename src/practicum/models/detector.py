"""An anchor-free detector with a small residual backbone and a feature pyramid (Tian et al. 2019, "FCOS", figure 2).

    backbone  stem: 3×3 convolution of stride 2, then stages c_i of residual blocks (He et al. 2016), each halves the resolution
    pyramid   m_i = 1×1(c_i) + upsample(m_{i+1}),   p_i = 3×3(m_i)        (Lin et al. 2017, "Feature pyramid networks", figure 3)
    heads     two towers of 3×3 convolutions, shared by all levels: one for classes, one for boxes and centerness
    distances (l, t, r, b) = s_i · exp(scale_i · x)   for level i with stride s_i       (FCOS, section 3.2)

Symbols: B images, K classes, P points: the cells of all levels' maps, whose places in the image are (s/2 + x·s, s/2 + y·s).
Departs from the paper: small and meant for training from random weights; distances are in units of the stride, and centerness is
predicted beside the boxes, as in the authors' later version (Tian et al. 2022). Levels end at the backbone's last stage.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class DetectorConfig:
    """The size of a detector.

    Attributes:
        num_classes: K.
        widths: channels of the stem and of each stage; stage i (from 1) has stride 2^(i+1).
        blocks: residual blocks per stage.
        levels: the last stages whose maps make points, 1 to 3.
        channels: of the pyramid and the heads; a multiple of 8.
        tower: convolutions in each head.
        prior: probability that an untrained head gives to every class (Lin et al. 2017, "Focal loss", section 4.1).
    """

    num_classes: int
    widths: tuple[int, ...] = (16, 32, 64, 128)
    blocks: int = 2
    levels: int = 2
    channels: int = 64
    tower: int = 2
    prior: float = 0.01

    def __post_init__(self) -> None:
        if not 1 <= self.levels <= min(3, len(self.widths) - 1):
            raise ValueError(f"expected 1 to 3 levels and no more than stages, got {self.levels} levels and widths {self.widths}")
        if self.channels % 8:
            raise ValueError(f"expected channels in a multiple of 8, for group normalisation; got {self.channels}")


class Residual(nn.Module):
    """Two 3×3 convolutions with batch normalisation beside a shortcut. Source: He et al. 2016, figure 2; option B of section
    3.3.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False), nn.BatchNorm2d(out_channels),
        )  # fmt: skip
        same = stride == 1 and in_channels == out_channels
        self.shortcut: nn.Module = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
        )  # fmt: skip

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """relu(body(x) + shortcut(x))."""
        return F.relu(self.body(x_BCHW) + self.shortcut(x_BCHW))


class Tower(nn.Sequential):
    """Convolutions with group normalisation, whose statistics do not depend on the level as a batch's would."""

    def __init__(self, channels: int, depth: int) -> None:
        layers: list[nn.Module] = []
        for _ in range(depth):
            layers += [nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.GroupNorm(8, channels), nn.ReLU(inplace=True)]
        super().__init__(*layers)


class Detector(nn.Module):
    """The detector.

    Args:
        config: its size.
    """

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config, widths, channels = config, config.widths, config.channels
        self.stem = nn.Sequential(nn.Conv2d(3, widths[0], 3, 2, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True))
        self.stages = nn.ModuleList(
            nn.Sequential(Residual(inputs, outputs, 2), *(Residual(outputs, outputs, 1) for _ in range(config.blocks - 1)))
            for inputs, outputs in pairwise(widths)
        )
        last = range(len(self.stages) - config.levels, len(self.stages))
        # Stem and first stage divide by 4 together, each later stage by 2.
        self.strides = tuple(4 << stage for stage in last)
        self.lateral = nn.ModuleList(nn.Conv2d(widths[stage + 1], channels, 1) for stage in last)
        self.smooth = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in last)
        self.class_tower, self.box_tower = Tower(channels, config.tower), Tower(channels, config.tower)
        self.class_logits = nn.Conv2d(channels, config.num_classes, 3, padding=1)
        self.distances = nn.Conv2d(channels, 4, 3, padding=1)
        self.centerness = nn.Conv2d(channels, 1, 3, padding=1)
        self.scales = nn.Parameter(torch.ones(config.levels))
        for module in (*self.class_tower, *self.box_tower, self.class_logits, self.distances, self.centerness):
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(self.distances.bias)
        nn.init.zeros_(self.centerness.bias)
        # At first every class has probability `prior`: the many empty places don't drown the few boxes (Lin et al. 2017, 4.1).
        nn.init.constant_(self.class_logits.bias, -log((1 - config.prior) / config.prior))

    def forward(self, images_BCHW: Tensor) -> dict[str, Tensor]:
        """Return what every point sees.

        Args:
            images_BCHW: images.

        Shapes:
            images_BCHW: (B, 3, H, W). Returns `class_logits` (B, P, K), `distances` (B, P, 4) in pixels, `centerness` (B, P),
            also logits, and where the points are: `points` (P, 2), x and y in pixels, and `strides` (P,). P = Σ over levels
            ⌈H/s⌉ ⌈W/s⌉.

        Raises:
            ValueError: the images are not (B, 3, H, W).
        """
        if images_BCHW.ndim != 4 or images_BCHW.shape[1] != 3:
            raise ValueError(f"expected images of shape (B, 3, H, W), got {tuple(images_BCHW.shape)}")
        outputs: dict[str, list[Tensor]] = {"class_logits": [], "distances": [], "centerness": [], "points": [], "strides": []}
        for x_BCHW, stride, scale in zip(self.pyramid(images_BCHW), self.strides, self.scales, strict=True):
            classes_BCHW, boxes_BCHW = self.class_tower(x_BCHW), self.box_tower(x_BCHW)
            # exp keeps distances positive; the learned scale fits it to the level, Tian et al. 2019, section 3.2.
            distances_B4HW = stride * (scale * self.distances(boxes_BCHW)).exp()
            # (B, K, H, W) -> (B, K, P) -> (B, P, K)
            outputs["class_logits"].append(self.class_logits(classes_BCHW).flatten(2).mT)
            outputs["distances"].append(distances_B4HW.flatten(2).mT)
            outputs["centerness"].append(self.centerness(boxes_BCHW).flatten(1))
            points_P2 = points(x_BCHW.shape[2], x_BCHW.shape[3], stride, x_BCHW.device)
            outputs["points"].append(points_P2)
            outputs["strides"].append(points_P2.new_full((len(points_P2),), stride))
        along = {"points": 0, "strides": 0}
        return {name: torch.cat(parts, along.get(name, 1)) for name, parts in outputs.items()}

    def pyramid(self, images_BCHW: Tensor) -> list[Tensor]:
        """Return the feature maps of all levels, finest first, each (B, channels, ⌈H/s⌉, ⌈W/s⌉)."""
        x_BCHW, maps = self.stem(images_BCHW), []
        for stage in self.stages:
            x_BCHW = stage(x_BCHW)
            maps.append(x_BCHW)
        merged: list[Tensor] = []
        # From the coarsest map to the finest: each gets what the coarser one knows, doubled in size.
        for x_BCHW, lateral in zip(reversed(maps), reversed(self.lateral), strict=False):
            y_BCHW = lateral(x_BCHW)
            merged.append(y_BCHW + F.interpolate(merged[-1], y_BCHW.shape[2:]) if merged else y_BCHW)
        return [smooth(y_BCHW) for smooth, y_BCHW in zip(self.smooth, reversed(merged), strict=True)]


def points(height: int, width: int, stride: int, device: torch.device | None = None) -> Tensor:
    """Return the places of a map's cells in the image, row by row: (P, 2), x and y in pixels. Source: Tian et al. 2019, 3.1."""
    y_P, x_P = torch.meshgrid(torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij")
    return (torch.stack([x_P, y_P], -1).reshape(-1, 2) + 0.5) * stride
