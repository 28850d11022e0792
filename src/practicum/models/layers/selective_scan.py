"""The selective scan, the recurrence inside Mamba (Gu & Dao 2023, algorithm 2), as a loop and in chunks with recomputation.

    h_t = exp(Δ_t A) ⊙ h_{t-1} + (Δ_t x_t) B_tᵀ,   y_t = h_t C_t + D ⊙ x_t

A is diagonal, one row of N per channel; Δ, B and C depend on the step, and that is what selects: a large Δ_t forgets the state
and takes x_t in, a small one passes x_t by.

`chunked_scan` goes through time in pieces that fit into the processor's cache, holds only the states between them, and computes
everything else again on the way back (section 3.3.2 does so in a GPU's on-chip memory). Bars are gradients; with ḡ_t = ȳ_t C_tᵀ,

    δ_t = ḡ_t + exp(Δ_{t+1} A) ⊙ δ_{t+1}                          the same recurrence, backwards
    C̄_t = h_tᵀ ȳ_t,   E_t = δ_t ⊙ h_{t-1} ⊙ exp(Δ_t A),   Ā = Σ_bt E_t ⊙ Δ_t
    Δ̄_t = Σ_n E_t ⊙ A + x_t ⊙ (δ_t B_t),   x̄_t = Δ_t ⊙ (δ_t B_t) + D ⊙ ȳ_t,   B̄_t = δ_tᵀ (Δ_t x_t)

Symbols: B rows, T steps, D channels, N states per channel.
As in the paper, B's discretisation is Euler's Δ B, not the zero-order hold of eq. 4.
"""

from typing import Any

import torch
from torch import Tensor

from practicum.precision import as_written


