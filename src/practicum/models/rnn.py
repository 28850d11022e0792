"""Recurrent networks: Elman's (1990), LSTM (Hochreiter & Schmidhuber 1997; Gers et al. 2000), GRU (Cho et al. 2014).

    RNN    h_t = tanh(W x_t + b + U h_{t-1} + d)

    LSTM   i_t = σ(W_i x_t + U_i h_{t-1} + b_i)      input gate
           f_t = σ(W_f x_t + U_f h_{t-1} + b_f)      forget gate
           g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)   candidate
           o_t = σ(W_o x_t + U_o h_{t-1} + b_o)      output gate
           c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t,   h_t = o_t ⊙ tanh(c_t)

    GRU    r_t = σ(W_r x_t + b_r + U_r h_{t-1} + d_r)             reset gate
           z_t = σ(W_z x_t + b_z + U_z h_{t-1} + d_z)             update gate
           n_t = tanh(W_n x_t + b_n + r_t ⊙ (U_n h_{t-1} + d_n))  candidate
           h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}

W x needs no state, so it is one product over all steps; the loop over time multiplies by U alone. At a row's padding the state
stays what it was, which is all that lengths need, in both directions: from the end, nothing has begun before the last real step.

Symbols: B rows, T steps, I inputs, H hidden units, G = H, 4 H or 3 H gates' units, L layers, D directions, S = L D.
Source: Elman 1990; Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000; Cho et al. 2014, eq. 5-8; Schuster & Paliwal
1997 (both directions); Le, Jaitly & Hinton 2015 (ReLU).
Departs from the papers: PyTorch's conventions. No peepholes. Two biases b and d, where one would do but in the GRU's candidate:
its reset gate multiplies U_n h + d_n, where Cho et al. have U_n (r ⊙ h). As in their eq. 7, z keeps the old state; Chung et al.
2014 swap z and 1 - z.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from practicum.models.layers.lstm import lstm_over_time, lstm_step

Kind = Literal["rnn", "rnn-relu", "lstm", "gru"]
State = tuple[Tensor, ...]  # (h,); of the LSTM (h, c)


class RNNCell(nn.Module):
    """h_t = tanh(W x_t + b + U h_{t-1} + d).

    Args:
        input_size: I.
        hidden_size: H.
        activation: `torch.tanh` or `torch.relu`.

    Source: Elman 1990.
    """

    gates, states = 1, 1

    def __init__(self, input_size: int, hidden_size: int, activation: str = "tanh") -> None:
        super().__init__()
        self.input = nn.Linear(input_size, self.gates * hidden_size)
        self.recurrent = nn.Linear(hidden_size, self.gates * hidden_size)
        self.activation = getattr(torch, activation)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)

    def project(self, x_TBI: Tensor) -> Tensor:
        """Return what of the gates' sums does not depend on the state, for all steps at once; shape (T, B, G)."""
        return F.linear(x_TBI, self.input.weight, self.input.bias + self.recurrent.bias)

    def forward(self, p_BG: Tensor, state: State) -> State:
        """Return one step, from the projected input and the last state to the next state."""
        return (self.activation(torch.addmm(p_BG, state[0], self.recurrent.weight.T)),)


class LSTMCell(RNNCell):
    """Input, forget and output gate around a cell c; the rows of W and U are those of i, f, g, o.

    Source: Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000.
    """

    gates, states = 4, 2

    def forward(self, p_BG: Tensor, state: State) -> State:
        """Return one step."""
        h_BH, c_BH = state
        return lstm_step(p_BG, h_BH, c_BH, self.recurrent.weight)


class GRUCell(RNNCell):
    """Reset and update gate; the rows of W and U are those of r, z, n.

    Source: Cho et al. 2014, eq. 5-8.
    """

    gates, states = 3, 1

    def project(self, x_TBI: Tensor) -> Tensor:
        """W x + b. The reset gate multiplies d_n, so d stays with U."""
        return self.input(x_TBI)

    def forward(self, p_BG: Tensor, state: State) -> State:
        """Return one step."""
        (h_BH,) = state
        (p_r, p_z, p_n), (u_r, u_z, u_n) = p_BG.chunk(3, 1), self.recurrent(h_BH).chunk(3, 1)
        n_BH = (p_n + (p_r + u_r).sigmoid() * u_n).tanh()
        # The state keeps its dtype: under autocast the products, and so n and z, come in half precision.
        return (torch.lerp(n_BH.to(h_BH.dtype), h_BH, (p_z + u_z).sigmoid().to(h_BH.dtype)),)


