"""GraphSAGE with the mean aggregator (Hamilton, Ying & Leskovec 2017, algorithm 1 and section 3.3).

    h_v' = ReLU(W_self h_v + W_neigh · mean_{u → v} h_u + b) = ReLU(W · [h_v ‖ mean h_u] + b),   then h_v' / ‖h_v'‖₂
    logits = W_out z + b_out,   z the rows of the last layer

Symbols: N nodes, E edges, F input features, C output features, K classes.
Departs from the paper: a node without neighbours has a mean of zero; the mean is over all neighbours unless the caller samples
edges; layers have a bias. The linear map to logits is that of the authors' code, which scales the rows of the last layer alone;
here every layer's are, as in algorithm 1.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.models.layers.sparse import Sparse, dropout


def mean_adjacency(edges_2E: Tensor, num_nodes: int) -> Sparse:
    """Return D⁻¹ A, shape (N, N): its product with the features is each node's mean over its incoming edges.

    Args:
        edges_2E: integers, (source, target) in the columns; repeated edges count as often as they stand there.
        num_nodes: N.
    """
    sources_E, targets_E = edges_2E
    degree_N = torch.bincount(targets_E, minlength=num_nodes).to(torch.get_default_dtype())
    return Sparse.of(targets_E, sources_E, degree_N[targets_E].reciprocal(), (num_nodes, num_nodes))


class SAGELayer(nn.Module):
    """h' = W_self h + W_neigh · mean h + b.

    Args:
        in_features: F.
        out_features: C.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.own = nn.Linear(in_features, out_features)
        self.neighbours = nn.Linear(in_features, out_features, bias=False)

    def forward(self, x_NF: Tensor | Sparse, adjacency_NN: Tensor | Sparse) -> Tensor:
        """Return the new features.

        Args:
            x_NF: features, dense or sparse.
            adjacency_NN: D⁻¹ A, dense or sparse, from `mean_adjacency`.

        Shapes:
            x_NF: (N, F). adjacency_NN: (N, N). Returns (N, C).
        """
        if x_NF.shape[-1] != self.own.in_features:
            raise ValueError(f"expected features of shape (N, {self.own.in_features}), got {tuple(x_NF.shape)}")
        mean_NC = adjacency_NN @ (
            x_NF @ self.neighbours.weight.T
        )  # the mean of products is the product of the mean, and narrower
        return x_NF @ self.own.weight.T + mean_NC + self.own.bias


class GraphSAGE(nn.Module):
    """Layers of SAGE, each with ReLU and its rows scaled to length 1, and a linear classifier; dropout in front of each map.

    Args:
        in_features: F.
        num_classes: K.
        hidden: C of every layer.
        num_layers: 2 in the paper.
        dropout: rate.
        normalize: scale the rows of every layer to length 1 (algorithm 1, line 7).
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        hidden: int = 64,
        num_layers: int = 2,
        dropout: float = 0.0,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(SAGELayer(*sizes) for sizes in pairwise([in_features, *[hidden] * num_layers]))
        self.classify = nn.Linear(hidden, num_classes)
        self.dropout, self.normalize = dropout, normalize

    def forward(self, x_NF: Tensor | Sparse, adjacency_NN: Tensor | Sparse, nodes_B: Tensor | None = None) -> Tensor:
        """Return the logits, shape (N, K), or (B, K) for `nodes_B`."""
        z_NC = self.embed(x_NF, adjacency_NN)
        logits_NK: Tensor = self.classify(dropout(z_NC, self.dropout, self.training))
        return logits_NK if nodes_B is None else logits_NK[nodes_B]

    def embed(self, x_NF: Tensor | Sparse, adjacency_NN: Tensor | Sparse) -> Tensor:
        """Return the last layer's rows, shape (N, hidden)."""
        h: Tensor | Sparse = x_NF
        for layer in self.layers:
            h = layer(dropout(h, self.dropout, self.training), adjacency_NN).relu()
            h = F.normalize(h, dim=-1) if self.normalize else h
        return h
