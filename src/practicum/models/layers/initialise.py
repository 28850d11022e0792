"""Initialisers that keep a signal's size through the layers (Glorot & Bengio 2010; He et al. 2015).

    y = Wx with independent entries of mean 0:   Var[y] = fan_in Var[w] E[x²]

    xavier_   Var[w] = 2 / (fan_in + fan_out)    a compromise between forward and backward, for tanh (Glorot & Bengio, eq. 16)
    he_       Var[w] = 2 / fan_in                ReLU halves E[x²], so twice as much is needed (He et al., eq. 10)

Symbols: fan_in = inputs that one output sees, fan_out = outputs that one input reaches; a convolution's count kernel places too.
"""

from collections.abc import Callable
from math import prod, sqrt
from typing import Literal

import torch
from torch import Tensor, nn

Shape = Literal["uniform", "normal"]


def fans(weight: Tensor) -> tuple[int, int]:
    """Return fan_in and fan_out of a weight of shape (out, in, *kernel).

    Raises:
        ValueError: fewer than two dimensions.
    """
    if weight.ndim < 2:
        raise ValueError(f"expected a weight of shape (out, in, …), got {tuple(weight.shape)}")
    places = prod(weight.shape[2:])
    return weight.shape[1] * places, weight.shape[0] * places


def xavier_(weight: Tensor, gain: float = 1.0, shape: Shape = "uniform", generator: torch.Generator | None = None) -> Tensor:
    """Fill a weight with variance gain² · 2 / (fan_in + fan_out).

    Args:
        weight: shape (out, in, *kernel); changed in place.
        gain: 1 for tanh near 0 and for linear layers.
        shape: of the distribution.
        generator: of the numbers.

    Returns:
        The weight.

    Source: Glorot & Bengio 2010, eq. 16.
    """
    return _fill_(weight, gain**2 * 2 / sum(fans(weight)), shape, generator)


def he_(
    weight: Tensor,
    gain: float = sqrt(2),
    fan: Literal["in", "out"] = "in",
    shape: Shape = "normal",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Fill a weight with variance gain² / fan.

    Args:
        weight: shape (out, in, *kernel); changed in place.
        gain: √2 for ReLU, √(2 / (1 + a²)) for a leaky one with slope a, 1 for a linear layer.
        fan: which signal keeps its size: the forward one (`in`) or the backward one (`out`).
        shape: of the distribution.
        generator: of the numbers.

    Returns:
        The weight.

    Source: He et al. 2015, eq. 10 and 14.
    """
    return _fill_(weight, gain**2 / fans(weight)[fan == "out"], shape, generator)


def initialise(
    model: nn.Module,
    rule: Callable[[Tensor], object],
    kinds: tuple[type[nn.Module], ...] = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d),
) -> nn.Module:
    """Apply a rule to the weights of all layers of these kinds and set their biases to 0.

    Args:
        model: changed in place.
        rule: what fills a weight, such as `he_`.
        kinds: the layers' classes.

    Returns:
        The model.
    """
    for module in model.modules():
        if isinstance(module, kinds):
            rule(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model


@torch.no_grad()
def _fill_(weight: Tensor, variance: float, shape: Shape, generator: torch.Generator | None) -> Tensor:
    if shape == "normal":
        return weight.normal_(0, sqrt(variance), generator=generator)
    limit = sqrt(3 * variance)  # the variance of U(-a, a) is a²/3
    return weight.uniform_(-limit, limit, generator=generator)
