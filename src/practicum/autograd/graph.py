"""Reverse-mode differentiation: the gradient of a result with respect to everything that it was computed from.

Every tensor keeps one *edge* per input that needs a gradient: the input, and a rule that turns the gradient of the result into
the gradient of that input (a vector-Jacobian product, Baydin et al. 2018, section 3.2). The walk goes from the result to the
leaves, children before parents, and adds up what arrives at each tensor:

    x̄ = Σ_{y computed from x} (∂y/∂x)ᵀ ȳ,   where ȳ = ∂result/∂y

The rules are themselves written with tensor operations. With `create_graph=True` these are recorded too, so a gradient can be
differentiated again, as often as one likes; without it they run unrecorded, and `InPlaceGradients` adds up with less copying.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from practicum.autograd.accumulate import Gradients, InPlaceGradients
from practicum.autograd.recording import set_grad_enabled
from practicum.autograd.tensor import Edge, Tensor, record


def topological_order(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return all tensors that the outputs were computed from, these included, each before what it was computed from."""
    found, stack = set(outputs), list(outputs)
    while stack:  # not recursion: graphs get deep
        for x, _, _ in _edges(stack.pop()):
            if x not in found:
                found.add(x)
                stack.append(x)
    # A tensor is made after its parents, so the order of creation, reversed, is a topological order.
    return sorted(found, key=lambda tensor: tensor._order, reverse=True)


def backward(
    output: Tensor, gradient: Tensor | None = None, retain_graph: bool | None = None, create_graph: bool = False
) -> None:
    """Add ∂output/∂leaf to `leaf.grad` for every leaf that the output was computed from.

    Args:
        output: what to differentiate.
        gradient: ∂loss/∂output, of the output's shape; may be left out for a single number.
        retain_graph: keep the graph for another backward pass; by default only if `create_graph`.
        create_graph: record the backward pass itself, so that the gradients can be differentiated.

    Raises:
        RuntimeError: for a non-scalar without `gradient`, a tensor outside any graph, a graph already used up, or values
            changed in place.
        ValueError: if `gradient` has another shape.
    """
    gradients = _propagate([(output, _seed(output, gradient))], None, retain_graph, create_graph)
    with set_grad_enabled(create_graph):
        for leaf in gradients:
            if leaf.grad is None:  # an array that others refer to must not change when this gradient is clipped in place
                leaf.grad = gradients.own(leaf)
            else:
                leaf.grad += gradients[leaf]


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """Return ∂(Σ outputs)/∂input for each input, leaf or not, and leave every `grad` as it is.

    Args:
        outputs: what to differentiate.
        inputs: with respect to what.
        grad_outputs: ∂loss/∂output for each output; may be left out for single numbers.
        retain_graph: keep the graph for another backward pass; by default only if `create_graph`.
        create_graph: record the backward pass, so that the result can be differentiated again.
        allow_unused: give None for an input that the outputs do not depend on, instead of an error.

    Raises:
        RuntimeError: as `backward`, and if an input was not used and `allow_unused` is off.
    """
    ys = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    xs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    given = [grad_outputs] * len(ys) if grad_outputs is None or isinstance(grad_outputs, Tensor) else list(grad_outputs)
    seeds = [(y, _seed(y, g)) for y, g in zip(ys, given, strict=True)]
    gradients = _propagate(seeds, set(xs), retain_graph, create_graph)
    for i, x in enumerate(xs):
        if x not in gradients and not allow_unused:
            raise RuntimeError(f"input {i} of shape {x.shape} was not used to compute the outputs; allow_unused=True gives None")
    return tuple(gradients.get(x) for x in xs)


def _seed(output: Tensor, gradient: Tensor | None) -> Tensor:
    """Return ∂loss/∂output, where the walk starts."""
    if not output.requires_grad:
        raise RuntimeError("nothing to differentiate: this tensor was not computed from any that requires grad")
    if gradient is None:
        if output.numel() != 1:
            raise RuntimeError(f"without `gradient`, expected a single number to differentiate, got shape {output.shape}")
        return record(np.ones(output.shape, output.dtype))
    if gradient.shape != output.shape:
        raise ValueError(f"expected a gradient of the tensor's own shape, {output.shape}, got {gradient.shape}")
    return gradient


def _propagate(
    seeds: Sequence[tuple[Tensor, Tensor]], wanted: set[Tensor] | None, retain_graph: bool | None, create_graph: bool
) -> Gradients:
    """Return the gradients of `wanted`, or of all leaves if None."""
    gradients = Gradients() if create_graph else InPlaceGradients()
    with set_grad_enabled(create_graph):
        walk(seeds, wanted, gradients, keep=create_graph if retain_graph is None else retain_graph)
    return gradients


def walk(seeds: Sequence[tuple[Tensor, Tensor]], wanted: set[Tensor] | None, gradients: Gradients, keep: bool) -> None:
    """Go from the outputs to the leaves and add up the gradients that arrive.

    Args:
        seeds: each output with ∂result/∂output.
        wanted: the tensors whose gradients are asked for; None for all leaves.
        gradients: where they are added up; at the end it holds those that are wanted.
        keep: whether the graph may be walked again.

    Raises:
        RuntimeError: if the graph is used up, or values were changed in place that a rule needs.
    """
    order = topological_order([y for y, _ in seeds])
    needed = set(order) if wanted is None else _on_a_path_to(wanted, order)
    for y, gradient in seeds:
        gradients.arrive(y, gradient)
    for y in order:  # all children of y came before it, so its gradient is complete
        edges = _edges(y)
        if y not in gradients or not edges:
            continue
        # What nobody asks for is taken out, so that its memory is free as soon as it was used.
        g = gradients.pop(y) if wanted is None or y not in wanted else gradients[y]
        if y not in needed:
            continue
        for x, rule, version in edges:
            if x._version != version or y._version:
                raise RuntimeError(
                    f"a tensor of shape {x.shape} was changed in place after it was used; its gradient would be wrong"
                )
            if x in needed:
                gradients.add(x, rule, g, y)  # x̄ ← x̄ + (∂y/∂x)ᵀ ȳ
        if not keep:
            y._edges = None  # frees what the rules remember


def _edges(y: Tensor) -> tuple[Edge, ...]:
    if y._edges is None:
        raise RuntimeError("this graph was used up by a backward pass; give that one retain_graph=True to go through it again")
    return y._edges


def _on_a_path_to(wanted: set[Tensor], order: list[Tensor]) -> set[Tensor]:
    """Return what lies between the outputs and `wanted`: only there gradients are worth computing."""
    needed = set(wanted)
    for y in reversed(order):  # parents first
        if any(x in needed for x, _, _ in _edges(y)):
            needed.add(y)
    return needed
