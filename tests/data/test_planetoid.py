"""Planetoid's files: what they hold, what is refused, and the made graph that stands in for them."""

import os
import pickle
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from practicum.data import planetoid
from practicum.errors import PracticumError

needs_files = pytest.mark.skipif(
    not Path(os.environ.get("PRACTICUM_DATA", "nowhere"), "planetoid").is_dir(), reason="PRACTICUM_DATA has no planetoid/"
)


def old(value: object) -> bytes:
    """A pickle with the names of the files' own age."""
    raw = pickle.dumps(value, protocol=3)
    for new, then in (
        (b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"),
        (b"cscipy.sparse._csr\n", b"cscipy.sparse.csr\n"),
        (b"cbuiltins\nlist\n", b"c__builtin__\nlist\n"),
    ):
        raw = raw.replace(new, then)
    return raw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six papers known, of which two train; three to test, numbered 6, 9 and 8: paper 7 stands in no file."""
    words = np.array([[1, 1, 0], [0, 0, 0], [0, 2, 2], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype="float32")
    fields = np.eye(2, dtype="int32")[[0, 1, 1, 0, 1, 0]]
    test_words = np.array([[3, 0, 1], [0, 5, 0], [0, 0, 7]], dtype="float32")
    test_fields = np.eye(2, dtype="int32")[[1, 0, 1]]
    graph = defaultdict(list, {i: [] for i in range(10)}) | {0: [1, 1, 0, 6], 1: [0], 9: [2]}
    parts = {
        "x": csr_matrix(words[:2]), "tx": csr_matrix(test_words), "allx": csr_matrix(words),
        "y": fields[:2], "ty": test_fields, "ally": fields, "graph": defaultdict(list, graph),
    }  # fmt: skip
    for name, value in parts.items():
        (tmp_path / f"ind.tiny.{name}").write_bytes(old(value))
    (tmp_path / "ind.tiny.test.index").write_text("6\n9\n8\n")
    return tmp_path


def test_rows_labels_and_edges_go_to_their_places(folder: Path) -> None:
    graph = planetoid.read(folder, "tiny")
    assert graph.labels_N.tolist() == [0, 1, 1, 0, 1, 0, 1, -1, 1, 0]
    torch.testing.assert_close(graph.words_NF[[0, 1, 2, 6, 7, 8, 9]], torch.tensor([
        [0.5, 0.5, 0], [0, 0, 0], [0, 0.5, 0.5], [0.75, 0, 0.25], [0, 0, 0], [0, 0, 1.0], [0, 1.0, 0],
    ]))  # fmt: skip
    assert graph.edges_2E.T.tolist() == [[0, 1], [0, 6], [1, 0], [2, 9], [6, 0], [9, 2]]
    assert graph.train.tolist() == [0, 1]
    assert graph.test.tolist() == [6, 8, 9], "paper 7 is in no split"


class Hostile:
    def __init__(self, *call: object) -> None:
        self.call = call

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("call", [(os.system, "touch {}"), (eval, "open('{}', 'w')"), (np.load, "{}"), (getattr, "a", "upper")])
def test_a_hostile_pickle_runs_nothing(folder: Path, call: tuple[object, ...]) -> None:
    trace = folder / "it-ran"
    bad = old(Hostile(call[0], *(str(part).format(trace) for part in call[1:])))
    for part in ("x", "ally", "graph"):
        good = (folder / f"ind.tiny.{part}").read_bytes()
        (folder / f"ind.tiny.{part}").write_bytes(bad)
        with pytest.raises(PracticumError, match=rf"ind\.tiny\.{part}: .*it asks for .*, which no array needs"):
            planetoid.read(folder, "tiny")
        (folder / f"ind.tiny.{part}").write_bytes(good)
    assert not trace.exists()
    planetoid.read(folder, "tiny")


@pytest.mark.parametrize("part", ["x", "ty", "allx", "graph"])
def test_a_truncated_file_is_named(folder: Path, part: str) -> None:
    path = folder / f"ind.tiny.{part}"
    whole = path.read_bytes()
    for size in {0, 1, len(whole) // 3, len(whole) // 2, len(whole) - 1}:
        path.write_bytes(whole[:size])
        with pytest.raises(PracticumError, match=rf"ind\.tiny\.{part}: .*truncated"):
            planetoid.read(folder, "tiny")


def test_files_that_do_not_fit_are_named(folder: Path) -> None:
    def put(part: str, value: object) -> None:
        (folder / f"ind.tiny.{part}").write_bytes(old(value))

    put("graph", ["a list"])
    with pytest.raises(PracticumError, match=r"graph: expected a pickled defaultdict, got list"):
        planetoid.read(folder, "tiny")
    put("graph", defaultdict(list, {i: [] for i in range(9)}))
    with pytest.raises(PracticumError, match=r"numbers run from 6 to 9, in a graph of 9"):
        planetoid.read(folder, "tiny")
    bad = csr_matrix(np.eye(3, dtype="float32"))
    bad.indices[0] = 77
    put("x", bad)
    with pytest.raises(PracticumError, match=r"ind\.tiny\.x: not a compressed sparse matrix"):
        planetoid.read(folder, "tiny")
    (folder / "ind.tiny.test.index").write_text("6\nnine\n8\n")
    with pytest.raises(PracticumError, match=r"ind\.tiny\.x|test\.index: expected one number per line"):
        planetoid.read(folder, "tiny")


def test_without_the_files_a_made_graph_has_the_same_interface(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(planetoid.store, "_said", set())
    graph, again = planetoid.cora(), planetoid.cora()
    assert graph.sample
    assert capsys.readouterr().err.count("using a made graph") == 1
    assert torch.equal(graph.edges_2E, again.edges_2E)
    assert torch.equal(graph.words_NF, again.words_NF)
    assert graph.num_classes == 7
    assert planetoid.citeseer().num_classes == 6
    torch.testing.assert_close(graph.words_NF.sum(1), torch.ones(1500))
    assert torch.equal(planetoid.undirected(graph.edges_2E), graph.edges_2E)
    assert torch.bincount(graph.labels_N[graph.train]).tolist() == [20] * 7
    splits = torch.cat([graph.train, graph.validation, graph.test])
    assert len(splits.unique()) == len(splits) == 140 + 300 + 600
    own = (graph.labels_N[graph.edges_2E[0]] == graph.labels_N[graph.edges_2E[1]]).float().mean()
    assert 0.7 < float(own) < 0.8


@needs_files
@pytest.mark.parametrize("name", ["cora", "citeseer"])
def test_equals_what_pytorch_geometric_reads(name: str) -> None:
    io = pytest.importorskip("torch_geometric.io")
    graph = getattr(planetoid, name)()
    peer = io.read_planetoid_data(str(Path(os.environ["PRACTICUM_DATA"]) / "planetoid"), name)
    sizes = {"cora": (2708, 1433, 10556, 140), "citeseer": (3327, 3703, 9104, 120)}[name]
    assert (*graph.words_NF.shape, graph.edges_2E.shape[1], len(graph.train)) == sizes
    assert (len(graph.validation), len(graph.test), graph.sample) == (500, 1000, False)
    torch.testing.assert_close(graph.words_NF, peer.x / peer.x.sum(1, keepdim=True).clamp(min=1))
    known = graph.labels_N >= 0
    assert int((~known).sum()) == {"cora": 0, "citeseer": 15}[name]
    assert torch.equal(graph.labels_N[known], peer.y[known])
    assert torch.equal(graph.edges_2E, peer.edge_index[:, (peer.edge_index[0] * 10_000 + peer.edge_index[1]).argsort()])
    for ours, mask in ((graph.train, peer.train_mask), (graph.validation, peer.val_mask), (graph.test, peer.test_mask)):
        assert torch.equal(ours, mask.nonzero()[:, 0])
    assert graph.words_NF[~known].abs().sum() == 0