@dataclass(frozen=True)
class RecurrentConfig:
    """Sizes.

    Attributes:
        kind: `"rnn"`, `"rnn-relu"`, `"lstm"` or `"gru"`.
        input_size: I.
        hidden_size: H.
        num_layers: L.
        bidirectional: a second network per layer reads from the end, and the next layer sees both; D = 2.
        dropout: on the inputs of every layer but the first.
        forget_bias: the LSTM's forget gate begins with this added to its bias; 1 remembers for longer (Jozefowicz et al. 2015).
        fused: run PyTorch's own kernels, those of `nn.LSTM`, on the same weights.
        by_hand: of an LSTM, the derivative over time as it is written out in `layers/lstm.py`, faster than what autograd makes of
            the loop. Compiled, it is the loop; `torch.func` refuses it.
    """

    kind: Kind
    input_size: int
    hidden_size: int
    num_layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.0
    forget_bias: float = 0.0
    fused: bool = False
    by_hand: bool = False


class Recurrent(nn.Module):
    """Layers of a recurrent network, in one direction or both.

    Args:
        config: see `RecurrentConfig`.

    Raises:
        ValueError: an unknown kind, or `by_hand` with another kind than `"lstm"` or together with `fused`.

    Example:
        >>> outputs, (h, c) = Recurrent(RecurrentConfig("lstm", input_size=3, hidden_size=5))(torch.zeros(2, 7, 3))
        >>> outputs.shape, h.shape
        (torch.Size([2, 7, 5]), torch.Size([1, 2, 5]))
    """

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.config = config
        if config.by_hand and (config.kind != "lstm" or config.fused):
            raise ValueError(f"expected by_hand with the kind 'lstm' and without fused, got {config}")
        directions = 2 if config.bidirectional else 1
        inputs = [config.input_size] * directions + [directions * config.hidden_size] * (config.num_layers - 1) * directions
        self.cells = nn.ModuleList(_cell(config.kind, size, config.hidden_size) for size in inputs)
        if config.kind == "lstm":
            with torch.no_grad():
                for cell in self.cells:
                    cell.input.bias[config.hidden_size : 2 * config.hidden_size] += config.forget_bias

    def forward(self, x_BTI: Tensor, state: State | None = None, lengths_B: Tensor | None = None) -> tuple[Tensor, State]:
        """Run over sequences.

        Args:
            x_BTI: at least one step.
            state: to begin with, zeros by default: (h_SBH,), of the LSTM (h_SBH, c_SBH); layers in order, forward before
                backward.
            lengths_B: of the rows, from 1 to T; what is behind is padding. By default all are T.

        Returns:
            The last layer's h at every step, zeros at padding, and the state behind each row's last step.

        Shapes:
            (B, T, D H) and (S, B, H) each.

        Raises:
            ValueError: shapes or lengths other than these.
        """
        if x_BTI.ndim != 3 or x_BTI.shape[1] == 0 or x_BTI.shape[2] != self.config.input_size:
            raise ValueError(f"expected inputs of shape (B, at least 1, {self.config.input_size}), got {tuple(x_BTI.shape)}")
        (batch, steps, _), count = x_BTI.shape, self.cells[0].states
        expected = (len(self.cells), batch, self.config.hidden_size)
        if state is None:
            state = (x_BTI.new_zeros(expected),) * count
        if [tuple(part.shape) for part in state] != [expected] * count:
            raise ValueError(f"expected {count} state(s) of shape {expected}, got {[tuple(part.shape) for part in state]}")
        if lengths_B is not None and (lengths_B.shape != (batch,) or not ((lengths_B >= 1) & (lengths_B <= steps)).all()):
            raise ValueError(f"expected {batch} lengths from 1 to {steps}, got {lengths_B.tolist()}")
        return (self._fused if self.config.fused else self._plain)(x_BTI, state, lengths_B)

    def _plain(self, x_BTI: Tensor, state: State, lengths_B: Tensor | None) -> tuple[Tensor, State]:
        directions = 2 if self.config.bidirectional else 1
        # Time first, so that a step is one row in memory.
        x_TBI = x_BTI.transpose(0, 1)
        real_TB1 = None
        if lengths_B is not None:
            real_TB1 = (torch.arange(len(x_TBI), device=x_TBI.device)[:, None] < lengths_B.to(x_TBI.device))[..., None]
        lasts: list[State] = []
        # Cells stand layer by layer, forward before backward.
        for number in range(0, len(self.cells), directions):
            if number:
                x_TBI = F.dropout(x_TBI, self.config.dropout, self.training)
            outputs = []
            for direction in range(directions):
                first = tuple(part[number + direction] for part in state)
                y_TBH, last = unroll(
                    self.cells[number + direction], x_TBI, first, real_TB1,
                    backward=direction == 1, by_hand=self.config.by_hand,
                )  # fmt: skip
                outputs.append(y_TBH)
                lasts.append(last)
            x_TBI = torch.cat(outputs, 2) if directions == 2 else outputs[0]
        return x_TBI.transpose(0, 1), tuple(torch.stack(part) for part in zip(*lasts, strict=True))

    def _fused(self, x_BTI: Tensor, state: State, lengths_B: Tensor | None) -> tuple[Tensor, State]:
        config = self.config
        run = {"rnn": torch.rnn_tanh, "rnn-relu": torch.rnn_relu, "lstm": torch.lstm, "gru": torch.gru}[config.kind]
        weights = [
            weight
            for cell in self.cells
            for weight in (cell.input.weight, cell.recurrent.weight, cell.input.bias, cell.recurrent.bias)
        ]
        settings = (weights, True, config.num_layers, config.dropout, self.training, config.bidirectional)
        if lengths_B is None:
            y_BTH, *last = run(x_BTI, _bare(state), *settings, True)
            return y_BTH, tuple(last)
        # The kernels take rows sorted by length, so the states are sorted along, and sorted back at the end.
        packed = pack_padded_sequence(x_BTI, lengths_B.cpu(), batch_first=True, enforce_sorted=False)
        data, *last = run(
            packed.data, packed.batch_sizes, _bare(tuple(part[:, packed.sorted_indices] for part in state)), *settings
        )
        outputs = PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
        y_BTH, _ = pad_packed_sequence(outputs, batch_first=True, total_length=x_BTI.shape[1])
        return y_BTH, tuple(part[:, packed.unsorted_indices] for part in last)


