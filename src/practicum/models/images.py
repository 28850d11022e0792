"""What the networks for images have in common: the check of their input, and He initialisation (He et al. 2015).

Symbols: `x_BCHW` are B images of C channels, H high and W wide.
"""

from torch import Tensor, nn


def expect_images(x_BCHW: Tensor, channels: int, smallest: int = 1) -> None:
    """Raise a ValueError unless `x_BCHW` holds images of so many channels, at least `smallest` high and wide."""
    if x_BCHW.ndim != 4 or x_BCHW.shape[1] != channels or min(x_BCHW.shape[2:]) < smallest:
        raise ValueError(
            f"expected images of shape (B, {channels}, H, W) with H and W at least {smallest}, got {tuple(x_BCHW.shape)}"
        )


def he_initialise(model: nn.Module) -> None:
    """Set the convolutions of a network with ReLUs, in place: weights normal with variance 2 / fan-out, biases 0.

    That keeps the gradients' variance from layer to layer. Linear layers and batch norms stay as they are.

    Source: He et al. 2015, "Delving deep into rectifiers", eq. 14.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
