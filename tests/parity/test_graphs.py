"""GCN, GAT, GraphSAGE and GIN against PyTorch Geometric, and our dense, sparse and edge-list forms against each other."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from practicum.models import gat, gcn, gin, sage
from practicum.models.compat import pyg
from practicum.models.layers.sparse import Sparse

tg = pytest.importorskip("torch_geometric.nn")

GRAPHS = {
    "random": (torch.randint(0, 9, (2, 30), generator=torch.Generator().manual_seed(1)), 9),
    "isolated nodes": (torch.tensor([[0, 1, 1, 4], [1, 0, 4, 1]]), 7),
    "loops": (torch.tensor([[0, 1, 2, 2, 2, 3], [1, 0, 2, 2, 3, 3]]), 4),
    "repeated edges": (torch.tensor([[0, 0, 0, 1, 2, 1, 1], [1, 1, 1, 0, 1, 2, 2]]), 3),
    "one node": (torch.empty(2, 0, dtype=torch.long), 1),
    "one node with a loop": (torch.zeros(2, 1, dtype=torch.long), 1),
    "no edges": (torch.empty(2, 0, dtype=torch.long), 5),
    "larger": (torch.randint(0, 60, (2, 200), generator=torch.Generator().manual_seed(2)), 60),
}
F_IN = 5
Matrix = Callable[[Tensor, int], Sparse]


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(F_IN, 6), nn.Tanh(), nn.Linear(6, 4))


LAYERS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Any], pyg.Names, Matrix]] = {
    "gcn": (lambda: gcn.GCNLayer(F_IN, 4), lambda: tg.GCNConv(F_IN, 4), pyg.gcn, gcn.normalise),
    "gcn narrow": (lambda: gcn.GCNLayer(F_IN, 1), lambda: tg.GCNConv(F_IN, 1, cached=True), pyg.gcn, gcn.normalise),
    "gat": (lambda: gat.GATLayer(F_IN, 4), lambda: tg.GATConv(F_IN, 4), pyg.gat, gat.neighbourhoods),
    "gat heads": (lambda: gat.GATLayer(F_IN, 3, num_heads=4), lambda: tg.GATConv(F_IN, 3, heads=4), pyg.gat, gat.neighbourhoods),
    "gat mean": (
        lambda: gat.GATLayer(F_IN, 3, num_heads=2, concat=False, negative_slope=0.1),
        lambda: tg.GATConv(F_IN, 3, heads=2, concat=False, negative_slope=0.1), pyg.gat, gat.neighbourhoods,
    ),
    "sage": (lambda: sage.SAGELayer(F_IN, 4), lambda: tg.SAGEConv(F_IN, 4), pyg.sage, sage.mean_adjacency),
    "gin": (lambda: gin.GINLayer(mlp()), lambda: tg.GINConv(mlp(), eps=0.3, train_eps=True), pyg.gin, gin.adjacency),
    "gin-0": (lambda: gin.GINLayer(mlp(), learn_eps=False), lambda: tg.GINConv(mlp()), pyg.gin, gin.adjacency),
}  # fmt: skip


def pair(name: str, dtype: torch.dtype) -> tuple[nn.Module, nn.Module]:
    """Our layer and the peer's, with the peer's random weights (biases and ε made non-zero)."""
    ours, theirs, names, _ = LAYERS[name]
    peer = theirs().to(dtype)
    with torch.no_grad():
        for key, value in peer.named_parameters():
            if key == "bias":
                value.normal_()
    layer = ours().to(dtype)
    layer.load_state_dict(names.from_peer(peer.state_dict()))
    return layer, peer


def values_and_gradients(
    layer: nn.Module, call: Callable[[Tensor], Tensor], x: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    layer.zero_grad()
    x = x.clone().requires_grad_()
    y = call(x)
    (y * weight[: y.shape[0], : y.shape[1]]).sum().backward()
    return y.detach(), x.grad, {key: value.grad for key, value in layer.named_parameters() if value.grad is not None}


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("name", LAYERS)
def test_layer_equals_the_peer(name: str, graph: str) -> None:
    edges, num_nodes = GRAPHS[graph]
    names, matrix = LAYERS[name][2:]
    for dtype, near, near_grad in ((torch.float64, 1e-10, 1e-10), (torch.float32, 1e-5, 1e-4)):
        torch.manual_seed(0)
        layer, peer = pair(name, dtype)
        x, weight = torch.randn(num_nodes, F_IN, dtype=dtype), torch.randn(60, 20, dtype=dtype)
        adjacency = matrix(edges, num_nodes).to(dtype) if dtype == torch.float32 else double(matrix, edges, num_nodes)
        for mode in (True, False):
            layer.train(mode), peer.train(mode)
            expected = values_and_gradients(peer, lambda x, peer=peer: peer(x, edges), x, weight)
            ours = values_and_gradients(layer, lambda x, layer=layer, a=adjacency: layer(x, a), x, weight)
            torch.testing.assert_close(ours[0], expected[0], atol=near, rtol=near)
            torch.testing.assert_close(ours[1], expected[1], atol=near_grad, rtol=near_grad)
            theirs = names.from_peer(
                expected[2] | ({} if "eps" in expected[2] or not hasattr(peer, "eps") else {"eps": torch.zeros(1)})
            )
            for key, grad in ours[2].items():
                torch.testing.assert_close(
                    grad, theirs[key], atol=near_grad, rtol=near_grad, msg=lambda text, key=key: f"{key}: {text}"
                )
            assert ours[2].keys() >= {key for key, value in layer.named_parameters() if value.requires_grad}


def double(matrix: Matrix, edges: Tensor, num_nodes: int) -> Sparse:
    torch.set_default_dtype(torch.float64)
    try:
        return matrix(edges, num_nodes)
    finally:
        torch.set_default_dtype(torch.float32)


class EdgeList:
    """The same matrix with the plain product over the list of edges."""

    def __init__(self, matrix: Sparse) -> None:
        self.matrix = matrix

    def __matmul__(self, x: Tensor) -> Tensor:
        return self.matrix.scatter(x)


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("name", LAYERS)
def test_dense_sparse_and_edge_list_are_equal(name: str, graph: str) -> None:
    torch.manual_seed(3)
    edges, num_nodes = GRAPHS[graph]
    layer, _ = pair(name, torch.float64)
    sparse = double(LAYERS[name][3], edges, num_nodes)
    x, weight = torch.randn(num_nodes, F_IN, dtype=torch.float64), torch.randn(60, 20, dtype=torch.float64)
    expected = values_and_gradients(layer, lambda x: layer(x, sparse), x, weight)
    forms: list[Any] = [sparse.dense()] if name.startswith("gat") else [sparse.dense(), EdgeList(sparse)]
    for form in forms:
        got = values_and_gradients(layer, lambda x, form=form: layer(x, form), x, weight)
        torch.testing.assert_close(got, expected, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("name", LAYERS)
def test_state_dicts_go_there_and_back(name: str) -> None:
    layer, peer = pair(name, torch.float32)
    names = LAYERS[name][2]
    back = names.to_peer(layer.state_dict())
    assert back.keys() == peer.state_dict().keys()
    for key, value in peer.state_dict().items():
        assert back[key].shape == value.shape
        assert torch.equal(back[key], value)
    peer.load_state_dict(back)


class PeerGCN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = tg.GCNConv(F_IN, 8, cached=True), tg.GCNConv(8, 3, cached=True)

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        return self.last(self.first(x, edges).relu(), edges)


class PeerGAT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = tg.GATConv(F_IN, 4, heads=3), tg.GATConv(12, 3, heads=2, concat=False)

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        return self.last(torch.nn.functional.elu(self.first(x, edges)), edges)


def test_ten_steps_of_training_follow_the_peer() -> None:
    torch.manual_seed(0)
    edges, num_nodes = GRAPHS["larger"]
    x, target = torch.randn(num_nodes, F_IN), torch.randint(0, 3, (num_nodes,))
    ours_gcn, ours_gat = gcn.GCN(F_IN, 3, hidden=8, dropout=0), gat.GAT(F_IN, 3, hidden=4, num_heads=3, last_heads=2, dropout=0)
    cases = (
        (ours_gcn, PeerGCN(), ours_gcn.layers, pyg.gcn, gcn.normalise),
        (ours_gat, PeerGAT(), [ours_gat.first, ours_gat.last], pyg.gat, gat.neighbourhoods),
    )
    for model, peer, layers, names, matrix in cases:
        for layer, theirs in zip(layers, (peer.first, peer.last), strict=True):
            layer.load_state_dict(names.from_peer(theirs.state_dict()))
        adjacency = matrix(edges, num_nodes)
        for module, call in ((model, lambda: model(x, adjacency)), (peer, lambda: peer(x, edges))):  # noqa: B023 - called at once
            optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
            for _ in range(10):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(call(), target).backward()
                optimizer.step()
        with torch.no_grad():
            torch.testing.assert_close(model(x, adjacency), peer(x, edges), atol=1e-4, rtol=1e-4)


def test_half_precision_stays_near() -> None:
    torch.manual_seed(0)
    edges, num_nodes = GRAPHS["larger"]
    for name, (_, _, _, matrix) in LAYERS.items():
        layer, _ = pair(name, torch.float32)
        x, adjacency = torch.randn(num_nodes, F_IN), matrix(edges, num_nodes)
        full = layer(x, adjacency).detach()
        half = layer.bfloat16()(x.bfloat16(), adjacency.to(torch.bfloat16))
        assert half.dtype == torch.bfloat16
        half.sum().backward()
        assert (half.float() - full).abs().max() < 0.05 * full.abs().max()


def test_sparse_features_equal_dense_ones() -> None:
    torch.manual_seed(0)
    edges, num_nodes = GRAPHS["larger"]
    words = torch.rand(num_nodes, F_IN).masked_fill(torch.rand(num_nodes, F_IN) < 0.7, 0)
    nodes = torch.tensor([3, 0, 59])
    models = (
        (gcn.GCN(F_IN, 3), gcn.normalise),
        (gat.GAT(F_IN, 3), gat.neighbourhoods),
        (sage.GraphSAGE(F_IN, 3), sage.mean_adjacency),
    )
    for model, matrix in models:
        adjacency = matrix(edges, num_nodes)
        grads = []
        for x in (words, Sparse.from_dense(words)):
            model.eval().zero_grad()
            logits = model(x, adjacency, nodes)
            logits.square().sum().backward()
            grads.append((logits.detach(), *[value.grad for value in model.parameters()]))
        torch.testing.assert_close(grads[0], grads[1], atol=1e-5, rtol=1e-4)


def test_an_edge_that_stands_there_twice_counts_twice_however_it_is_written() -> None:
    edges, num_nodes = GRAPHS["repeated edges"]
    layer, _ = pair("gat heads", torch.float64)
    apart = double(gat.neighbourhoods, edges, num_nodes)
    together = Sparse.from_dense(apart.dense())
    assert len(together.values_E) < len(apart.values_E)
    x = torch.randn(num_nodes, F_IN, dtype=torch.float64)
    torch.testing.assert_close(layer(x, together), layer(x, apart), atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("form", ["sparse", "dense"])
def test_gat_drops_inputs_of_each_head_projections_and_attention(form: str) -> None:
    """Moments over many nodes without neighbours, of two heads with the same weights, against those of independent coins."""
    torch.manual_seed(0)
    num_nodes, draws, keep = (40_000, 1, 0.4) if form == "sparse" else (100, 400, 0.4)
    x, weight = torch.tensor([1.0, 2.0, -0.5]), torch.tensor([0.5, 1.0, 2.0])
    layer = gat.GATLayer(3, 1, num_heads=2, dropout=1 - keep).train()
    with torch.no_grad():
        layer.weight_FC.copy_(weight[:, None].expand(3, 2))
        adjacency = gat.neighbourhoods(torch.empty(2, 0, dtype=torch.long), num_nodes)
        given = adjacency if form == "sparse" else adjacency.dense()
        out_N2 = torch.cat([layer(x.expand(num_nodes, 3), given) for _ in range(draws)])
        assert torch.allclose(layer.eval()(x.expand(num_nodes, 3), given), (x @ weight).expand(num_nodes, 2))
    total = float(x @ weight)
    square = (total**2 + float(((x * weight) ** 2).sum()) * (1 - keep) / keep) / keep**2  # of inputs, then the two others
    assert float(out_N2.mean()) == pytest.approx(total, rel=0.05)
    assert float(out_N2.square().mean()) == pytest.approx(square, rel=0.05)
    assert float(out_N2.prod(1).mean()) == pytest.approx(total**2, abs=1), "heads drop apart"


def test_sage_is_algorithm_1_with_a_linear_classifier() -> None:
    """Node by node, as the paper writes it: a mean, a map, ReLU, and only then length 1, in every layer."""
    torch.manual_seed(0)
    edges, num_nodes = GRAPHS["isolated nodes"]
    model = sage.GraphSAGE(F_IN, 3, hidden=4).double()
    x = torch.randn(num_nodes, F_IN, dtype=torch.float64)
    h = list(x)
    for layer in model.layers:
        sources = [[u for u, v in edges.T.tolist() if v == node] for node in range(num_nodes)]
        means = [torch.stack([h[u] for u in those] or [0 * h[0]]).mean(0) for those in sources]
        h = [(layer.own(own) + layer.neighbours(mean)).clamp(min=0) for own, mean in zip(h, means, strict=True)]
        h = [row / row.norm().clamp(min=1e-12) for row in h]  # a row of zeros stays one
    logits = torch.stack([model.classify.weight @ row + model.classify.bias for row in h])
    adjacency = double(sage.mean_adjacency, edges, num_nodes)
    torch.testing.assert_close(model(x, adjacency), logits, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(model.embed(x, adjacency), torch.stack(h), atol=1e-12, rtol=1e-12)
    assert len(model.layers) == 2
    apart = sage.GraphSAGE(F_IN, 3, hidden=4, normalize=False).double()
    apart.load_state_dict(model.state_dict())
    assert float((apart.embed(x, adjacency).detach().norm(dim=1) - 1).abs().min()) > 0.01


def test_gin_sums_over_each_graph() -> None:
    """Two graphs in one batch give what each gives alone (in eval mode, where batch normalisation does not mix them)."""
    torch.manual_seed(0)
    model = gin.GIN(F_IN, 3, hidden=6, num_layers=2).eval()
    x = torch.randn(7, F_IN)
    first, second = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]]), torch.tensor([[0, 3], [3, 0]])
    both = torch.cat([first, second + 3], 1)
    members = Sparse.of(torch.tensor([0, 0, 0, 1, 1, 1, 1]), torch.arange(7), torch.ones(7), (2, 7))
    together = model(x, gin.adjacency(both, 7), members)
    alone = [
        model(part, gin.adjacency(edges, len(part)), torch.ones(1, len(part)))
        for part, edges in ((x[:3], first), (x[3:], second))
    ]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(members @ x, tg.global_add_pool(x, torch.tensor([0, 0, 0, 1, 1, 1, 1])), atol=1e-5, rtol=1e-5)


def test_wrong_shapes_are_named() -> None:
    edges, num_nodes = GRAPHS["random"]
    with pytest.raises(ValueError, match=r"expected features of shape \(N, 5\), got \(9, 4\)"):
        gcn.GCN(F_IN, 3)(torch.randn(9, 4), gcn.normalise(edges, num_nodes))
    with pytest.raises(ValueError, match=r"expected nodes in \[0, 4\), got \[0, 8\]"):
        gcn.normalise(edges, 4)
    with pytest.raises(ValueError, match=r"expected edges of shape \(2, E\), got \(30, 2\)"):
        gat.neighbourhoods(edges.T, num_nodes)
    with pytest.raises(ValueError, match=r"expected a matrix of 9 rows .* got \(8, 16\)"):
        gcn.GCN(F_IN, 3)(torch.randn(8, 5), gcn.normalise(edges, num_nodes))