def unroll(
    cell: nn.Module, x_TBI: Tensor, state: State, real_TB1: Tensor | None = None,
    *, backward: bool = False, by_hand: bool = False,
) -> tuple[Tensor, State]:  # fmt: skip
    """Run a cell over time.

    Args:
        cell: an `RNNCell`, `LSTMCell` or `GRUCell`.
        x_TBI: inputs, time first.
        state: of shape (B, H) each.
        real_TB1: False at padding, or None.
        backward: from the end.
        by_hand: of an `LSTMCell`, with the derivative as it is written out in `layers/lstm.py`.

    Returns:
        h at every step, zeros at padding, shape (T, B, H), and the last state.

    Shapes:
        x_TBI: (T, B, I). real_TB1: (T, B, 1).
    """
    # The inputs' part of all steps in one product: only the states' part has to wait for the step before.
    projected_TBG = cell.project(x_TBI)
    if by_hand and not torch.compiler.is_compiling():
        h_BH, c_BH = state
        return lstm_over_time(projected_TBG, h_BH, c_BH, cell.recurrent.weight, real_TB1, backward=backward)
    projected = projected_TBG.unbind()
    outputs = [state[0]] * len(projected)
    for t in reversed(range(len(projected))) if backward else range(len(projected)):
        # At padding the state stands still: the last one is then that of the last real step.
        new = cell(projected[t], state)
        state = new if real_TB1 is None else tuple(torch.where(real_TB1[t], n, s) for n, s in zip(new, state, strict=True))
        outputs[t] = state[0]
    y_TBH = torch.stack(outputs)
    return y_TBH if real_TB1 is None else y_TBH.masked_fill(~real_TB1, 0), state


class RecurrentClassifier(nn.Module):
    """Classifies sequences of tokens by the last layer's state behind the last token.

    Args:
        config: of the recurrent layers; `input_size` is the embeddings' width.
        vocab_size: tokens.
        num_classes: K.
    """

    def __init__(self, config: RecurrentConfig, vocab_size: int, num_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, config.input_size)
        self.body = Recurrent(config)
        self.head = nn.Linear(config.hidden_size * (2 if config.bidirectional else 1), num_classes)

    def forward(self, tokens_BT: Tensor, lengths_B: Tensor | None = None) -> Tensor:
        """Return logits, shape (B, K); `lengths_B` as for `Recurrent`."""
        _, (h_SBH, *_) = self.body(self.embedding(tokens_BT), None, lengths_B)
        directions = 2 if self.body.config.bidirectional else 1
        return self.head(torch.cat([*h_SBH[-directions:]], 1))


def _cell(kind: Kind, input_size: int, hidden_size: int) -> RNNCell:
    if kind == "lstm":
        return LSTMCell(input_size, hidden_size)
    if kind == "gru":
        return GRUCell(input_size, hidden_size)
    if kind in ("rnn", "rnn-relu"):
        return RNNCell(input_size, hidden_size, "relu" if kind == "rnn-relu" else "tanh")
    raise ValueError(f"expected 'rnn', 'rnn-relu', 'lstm' or 'gru', got {kind!r}")


def _bare(state: State) -> Tensor | State:
    """PyTorch's kernels take an only state without its tuple."""
    return state if len(state) > 1 else state[0]
