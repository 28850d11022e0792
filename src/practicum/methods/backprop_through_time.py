"""Back-propagation through time (Rumelhart, Hinton & Williams 1986; Werbos 1990): truncated, and measured.

With h_t = F(h_{t-1}, x_t) and a loss at the end, the chain rule multiplies one Jacobian per step,

    ∂L/∂h_t = ∂L/∂h_T · Π_{s=t+1..T} ∂h_s/∂h_{s-1}

whose product vanishes or explodes as the steps grow in number (Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013,
eq. 5). Truncation (Williams & Peng 1990) cuts a long sequence into windows: the state passes on, the gradient does not.

Symbols: B rows, T steps, I inputs, K classes, L loss, h state.
A recurrent model here maps `(x_BT…, state or None)` to `(y_BT…, state)`, the state a tuple of tensors.
Departs from the papers: windows do not overlap, so that one window's backward pass is as long as its forward pass.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.finite import ratio
from practicum.precision import wide


@dataclass(frozen=True)
class TruncatedBPTT:
    """Cross-entropy at every step, with one optimiser step per window.

    Attributes:
        window: steps through which the gradient goes back.
    """

    window: int

    def step(self, fabric: Any, model: nn.Module, optimizer: torch.optim.Optimizer, batch: tuple[Tensor, Tensor]) -> float:
        """Go through a batch `(x_BT…, target_BT)` window by window and return the mean loss.

        Raises:
            ValueError: the window is shorter than one step.
        """
        if self.window < 1:
            raise ValueError(f"expected a window of at least 1 step, got {self.window}")
        x, target_BT = batch
        state, total = None, 0.0
        for piece, target in zip(x.split(self.window, 1), target_BT.split(self.window, 1), strict=True):
            logits_BTK, state = model(piece, state)
            # The state goes on, its history does not: the gradient ends at the window's start.
            state = tuple(part.detach() for part in state)
            # (B, T, K) -> (B·T, K)
            loss = F.cross_entropy(wide(logits_BTK).flatten(0, 1), target.flatten())
            optimizer.zero_grad()
            fabric.backward(loss)
            optimizer.step()
            total += loss.item() * target.shape[1]
        return total / target_BT.shape[1]

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        """Return `loss` in nats and `accuracy` per step, the state carried through whole sequences."""
        loss, right, count = 0.0, 0, 0
        for x, target_BT in batches:
            logits_BTK, _ = model(x, None)
            loss += float(F.cross_entropy(wide(logits_BTK).flatten(0, 1), target_BT.flatten(), reduction="sum"))
            right, count = right + int((logits_BTK.argmax(2) == target_BT).sum()), count + target_BT.numel()
        return {"loss": ratio(loss, count), "accuracy": ratio(right, count)}


def gradient_norms(model: nn.Module, x_BTI: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
    """Measure how much of the gradient arrives at each step's state.

    The model runs one step at a time, so that all that a state does to the loss goes through that one tensor.

    Args:
        model: `(x_BTI, state) -> (y_BTH, state)`, the first part of its state h, shape (layers, B, H).
        x_BTI: inputs, at least one step.
        loss: of the last layer's h behind the last step, shape (B, H).

    Returns:
        The Euclidean norms of ∂L/∂h_t for t = 1 … T over rows, layers and units; of an LSTM, those of h_t and c_t together.

    Shapes:
        (T,).
    """
    state, states = None, []
    for x_B1I in x_BTI.split(1, 1):
        _, state = model(x_B1I, state)
        states.append(state)
    flat = [part for state in states for part in state]
    # The loss does not look at the last c of an LSTM: its gradient is zero.
    gradients = torch.autograd.grad(loss(states[-1][0][-1]), flat, allow_unused=True, materialize_grads=True)
    squares = torch.stack([wide(gradient).square().sum() for gradient in gradients])
    return squares.view(len(states), -1).sum(1).sqrt()
