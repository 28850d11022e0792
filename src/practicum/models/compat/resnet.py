"""ResNet weights to and from torchvision's names: its `layer1` to `layer4` are our `stages.0` to `stages.3`."""

import re

from torch import Tensor


def from_peer(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return torchvision's weights under our names."""
    return {re.sub(r"^layer(\d+)\.", lambda match: f"stages.{int(match[1]) - 1}.", name): value for name, value in state.items()}


def to_peer(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return our weights under torchvision's names."""
    return {re.sub(r"^stages\.(\d+)\.", lambda match: f"layer{int(match[1]) + 1}.", name): value for name, value in state.items()}
