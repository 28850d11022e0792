"""A two-layer GAT on Cora (Veličković et al. 2018, section 3.3).

The settings are the paper's and, where it is silent, those of the authors' code (github.com/PetarV-/GAT): 8 heads of 8 features,
then one head per class; dropout 0.6; weight decay 5·10⁻⁴, Adam with 0.005. Loss and accuracy of the 500 validation nodes are
watched after each step: training waits on while either is as good as ever, at most 100 steps, and keeps the weights where both
are.

What surprised: the first layer hardly attends. Its heads' attention has more than 0.97 of the entropy of an even spread at nearly
every node (attention.png): what is learnt is close to a mean over neighbours, in eight versions.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from practicum.data.planetoid import Citations
from practicum.models.gat import GAT, neighbourhoods
from practicum.models.layers.sparse import Sparse
from practicum.recipes._citations import CitationRecipe
from practicum.training.experiment import Experiment, Target
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit


@dataclass(frozen=True)
class Recipe(CitationRecipe):
    """The training and its hyperparameters."""

    epochs: int = option(3000, "steps at most, each on the whole graph")
    patience: int = option(100, "steps without a better `best` after which training stops")
    best: str = option("-loss,accuracy", "watched on the validation nodes: -loss, accuracy, or both with a comma in between")
    hidden: int = option(8, "features per head")
    num_heads: int = option(8, "of the first layer")
    dropout: float = option(0.6, "rate of inputs, projected features and attention")
    lr: float = 0.005

    target: ClassVar[Target] = Target(
        "accuracy",
        at_least=0.83,
        published="83.0 ± 0.7 %",
        source="Veličković et al. 2018, table 2: 100 runs",
        minutes=2,
        seeds=10,
    )

    def model(self, graph: Citations) -> nn.Module:
        """Return the network."""
        return GAT(graph.words_NF.shape[1], graph.num_classes, hidden=self.hidden, num_heads=self.num_heads, dropout=self.dropout)

    def adjacency(self, edges_2E: Tensor, num_nodes: int) -> Sparse:
        """Return each node's neighbours and itself."""
        return neighbourhoods(edges_2E, num_nodes)

    def fit(self) -> Fit:
        """Return how to train."""
        return Fit(epochs=self.epochs, optimizer=self.optimizer, best=self.best, patience=self.patience)

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draw the hidden layer, and how evenly each head attends."""
        super().picture(experiment, folder)
        draw_attention(experiment, folder / "attention.png")


@torch.no_grad()
def draw_attention(experiment: Experiment, path: Path) -> None:
    """Draw, for each head of the first layer, the entropy of each node's attention; 1 is attention spread evenly."""
    from matplotlib.figure import Figure

    words_NF, adjacency_NN, *_ = next(iter(experiment.test))
    layer: Any = experiment.model.first
    alpha_EH = layer.attend(layer.project(words_NF), adjacency_NN)
    # log of the number of neighbours: the entropy of an attention that is spread evenly.
    even_N = torch.bincount(adjacency_NN.rows_E, minlength=adjacency_NN.shape[0]).log()
    # H_i = -Σ_j α_ij log α_ij: edges (E, heads) summed into their nodes (N, heads); xlogy makes 0 log 0 zero.
    entropy_NH = -(adjacency_NN.incidence @ torch.xlogy(alpha_EH, alpha_EH))
    figure = Figure(figsize=(2 * alpha_EH.shape[1], 2.4), layout="constrained")
    for head, axes in enumerate(figure.subplots(1, alpha_EH.shape[1], sharey=True, squeeze=False)[0]):
        axes.hist(entropy_NH[even_N > 1, head] / even_N[even_N > 1], bins=30)
        axes.set_title(f"head {head + 1}", fontsize=9)
        axes.locator_params(axis="x", nbins=3)
    figure.supxlabel("entropy of a node's attention, 1 = spread evenly (nodes with three neighbours or more)", fontsize=9)
    figure.savefig(path, dpi=120)
