"""The LSTM over time, with its derivative written out (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000).

    i, f, g, o = σ, σ, tanh, σ of z_t = p_t + U h_{t-1};   c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t,   h_t = o_t ⊙ tanh(c_t)

Bars are gradients of the loss, y is h at all steps. From the last step to the first,

    h̄_t = ȳ_t + Uᵀ z̄_{t+1}
    c̄_t = f_{t+1} ⊙ c̄_{t+1} + h̄_t ⊙ A_t          A_t = o_t ⊙ (1 - tanh² c_t)
    z̄_t = (c̄_t, c̄_t, c̄_t, h̄_t) ⊙ K_t             K_t = (g i (1-i), c_{t-1} f (1-f), i (1-g²), tanh(c) o (1-o)) at step t
    Ū   = Σ_t z̄_t h_{t-1}ᵀ

A and K depend on no gradient, so they are computed for all steps at once in front of the loop. Ū needs all z̄, so it is one
product over all steps behind it. What must wait for the next step is one small product and four operations element by element.

Symbols: B rows, T steps, H hidden units, G = 4 H gates' units in the order i, f, g, o.
Source: Graves & Schmidhuber 2005, appendix A, without peepholes.
"""

from typing import Any

import torch
from torch import Tensor

from practicum.precision import as_written


def lstm_step(p_BG: Tensor, h_BH: Tensor, c_BH: Tensor, U_GH: Tensor) -> tuple[Tensor, Tensor]:
    """Take one step.

    Args:
        p_BG: what of the gates' sums does not depend on the state.
        h_BH: the last output.
        c_BH: the last cell.
        U_GH: the recurrent weight.

    Returns:
        h and c.
    """
    i, f, g, o = torch.addmm(p_BG, h_BH, U_GH.T).chunk(4, 1)
    c_BH = f.sigmoid() * c_BH + i.sigmoid() * g.tanh()
    return o.sigmoid() * c_BH.tanh(), c_BH


