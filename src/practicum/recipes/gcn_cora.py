"""A two-layer GCN on Cora (Kipf & Welling 2017, sections 5 and 6.1): the fields of 2,708 papers from 140 that are known.

The settings are the paper's: 16 hidden features, dropout 0.5, weight decay 5·10⁻⁴ on the first layer alone, Adam with 0.01, at
most 200 epochs. The weights kept are those with the smallest loss on the 500 validation nodes; the paper stops when that loss
has not fallen for ten epochs. Words are a sparse matrix, so that the first layer is a CSR product.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from practicum.data.planetoid import Citations
from practicum.models.gcn import GCN, normalise
from practicum.models.layers.sparse import Sparse
from practicum.recipes._citations import CitationRecipe
from practicum.training.experiment import Target
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit


@dataclass(frozen=True)
class Recipe(CitationRecipe):
    """The training and its hyperparameters."""

    weight_decay: float = option(5e-4, "of the first layer")

    target: ClassVar[Target] = Target(
        "accuracy",
        at_least=0.815,
        published="81.5 %",
        source="Kipf & Welling 2017, table 2: mean of 100 runs",
        minutes=1,
        seeds=100,
    )

    def model(self, graph: Citations) -> nn.Module:
        """Return the network."""
        return GCN(graph.words_NF.shape[1], graph.num_classes, hidden=self.hidden, dropout=self.dropout)

    def adjacency(self, edges_2E: Tensor, num_nodes: int) -> Sparse:
        """Return Â."""
        return normalise(edges_2E, num_nodes)

    def fit(self) -> Fit:
        """Return how to train."""
        return Fit(epochs=self.epochs, optimizer=self.optimizer, best="-loss", evaluate_every=4)

    def optimizer(self, model: Any) -> torch.optim.Optimizer:
        """Return Adam with weight decay on the first layer."""
        first, *others = model.layers
        # Section 5.1 of the paper regularises the first layer alone: it has nearly all weights.
        groups: list[dict[str, Any]] = [
            {"params": [*first.parameters()], "weight_decay": self.weight_decay},
            {"params": [p for layer in others for p in layer.parameters()]},
        ]
        return torch.optim.Adam(groups, lr=self.lr, fused=True)
