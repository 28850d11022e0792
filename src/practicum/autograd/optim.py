"""Update rules for parameters, under the names and with the defaults of `torch.optim`.

Each rule is one method, `update`, on plain arrays: it changes the parameter `p` in place, given its gradient `g` and the
rule's memory for this parameter. Symbols in the comments: θ parameter, g gradient, η learning rate `lr`, λ `weight_decay`, t
step, counted from 1.

Departs from the papers: as PyTorch does; where that matters, the class says so.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np

from practicum.autograd.tensor import Array, Tensor

Memory = dict[str, Any]
Settings = SimpleNamespace


class Optimizer(ABC):
    """Goes over the parameters and applies a rule to each that has a gradient.

    Args:
        params: parameters, or dicts with `params` and settings that differ from the rule's own.
        settings: the rule's settings.

    Attributes:
        param_groups: dicts of `params` and settings; a learning-rate schedule writes their `lr`.
        state: the rule's memory for each parameter.

    Raises:
        ValueError: if there are no parameters, or `lr` or `weight_decay` is negative.
    """

    def __init__(self, params: Iterable[Tensor] | Iterable[dict[str, Any]], **settings: Any) -> None:
        given: list[Any] = list(params)
        if not given:
            raise ValueError(f"{type(self).__name__}: expected parameters, got none")
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        self.param_groups: list[dict[str, Any]] = [{**settings, **group, "params": list(group["params"])} for group in groups]
        self.state: dict[Tensor, Memory] = {}
        for group in self.param_groups:
            for name in ("lr", "weight_decay"):
                if group[name] < 0:
                    raise ValueError(f"{type(self).__name__}: expected {name} ≥ 0, got {group[name]}")

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def step(self) -> None:
        """Change every parameter that has a gradient."""
        for group in self.param_groups:
            settings = SimpleNamespace(**group)
            for p in group["params"]:
                if p.grad is not None:
                    # Memories have the gradient's precision, so half precision is raised: small steps must not be rounded away.
                    g = p.grad.data if p.grad.dtype != np.float16 else p.grad.data.astype(np.float32)
                    self.update(p.data, g, self.state.setdefault(p, {}), settings)
                    p._version += 1

    @abstractmethod
    def update(self, p: Array, g: Array, memory: Memory, s: Settings) -> None:
        """Update every parameter by the rule."""


class SGD(Optimizer):
    """Gradient descent: plain, with momentum (Polyak 1964) or Nesterov's (1983), in the form of Sutskever et al. 2013, section 2.

    Departs from the paper: the learning rate multiplies the velocity when it is applied, not when it is built up.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                f"SGD: expected momentum > 0 and dampening 0 for nesterov, got momentum={momentum}, dampening={dampening}"
            )
        super().__init__(params, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov)

    def update(self, p: Array, g: Array, memory: Memory, s: Settings) -> None:
        """θ ← θ − η v, with v ← μ v + (1 − dampening) g; without momentum v = g."""
        if s.weight_decay:
            g = g + s.weight_decay * p
        if s.momentum:
            if "velocity" not in memory:
                memory["velocity"] = g.copy()
            else:
                memory["velocity"] *= s.momentum  # v ← μ v + (1 − dampening) g
                memory["velocity"] += (1 - s.dampening) * g if s.dampening else g
            g = g + s.momentum * memory["velocity"] if s.nesterov else memory["velocity"]
        p -= s.lr * g  # θ ← θ − η g, η v or η (g + μ v)


class Adagrad(Optimizer):
    """Steps that shrink with the sum of all squared gradients so far (Duchi, Hazan & Singer 2011, figure 1)."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )

    def update(self, p: Array, g: Array, memory: Memory, s: Settings) -> None:
        """θ ← θ − η g / √G, with G ← G + g²."""
        if s.weight_decay:
            g = g + s.weight_decay * p
        memory["steps"] = memory.get("steps", 0) + 1
        total = memory.setdefault("sum", np.full_like(g, s.initial_accumulator_value))
        total += g * g  # G ← G + g²
        p -= s.lr / (1 + (memory["steps"] - 1) * s.lr_decay) * (g / (np.sqrt(total) + s.eps))  # θ ← θ − η g / √G


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient (Tieleman & Hinton 2012, lecture 6.5; centred: Graves 2013,
    section 4.2).
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered)

    def update(self, p: Array, g: Array, memory: Memory, s: Settings) -> None:
        """θ ← θ − η g / √v, with v ← α v + (1 − α) g²."""
        if s.weight_decay:
            g = g + s.weight_decay * p
        square = _average(memory, "square", g * g, s.alpha)  # v ← α v + (1 − α) g²
        if s.centered:
            mean = _average(memory, "mean", g, s.alpha)
            square = square - mean * mean
        change = g / (np.sqrt(square) + s.eps)
        if s.momentum:
            velocity = memory.setdefault("velocity", np.zeros_like(g))
            velocity *= s.momentum
            velocity += change
            change = velocity
        p -= s.lr * change


class Adam(Optimizer):
    """Running means of the gradient and of its square, both freed of their start at zero (Kingma & Ba 2015, algorithm 1)."""

    def __init__(
        self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(self, p: Array, g: Array, memory: Memory, s: Settings) -> None:
        """θ ← θ − η m̂ / (√v̂ + ε), with m and v running means of g and g²."""
        if s.weight_decay:
            g = g + s.weight_decay * p
        t = memory["steps"] = memory.get("steps", 0) + 1
        m = _average(memory, "mean", g, s.betas[0])  # m ← β₁ m + (1 − β₁) g
        v = _average(memory, "square", g * g, s.betas[1])  # v ← β₂ v + (1 − β₂) g²
        denominator = np.sqrt(v)
        denominator /= math.sqrt(1 - s.betas[1] ** t)
        denominator += s.eps
        p -= (s.lr / (1 - s.betas[0] ** t)) * (m / denominator)  # θ ← θ − η m̂ / (√v̂ + ε)


class AdamW(Adam):
    """Adam with weight decay beside the step instead of in the gradient (Loshchilov & Hutter 2019, algorithm 2)."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, p: Array, g: Array, memory: Memory, s: Settings) -> None:
        """θ ← (1 − η λ) θ, then Adam's step."""
        p *= 1 - s.lr * s.weight_decay  # θ ← θ − η λ θ
        super().update(p, g, memory, SimpleNamespace(lr=s.lr, betas=s.betas, eps=s.eps, weight_decay=0))


class Muon(Optimizer):
    """Momentum whose direction is made orthogonal: a step UVᵀ for a momentum U Σ Vᵀ (Jordan et al. 2024), for matrices in
    hidden layers.

    Args:
        params: matrices; biases, embeddings and output layers belong to another optimiser.
        lr: η, for a matrix with more rows than columns multiplied by √(rows / columns).
        weight_decay: λ, applied beside the step.
        momentum: μ of a running mean of gradients.
        nesterov: mix the newest gradient in once more.
        ns_coefficients: of the Newton–Schulz polynomial.
        eps: the least norm to divide by.
        ns_steps: Newton–Schulz steps.

    Raises:
        ValueError: if a parameter is no matrix.

    Departs from PyTorch: Newton–Schulz runs in the parameter's own precision, not in bfloat16.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
    ) -> None:
        super().__init__(
            params,
            **{"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov},
            **{"ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps},
        )
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(f"Muon: expected matrices, got a parameter of shape {p.shape}")

    def update(self, p: Array, g: Array, memory: Memory, s: Settings) -> None:
        """θ ← (1 − η λ) θ − η √max(1, rows / columns) UVᵀ."""
        mean = _average(memory, "mean", g, s.momentum)
        direction = orthogonalise(
            (1 - s.momentum) * g + s.momentum * mean if s.nesterov else mean, s.ns_coefficients, s.eps, s.ns_steps
        )
        p *= 1 - s.lr * s.weight_decay
        p -= s.lr * math.sqrt(max(1, p.shape[0] / p.shape[1])) * direction


def orthogonalise(g: Array, coefficients: tuple[float, float, float], eps: float, steps: int) -> Array:
    """Bring the singular values of a matrix near 1 and keep its singular vectors, by Newton–Schulz: X ← a X + (b A + c A²)
    X, A = X Xᵀ.

    With the usual coefficients they do not converge to 1: after five steps they lie between about 0.7 and 1.2, soon enough for
    a step's direction.

    Args:
        g: a matrix.
        coefficients: a, b and c.
        eps: the least norm to divide by.
        steps: how many steps.

    Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon.
    """
    a, b, c = coefficients
    x = g.T if g.shape[0] > g.shape[1] else g  # the smaller of the two possible X Xᵀ
    x = x / max(float(np.linalg.norm(x)), eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if g.shape[0] > g.shape[1] else x


def _average(memory: Memory, name: str, value: Array, beta: float) -> Array:
    """Move a running mean, zero at first, towards a value: m ← β m + (1 − β) value."""
    mean: Array = memory.setdefault(name, np.zeros_like(value))
    mean *= beta
    mean += (1 - beta) * value
    return mean
