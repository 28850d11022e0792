"""Muon: momentum made orthogonal, for the matrices inside a network (Jordan et al. 2024).

    B ← μ B + (1 - μ) G,   U = (1 - μ) G + μ B                      (Nesterov)
    W ← (1 - ηλ) W - η √max(1, m/n) · NS(U)

    NS(U):  X = U / ‖U‖;  five times  X ← a X + (b A + c A²) X,  A = X Xᵀ

Symbols: W a matrix with m rows and n columns, G its gradient, μ momentum, η learning rate, λ weight decay. The Newton-Schulz
iteration drives all singular values of U towards 1: a step moves all directions alike, not only those with large gradients.
Embeddings, norms and biases are no such matrices: AdamW (Loshchilov & Hutter 2019, algorithm 2) steps them, by default without
decay, which is Adam. The filters of a convolution, of shape (m, channels, height, width), are a matrix with
n = channels · height · width columns.
Departs from the source: gradients are averaged, not summed, into B, as in PyTorch; matrices of one shape are iterated together;
averages are kept in at least single precision, where small steps in half precision would be rounded away. The source gives the
matrix of the output layer to AdamW too: name that layer as `heads` of `matrices_and_others`; without it Muon steps it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from practicum.precision import wide

COEFFICIENTS = (3.4445, -4.775, 2.0315)


def orthogonalised(matrices: Tensor, steps: int = 5, dtype: torch.dtype = torch.bfloat16) -> Tensor:
    """Return matrices with nearly the same singular vectors, and singular values near 1 (between 0.7 and 1.2).

    Args:
        matrices: shape (…, m, n).
        steps: of the iteration.
        dtype: to compute in; rounding matters little here.

    Returns:
        Shape (…, m, n), in `dtype`.

    Source: Jordan et al. 2024, section "Definition", with its coefficients.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    X = (matrices.mT if tall else matrices).to(dtype)
    X = X / X.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        A = X @ X.mT
        X = a * X + (b * A + c * A @ A) @ X
    return X.mT if tall else X


def matrices_and_others(model: nn.Module, heads: Iterable[nn.Module] = ()) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return a model's parameters for Muon (two dimensions, not an embedding's) and those for AdamW.

    Args:
        model: whose parameters are divided.
        heads: layers inside it whose parameters all go to AdamW: the output layer, as in the source.
    """
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    embeddings |= {id(parameter) for head in heads for parameter in head.parameters()}
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for parameter in model.parameters():
        (matrices if parameter.ndim == 2 and id(parameter) not in embeddings else others).append(parameter)
    return matrices, others


class Muon(Optimizer):
    """Muon for matrices and AdamW for the others, as one optimiser.

    Args:
        matrices: two-dimensional parameters, and convolutions' filters.
        others: the remaining ones.
        lr: η of the matrices.
        momentum: μ.
        weight_decay: λ of the matrices.
        others_lr: learning rate of AdamW.
        betas: of AdamW.
        others_decay: weight decay of AdamW; at 0, as by default, it is Adam (Kingma & Ba 2015).

    Raises:
        ValueError: a matrix has fewer than two dimensions.

    Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon
    """

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        others: Iterable[nn.Parameter] = (),
        *,
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.1,
        others_lr: float = 3e-3,
        betas: tuple[float, float] = (0.9, 0.99),
        others_decay: float = 0.0,
    ) -> None:
        groups: list[dict[str, Any]] = [
            {"params": [*matrices], "lr": lr, "momentum": momentum, "weight_decay": weight_decay},
            {"params": [*others], "lr": others_lr, "betas": betas, "weight_decay": others_decay},
        ]
        if wrong := [tuple(p.shape) for p in groups[0]["params"] if p.ndim < 2]:
            raise ValueError(f"expected matrices or filters, got shapes {wrong}")
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take a step along the gradients; parameters without one stay as they are."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        matrices, others = self.param_groups
        self._step_matrices(matrices)
        self._step_others(others)
        return loss

    def _step_matrices(self, group: dict[str, Any]) -> None:
        alike: defaultdict[torch.Size, list[nn.Parameter]] = defaultdict(list)
        for parameter in group["params"]:
            if parameter.grad is not None:
                alike[parameter.shape].append(parameter)
        for shape, parameters in alike.items():
            m, n = shape[0], shape[1:].numel()
            updates = []
            for parameter in parameters:
                gradient, state = wide(parameter.grad), self.state[parameter]
                # `wide` here too: loading a checkpoint gives states the parameter's dtype.
                momentum = state["momentum"] = wide(state.get("momentum", torch.zeros_like(gradient)))
                momentum.lerp_(gradient, 1 - group["momentum"])
                updates.append(gradient.lerp(momentum, group["momentum"]).reshape(m, n))
            directions = orthogonalised(torch.stack(updates))
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(direction.view(shape), alpha=-group["lr"] * max(1, m / n) ** 0.5)

    def _step_others(self, group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        for parameter in group["params"]:
            if parameter.grad is None:
                continue
            state = self.state[parameter]
            gradient = wide(parameter.grad)
            state["step"] = state.get("step", 0) + 1
            for name in ("mean", "square"):
                state[name] = wide(state.get(name, torch.zeros_like(gradient)))
            state["mean"].lerp_(gradient, 1 - beta1)
            state["square"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            # Groups of older checkpoints know of no decay here.
            if decay := group.get("weight_decay", 0.0):
                parameter.mul_(1 - group["lr"] * decay)
            scale = (state["square"] / (1 - beta2 ** state["step"])).sqrt_().add_(1e-8)
            parameter.addcdiv_(state["mean"], scale, value=-group["lr"] / (1 - beta1 ** state["step"]))
