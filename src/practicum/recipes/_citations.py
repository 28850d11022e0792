"""What the recipes on citation graphs share: the batches, and a picture of the hidden layer."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from practicum.data.batches import Whole
from practicum.data.planetoid import Citations
from practicum.methods.classify import Classify
from practicum.models.layers.sparse import Sparse
from practicum.training.experiment import Experiment
from practicum.training.loop import Fit


def experiment(graph: Citations, model: nn.Module, adjacency_NN: Sparse, fit: Fit) -> Experiment:
    """Return the experiment on the public split: one batch is the whole graph and the nodes asked for."""
    words_NF = Sparse.from_dense(graph.words_NF)

    def batch(nodes_B: Tensor) -> Whole:
        return Whole((words_NF, adjacency_NN, nodes_B, graph.labels_N[nodes_B]))

    return Experiment(
        model=model, method=Classify(), train=batch(graph.train), validation=batch(graph.validation), test=batch(graph.test),
        fit=fit, sample=graph.sample,
    )  # fmt: skip


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
