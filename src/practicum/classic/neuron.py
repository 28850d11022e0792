"""McCulloch-Pitts neurons (McCulloch & Pitts 1943) and what one of them cannot compute.

    y = 1  if  Σ_i w_i x_i ≥ θ,  and 0 otherwise                                   (relative inhibition)
    y = 1  if  Σ_{w_i > 0} w_i x_i ≥ θ  and no x_i with w_i < 0 is on, 0 otherwise  (absolute inhibition, the paper's main case)

Symbols: B patterns, N inputs, w_i > 0 an excitatory and w_i < 0 an inhibitory input, θ the threshold. `x_BN` is zeros and ones.
Departs from the paper: signals carry no time. A net is a row of layers, without loops.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

Bits = NDArray[np.int64]


@dataclass(frozen=True)
class Neuron:
    """A unit with fixed weights and a threshold.

    Attributes:
        weights: one per input; the sign says whether it excites or inhibits.
        threshold: the least excitation at which it fires.
        absolute: one active inhibitory input vetoes, whatever the others do; otherwise it only counts against them.

    Example:
        >>> Neuron(weights=(1, 1), threshold=2)(patterns(2)).tolist()  # AND
        [0, 0, 0, 1]
    """

    weights: tuple[float, ...]
    threshold: float
    absolute: bool = False

    def __call__(self, x_BN: ArrayLike) -> Bits:
        """Tell on which patterns the unit fires.

        Args:
            x_BN: zeros and ones.

        Returns:
            Zeros and ones, shape (B,).

        Raises:
            ValueError: another shape, or entries that are neither 0 nor 1.
        """
        x = _bits(x_BN, len(self.weights))
        weights = np.asarray(self.weights)
        if not self.absolute:
            return (x @ weights >= self.threshold).astype(np.int64)
        excited_B = x @ np.maximum(weights, 0) >= self.threshold
        vetoed_B = x @ (weights < 0) > 0
        return (excited_B & ~vetoed_B).astype(np.int64)


@dataclass(frozen=True)
class Network:
    """Layers of units; each unit sees all outputs of the layer below it.

    Attributes:
        layers: from the inputs to the outputs.

    Example:
        >>> from_truth_table({(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 0})(patterns(2)).tolist()  # XOR
        [0, 1, 1, 0]
    """

    layers: tuple[tuple[Neuron, ...], ...]

    def __call__(self, x_BN: ArrayLike) -> Bits:
        """Return the last layer's outputs, shape (B,) if it is one unit, (B, units) otherwise."""
        signal: Any = x_BN
        for layer in self.layers:
            signal = np.stack([neuron(signal) for neuron in layer], axis=1)
        return signal[:, 0] if signal.shape[1] == 1 else signal


AND = Neuron((1, 1), 2)
OR = Neuron((1, 1), 1)
NOT = Neuron((-1,), 0, absolute=True)
NOR = Neuron((-1, -1), 0, absolute=True)
NAND = Neuron((-1, -1), -1)  # needs relative inhibition: a veto cannot wait for the second input
XOR = Network(((OR, NAND), (AND,)))


def patterns(num_inputs: int) -> Bits:
    """Return all 2^N patterns, shape (2^N, N), in counting order."""
    return np.array(list(product((0, 1), repeat=num_inputs)), dtype=np.int64).reshape(2**num_inputs, num_inputs)


def from_truth_table(table: Mapping[tuple[int, ...], int]) -> Network:
    """Build a net for any Boolean function: a unit per pattern with the answer 1, and one OR over them.

    A unit that fires on one pattern alone takes that pattern's ones as excitatory and its zeros as (absolutely) inhibitory
    inputs, with the number of ones as its threshold.

    Args:
        table: the answer to each pattern; patterns left out are answered 0.

    Returns:
        A net with two layers.

    Raises:
        ValueError: the table is empty, or its patterns differ in length.

    Source: McCulloch & Pitts 1943, theorem II (every Boolean expression is realisable).
    """
    lengths = {len(pattern) for pattern in table}
    if len(lengths) != 1:
        raise ValueError(f"expected patterns of one length, got lengths {sorted(lengths)}")
    ones = [pattern for pattern, answer in table.items() if answer]
    if not ones:
        return Network(((Neuron((1.0,) * lengths.pop(), np.inf),),))
    units = tuple(Neuron(tuple(1 if bit else -1 for bit in pattern), sum(pattern), absolute=True) for pattern in ones)
    return Network((units, (Neuron((1,) * len(units), 1),)))


def separate(x_BN: ArrayLike, y_B: ArrayLike) -> Neuron | NDArray[np.float64]:
    """Find one unit (relative inhibition) with the answers `y_B`, or a proof that there is none.

    The proof is Gordan's theorem: either some (w, θ) makes every s_b (w·x_b - θ) positive, s = 2y - 1 (a threshold between the
    patterns it parts), or there are λ ≥ 0, Σ λ_b = 1, with Σ_b λ_b s_b (x_b, -1) = 0. With such a λ, Σ_b λ_b s_b (w·x_b - θ) is 0
    for *every* unit, so they cannot all be positive. For XOR λ = ¼ everywhere: (0,0) + (1,1) = (0,1) + (1,0).

    Args:
        x_BN: patterns.
        y_B: the wanted answers, zeros and ones.

    Returns:
        The unit; or λ, shape (B,), where none exists.

    Raises:
        ValueError: the shapes do not fit.
    """
    x = _bits(x_BN)
    y = np.asarray(y_B)
    if y.shape != x.shape[:1]:
        raise ValueError(f"expected answers of shape {x.shape[:1]}, got {y.shape}")
    signed = (2 * y - 1)[:, None] * np.hstack([x, -np.ones((len(x), 1))])  # (B, N + 1)
    unit = linprog(np.zeros(signed.shape[1]), A_ub=-signed, b_ub=-np.ones(len(x)), bounds=(None, None))
    if unit.status == 0:
        *weights, threshold = unit.x.tolist()
        return Neuron(tuple(weights), threshold)
    balance = np.vstack([signed.T, np.ones(len(x))])
    return np.asarray(linprog(np.zeros(len(x)), A_eq=balance, b_eq=np.eye(len(balance))[-1], bounds=(0, None)).x)


def _bits(x_BN: ArrayLike, num_inputs: int | None = None) -> Bits:
    x = np.asarray(x_BN)
    if x.ndim != 2 or num_inputs not in (None, x.shape[1]):
        raise ValueError(f"expected patterns of shape (B, {'N' if num_inputs is None else num_inputs}), got {x.shape}")
    if not np.isin(x, (0, 1)).all():
        raise ValueError(f"expected zeros and ones, got {x[~np.isin(x, (0, 1))][0]}")
    return x.astype(np.int64)
