"""Graphs: words without citations, citations without words, and how many links a node has."""

from typing import Any

import networkx as nx
import numpy as np
import torch
from networkx.algorithms.node_classification import local_and_global_consistency
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from practicum.data.tu import Graph
from practicum.recipes import gin_attachment


def words(recipe: Any, run: Any) -> float:
    """Return the accuracy of a logistic regression on each paper's words, whatever it cites."""
    (words_NF, _, nodes, labels), (_, _, new_nodes, new_labels) = (next(iter(part)) for part in (run.train, run.test))
    words = words_NF.dense().numpy()
    return LogisticRegression().fit(words[nodes], labels.numpy()).score(words[new_nodes], new_labels.numpy())


def citations(recipe: Any, run: Any) -> float:
    """Return the accuracy of spreading the known fields over the citations, whatever the papers' words."""
    graph = recipe.graph()
    return spread(graph.edges_2E, graph.labels_N, graph.train, graph.test)


def spread(edges_2E: Tensor, labels_N: Tensor, train: Tensor, test: Tensor) -> float:
    """Return the accuracy on the test nodes of the labels that spread from the training nodes (Zhou et al. 2004)."""
    net = nx.Graph()
    net.add_nodes_from(range(len(labels_N)))
    net.add_edges_from(edges_2E.T.tolist())
    nx.set_node_attributes(net, dict(zip(train.tolist(), labels_N[train].tolist(), strict=True)), "label")
    found = np.array(local_and_global_consistency(net))
    return float((found[test.numpy()] == labels_N[test].numpy()).mean())


def most_links(recipe: Any, run: Any) -> float:
    """Return the accuracy of telling how a graph has grown by the most links that one of its nodes has."""
    made = gin_attachment.graphs(gin_attachment.grown, recipe.graphs + 2 * gin_attachment.ASIDE)
    return by_most_links(made[: recipe.graphs], made[-gin_attachment.ASIDE :])


def by_most_links(train: list[Graph], test: list[Graph]) -> float:
    """Return the accuracy of a logistic regression on the graphs' largest degrees."""
    (x, y), new = (
        (np.array([[int(torch.bincount(graph.edges_2E[0]).max())] for graph in graphs]), [graph.label for graph in graphs])
        for graphs in (train, test)
    )
    return LogisticRegression().fit(x, y).score(*new)
