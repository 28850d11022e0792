"""Graph sets in the TU format: generated folders, whole and broken, and batches of graphs."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.data.tu import Graph, GraphBatches, block_diagonal, read
from practicum.errors import PracticumError

FILES = {
    "A": "1, 2\n2, 1\n5, 4\n4, 6\n",  # graph 1: nodes 1-3, graph 2: node 7 alone, graph 3: nodes 4-6
    "graph_indicator": "1\n1\n1\n3\n3\n3\n2\n",
    "graph_labels": "-1\n1\n-1\n",
    "node_labels": "7\n2\n2\n5\n7\n7\n2\n",
    "node_attributes": "0.5, 1\n-1, 2e1\n0,0\n1,1\n2,2\n3,3\n4,4\n",
}


def put(folder: Path, **files: str | None) -> Path:
    folder = folder / "SET"
    folder.mkdir(exist_ok=True)
    for part, text in (FILES | files).items():
        if text is not None:
            (folder / f"SET_{part}.txt").write_text(text)
    return folder


def test_reads_nodes_edges_features_and_classes(tmp_path: Path) -> None:
    first, second, third = read(put(tmp_path))
    assert [graph.label for graph in (first, second, third)] == [0, 1, 0]
    assert first.edges_2E.tolist() == [[0, 1], [1, 0]]
    assert second.edges_2E.shape == (2, 0)
    assert third.edges_2E.tolist() == [[1, 0], [0, 2]]
    assert first.x_NF.tolist() == [[0, 0, 1, 0.5, 1], [1, 0, 0, -1, 20], [1, 0, 0, 0, 0]]
    assert second.x_NF.tolist() == [[1, 0, 0, 4, 4]]
    assert third.x_NF.tolist() == [[0, 1, 0, 1, 1], [0, 0, 1, 2, 2], [0, 0, 1, 3, 3]]


def test_without_features_nodes_have_a_one(tmp_path: Path) -> None:
    assert read(put(tmp_path, node_labels=None, node_attributes=None))[0].x_NF.tolist() == [[1.0]] * 3
    assert read(put(tmp_path / "..", node_attributes=None), "SET")[0].x_NF.shape == (3, 3)


def test_a_set_without_edges(tmp_path: Path) -> None:
    assert [graph.edges_2E.shape for graph in read(put(tmp_path, A=""))] == [(2, 0)] * 3


@pytest.mark.parametrize(
    ("part", "text", "message"),
    [
        ("A", "1, 2\n2, x\n", r"SET_A\.txt, line 2: expected integers, got '2, x'"),
        ("A", "1, 2\n\n2, 1\n", r"SET_A\.txt, line 2: expected integers, got ''"),
        ("A", "1, 2, 3\n", r"SET_A\.txt, line 1: expected 2 integers, got 3"),
        ("A", "1, 2\n2, 8\n", r"SET_A\.txt, line 2: expected a node in \[1, 7\], got 2, 8"),
        ("A", "0, 2\n", r"SET_A\.txt, line 1: expected a node in \[1, 7\], got 0, 2"),
        ("A", "1, 2\n3, 4\n", r"SET_A\.txt, line 2: expected nodes of one graph, got \[3, 4\], which belong to graphs \[1, 3\]"),
        ("graph_indicator", "1\n1\n1\n3\n3\n4\n2\n", r"SET_graph_indicator\.txt, line 6: expected a graph in \[1, 3\], got 4"),
        ("graph_labels", "1\n1.5\n1\n", r"SET_graph_labels\.txt, line 2: expected integers, got '1.5'"),
        ("node_labels", "1\n2\n", r"SET_node_labels\.txt: expected a line for each of 7 nodes, got 2"),
        ("node_attributes", "1,2\n1\n", r"SET_node_attributes\.txt, line 2: expected 2 numbers as in line 1, got 1"),
        ("node_attributes", "1,2\n1,two\n", r"SET_node_attributes\.txt, line 2: expected numbers, got '1, two'"),
    ],
)
def test_broken_lines_are_named(tmp_path: Path, part: str, text: str, message: str) -> None:
    with pytest.raises(PracticumError, match=message):
        read(put(tmp_path, **{part: text}))


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    folder = put(tmp_path)
    (folder / "SET_A.txt").write_bytes(b"\xff\xfe1, 2")
    with pytest.raises(PracticumError, match=r"SET_A\.txt: not text"):
        read(folder)
    (folder / "SET_graph_indicator.txt").unlink()
    with pytest.raises(PracticumError, match=r"SET_graph_indicator\.txt: no such file"):
        read(folder)


def ring(size: int, label: int) -> Graph:
    nodes = torch.arange(size)
    return Graph(torch.full((size, 2), float(label)), torch.stack([nodes, nodes.roll(1)]), label)


@given(sizes=st.lists(st.integers(1, 6), min_size=1, max_size=9), size=st.integers(1, 4), seed=st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_written_and_read_again_the_set_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], size: int, seed: int
) -> None:
    graphs = [ring(n, i % 2) for i, n in enumerate(sizes)]
    x, edges, members, labels = block_diagonal(graphs)
    folder = tmp_path_factory.mktemp("tu") / "RINGS"
    folder.mkdir()
    lines: Callable[[torch.Tensor], str] = lambda rows: "".join(", ".join(str(v) for v in row) + "\n" for row in rows.tolist())  # noqa: E731
    (folder / "RINGS_A.txt").write_text(lines(edges.T + 1))
    (folder / "RINGS_graph_indicator.txt").write_text(lines(members[:, None] + 1))
    (folder / "RINGS_graph_labels.txt").write_text(lines(labels[:, None]))
    (folder / "RINGS_node_attributes.txt").write_text(lines(x))
    for ours, again in zip(graphs, read(folder), strict=True):
        assert torch.equal(ours.edges_2E, again.edges_2E)
        assert torch.equal(ours.x_NF, again.x_NF)
        assert ours.label == again.label
    batches = GraphBatches(graphs, batch_size=size, seed=seed)
    order = [members.bincount().tolist() for _, _, members, _ in batches.epoch(3)]
    assert sorted(n for batch in order for n in batch) == sorted(sizes)
    assert len(order) == len(batches)
    assert order[1:] == [members.bincount().tolist() for _, _, members, _ in batches.epoch(3, start=1)]
    assert [n for _, _, members, _ in batches for n in members.bincount().tolist()] == sizes


def test_blocks_do_not_touch() -> None:
    x, edges, members, labels = block_diagonal([ring(3, 0), ring(2, 1), ring(4, 0)])
    assert x.shape == (9, 2)
    assert torch.equal(members[edges[0]], members[edges[1]])
    assert members.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 2]
    assert labels.tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match=r"widths \[2, 3\]"):
        block_diagonal([ring(3, 0), Graph(torch.ones(2, 3), torch.empty(2, 0, dtype=torch.long), 0)])
