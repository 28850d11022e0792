"""Graph layers beside PyTorch Geometric: training steps on a made graph of Cora's size (2,708 nodes, 10,556 directed edges,
1,433 words of which a node has 18, 7 classes, 140 labels).

Both sides compute the same model and loss on the same graph and start from the same weights: dropout 0.5 of the input features
and of the 16 hidden ones, two graph convolutions, ReLU in between, cross-entropy on the 140 nodes, one step of fused Adam. The
peer is `GCNConv(cached=True)`, whose Â is normalised once too, and `F.dropout`. Where the time goes: dropout of the dense
features draws 3.9 million coins, which PyTorch draws one by one and `models.layers.sparse.dropout` four at a time (which
coins fall is chance on both sides; the rates are the same). With sparse features only the 48,744 entries get a coin, and X W
and its gradient are CSR products; `GCNConv` takes dense features alone, so that the peer's step is the same in both rows.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from interleave import Row
from torch import Tensor, nn
from torch_geometric.nn import GATConv, GCNConv

from practicum.models.compat import pyg
from practicum.models.gat import GAT, neighbourhoods
from practicum.models.gcn import GCN, normalise
from practicum.models.layers.sparse import Sparse

NODES, EDGES, WORDS, CLASSES, LABELS = 2708, 10_556, 1433, 7, 140


def graph() -> tuple[Tensor, Tensor, Tensor]:
    """Return edges in both directions, row-normalised bags of 18 words, and labels of the first 140 nodes."""
    random = torch.Generator().manual_seed(0)
    pairs = torch.randint(NODES, (2, 6000), generator=random)
    pairs = pairs[:, pairs[0] < pairs[1]].unique(dim=1)
    while pairs.shape[1] < EDGES // 2:
        more = torch.randint(NODES, (2, 6000), generator=random)
        pairs = torch.cat([pairs, more[:, more[0] < more[1]]], 1).unique(dim=1)
    pairs = pairs[:, torch.randperm(pairs.shape[1], generator=random)[: EDGES // 2]]
    words = torch.zeros(NODES, WORDS).scatter_(1, torch.rand(NODES, WORDS, generator=random).topk(18).indices, 1 / 18)
    return torch.cat([pairs, pairs.flip(0)], 1), words, torch.randint(CLASSES, (LABELS,), generator=random)


class PeerGCN(nn.Module):
    """As PyTorch Geometric's own example has it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = GCNConv(WORDS, 16, cached=True), GCNConv(16, CLASSES, cached=True)

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        h = self.first(F.dropout(x, 0.5, self.training), edges).relu()
        return self.last(F.dropout(h, 0.5, self.training), edges)


class PeerGAT(nn.Module):
    """The paper's network on GATConv."""

    def __init__(self) -> None:
        super().__init__()
        self.first = GATConv(WORDS, 8, heads=8, dropout=0.6)
        self.last = GATConv(64, CLASSES, heads=1, concat=False, dropout=0.6)

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        h = F.elu(self.first(F.dropout(x, 0.6, self.training), edges))
        return self.last(F.dropout(h, 0.6, self.training), edges)


def steps(model: nn.Module, x: Tensor | Sparse, edges: Tensor | Sparse, target: Tensor) -> Callable[[], None]:
    """Return a function that does one training step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x, edges)[:LABELS], target).backward()
        optimizer.step()

    return step


def rows() -> list[Row]:
    """Training steps of GCN with dense and with sparse features, and of GAT."""
    edges, words, target = graph()
    made: list[Row] = []
    for name, x, floor in (("dense features", words, 2.0), ("sparse features", Sparse.from_dense(words), 5.0)):
        ours, peer = GCN(WORDS, CLASSES), PeerGCN()
        ours.layers[0].load_state_dict(pyg.gcn.from_peer(peer.first.state_dict()))
        ours.layers[1].load_state_dict(pyg.gcn.from_peer(peer.last.state_dict()))
        made.append(
            Row(
                name=f"GCN training step, {name}", peer="GCNConv(cached=True), dense features",
                ours_run=steps(ours, x, normalise(edges, NODES), target), peer_run=steps(peer, words, edges, target), floor=floor,
                note="Cora's size; dropout of the input included on both sides",
            )
        )  # fmt: skip
    gat, peer_gat = GAT(WORDS, CLASSES), PeerGAT()
    gat.first.load_state_dict(pyg.gat.from_peer(peer_gat.first.state_dict()))
    gat.last.load_state_dict(pyg.gat.from_peer(peer_gat.last.state_dict()))
    made.append(
        Row(
            name="GAT training step, sparse features", peer="GATConv, dense features",
            ours_run=steps(gat, Sparse.from_dense(words), neighbourhoods(edges, NODES), target),
            peer_run=steps(peer_gat, words, edges, target),
            note="Cora's size; 8 heads of 8; dropout 0.6 of inputs (ours: of each head's, and of projections) and attention",
        )
    )  # fmt: skip
    return made
