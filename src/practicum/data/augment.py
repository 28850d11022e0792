"""Random changes to images that leave their labels as they are: for the `transform` of `Batches`, a whole batch at once.

Symbols: B images, C channels, H high, W wide.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def shifted(images_BCHW: Tensor, generator: torch.Generator, pixels: int, fill: float = 0.0) -> Tensor:
    """Move each image by up to so many pixels in each direction, every distance equally likely.

    This is the random crop from the image with a border (He et al. 2016, section 4.2, with 4 pixels).

    Args:
        images_BCHW: of any type.
        generator: of the distances.
        pixels: the largest distance.
        fill: what comes in at the edges: the value of black, where images are normalised.

    Returns:
        Images of the same shape and type, in the memory format channels_last.

    Raises:
        ValueError: `pixels` is negative.
    """
    if pixels < 0:
        raise ValueError(f"expected pixels of at least 0, got {pixels}")
    batch, _, height, width = images_BCHW.shape
    bordered_BHWC = F.pad(images_BCHW, (pixels,) * 4, value=fill).movedim(1, 3)
    corners_2B = torch.randint(2 * pixels + 1, (2, batch), generator=generator)
    rows_BH = corners_2B[0, :, None] + torch.arange(height)
    columns_BW = corners_2B[1, :, None] + torch.arange(width)
    return bordered_BHWC[torch.arange(batch)[:, None, None], rows_BH[:, :, None], columns_BW[:, None, :]].movedim(3, 1)


def mirrored(images_BCHW: Tensor, generator: torch.Generator) -> Tensor:
    """Swap left and right in each image with probability one half."""
    chosen_B111 = torch.rand(len(images_BCHW), 1, 1, 1, generator=generator) < 0.5
    return torch.where(chosen_B111.to(images_BCHW.device), images_BCHW.flip(3), images_BCHW)


def cut_out(images_BCHW: Tensor, generator: torch.Generator, size: int) -> Tensor:
    """Set a square to 0 in each image; its centre is anywhere, so that part of it may lie outside.

    Args:
        images_BCHW: best of mean 0.
        generator: of the places.
        size: the square's side, in pixels.

    Returns:
        Images of the same shape.

    Source: DeVries & Taylor 2017, "Improved regularization of convolutional neural networks with cutout", section 3.2.
    """
    batch, _, height, width = images_BCHW.shape
    top_B1 = torch.randint(height, (batch, 1), generator=generator) - size // 2
    left_B1 = torch.randint(width, (batch, 1), generator=generator) - size // 2
    y_H, x_W = torch.arange(height), torch.arange(width)
    inside_BH = (y_H >= top_B1) & (y_H < top_B1 + size)
    inside_BW = (x_W >= left_B1) & (x_W < left_B1 + size)
    inside_B1HW = (inside_BH[:, :, None] & inside_BW[:, None, :])[:, None]
    return images_BCHW.masked_fill(inside_B1HW.to(images_BCHW.device), 0)