def lstm_over_time(
    p_TBG: Tensor, h_BH: Tensor, c_BH: Tensor, U_GH: Tensor, real_TB1: Tensor | None = None, *, backward: bool = False
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Take all steps. The derivative is the one above; the second derivative is that of a loop of `lstm_step`.

    Args:
        p_TBG: the gates' sums without the state. Under autocast its precision may be lower than the state's: the recurrent
            products are then computed in it on the way forward, while the states and all gradients keep the state's.
        h_BH: the output to begin with.
        c_BH: the cell to begin with.
        U_GH: the recurrent weight.
        real_TB1: False at padding, where the state stands still; or None.
        backward: from the end.

    Returns:
        h at every step, zeros at padding, and the last h and c.

    Shapes:
        (T, B, H), and (B, H) each.
    """
    if backward:
        p_TBG, real_TB1 = p_TBG.flip(0), None if real_TB1 is None else real_TB1.flip(0)
    with as_written(p_TBG):
        y_TBH, c_BH = _OverTime.apply(p_TBG, h_BH, c_BH, U_GH.to(p_TBG.dtype), real_TB1)
    h_BH = y_TBH[-1]
    if real_TB1 is not None:
        y_TBH = y_TBH.masked_fill(~real_TB1, 0)
    return y_TBH.flip(0) if backward else y_TBH, (h_BH, c_BH)


class _OverTime(torch.autograd.Function):
    """From p, h, c, U and the mask of real steps, which may be None, to h at all steps and the last c."""

    @staticmethod
    def forward(ctx: Any, p: Tensor, h: Tensor, c: Tensor, U: Tensor, real: Tensor | None) -> tuple[Tensor, Tensor]:
        gates, y, tanh_c = torch.empty_like(p), h.new_empty(len(p), *h.shape), c.new_empty(len(p), *c.shape)
        cells = torch.cat([c[None], tanh_c])  # the first one is what the state begins with
        # Cut out for all steps at once: in the loop a slice would cost as much as a small kernel.
        wholes = (p, gates, *gates.chunk(4, 2), gates[:, :, : 2 * h.shape[1]], cells[:-1], cells[1:], tanh_c, y)
        U_T, last = U.T.contiguous(), h
        for t, parts in enumerate(zip(*(whole.unbind() for whole in wholes), strict=True)):
            p_t, z, i, f, g, o, i_and_f, before, after, tanh, new = parts
            torch.addmm(p_t, last.to(p.dtype), U_T, out=z)
            i_and_f.sigmoid_(), g.tanh_(), o.sigmoid_()
            torch.mul(f, before, out=after).addcmul_(i, g)
            torch.mul(o, torch.tanh(after, out=tanh), out=new)
            if real is not None:
                new.copy_(torch.where(real[t], new, last))
                after.copy_(torch.where(real[t], after, before))
            last = new
        ctx.save_for_backward(p, h, c, U, real, gates, y, cells, tanh_c)
        return y, cells[-1].clone()

    @staticmethod
    def backward(ctx: Any, y_bar: Tensor, c_bar: Tensor) -> tuple[Tensor | None, ...]:
        p, h, c, U, real, gates, y, cells, tanh_c = ctx.saved_tensors
        if torch.is_grad_enabled():  # the gradient will be differentiated itself
            return *_by_autograd(ctx.needs_input_grad[:4], (p, h, c, U), real, (y_bar, c_bar)), None
        with as_written(p):
            gates = gates.to(h.dtype)
            i, f, g, o = gates.chunk(4, 2)
            z_bar = torch.empty_like(gates)  # K, which becomes z̄
            K_i, K_f, K_g, K_o = z_bar.chunk(4, 2)
            torch.ops.aten.sigmoid_backward(g, i, grad_input=K_i)  # g i (1-i)
            torch.ops.aten.sigmoid_backward(cells[:-1], f, grad_input=K_f)
            torch.ops.aten.tanh_backward(i, g, grad_input=K_g)  # i (1-g²)
            torch.ops.aten.sigmoid_backward(tanh_c, o, grad_input=K_o)
            A = torch.ops.aten.tanh_backward(o, tanh_c)
            if real is not None:  # at padding the gates get no gradient, and the cell's passes by
                A, f = A.masked_fill(~real, 0), f.masked_fill(~real, 1)
                z_bar.masked_fill_(~real, 0)
            # (T, B, 3 H) -> (T, B, 3, H): what c̄ multiplies, three gates in one operation
            of_c = z_bar[:, :, : 3 * h.shape[1]].unflatten(2, (3, -1))
            parts = [part.unbind() for part in (A, f, of_c, K_o, z_bar)]
            h_bar, c_bar, recurrent = y_bar[-1], c_bar.clone(), U.to(h.dtype)
            for t, (A_t, f_t, of_c_t, of_h_t, z_t) in reversed([*enumerate(zip(*parts, strict=True))]):
                c_bar.addcmul_(h_bar, A_t)
                of_c_t *= c_bar[:, None]
                of_h_t *= h_bar
                c_bar *= f_t
                passed_by = None if real is None else h_bar.masked_fill(real[t], 0)
                h_bar = torch.addmm(y_bar[t - 1], z_t, recurrent) if t else z_t @ recurrent
                if passed_by is not None:
                    h_bar += passed_by
            # (T, B, ·) -> (T·B, ·)
            U_bar = z_bar[0].T @ h + z_bar[1:].flatten(0, 1).T @ y[:-1].flatten(0, 1)
        return z_bar.to(p.dtype), h_bar, c_bar, U_bar.to(U.dtype), None


def _by_autograd(
    needed: tuple[bool, ...], inputs: tuple[Tensor, ...], real: Tensor | None, outputs_bar: tuple[Tensor, Tensor]
) -> list[Tensor | None]:
    """Return the gradients of the inputs by way of `lstm_step`; they have a derivative themselves."""
    p, h, c, U = inputs
    outputs = []
    for t in range(len(p)):
        new_h, new_c = lstm_step(p[t], h, c, U)
        h, c = (new_h, new_c) if real is None else (torch.where(real[t], new_h, h), torch.where(real[t], new_c, c))
        outputs.append(h)
    wanted = [x for x, asked in zip(inputs, needed, strict=True) if asked]
    found = iter(torch.autograd.grad((torch.stack(outputs), c), wanted, outputs_bar, create_graph=True))
    return [next(found) if asked else None for asked in needed]
