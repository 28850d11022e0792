"""Weights of `Recurrent` to and from `torch.nn.RNN`, `LSTM` and `GRU`: `weight_ih_l1_reverse` is our `cells.3.input.weight`."""

import re
from collections.abc import Mapping

from torch import Tensor

_PARTS = {"weight_ih": "input.weight", "weight_hh": "recurrent.weight", "bias_ih": "input.bias", "bias_hh": "recurrent.bias"}


def from_peer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights for `Recurrent`.

    Raises:
        ValueError: a name that PyTorch's recurrent layers do not have.
    """
    directions = 2 if any(name.endswith("_reverse") for name in state) else 1
    ours = {}
    for name, value in state.items():
        match = re.fullmatch(r"((?:weight|bias)_[ih]h)_l(\d+)(_reverse)?", name)
        if not match:
            raise ValueError(f"expected a name like 'weight_ih_l0', got {name!r}")
        ours[f"cells.{directions * int(match[2]) + bool(match[3])}.{_PARTS[match[1]]}"] = value
    return ours


def to_peer(state: Mapping[str, Tensor], *, bidirectional: bool = False) -> dict[str, Tensor]:
    """Return weights for PyTorch's layers; which cells read backwards, names alone don't say.

    Raises:
        ValueError: a name that `Recurrent` does not have.
    """
    parts = {ours: theirs for theirs, ours in _PARTS.items()}
    theirs = {}
    for name, value in state.items():
        match = re.fullmatch(r"cells\.(\d+)\.(.+)", name)
        if not match or match[2] not in parts:
            raise ValueError(f"expected a name like 'cells.0.input.weight', got {name!r}")
        layer, reverse = divmod(int(match[1]), 2) if bidirectional else (int(match[1]), 0)
        theirs[f"{parts[match[2]]}_l{layer}{'_reverse' * reverse}"] = value
    return theirs
