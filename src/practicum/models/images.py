"""The check of their input that the networks for images share.

Symbols: `x_BCHW` are B images of C channels, H high and W wide.
"""

from torch import Tensor


def expect_images(x_BCHW: Tensor, channels: int, smallest: int = 1) -> None:
    """Raise a ValueError unless `x_BCHW` holds images of so many channels, at least `smallest` high and wide."""
    if x_BCHW.ndim != 4 or x_BCHW.shape[1] != channels or min(x_BCHW.shape[2:]) < smallest:
        raise ValueError(
            f"expected images of shape (B, {channels}, H, W) with H and W at least {smallest}, got {tuple(x_BCHW.shape)}"
        )
