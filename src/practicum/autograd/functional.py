"""Layers and losses as functions, under the names of `torch.nn.functional`.

Half precision is computed in single precision; losses of it stay there, as their sums may lie beyond its range.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from practicum.autograd import random
from practicum.autograd.ops.elementwise import relu, sigmoid, softplus, tanh, where
from practicum.autograd.ops.layout import pad
from practicum.autograd.ops.matrix import linear
from practicum.autograd.ops.reduction import as_narrow, log_softmax, soft_cross_entropy, softmax, wide
from practicum.autograd.ops.window import avg_pool2d, conv2d, max_pool2d
from practicum.autograd.tensor import Array, Tensor

__all__ = [
    "avg_pool2d", "batch_norm", "binary_cross_entropy_with_logits", "conv2d", "cross_entropy", "dropout", "embedding", "gelu",
    "layer_norm", "linear", "log_softmax", "max_pool2d", "mse_loss", "one_hot", "pad", "relu", "sigmoid", "softmax", "softplus",
    "tanh",
]  # fmt: skip


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Return x Φ(x), with Φ the normal distribution function, or its approximation by tanh (Hendrycks & Gimpel 2016, section 2).

    Raises:
        ValueError: if `approximate` is neither "none" nor "tanh".
    """
    if approximate == "none":
        return input * ((input * math.sqrt(0.5)).erf() + 1) * 0.5
    if approximate == "tanh":
        return input * ((math.sqrt(2 / math.pi) * (input + 0.044715 * input * input * input)).tanh() + 1) * 0.5
    raise ValueError(f'gelu: expected approximate "none" or "tanh", got {approximate!r}')


def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Set each number to zero with probability p and divide the others by 1 − p (Srivastava et al. 2014, section 10).

    Raises:
        ValueError: if p is not in [0, 1].
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: expected p in [0, 1], got {p}")
    if not training or p == 0:
        return input
    kept = random.generator().random(input.shape, np.float32) >= p
    return input.mul((kept / max(1 - p, 1e-30)).astype(input.dtype))


