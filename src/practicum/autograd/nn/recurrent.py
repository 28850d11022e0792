"""Recurrent networks: Elman's RNN (1990), LSTM (Hochreiter & Schmidhuber 1997, with forget gates: Gers et al. 2000), GRU (Cho
et al. 2014).

One step from state h to h', with a = W_ih x + b_ih (computed for all steps at once) and b = W_hh h + b_hh, both cut into gates:

    RNN    h' = tanh(a + b)
    LSTM   i, f, o = σ(a + b),  g = tanh(a + b),  c' = f c + i g,  h' = o tanh c'
    GRU    r, z = σ(a + b),     n = tanh(a + r b),  h' = (1 − z) n + z h

Symbols: T steps, B batch, F input features, H hidden units, G gates (1, 4, 3), L layers.
Departs from the papers: the state's own bias b_hh is kept apart, as in PyTorch and cuDNN, and the GRU resets after the product
with W_hh.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from practicum.autograd import functional as F
from practicum.autograd.nn.layers import uniform_parameter
from practicum.autograd.nn.module import Module
from practicum.autograd.ops.layout import cat, stack
from practicum.autograd.tensor import Tensor

State = tuple[Tensor, ...]  # (h,), for the LSTM (h, c)


def rnn_step(a: Tensor, b: Tensor, state: State) -> State:
    """Return h' = tanh(a + b), a and b the input's and the state's part, shape (B, H)."""
    return ((a + b).tanh(),)


def lstm_step(a: Tensor, b: Tensor, state: State) -> State:
    """Return the LSTM's next (h, c) from both parts of its four gates, shape (B, 4H)."""
    i, f, g, o = (a + b).chunk(4, 1)
    c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru_step(a: Tensor, b: Tensor, state: State) -> State:
    """Return the GRU's next h from both parts of its two gates and its candidate, shape (B, 3H)."""
    (ar, az, an), (br, bz, bn) = a.chunk(3, 1), b.chunk(3, 1)
    z = (az + bz).sigmoid()
    n = (an + (ar + br).sigmoid() * bn).tanh()
    return (n + z * (state[0] - n),)


class _Cell(Module):
    step: ClassVar[Any]
    gates: ClassVar[int]
    states: ClassVar[int] = 1

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        self.input_size, self.hidden_size = input_size, hidden_size
        bound = 1 / math.sqrt(hidden_size)
        self.weight_ih = uniform_parameter((self.gates * hidden_size, input_size), bound)
        self.weight_hh = uniform_parameter((self.gates * hidden_size, hidden_size), bound)
        self.bias_ih = uniform_parameter((self.gates * hidden_size,), bound) if bias else None
        self.bias_hh = uniform_parameter((self.gates * hidden_size,), bound) if bias else None

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        """(B, F), state (B, H) -> state (B, H); the LSTM's state is a pair (h, c)."""
        state = _as_state(hx, self.states, (input.shape[0], self.hidden_size), input)
        a, b = F.linear(input, self.weight_ih, self.bias_ih), F.linear(state[0], self.weight_hh, self.bias_hh)
        new = type(self).step(a, b, state)
        return new if self.states > 1 else new[0]


class _Layers(Module):
    step: ClassVar[Any]
    gates: ClassVar[int]
    states: ClassVar[int] = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        bidirectional: bool = False,
    ) -> None:
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        bound, rows = 1 / math.sqrt(hidden_size), self.gates * hidden_size
        for layer in range(num_layers):
            for suffix in self._suffixes(layer):
                features = input_size if layer == 0 else hidden_size * (1 + bidirectional)
                setattr(self, f"weight_ih_{suffix}", uniform_parameter((rows, features), bound))
                setattr(self, f"weight_hh_{suffix}", uniform_parameter((rows, hidden_size), bound))
                for name in ("bias_ih", "bias_hh") if bias else ():
                    setattr(self, f"{name}_{suffix}", uniform_parameter((rows,), bound))

    def _suffixes(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"][: 1 + self.bidirectional]

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
        """Run all layers over all steps.

        Args:
            input: the sequence.
            hx: the states before the first step, zeros if left out; for the LSTM a pair (h, c).

        Returns:
            The last layer's h at every step, and the states after the last step.

        Shapes:
            input (T, B, F), or (B, T, F) if batch_first, with at least one step; hx (L, B, H); output as input, with H in
            place of F. If bidirectional, hx has 2L, the output 2H.

        Raises:
            ValueError: if the input has another shape or no steps, or the states do.
        """
        if input.ndim != 3 or input.shape[2] != self.input_size or input.shape[int(self.batch_first)] == 0:
            order = "(batch, steps, features)" if self.batch_first else "(steps, batch, features)"
            raise ValueError(
                f"{type(self).__name__}: expected {order}, {self.input_size} features and at least one step, got {input.shape}"
            )
        x = input.transpose(0, 1) if self.batch_first else input
        suffixes = [suffix for layer in range(self.num_layers) for suffix in self._suffixes(layer)]
        # States stand layer by layer, forward before backward.
        before = _as_state(hx, self.states, (len(suffixes), x.shape[1], self.hidden_size), x)
        last: list[State] = []
        for layer in range(self.num_layers):
            directions = []
            for suffix in self._suffixes(layer):
                outputs, state = self._run(x, suffix, tuple(s[len(last)] for s in before), reverse=suffix.endswith("reverse"))
                directions.append(outputs)
                last.append(state)
            x = directions[0] if len(directions) == 1 else cat(directions, 2)
        after = tuple(stack(parts) for parts in zip(*last, strict=True))
        return x.transpose(0, 1) if self.batch_first else x, after if self.states > 1 else after[0]

    def _run(self, x: Tensor, suffix: str, state: State, reverse: bool) -> tuple[Tensor, State]:
        """(T, B, F) -> (T, B, H) and the last state."""
        weight_ih, weight_hh, bias_ih, bias_hh = (
            getattr(self, f"{n}_{suffix}", None) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        assert weight_ih is not None
        assert weight_hh is not None
        a = F.linear(x, weight_ih, bias_ih)
        outputs = []
        # The input's part `a` is there for all steps; only the state's part waits for the step before.
        for t in reversed(range(x.shape[0])) if reverse else range(x.shape[0]):
            state = type(self).step(a[t], F.linear(state[0], weight_hh, bias_hh), state)
            outputs.append(state[0])
        return stack(outputs[::-1] if reverse else outputs), state


def _as_state(hx: Any, states: int, shape: tuple[int, ...], like: Tensor) -> State:
    if hx is None:
        return (Tensor(np.zeros(shape, like.dtype)),) * states
    given: State = tuple(hx) if states > 1 else (hx,)
    for h in given:
        if h.shape != shape:
            raise ValueError(f"expected a state of shape {shape}, got {h.shape}")
    return given


class RNNCell(_Cell):
    """One step of Elman's RNN."""

    step, gates = rnn_step, 1


class LSTMCell(_Cell):
    """One step of an LSTM; gates in the order i, f, g, o."""

    step, gates, states = lstm_step, 4, 2


class GRUCell(_Cell):
    """One step of a GRU; gates in the order r, z, n."""

    step, gates = gru_step, 3


class RNN(_Layers):
    """Elman's RNN over sequences, in layers."""

    step, gates = rnn_step, 1


class LSTM(_Layers):
    """An LSTM over sequences, in layers; gates in the order i, f, g, o."""

    step, gates, states = lstm_step, 4, 2


class GRU(_Layers):
    """A GRU over sequences, in layers; gates in the order r, z, n."""

    step, gates = gru_step, 3
