"""Graph convolutional network (Kipf & Welling 2017, eq. 2, 8 and 9).

    H' = Â H W + b,   Â = D̃^-1/2 (A + I) D̃^-1/2,   D̃_ii = Σ_j (A + I)_ij
    logits = Â ReLU(Â X W⁽¹⁾ + b⁽¹⁾) W⁽²⁾ + b⁽²⁾

Symbols: N nodes, E edges, F input features, C output features. `x_NF` has shape (N, F).
Departs from the paper: Â is normalised once by `normalise`, not in every layer; layers have a bias, as in the authors'
code; a node's own loop counts once even where the data have it too.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from practicum.models.layers.sparse import Sparse, dropout


def normalise(edges_2E: Tensor, num_nodes: int) -> Sparse:
    """Return Â, shape (N, N), of a list of edges.

    Args:
        edges_2E: integers, (source, target) in the columns; an undirected edge stands in both directions.
            Repeated edges count as often as they stand there.
        num_nodes: N.

    Raises:
        ValueError: `edges_2E` has not two rows, or names a node outside [0, N).

    Source: Kipf & Welling 2017, eq. 2; D̃ sums over incoming edges, which for undirected graphs is all of them.
    """
    sources_E, targets_E = loops_once(edges_2E, num_nodes)
    degree_N = torch.bincount(targets_E, minlength=num_nodes).to(torch.get_default_dtype())
    values_E = degree_N[targets_E].rsqrt() * degree_N[sources_E].rsqrt()
    return Sparse.of(targets_E, sources_E, values_E, (num_nodes, num_nodes))


def loops_once(edges_2E: Tensor, num_nodes: int) -> Tensor:
    """Return the edges with exactly one loop at every node, shape (2, E')."""
    if edges_2E.ndim != 2 or edges_2E.shape[0] != 2:
        raise ValueError(f"expected edges of shape (2, E), got {tuple(edges_2E.shape)}")
    if edges_2E.numel() and not 0 <= int(edges_2E.min()) <= int(edges_2E.max()) < num_nodes:
        raise ValueError(f"expected nodes in [0, {num_nodes}), got [{int(edges_2E.min())}, {int(edges_2E.max())}]")
    return torch.cat([edges_2E[:, edges_2E[0] != edges_2E[1]], torch.arange(num_nodes, device=edges_2E.device).expand(2, -1)], 1)


class GCNLayer(nn.Module):
    """H' = Â H W + b.

    Args:
        in_features: F.
        out_features: C.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.weight_FC = nn.Parameter(nn.init.xavier_uniform_(torch.empty(in_features, out_features)))  # Glorot & Bengio 2010
        self.bias_C = nn.Parameter(torch.zeros(out_features))

    def forward(self, x_NF: Tensor | Sparse, adjacency_NN: Tensor | Sparse) -> Tensor:
        """Return the new features.

        Args:
            x_NF: features, dense or sparse.
            adjacency_NN: Â, dense or sparse.

        Shapes:
            x_NF: (N, F). adjacency_NN: (N, N). Returns (N, C).
        """
        if x_NF.shape[-1] != self.weight_FC.shape[0]:
            raise ValueError(f"expected features of shape (N, {self.weight_FC.shape[0]}), got {tuple(x_NF.shape)}")
        return adjacency_NN @ (x_NF @ self.weight_FC) + self.bias_C  # W first: it makes the features narrow


class GCN(nn.Module):
    """Layers of H' = ReLU(Â H W + b), the last one without ReLU; dropout in front of each.

    Args:
        in_features: F.
        num_classes: K.
        hidden: features in between.
        num_layers: 2 in the paper.
        dropout: rate, of the input features too.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])  # 0 - 1 - 2, both directions
        >>> GCN(in_features=4, num_classes=2)(torch.ones(3, 4), normalise(path, 3)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self, in_features: int, num_classes: int, *, hidden: int = 16, num_layers: int = 2, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            GCNLayer(*sizes) for sizes in pairwise([in_features, *[hidden] * (num_layers - 1), num_classes])
        )
        self.dropout = dropout

    def forward(self, x_NF: Tensor | Sparse, adjacency_NN: Tensor | Sparse, nodes_B: Tensor | None = None) -> Tensor:
        """Return the logits.

        Args:
            x_NF: features, dense or sparse.
            adjacency_NN: Â, dense or sparse, from `normalise`.
            nodes_B: the nodes asked for; all by default.

        Shapes:
            x_NF: (N, F). adjacency_NN: (N, N). nodes_B: (B,). Returns (N, K), or (B, K) for `nodes_B`.
        """
        h_NC = self.embed(x_NF, adjacency_NN)
        logits_NK: Tensor = self.layers[-1](dropout(h_NC, self.dropout, self.training), adjacency_NN)
        return logits_NK if nodes_B is None else logits_NK[nodes_B]

    def embed(self, x_NF: Tensor | Sparse, adjacency_NN: Tensor | Sparse) -> Tensor:
        """Return the last hidden layer, shape (N, hidden)."""
        h: Tensor | Sparse = x_NF
        for layer in self.layers[:-1]:
            h = layer(dropout(h, self.dropout, self.training), adjacency_NN).relu()
        return h