def embedding(input: Tensor | Array, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Return the rows of `weight` at the indices `input`; the row `padding_idx` gets no gradient."""
    rows = weight[input]
    if padding_idx is None:
        return rows
    return where((np.asarray(input) == padding_idx % weight.shape[0])[..., None], rows.detach(), rows)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Return γ (x − μ) / √(σ² + ε) + β per channel, over the batch and all positions (Ioffe & Szegedy 2015, algorithm 1).

    In training μ and σ² are those of this batch, and the running ones move towards them by `momentum` (the variance's unbiased
    estimate); otherwise they are the running ones.

    Shapes:
        input (N, C, …), all others (C).

    Raises:
        ValueError: if the channels do not fit, or in training there is just one value per channel.
    """
    channels = input.shape[1] if input.ndim > 1 else -1
    for name, t in (("running_mean", running_mean), ("running_var", running_var), ("weight", weight), ("bias", bias)):
        if t is not None and t.shape != (channels,):
            raise ValueError(f"batch_norm: expected input (N, C, …) and {name} (C), got {input.shape} and {t.shape}")
    shape = (1, channels, *[1] * (input.ndim - 2))
    exact = wide(input)
    if training or running_mean is None or running_var is None:
        # All axes but the channels'.
        dims = (0, *range(2, input.ndim))
        count = input.numel() // max(input.shape[1], 1)
        if count == 1:
            raise ValueError(
                f"batch_norm: expected more than one value per channel in training, got input of shape {input.shape}"
            )
        mean = exact.mean(dims, keepdim=True)
        centred = exact - mean
        var = (centred * centred).mean(dims, keepdim=True)
        if running_mean is not None and running_var is not None:
            # On the arrays themselves: running statistics are no part of the graph.
            running_mean.data += momentum * (mean.data.reshape(-1) - running_mean.data)
            running_var.data += momentum * (var.data.reshape(-1) * (count / (count - 1)) - running_var.data)
    else:
        centred, var = exact - running_mean.reshape(shape), running_var.reshape(shape)
    scale = (var + eps) ** -0.5
    out = centred * (scale if weight is None else scale * weight.reshape(shape))
    return as_narrow(out if bias is None else out + bias.reshape(shape), input)


def layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Return γ (x − μ) / √(σ² + ε) + β with μ and σ² over the last axes of each example (Ba et al. 2016, eq. 3 and 4).

    Shapes:
        input (…, *normalized_shape), weight and bias (*normalized_shape).

    Raises:
        ValueError: if the last axes are not `normalized_shape`.
    """
    shape = tuple(normalized_shape)
    if input.shape[input.ndim - len(shape) :] != shape:
        raise ValueError(f"layer_norm: expected input (…, {', '.join(map(str, shape))}), got shape {input.shape}")
    dims = tuple(range(-len(shape), 0))
    exact = wide(input)
    centred = exact - exact.mean(dims, keepdim=True)
    out = centred * ((centred * centred).mean(dims, keepdim=True) + eps) ** -0.5
    out = out if weight is None else out * weight
    return as_narrow(out if bias is None else out + bias, input)


def one_hot(input: Tensor | Array, num_classes: int) -> Tensor:
    """Return 1 at the class, 0 elsewhere: (…) -> (…, num_classes), integers."""
    return Tensor((np.asarray(input)[..., None] == np.arange(num_classes)).astype(np.int64))


def cross_entropy(
    input: Tensor,
    target: Tensor | Array,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return −Σ_c q_c w_c log softmax(x)_c, with q = 1 − α + α/C at the true class and α/C at the others, α = `label_smoothing`.

    Args:
        input: logits.
        target: class indices.
        weight: a weight per class, (C). The mean is then weighted by those of the true classes.
        ignore_index: a target that does not count.
        reduction: "mean" over the targets that count, "sum" or "none".
        label_smoothing: α (Szegedy et al. 2016, section 7).

    Shapes:
        input (N, C, …) and target (N, …), or input (C) and one target.

    Raises:
        TypeError: if the targets are not integers.
        ValueError: if the shapes do not fit, or a target is no class.
    """
    input, classes = wide(input), np.asarray(target)
    axis = 1 if input.ndim > 1 else 0
    num_classes = input.shape[axis] if input.ndim else 0
    if classes.dtype.kind not in "iu":
        raise TypeError(f"cross_entropy: expected integer targets (class indices), got {classes.dtype} of shape {classes.shape}")
    if input.ndim == 0 or classes.shape != input.shape[:axis] + input.shape[axis + 1 :]:
        raise ValueError(f"cross_entropy: expected input (N, C, …) and target (N, …), got {input.shape} and {classes.shape}")
    rows = input
    if input.ndim != 2:  # (N, C, …) -> (N·…, C)
        rows = (input.permute(0, *range(2, input.ndim), 1) if axis else input).reshape(classes.size, num_classes)
    # Targets that don't count keep a row of zeros in q, and so add nothing to loss and gradient.
    counting = np.flatnonzero(classes != ignore_index)
    true = classes.reshape(-1)[counting]
    if true.size and not 0 <= true.min() <= true.max() < num_classes:
        raise ValueError(f"cross_entropy: expected targets in [0, {num_classes}), got {true.min()} to {true.max()}")
    q = np.zeros(rows.shape, input.dtype)
    if label_smoothing:
        q[counting] = label_smoothing / num_classes
    q[counting, true] = 1 - label_smoothing + label_smoothing / num_classes
    total = true.size
    if weight is not None:
        q *= weight.data
        # The mean divides by the weights that took part, as PyTorch's does.
        total = weight.data[true].sum()
    if reduction == "mean":
        return soft_cross_entropy(rows, q / total)
    return _reduce(soft_cross_entropy(rows, q, 1).reshape(classes.shape), reduction)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Return (x − y)², reduced. Raises ValueError if the shapes differ."""
    _same_shape("mse_loss", input, target)
    difference = wide(input) - wide(target)
    return _reduce(difference * difference, reduction)


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Return −y log σ(x) − (1 − y) log(1 − σ(x)) = softplus(x) − x y. Raises ValueError if the shapes differ."""
    _same_shape("binary_cross_entropy_with_logits", input, target)
    input, target = wide(input), wide(target)
    return _reduce(softplus(input) - input * target, reduction)


def _same_shape(name: str, input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        raise ValueError(f"{name}: expected input and target of one shape, got {input.shape} and {target.shape}")


def _reduce(losses: Tensor, reduction: str) -> Tensor:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'expected reduction "mean", "sum" or "none", got {reduction!r}')
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses
