"""Normalisation, written out: of the inputs, over the batch, over the features.

    standardise   (x - μ) / σ, statistics of the training set
    batch norm    γ (x - μ_C) / √(σ²_C + ε) + β, over rows and places of a channel  (Ioffe & Szegedy 2015, algorithm 1)
    layer norm    γ (x - μ_B) / √(σ²_B + ε) + β, over the features of a row         (Ba et al. 2016, eq. 4)

Symbols: B rows, C channels or features, μ and σ² mean and (biased) variance, γ `weight`, β `bias`.
Departs from the papers: batch norm evaluates with running averages of μ and σ², not with a last pass over the training set, as
everyone does.
Parameters, buffers and their names are those of `torch.nn`. Statistics are computed in at least single precision, where squares
must fit (|x - μ| below 1e18); batch and layer norm return the inputs' dtype.
"""

from typing import Any

import torch
from torch import Tensor, nn

from practicum.precision import wide


class Standardise(nn.Module):
    """Shifts and scales inputs by statistics that it is given once.

    They must be the training set's: a test row may not know of its fellows, and validation and test must see one function.

    Args:
        mean: broadcasts to the input.
        std: the same; where it is 0 (a pixel that is always black) the input is only shifted.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", torch.where(std > 0, std, torch.ones_like(std)))

    @classmethod
    def of(cls, train: Tensor, dims: tuple[int, ...] = (0,)) -> "Standardise":
        """Take the statistics of a training set.

        Args:
            train: its first dimension is the rows.
            dims: averaged over: `(0,)` for a mean per feature, `(0, 2, 3)` per channel of images.

        Returns:
            The layer, which keeps the rest of the dimensions.
        """
        variance, mean = torch.var_mean(wide(train), dims, correction=0, keepdim=True)
        return cls(mean[0], variance[0].sqrt())

    def forward(self, x: Tensor) -> Tensor:
        """Return (x - mean) / std."""
        return ((wide(x) - wide(self.mean)) / wide(self.std)).to(torch.promote_types(x.dtype, self.mean.dtype))


class BatchNorm(nn.Module):
    """Normalises each channel over the batch: `nn.BatchNorm1d`, `2d` and `3d` in one.

    Args:
        num_features: C, the size of dimension 1.
        eps: ε.
        momentum: share of the newest batch in the running averages; None for the plain average of all batches so far.

    Source: Ioffe & Szegedy 2015, algorithms 1 and 2. The running variance is the unbiased one (algorithm 2, line 10).
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight, self.bias = nn.Parameter(torch.ones(num_features)), nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x_BC: Tensor) -> Tensor:
        """Normalise the input.

        Args:
            x_BC: shape (B, C) or (B, C, *places).

        Returns:
            The same shape.

        Raises:
            ValueError: another number of channels, or one value per channel in training, whose variance says nothing.
        """
        if x_BC.ndim < 2 or x_BC.shape[1] != self.num_features:
            raise ValueError(f"expected shape (B, {self.num_features}, …), got {tuple(x_BC.shape)}")
        others, exact_BC = [0, *range(2, x_BC.ndim)], wide(x_BC)
        if self.training:
            count = x_BC.numel() // self.num_features
            if count < 2:
                raise ValueError(f"expected more than one value per channel in training, got shape {tuple(x_BC.shape)}")
            var_C, mean_C = torch.var_mean(exact_BC, others, correction=0)
            self._track(mean_C.detach(), var_C.detach() * count / (count - 1))
        else:
            mean_C, var_C = self.running_mean, self.running_var
        shape = (-1, *[1] * (x_BC.ndim - 2))  # so that (C, …) broadcasts against (B, C, …)
        scale_C = self.weight * torch.rsqrt(var_C + self.eps)
        return ((exact_BC - mean_C.view(shape)) * scale_C.view(shape) + self.bias.view(shape)).to(x_BC.dtype)

    def _apply(self, fn: Any, recurse: bool = True) -> "BatchNorm":
        super()._apply(fn, recurse)
        # `half()` leaves the running averages in single precision: they move by small steps, and a variance is a square.
        self.running_mean, self.running_var = wide(self.running_mean), wide(self.running_var)
        return self

    @torch.no_grad()
    def _track(self, mean_C: Tensor, var_C: Tensor) -> None:
        self.num_batches_tracked += 1
        share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean_C.to(self.running_mean.dtype), share)
        self.running_var.lerp_(var_C.to(self.running_var.dtype), share)


class LayerNorm(nn.Module):
    """Normalises each row over its last dimensions; training and evaluation are the same.

    Args:
        normalized_shape: the last dimensions' sizes.
        eps: ε.

    Source: Ba et al. 2016, eq. 4.
    """

    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5) -> None:
        super().__init__()
        self.shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.weight, self.bias = nn.Parameter(torch.ones(self.shape)), nn.Parameter(torch.zeros(self.shape))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the input.

        Args:
            x: shape (*rows, *normalized_shape).

        Returns:
            The same shape.

        Raises:
            ValueError: the last dimensions differ.
        """
        if tuple(x.shape[-len(self.shape) :]) != self.shape:
            raise ValueError(f"expected last dimensions {self.shape}, got shape {tuple(x.shape)}")
        last = [*range(-len(self.shape), 0)]
        exact = wide(x)
        centred = exact - exact.mean(last, keepdim=True)
        variance = centred.square().mean(last, keepdim=True)
        return (centred * torch.rsqrt(variance + self.eps) * self.weight + self.bias).to(x.dtype)
