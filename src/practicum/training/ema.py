"""Exponential moving average of a model's weights (Polyak & Juditsky 1992; as used by Tarvainen & Valpola 2017, eq. 2).

    θ̄_t = d_t θ̄_{t-1} + (1 - d_t) θ_t,   d_t = min(d, (1 + t) / (10 + t))

Departs from the paper: d_t starts small, so that the random first weights are soon forgotten; buffers (batch norm's statistics)
are averaged too. The average is kept in at least single precision: in half precision its small steps would all be rounded away.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from practicum.precision import wide


class EMA:
    """The average of a model's weights and floating-point buffers.

    Args:
        model: whose weights are averaged; starts as a copy of them.
        decay: d in (0, 1).

    Raises:
        ValueError: decay is outside (0, 1).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0 < decay < 1:
            raise ValueError(f"expected an EMA decay between 0 and 1, got {decay}")
        self.decay = decay
        self.values = {name: wide(value.detach().clone()) for name, value in _floats(model).items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after the optimiser's `step`-th step, counted from 1."""
        # θ̄ + (1 - d_t)(θ - θ̄): the module's equation as one interpolation of all tensors together.
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_([*self.values.values()], [*map(wide, _floats(model).values())], weight)

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """Put the average into the model for the block's duration."""
        own = {name: value.detach().clone() for name, value in _floats(model).items()}
        _copy(model, self.values)
        try:
            yield
        finally:
            _copy(model, own)

    def put_into(self, model: nn.Module) -> None:
        """Make the average the model's weights, for good."""
        _copy(model, self.values)


def _floats(model: nn.Module) -> dict[str, Tensor]:
    """Return the weights and buffers; a tensor with two names (tied weights) appears once."""
    named: dict[int, tuple[str, Tensor]] = {}
    for name, value in (*model.named_parameters(), *model.named_buffers()):
        if value.is_floating_point():
            named.setdefault(id(value), (name, value))
    return {name: value.detach() for name, value in named.values()}


@torch.no_grad()
def _copy(model: nn.Module, values: dict[str, Tensor]) -> None:
    for name, value in _floats(model).items():
        value.copy_(values[name])
