"""Sets of graphs in the TU Dortmund format (Morris et al. 2020), and batches of graphs as one graph without edges in between.

A set NAME is a folder of text files. Nodes are numbered from 1 through all graphs:

    NAME_A.txt                 one edge "row, column" per line
    NAME_graph_indicator.txt   line i: the graph of node i
    NAME_graph_labels.txt      line g: the class of graph g
    NAME_node_labels.txt       (optional) line i: the class of node i
    NAME_node_attributes.txt   (optional) line i: numbers, with commas in between

Classes may be any integers; they are numbered from 0 in rising order. Files on edges' labels and attributes are not read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from practicum.data.batches import generator
from practicum.errors import PracticumError


@dataclass(frozen=True)
class Graph:
    """One graph.

    Attributes:
        x_NF: features of its nodes.
        edges_2E: (source, target) in the columns, numbered from 0.
        label: its class.
    """

    x_NF: Tensor
    edges_2E: Tensor
    label: int


def read(folder: Path, name: str | None = None) -> list[Graph]:
    """Return the graphs of a folder in the order of their numbers.

    Args:
        folder: where the files lie.
        name: of the set; the folder's own by default.

    Returns:
        Graphs whose features are the nodes' classes one-hot, then their attributes; with neither, a column of ones. Edges run as
        they stand in the file, from its first column to its second.

    Raises:
        PracticumError: a file is missing, or a line is not what it has to be; the message names both.
    """
    name = name or folder.name
    path = {
        part: folder / f"{name}_{part}.txt" for part in ("A", "graph_indicator", "graph_labels", "node_labels", "node_attributes")
    }
    for part in ("A", "graph_indicator", "graph_labels"):
        if not path[part].is_file():
            raise PracticumError(f"{path[part]}: no such file; a set in the TU format needs it")
    labels_G = _classes(_integers(path["graph_labels"]))
    graph_N = _integers(path["graph_indicator"], low=1, high=len(labels_G), what="graph") - 1
    features: list[Tensor] = []
    if path["node_labels"].is_file():
        classes = _integers(path["node_labels"])
        features.append(F.one_hot(_classes(_same_length(path["node_labels"], classes, graph_N))).float())
    if path["node_attributes"].is_file():
        features.append(_same_length(path["node_attributes"], _numbers(path["node_attributes"]), graph_N))
    x_NF = torch.cat(features, 1) if features else torch.ones(len(graph_N), 1)
    edges_2E = _integers(path["A"], columns=2, low=1, high=len(graph_N), what="node").T - 1
    across = (graph_N[edges_2E[0]] != graph_N[edges_2E[1]]).nonzero()[:, 0]
    if len(across):
        nodes = edges_2E[:, across[0]]
        raise PracticumError(
            f"{path['A']}, line {int(across[0]) + 1}: expected nodes of one graph, "
            f"got {(nodes + 1).tolist()}, which belong to graphs {(graph_N[nodes] + 1).tolist()}"
        )

    graphs = []
    graph_E = graph_N[edges_2E[0]]
    place_N = torch.empty_like(graph_N)
    nodes_of = _rows_by_group(graph_N, len(labels_G))
    for nodes in nodes_of:
        place_N[nodes] = torch.arange(len(nodes))
    for nodes, edges, label in zip(nodes_of, _rows_by_group(graph_E, len(labels_G)), labels_G.tolist(), strict=True):
        graphs.append(Graph(x_NF[nodes], place_N[edges_2E[:, edges]], label))
    return graphs


def block_diagonal(graphs: Sequence[Graph]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return many graphs as one.

    Returns:
        Features of all nodes (N, F); edges (2, E), whose matrix has one block per graph; each node's graph (N,); labels (G,).

    Raises:
        ValueError: there is no graph, or their features differ in width.
    """
    if len({graph.x_NF.shape[1] for graph in graphs}) != 1:
        raise ValueError(
            f"expected graphs with features of one width, got widths {sorted({graph.x_NF.shape[1] for graph in graphs})}"
        )
    sizes = torch.tensor([len(graph.x_NF) for graph in graphs])
    first = sizes.cumsum(0) - sizes
    edges_2E = torch.cat([graph.edges_2E + start for graph, start in zip(graphs, first, strict=True)], 1)
    members_N = torch.arange(len(graphs)).repeat_interleave(sizes)
    return torch.cat([graph.x_NF for graph in graphs]), edges_2E, members_N, torch.tensor([graph.label for graph in graphs])


class GraphBatches:
    """Batches of graphs, block-diagonal; the order of an epoch depends on the seed and its number alone.

    Args:
        graphs: the set.
        batch_size: graphs per batch.
        seed: of the order.
        shuffle: a new order each epoch.
    """

    def __init__(self, graphs: Sequence[Graph], *, batch_size: int, seed: int = 0, shuffle: bool = True) -> None:
        self.graphs, self.batch_size, self.seed, self.shuffle, self.rows = graphs, batch_size, seed, shuffle, len(graphs)

    def __len__(self) -> int:
        return -(-len(self.graphs) // self.batch_size)

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Yield the batches of an epoch, from the `start`-th on, as `block_diagonal` returns them."""
        count = len(self.graphs)
        order = torch.randperm(count, generator=generator(self.seed, number)) if self.shuffle else torch.arange(count)
        for rows in order.split(self.batch_size)[start:]:
            yield block_diagonal([self.graphs[i] for i in rows.tolist()])

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        for first in range(0, len(self.graphs), self.batch_size):
            yield block_diagonal(self.graphs[first : first + self.batch_size])


def _rows_by_group(group: Tensor, count: int) -> tuple[Tensor, ...]:
    return group.argsort(stable=True).split(torch.bincount(group, minlength=count).tolist())


def _classes(values: Tensor) -> Tensor:
    return values.unique(return_inverse=True)[1]


def _same_length(path: Path, values: Tensor, nodes: Tensor) -> Tensor:
    if len(values) != len(nodes):
        raise PracticumError(f"{path}: expected a line for each of {len(nodes)} nodes, got {len(values)}")
    return values


def _integers(path: Path, *, columns: int = 1, low: int | None = None, high: int = 0, what: str = "") -> Tensor:
    """Return the file's integers, shape (lines,) or (lines, columns), each in [low, high] where that is given."""
    rows = []
    for number, fields in _lines(path):
        try:
            row = [int(field) for field in fields]
        except ValueError:
            raise PracticumError(f"{path}, line {number}: expected integers, got {', '.join(fields)!r}") from None
        if len(row) != columns:
            raise PracticumError(f"{path}, line {number}: expected {columns} integer{'s' * (columns > 1)}, got {len(row)}")
        if low is not None and not all(low <= value <= high for value in row):
            raise PracticumError(f"{path}, line {number}: expected a {what} in [{low}, {high}], got {', '.join(fields)}")
        rows.append(row)
    return torch.tensor(rows, dtype=torch.long).view(-1, *([columns] if columns > 1 else []))


def _numbers(path: Path) -> Tensor:
    rows: list[list[float]] = []
    for number, fields in _lines(path):
        try:
            rows.append([float(field) for field in fields])
        except ValueError:
            raise PracticumError(f"{path}, line {number}: expected numbers, got {', '.join(fields)!r}") from None
        if len(rows[-1]) != len(rows[0]):
            raise PracticumError(f"{path}, line {number}: expected {len(rows[0])} numbers as in line 1, got {len(rows[-1])}")
    return torch.tensor(rows)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PracticumError(f"{path}: not text ({error})") from None
    for number, line in enumerate(text.rstrip().split("\n") if text.strip() else [], 1):
        yield number, [field.strip() for field in line.split(",")]
