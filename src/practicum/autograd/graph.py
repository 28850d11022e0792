"""Reverse-mode differentiation: the gradient of a result with respect to everything that it was computed from.

Every tensor keeps one *edge* per input that needs a gradient: the input, and a rule that turns the gradient of the result into
the gradient of that input (a vector-Jacobian product, Baydin et al. 2018, section 3.2). The walk goes from the result to the
leaves, children before parents, and adds up what arrives at each tensor:

    x̄ = Σ_{y computed from x} (∂y/∂x)ᵀ ȳ,   where ȳ = ∂result/∂y

The rules are themselves written with tensor operations. With `create_graph=True` these are recorded too, so a gradient can be
differentiated again, as often as one likes; without it they run unrecorded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import numpy as np

import practicum.autograd.tensor as engine
from practicum.autograd.ops import layout

if TYPE_CHECKING:
    from practicum.autograd.tensor import Tensor

    Rule = Callable[[Tensor, Tensor], Tensor]  # (gradient of the result, the result) -> gradient of the input
    Edge = tuple[Tensor, Rule, int]  # the last is the input's version when it was used


class _Mode(threading.local):
    recording = True


mode = _Mode()


@contextmanager
def set_grad_enabled(enabled: bool) -> Iterator[None]:
    """Record operations inside the block, or do not. Also a decorator."""
    before, mode.recording = mode.recording, enabled
    try:
        yield
    finally:
        mode.recording = before


def no_grad() -> AbstractContextManager[None]:
    """Inside this block operations are not recorded."""
    return set_grad_enabled(False)


def enable_grad() -> AbstractContextManager[None]:
    """Inside this block operations are recorded, even within `no_grad`."""
    return set_grad_enabled(True)


def is_grad_enabled() -> bool:
    """Return whether operations are being recorded."""
    return mode.recording


def backward(output: Tensor, gradient: Tensor | None, retain_graph: bool | None, create_graph: bool) -> None:
    """Add ∂output/∂leaf to `leaf.grad` for every leaf; see `Tensor.backward`."""
    arrived, ours = _propagate([output], [_seed(output, gradient)], None, retain_graph, create_graph)
    with set_grad_enabled(create_graph):
        for leaf, g in arrived.items():
            if leaf.grad is None:  # an array that others refer to must not change when this gradient is clipped in place
                leaf.grad = g if leaf in ours else g.clone()
            else:
                leaf.grad += g


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """Return ∂(Σ outputs)/∂input for each input, leaf or not, and leaves every `grad` as it is.

    Args:
        outputs: what to differentiate.
        inputs: with respect to what.
        grad_outputs: ∂loss/∂output for each output; may be left out for single numbers.
        retain_graph: keep the graph for another backward pass; by default only if `create_graph`.
        create_graph: record the backward pass, so that the result can be differentiated again.
        allow_unused: give None for an input that the outputs do not depend on, instead of an error.

    Raises:
        RuntimeError: as `Tensor.backward`, and if an input was not used and `allow_unused` is off.
    """
    ys = [outputs] if isinstance(outputs, engine.Tensor) else list(outputs)
    xs = [inputs] if isinstance(inputs, engine.Tensor) else list(inputs)
    given = [grad_outputs] * len(ys) if grad_outputs is None or isinstance(grad_outputs, engine.Tensor) else list(grad_outputs)
    arrived, _ = _propagate(ys, [_seed(y, g) for y, g in zip(ys, given, strict=True)], xs, retain_graph, create_graph)
    for i, x in enumerate(xs):
        if x not in arrived and not allow_unused:
            raise RuntimeError(f"input {i} of shape {x.shape} was not used to compute the outputs; allow_unused=True gives None")
    return tuple(arrived.get(x) for x in xs)


def _seed(output: Tensor, gradient: Tensor | None) -> Tensor:
    if not output.requires_grad:
        raise RuntimeError("nothing to differentiate: this tensor was not computed from any that requires grad")
    if gradient is None:
        if output.numel() != 1:
            raise RuntimeError(
                f"without `gradient`, only a single number can be differentiated; this tensor has shape {output.shape}"
            )
        return engine.record(np.ones(output.shape, output.dtype))
    if gradient.shape != output.shape:
        raise ValueError(f"gradient has shape {gradient.shape}, expected the tensor's own, {output.shape}")
    return gradient


def _edges(node: Tensor) -> tuple[Edge, ...]:
    if node._edges is None:
        raise RuntimeError("this graph was used up by a backward pass; give that one retain_graph=True to go through it again")
    return node._edges


def _ancestors(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return all tensors that the outputs were computed from, these included, parents first.

    A tensor is made after its parents, so the order of creation is a topological order. A stack, not recursion: graphs get deep.
    """
    seen, stack = set(outputs), list(outputs)
    while stack:
        for x, _, _ in _edges(stack.pop()):
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return sorted(seen, key=lambda tensor: tensor._order)


def _propagate(
    outputs: list[Tensor], seeds: list[Tensor], inputs: list[Tensor] | None, retain_graph: bool | None, create_graph: bool
) -> tuple[dict[Tensor, Tensor], set[Tensor]]:
    """Return the gradients that arrive at `inputs` (if None, at all leaves), and the tensors whose gradient nothing else
    refers to.
    """
    nodes = _ancestors(outputs)
    if inputs is None:
        wanted, useful = {node for node in nodes if not node._edges}, set(nodes)
    else:
        wanted, useful = set(inputs), set(inputs)  # useful: what lies on a path to something wanted
        for node in nodes:
            if any(x in useful for x, _, _ in _edges(node)):
                useful.add(node)
    keep = create_graph if retain_graph is None else retain_graph
    arrived: dict[Tensor, Tensor] = {}
    ours: set[Tensor] = set()  # tensors whose gradient is an array that nothing else refers to: more can be added into it

    def arrive(x: Tensor, g: Tensor, fresh: bool) -> None:
        if g.data.dtype != x.data.dtype:
            g, fresh = g.to(x.dtype), True
        before = arrived.get(x)
        if before is None:
            arrived[x] = g
            if fresh:
                ours.add(x)
        elif x in ours and not create_graph:
            before.data += g.data
        else:
            arrived[x] = before + g
            ours.add(x)

    with set_grad_enabled(create_graph):
        for output, seed in zip(outputs, seeds, strict=True):
            arrive(output, seed, fresh=False)
        for node in reversed(nodes):
            edges = _edges(node)
            if not edges or node not in useful or node not in arrived:
                continue
            g = arrived[node] if node in wanted else arrived.pop(node)
            for x, rule, version in edges:
                if x._version != version or node._version:
                    raise RuntimeError(
                        f"a tensor of shape {x.shape} was changed in place after it was used; its gradient would be wrong"
                    )
                if x in ours and not create_graph and isinstance(rule, layout.Scatter):
                    rule.into(arrived[x].data, g.data)
                elif x in useful:
                    part = rule(g, node)
                    arrive(x, part, fresh=part.data.base is None and part.data is not g.data)
            if not keep:
                node._edges = None
    return {x: arrived[x] for x in wanted if x in arrived}, ours
