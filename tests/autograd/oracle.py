"""The same function run on both engines: values, gradients and second derivatives side by side, in float64."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from practicum import autograd

TOLERANCE = 1e-10


def close(ours: Any, theirs: Any, tolerance: float = TOLERANCE) -> None:
    """Asserts equal shapes and values up to tolerance · max(1, |value|); nan equals nan."""
    ours, theirs = np.asarray(ours.data if isinstance(ours, autograd.Tensor) else ours), theirs.detach().numpy()
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def agree(
    function: Callable[..., Any], *arrays: np.ndarray, second: bool = True, positive: bool = False, tolerance: float = TOLERANCE
) -> None:
    """Asserts that `function(engine, *tensors)` gives the same values, gradients and Hessian-vector products on both engines.

    Args:
        function: called with the package (`practicum.autograd` or `torch`) and a tensor per array.
        arrays: float64 inputs.
        second: whether to differentiate the gradient once more.
        positive: whether to take |array| + 0.1.
        tolerance: relative and absolute.
    """
    rng = np.random.default_rng(sum(a.size for a in arrays) + len(arrays))
    values = [np.abs(a) + 0.1 if positive else a for a in arrays]
    ours = [autograd.Tensor(a.copy(), requires_grad=True) for a in values]
    theirs = [torch.tensor(a, requires_grad=True) for a in values]
    our_out, their_out = function(autograd, *ours), function(torch, *theirs)
    close(our_out, their_out, tolerance)
    assert our_out.dtype == np.float64
    weight = rng.standard_normal(our_out.shape)
    our_out.backward(autograd.Tensor(weight))
    their_out.backward(torch.from_numpy(weight))
    for a, b in zip(ours, theirs, strict=True):
        if b.grad is None:
            assert a.grad is None
        else:
            close(a.grad, b.grad, tolerance)
    if second:
        directions = [rng.standard_normal(a.shape) for a in values]
        our_second = hessian_vector(autograd, function, ours, weight, directions)
        their_second = hessian_vector(torch, function, theirs, weight, directions)
        for x, a, b in zip(theirs, our_second, their_second, strict=True):
            if a is None or b is None:  # not in the graph on one side: a linear function's second derivative
                assert a is None or not np.abs(a.data).max(initial=0)
                assert b is None or not b.abs().sum()
            else:
                assert x.shape == b.shape
                close(a, b, tolerance * 10)


def hessian_vector(
    engine: Any, function: Any, inputs: Sequence[Any], weight: np.ndarray, directions: Sequence[np.ndarray]
) -> Any:
    """∂/∂x Σ_i ⟨∂⟨weight, function⟩/∂x_i, direction_i⟩."""
    constant = engine.from_numpy
    grad = autograd.grad if engine is autograd else torch.autograd.grad
    total = (function(engine, *inputs) * constant(weight)).sum()
    first = grad(total, inputs, create_graph=True, allow_unused=True)
    product = sum(((g * constant(d)).sum() for g, d in zip(first, directions, strict=True) if g is not None), total * 0)
    return grad(product, inputs, allow_unused=True)


def numeric(function: Callable[..., Any], arrays: Sequence[np.ndarray], step: float = 1e-6) -> list[np.ndarray]:
    """Central differences of a function that returns a single number, in every coordinate."""
    gradients = []
    for i, array in enumerate(arrays):
        gradient = np.zeros_like(array)
        for at in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = [a.copy() for a in arrays]
                moved[i][at] += sign * step
                ends.append(function(*map(autograd.Tensor, moved)).item())
            gradient[at] = (ends[0] - ends[1]) / (2 * step)
        gradients.append(gradient)
    return gradients