def selective_scan(
    x_BTD: Tensor, delta_BTD: Tensor, A_DN: Tensor, B_BTN: Tensor, C_BTN: Tensor, D_D: Tensor, h_BDN: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Scan one step after the other.

    Args:
        x_BTD: inputs.
        delta_BTD: step sizes, positive.
        A_DN: rates, negative.
        B_BTN: how an input enters the states.
        C_BTN: how the states make an output.
        D_D: what goes past the states.
        h_BDN: the state to begin with; zeros by default.

    Returns:
        Outputs y and the last state.

    Shapes:
        (B, T, D) and (B, D, N).
    """
    if h_BDN is None:
        h_BDN = x_BTD.new_zeros(len(x_BTD), *A_DN.shape)
    # Both need no state, so they are computed for all steps at once: (B, T, D, N).
    decay_BTDN = (delta_BTD[..., None] * A_DN).exp()
    entering_BTDN = (delta_BTD * x_BTD)[..., None] * B_BTN[:, :, None]
    outputs = []
    for decay_BDN, entering_BDN, C_BN in zip(decay_BTDN.unbind(1), entering_BTDN.unbind(1), C_BTN.unbind(1), strict=True):
        # h_t = exp(Δ_t A) ⊙ h_{t-1} + (Δ_t x_t) B_tᵀ
        h_BDN = torch.addcmul(entering_BDN, decay_BDN, h_BDN)
        outputs.append((h_BDN * C_BN[:, None]).sum(2))
    return torch.addcmul(torch.stack(outputs, 1), D_D, x_BTD), h_BDN


def selective_step(
    x_BD: Tensor, delta_BD: Tensor, A_DN: Tensor, B_BN: Tensor, C_BN: Tensor, D_D: Tensor, h_BDN: Tensor
) -> tuple[Tensor, Tensor]:
    """Take one step; arguments are those of `selective_scan` without time, the state included.

    Returns:
        y, shape (B, D), and the new state, shape (B, D, N).
    """
    h_BDN = torch.addcmul((delta_BD * x_BD)[..., None] * B_BN[:, None], (delta_BD[..., None] * A_DN).exp(), h_BDN)
    return torch.addcmul((h_BDN * C_BN[:, None]).sum(2), D_D, x_BD), h_BDN


def chunked_scan(
    x_BTD: Tensor,
    delta_BTD: Tensor,
    A_DN: Tensor,
    B_BTN: Tensor,
    C_BTN: Tensor,
    D_D: Tensor,
    h_BDN: Tensor | None = None,
    *,
    chunk: int = 16,
) -> tuple[Tensor, Tensor]:
    """Scan in pieces of `chunk` steps; arguments and results are those of `selective_scan`.

    Args:
        x_BTD: inputs.
        delta_BTD: step sizes, positive.
        A_DN: rates, negative.
        B_BTN: how an input enters the states.
        C_BTN: how the states make an output.
        D_D: what goes past the states.
        h_BDN: the state to begin with; zeros by default.
        chunk: steps per piece.

    Returns:
        Outputs y and the last state. They have first derivatives only.

    Shapes:
        x_BTD: (B, T, D). delta_BTD: (B, T, D). A_DN: (D, N). B_BTN: (B, T, N). C_BTN: (B, T, N). D_D: (D,). h_BDN: (B, D, N).
    """
    if h_BDN is None:
        h_BDN = x_BTD.new_zeros(len(x_BTD), *A_DN.shape)
    A_ND, h_BND = A_DN.T.contiguous(), h_BDN.transpose(1, 2).contiguous()
    with as_written(x_BTD):
        y_BTD, h_BND = _Chunked.apply(x_BTD, delta_BTD, A_ND, B_BTN, C_BTN, h_BND, chunk)
    return torch.addcmul(y_BTD, D_D, x_BTD), h_BND.transpose(1, 2)


def _pieces(chunk: int, *wholes: Tensor) -> list[tuple[Tensor, ...]]:
    """Return pieces of tensors, time first in memory too: what is computed from them then has no gaps."""
    return list(zip(*(whole.transpose(0, 1).contiguous().split(chunk) for whole in wholes), strict=True))


def _states(x: Tensor, delta: Tensor, A: Tensor, B: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """Decay and states of a piece, shape (steps, B, N, D) each: channels last, so that the many lie side by side."""
    decay = (delta[:, :, None] * A).exp_()
    states = (delta * x)[:, :, None] * B[..., None]
    for t in range(len(x)):
        h = states[t].addcmul_(decay[t], h)
    return decay, states


class _Chunked(torch.autograd.Function):
    """A piece's tensors have the shapes (steps, B, D), (steps, B, N) and (steps, B, N, D); A is (N, D), a state (B, N, D)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, h: Tensor, chunk: int) -> Any:
        starts, outputs = [], []
        for x_piece, delta_piece, B_piece, C_piece in _pieces(chunk, x, delta, B, C):
            # All that is kept for the way back is the state in front of each piece.
            starts.append(h)
            _, states = _states(x_piece, delta_piece, A, B_piece, h)
            outputs.append((C_piece[:, :, None] @ states)[:, :, 0])
            h = states[-1].clone()
        ctx.save_for_backward(x, delta, A, B, C, *starts)
        ctx.chunk = chunk
        return torch.cat(outputs).transpose(0, 1), h

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, y_bar: Tensor, h_bar: Tensor) -> Any:
        x, delta, A, B, C, *starts = ctx.saved_tensors
        pieces = zip(_pieces(ctx.chunk, x, delta, B, C, y_bar), starts, strict=True)
        A_bar, x_bars, delta_bars, B_bars, C_bars = torch.zeros_like(A), [], [], [], []
        for (x_piece, delta_piece, B_piece, C_piece, y_piece), start in reversed([*pieces]):
            decay, states = _states(x_piece, delta_piece, A, B_piece, start)
            C_bars.append((states @ y_piece[..., None])[..., 0])
            error = y_piece[:, :, None] * C_piece[..., None]  # ḡ, which becomes δ
            # The last step also hears from the piece behind it.
            error[-1] += h_bar
            for t in reversed(range(len(error) - 1)):
                error[t].addcmul_(decay[t + 1], error[t + 1])
            # Read before `error` is overwritten below: the gradient of the state in front of this piece.
            h_bar = decay[0] * error[0]
            entering = (B_piece[:, :, None] @ error)[:, :, 0]
            B_bars.append((error @ (delta_piece * x_piece)[..., None])[..., 0])
            x_bars.append(delta_piece * entering)
            # δ is needed no more, so E is made in its place.
            error *= decay
            error[1:] *= states[:-1]
            error[0] *= start  # E
            delta_bars.append(torch.addcmul((error * A).sum(2), x_piece, entering))
            A_bar += error.mul_(delta_piece[:, :, None]).sum((0, 1))
        x_bar, delta_bar, B_bar, C_bar = (torch.cat(bars[::-1]).transpose(0, 1) for bars in (x_bars, delta_bars, B_bars, C_bars))
        return x_bar, delta_bar, A_bar, B_bar, C_bar, h_bar, None
