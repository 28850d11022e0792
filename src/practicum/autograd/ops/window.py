"""Sliding windows over images: convolution and pooling.

`windows` shows every patch that a kernel sees, as a view that copies nothing; `fold` adds patches back to where they came
from. Both are linear and each is the other's gradient, so convolution (a product of weights and windows) and pooling need no
rules of their own.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from practicum.autograd.ops.layout import pad
from practicum.autograd.tensor import Tensor, record

Pair = int | tuple[int, int]


def pair(value: Pair) -> tuple[int, int]:
    """Return height and width: one number stands for both."""
    return (value, value) if isinstance(value, int) else value


def windows(x: Tensor, kernel_size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> Tensor:
    """out[i, j, n, c, h, w] = x[n, c, h·stride + i·dilation, w·stride + j·dilation].

    Shapes:
        (N, C, H, W) -> (kernel height, kernel width, N, C, H', W'). The axes of the kernel stand first: loops over them handle
        long rows.

    Raises:
        ValueError: if the kernel does not fit in.
    """
    (kh, kw), (sh, sw), (dh, dw) = kernel_size, stride, dilation
    span = (kh - 1) * dh + 1, (kw - 1) * dw + 1
    if x.ndim != 4 or x.shape[2] < span[0] or x.shape[3] < span[1]:
        raise ValueError(
            f"a kernel of {kernel_size} with dilation {dilation} spans {span}: expected a larger (N, C, H, W), got {x.shape}"
        )
    view = sliding_window_view(x.data, span, (2, 3))[:, :, ::sh, ::sw, ::dh, ::dw]
    return record(view.transpose(4, 5, 0, 1, 2, 3), (x, lambda g, out: fold(g, x.shape, stride, dilation)))


def fold(x: Tensor, shape: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int]) -> Tensor:
    """Add windows up where they overlap; what no window saw is zero.

    Shapes:
        (kernel height, kernel width, N, C, H', W') -> `shape`, (N, C, H, W).
    """
    (kh, kw), (height, width) = x.shape[:2], x.shape[4:]
    (sh, sw), (dh, dw) = stride, dilation
    data = np.zeros(shape, x.dtype)
    for i in range(kh):
        for j in range(kw):
            data[:, :, i * dh : i * dh + sh * height : sh, j * dw : j * dw + sw * width : sw] += x.data[i, j]
    return record(data, (x, lambda g, out: windows(g, (kh, kw), stride, dilation)))


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """out[n, o] = b[o] + Σ_{c, i, j} w[o, c, i, j] · window[i, j, n, c]: cross-correlation, as one matrix product.

    Shapes:
        input (N, C, H, W), weight (O, C / groups, kernel height, kernel width), bias (O) -> (N, O, H', W').

    Raises:
        ValueError: if the shapes do not fit.
    """
    out_channels, per_group, kh, kw = weight.shape
    if input.ndim != 4 or input.shape[1] != per_group * groups or out_channels % groups:
        raise ValueError(
            f"conv2d, {groups} groups: expected (N, C, H, W) and (O, C/groups, kH, kW), got {input.shape} and {weight.shape}"
        )
    ph, pw = pair(padding)
    x = pad(input, (pw, pw, ph, ph)) if ph or pw else input
    patches = windows(x, (kh, kw), pair(stride), pair(dilation))
    n, _, height, width = patches.shape[2:]
    # (kh, kw, N, C, H', W') -> (C, kh, kw, N, H', W') -> (G, C/G·kh·kw, N·H'·W'), the copy known as im2col
    columns = patches.permute(3, 0, 1, 2, 4, 5).reshape(groups, per_group * kh * kw, n * height * width)
    out = weight.reshape(groups, out_channels // groups, per_group * kh * kw) @ columns
    out = out.reshape(out_channels, n, height, width).transpose(0, 1)
    return out if bias is None else out + bias.reshape(out_channels, 1, 1)


def avg_pool2d(input: Tensor, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Tensor:
    """Return the mean of each window, padding counted as zeros."""
    ph, pw = pair(padding)
    x = pad(input, (pw, pw, ph, ph)) if ph or pw else input
    return windows(x, pair(kernel_size), pair(kernel_size if stride is None else stride), (1, 1)).mean((0, 1))


def max_pool2d(input: Tensor, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1) -> Tensor:
    """Return the largest value of each window; of several equal ones the first gets the gradient."""
    ph, pw = pair(padding)
    x = pad(input, (pw, pw, ph, ph), -np.inf) if ph or pw else input
    kernel, stride, dilation = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(dilation)
    # Where each number stands in x: the largest are then read by index, whose rule spreads the gradient.
    positions = np.arange(x.numel()).reshape(x.shape)
    values = windows(x.detach(), kernel, stride, dilation).data
    where = windows(record(positions), kernel, stride, dilation).data
    best, at = values[0, 0].copy(), where[0, 0].copy()
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            better = (values[i, j] > best) | np.isnan(values[i, j])
            np.copyto(best, values[i, j], where=better)
            np.copyto(at, where[i, j], where=better)
    return x.reshape(x.numel())[at]
