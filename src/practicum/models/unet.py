"""U-Net (Ronneberger, Fischer & Brox 2015, "U-Net: convolutional networks for biomedical image segmentation", figure 1).

    down   d_0 = block(x),  d_i = block(pool(d_{i-1}))            i = 1 … depth
    up     u_depth = d_depth,  u_i = block([d_i, up(u_{i+1})])     i = depth-1 … 0
    out    1×1 convolution of u_0 to one score per class and pixel

`block` is two 3×3 convolutions with ReLU, `pool` a 2×2 maximum, `up` a 2×2 transposed convolution that halves the channels,
[·, ·] stacks channels. Level i has width · 2^i channels; the paper's width is 64 and its depth 4.

Symbols: B images. `x_BCHW` has shape (B, channels, height, width).
Departs from the paper:
- Convolutions are padded, so that the output has the input's size; the paper's are not, and it crops d_i to fit.
- Batch normalisation before each ReLU by default (`norm=False` leaves it out), which trains faster from random weights.
- No dropout at the bottom. Sizes that 2^depth does not divide: `up` repeats its last row or column where pooling had lost one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.models.layers.initialise import he_


class Block(nn.Sequential):
    """Twice: 3×3 convolution, batch normalisation (optional), ReLU."""

    def __init__(self, in_channels: int, out_channels: int, norm: bool) -> None:
        layers: list[nn.Module] = []
        for channels in (in_channels, out_channels):
            layers.append(nn.Conv2d(channels, out_channels, 3, padding=1, bias=not norm))
            layers += [nn.BatchNorm2d(out_channels)] if norm else []
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)


class UNet(nn.Module):
    """U-Net.

    Args:
        in_channels: of the images.
        num_classes: scores per pixel; 1 for foreground against background.
        width: channels of the first level; every level below has twice as many.
        depth: how often the resolution is halved.
        norm: batch normalisation.

    Raises:
        ValueError: an argument is below 1, or `depth` below 0.

    Example:
        >>> UNet(num_classes=2, width=4, depth=2)(torch.zeros(1, 3, 30, 30)).shape
        torch.Size([1, 2, 30, 30])

    Source: Ronneberger et al. 2015, figure 1; weights start as in section 3 (normal, standard deviation √(2/fan-in)).
    """

    def __init__(self, in_channels: int = 3, num_classes: int = 1, *, width: int = 64, depth: int = 4, norm: bool = True) -> None:
        super().__init__()
        if min(in_channels, num_classes, width) < 1 or depth < 0:
            raise ValueError(
                f"expected in_channels, num_classes, width ≥ 1 and depth ≥ 0, got {in_channels}, {num_classes}, {width}, {depth}"
            )
        widths = [width << level for level in range(depth + 1)]
        self.in_channels, self.depth = in_channels, depth
        self.down = nn.ModuleList(Block(inputs, outputs, norm) for inputs, outputs in zip([in_channels, *widths], widths))  # noqa: B905
        self.upsample = nn.ModuleList(nn.ConvTranspose2d(2 * outputs, outputs, 2, stride=2) for outputs in widths[:-1])
        self.up = nn.ModuleList(Block(2 * outputs, outputs, norm) for outputs in widths[:-1])
        self.out = nn.Conv2d(width, num_classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                he_(module.weight)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Score (logits) of every pixel.

        Args:
            x_BCHW: images.

        Shapes:
            x_BCHW: (B, in_channels, H, W) with H, W ≥ 2^depth. Returns (B, num_classes, H, W).

        Raises:
            ValueError: the images have other channels, or are too small to be halved `depth` times.
        """
        if x_BCHW.ndim != 4 or x_BCHW.shape[1] != self.in_channels or min(x_BCHW.shape[2:]) < 1 << self.depth:
            least = 1 << self.depth
            raise ValueError(f"expected images (B, {self.in_channels}, ≥ {least}, ≥ {least}), got {tuple(x_BCHW.shape)}")
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            # Level 0 works on the full image; every level below on half of the size.
            x_BCHW = block(F.max_pool2d(x_BCHW, 2) if level else x_BCHW)
            skips.append(x_BCHW)
        skips.pop()
        # The maps of the way down are asked for in reverse, and stand in front of what comes up.
        for upsample, block in zip(reversed(self.upsample), reversed(self.up), strict=True):
            skip_BCHW = skips.pop()
            x_BCHW = block(torch.cat([skip_BCHW, _fit(upsample(x_BCHW), skip_BCHW.shape[2:])], 1))
        scores_BKHW: Tensor = self.out(x_BCHW)
        return scores_BKHW


def _fit(x_BCHW: Tensor, size: torch.Size) -> Tensor:
    """Repeat the last row and column where pooling had dropped an odd one."""
    missing = (size[0] - x_BCHW.shape[2], size[1] - x_BCHW.shape[3])
    return F.pad(x_BCHW, (0, missing[1], 0, missing[0]), mode="replicate") if any(missing) else x_BCHW
