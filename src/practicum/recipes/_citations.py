"""The family of recipes on citation graphs: the batches, and a picture of the hidden layer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from practicum.data.batches import Whole
from practicum.data.planetoid import Citations, cora
from practicum.methods.classify import Classify
from practicum.models.layers.sparse import Sparse
from practicum.training.experiment import Experiment
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit


@dataclass(frozen=True)
class CitationRecipe(ABC):
    """A network on a citation graph's public split: one batch is the whole graph and the nodes asked for."""

    epochs: int = option(200, "steps, each on the whole graph")
    hidden: int = option(16, "features of the hidden layer")
    dropout: float = option(0.5, "rate in front of both layers")
    lr: float = option(0.01, "Adam's learning rate")
    weight_decay: float = option(5e-4, "of all weights")

    def graph(self) -> Citations:
        """Return the data."""
        return cora()

    @abstractmethod
    def model(self, graph: Citations) -> nn.Module:
        """Return the network."""

    @abstractmethod
    def adjacency(self, edges_2E: Tensor, num_nodes: int) -> Sparse:
        """Return the matrix (N, N) by which the network looks at neighbours."""

    @abstractmethod
    def fit(self) -> Fit:
        """Return how to train."""

    def optimizer(self, model: Any) -> torch.optim.Optimizer:
        """Return Adam with weight decay."""
        return torch.optim.Adam(model.parameters(), lr=self.lr, weight_decay=self.weight_decay, fused=True)

    def adjacencies(self, graph: Citations) -> tuple[Sparse, Sparse, Sparse]:
        """Return what training, validation and test see of the neighbours: all of them, though not their labels."""
        whole_NN = self.adjacency(graph.edges_2E, len(graph.labels_N))
        return whole_NN, whole_NN, whole_NN

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        graph = self.graph()
        model = self.model(graph)
        # Words as a sparse matrix make a CSR product of the first layer.
        words_NF = Sparse.from_dense(graph.words_NF)
        train, validation, test = (
            Whole((words_NF, adjacency_NN, nodes_B, graph.labels_N[nodes_B]))
            for adjacency_NN, nodes_B in zip(self.adjacencies(graph), (graph.train, graph.validation, graph.test), strict=True)
        )
        return Experiment(
            model=model,
            method=Classify(),
            train=train,
            validation=validation,
            test=test,
            fit=self.fit(),
            sample=graph.sample,
            unit="nodes",
        )

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draw the hidden layer."""
        draw_embedding(experiment, folder / "embedding.png")


@torch.no_grad()
def draw_embedding(run: Experiment, path: Path) -> None:
    """Draw the hidden layer of the test nodes on its first two principal components, coloured by class."""
    from matplotlib.figure import Figure

    words_NF, adjacency_NN, nodes_B, labels_B = next(iter(run.test))
    model: Any = run.model
    hidden_BC = model.embed(words_NF, adjacency_NN)[nodes_B]
    centred_BC = hidden_BC - hidden_BC.mean(0)
    axes_C2 = torch.linalg.svd(centred_BC, full_matrices=False).Vh[:2].T
    x, y = (centred_BC @ axes_C2).T
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.scatter(x, y, c=labels_B, cmap="tab10", s=9)
    axes.set(title="hidden layer of the test nodes, by class", xlabel="first principal component", ylabel="second")
    figure.savefig(path, dpi=120)
