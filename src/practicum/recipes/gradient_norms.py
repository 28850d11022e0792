"""How far a gradient gets through time: plain networks and LSTMs before any training, at several lengths.

Behind all digits of a palindrome but the last the loss asks for the last, which was the first. Measured is ‖∂L/∂s_t‖ at every
step's state s (h, of the LSTM h and c), and from it the factor per step, (‖∂L/∂s_1‖ / ‖∂L/∂s_T‖)^(1/(T-1)): below one the
gradient vanishes, above one it explodes (Pascanu, Mikolov & Bengio 2013). Theory says what to expect. PyTorch's recurrent
weights, uniform within ±1/√H, have variance 1/(3H): a step back shrinks the gradient to 1/√3 = 0.577, and tanh's slope by some
more. Orthogonal weights leave nothing but the slope. An LSTM's cell keeps what its forget gate lets through, σ(bias) = 0.5,
0.73 and 0.953 for 0, 1 and 3 (Gers et al. 2000; Jozefowicz et al. 2015).

What surprised: the LSTM keeps more than its forget gate says, over 100 steps nearly all with a bias of 3 and 85 % per step with
1, because the path through h and the other gates adds to the cell's. Orthogonal weights alone lose 12 % per step to tanh's
slope.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.data.palindromes import palindromes
from practicum.methods.backprop_through_time import gradient_norms
from practicum.models.rnn import RecurrentClassifier, RecurrentConfig
from practicum.training.experiment import Sets, StudyResult, Target
from practicum.training.hyperparameters import option

LENGTHS = (10, 20, 50, 100)
NETWORKS = {  # name: kind, forget bias, gain of orthogonal recurrent weights (0: PyTorch's)
    "rnn": ("rnn", 0.0, 0.0),
    "rnn_orthogonal": ("rnn", 0.0, 1.0),
    "rnn_gain_2": ("rnn", 0.0, 2.0),
    "lstm_forget_0": ("lstm", 0.0, 0.0),
    "lstm_forget_1": ("lstm", 1.0, 0.0),
    "lstm_forget_3": ("lstm", 3.0, 0.0),
}


@dataclass(frozen=True)
class Recipe:
    """The study and its hyperparameters."""

    hidden: int = option(128, "units")
    rows: int = option(64, "palindromes per measurement")

    target: ClassVar[Target] = Target(
        "lstm_forget_3_drift",
        at_most=0.0486,
        source="-ln σ(3), what the forget gate alone takes off per step: the gradient may shrink, or grow, by no more. "
        "A plain network has ln √3 = 0.549",
        minutes=0.3,
    )

    def run(self, seed: int, folder: Path) -> StudyResult:
        """Measure all networks at all lengths and draw them.

        A `_factor` is that of the greatest length, and the `_drift` is |ln factor|: 0 where the gradient keeps its size.
        """
        curves = {(name, length): self._norms(name, length, seed) for name in NETWORKS for length in LENGTHS}
        metrics: dict[str, float] = {}
        for name in NETWORKS:
            norms_T = curves[name, LENGTHS[-1]]
            # (‖∂L/∂s_1‖ / ‖∂L/∂s_T‖)^(1/(T-1)): the first state is the one farthest from the loss.
            factor = float((norms_T[0] / norms_T[-1]) ** (1 / (len(norms_T) - 1)))
            metrics |= {f"{name}_factor": factor, f"{name}_drift": abs(math.log(factor)) if factor else math.inf}
        _draw(curves, folder / "gradient_norms.png")
        return StudyResult(metrics, sets=Sets(0, 0, self.rows, "palindromes, no training"))

    def _norms(self, name: str, length: int, seed: int) -> Tensor:
        kind, forget_bias, gain = NETWORKS[name]
        torch.manual_seed(seed)
        config = RecurrentConfig("lstm" if kind == "lstm" else "rnn", 16, self.hidden, forget_bias=forget_bias)
        model = RecurrentClassifier(config, vocab_size=10, num_classes=10).double()  # single precision ends at 1e-38
        if gain:
            nn.init.orthogonal_(model.body.cells[0].recurrent.weight, gain)
        digits_BT, last_B = palindromes(torch.Generator().manual_seed(seed), self.rows, length)
        return gradient_norms(model.body, model.embedding(digits_BT), lambda h: F.cross_entropy(model.head(h), last_B))


def _draw(curves: dict[tuple[str, int], Tensor], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 3.8), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, name in zip(panels, ("rnn", "lstm_forget_3"), strict=False):
        for length in LENGTHS:
            axes.semilogy(range(1, length), curves[name, length], label=f"length {length}")
        axes.set_title(name.replace("_", " "))
    for name in NETWORKS:
        panels[2].semilogy(range(1, LENGTHS[-1]), curves[name, LENGTHS[-1]], label=name.replace("_", " "))
    panels[2].set_title(f"all at length {LENGTHS[-1]}")
    for axes in panels:
        axes.set_xlabel("step t")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=8)
    panels[0].set_ylabel("‖∂L/∂s_t‖")
    figure.savefig(path, dpi=120)
