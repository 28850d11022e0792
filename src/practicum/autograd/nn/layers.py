"""Layers without memory of earlier steps, and losses: each holds the parameters of the function of its name in `functional`.

Weights start as PyTorch's do: uniform in ±1/√fan_in for linear and convolutional layers, standard normal for embeddings.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from practicum.autograd import functional as F
from practicum.autograd.nn import init
from practicum.autograd.nn.module import Buffer, Module, Parameter
from practicum.autograd.ops.window import Pair, pair
from practicum.autograd.tensor import Tensor


def uniform_parameter(shape: tuple[int, ...], bound: float) -> Parameter:
    """Return a float32 parameter, uniform in ±bound."""
    parameter = Parameter(np.empty(shape, np.float32))
    init.uniform_(parameter, -bound, bound)
    return parameter


class Linear(Module):
    """x Wᵀ + b: (…, in_features) -> (…, out_features)."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features) if in_features else 0.0
        self.weight = uniform_parameter((out_features, in_features), bound)
        self.bias = uniform_parameter((out_features,), bound) if bias else None

    def forward(self, input: Tensor) -> Tensor:
        """Return x Wᵀ + b."""
        return F.linear(input, self.weight, self.bias)


class Conv2d(Module):
    """Cross-correlation with learned kernels: (N, in_channels, H, W) -> (N, out_channels, H', W')."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"Conv2d: expected channels that {groups} groups divide, got {in_channels} in and {out_channels} out"
            )
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, pair(kernel_size)
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        self.weight = uniform_parameter(shape, bound)
        self.bias = uniform_parameter((out_channels,), bound) if bias else None

    def forward(self, input: Tensor) -> Tensor:
        """Return the cross-correlation with every kernel."""
        return F.conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class MaxPool2d(Module):
    """The largest value of each window."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1) -> None:
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride or kernel_size, padding, dilation

    def forward(self, input: Tensor) -> Tensor:
        """Return the largest values: (N, C, H, W) -> (N, C, H', W')."""
        return F.max_pool2d(input, self.kernel_size, self.stride, self.padding, self.dilation)


class AvgPool2d(Module):
    """The mean of each window."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, stride or kernel_size, padding

    def forward(self, input: Tensor) -> Tensor:
        """Return the means: (N, C, H, W) -> (N, C, H', W')."""
        return F.avg_pool2d(input, self.kernel_size, self.stride, self.padding)


class _BatchNorm(Module):
    ndims: tuple[int, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(np.ones(num_features, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(num_features, np.float32)) if affine else None
        self.running_mean = Buffer(np.zeros(num_features, np.float32)) if track_running_stats else None
        self.running_var = Buffer(np.ones(num_features, np.float32)) if track_running_stats else None
        self.num_batches_tracked = Buffer(np.array(0)) if track_running_stats else None

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in self.ndims:
            raise ValueError(
                f"{type(self).__name__}: expected input with {' or '.join(map(str, self.ndims))} axes, got shape {input.shape}"
            )
        momentum = self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.data += 1
            momentum = 1 / float(self.num_batches_tracked.data) if momentum is None else momentum
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, self.training, momentum or 0.0, self.eps
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (N, C) or (N, C, L)."""

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (N, C, H, W)."""

    ndims = (4,)


class LayerNorm(Module):
    """Layer normalisation over the last axes."""

    def __init__(
        self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True
    ) -> None:
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.weight = Parameter(np.ones(self.normalized_shape, np.float32)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(self.normalized_shape, np.float32)) if elementwise_affine and bias else None

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input, in its own shape."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class Dropout(Module):
    """Drops numbers with probability p, in training only."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: expected p in [0, 1], got {p}")
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with some numbers dropped, in evaluation as it is."""
        return F.dropout(input, self.p, self.training)


class Embedding(Module):
    """A learned vector per index: (…) of integers -> (…, embedding_dim)."""

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None) -> None:
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.weight = Parameter(np.empty((num_embeddings, embedding_dim), np.float32))
        init.normal_(self.weight)
        if padding_idx is not None:
            self.weight.data[padding_idx] = 0

    def forward(self, input: Tensor) -> Tensor:
        """Return the vectors of the indices."""
        return F.embedding(input, self.weight, self.padding_idx)


class Flatten(Module):
    """Makes one axis of those from `start_dim` to `end_dim`."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Return the same numbers with fewer axes."""
        return input.flatten(self.start_dim, self.end_dim)


class Identity(Module):
    """Its input; whatever it is made with is ignored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        """Return the input."""
        return input


class ReLU(Module):
    """max(x, 0), element by element."""

    def forward(self, input: Tensor) -> Tensor:
        """Return max(x, 0)."""
        return F.relu(input)


class Tanh(Module):
    """tanh(x), element by element."""

    def forward(self, input: Tensor) -> Tensor:
        """Return tanh(x)."""
        return F.tanh(input)


class Sigmoid(Module):
    """1 / (1 + e^-x), element by element."""

    def forward(self, input: Tensor) -> Tensor:
        """Return σ(x)."""
        return F.sigmoid(input)


class GELU(Module):
    """x Φ(x), or its approximation by tanh (Hendrycks & Gimpel 2016)."""

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Return x Φ(x)."""
        return F.gelu(input, self.approximate)


class Softmax(Module):
    """Exponentials that add up to 1 along `dim`."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return the softmax along `dim`."""
        return F.softmax(input, self.dim)


class CrossEntropyLoss(Module):
    """See `functional.cross_entropy`."""

    def __init__(
        self, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        self.weight, self.ignore_index, self.reduction, self.label_smoothing = weight, ignore_index, reduction, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits (N, C, …) and class indices (N, …)."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class MSELoss(Module):
    """See `functional.mse_loss`."""

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of two tensors of one shape."""
        return F.mse_loss(input, target, self.reduction)


class BCEWithLogitsLoss(Module):
    """See `functional.binary_cross_entropy_with_logits`."""

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits and targets in [0, 1], both of one shape."""
        return F.binary_cross_entropy_with_logits(input, target, self.reduction)
