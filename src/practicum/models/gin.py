"""Graph isomorphism network (Xu et al. 2019, eq. 4.1 and 4.2).

    h'_v = MLP((1 + ε) h_v + Σ_{u → v} h_u)
    logits = Σ_k Linear_k(Σ_v h_v⁽ᵏ⁾),   k = 0 … layers

Sums, and not means or maxima, keep the multiset of the neighbours' features apart: the network tells apart whatever the
Weisfeiler–Lehman test does (theorem 3).

Symbols: G graphs in a batch, N nodes in all of them, F input features, C hidden features, K classes.
Given means (D⁻¹ A, and 1/n for members) in place of sums, it is the weaker network of section 5.
Dropout "after the dense layer" (section 7) is on what each Linear_k gives, as in the authors' code. In front of Linear_k it does
as well: 94.7 ± 0.6 against 94.9 ± 0.6 % of 400 validation graphs of `gin-attachment` at a rate of 0.5 (5 seeds).
"""

import torch
from torch import Tensor, nn

from practicum.models.layers.sparse import Sparse


def adjacency(edges_2E: Tensor, num_nodes: int) -> Sparse:
    """Return A, shape (N, N): its product with the features is each node's sum over its incoming edges."""
    sources_E, targets_E = edges_2E
    return Sparse.of(targets_E, sources_E, torch.ones(edges_2E.shape[1], device=edges_2E.device), (num_nodes, num_nodes))


class GINLayer(nn.Module):
    """h' = MLP((1 + ε) h + A h) with a learnt ε.

    Args:
        mlp: maps features of a row.
        learn_eps: False keeps ε = 0 (GIN-0).
    """

    def __init__(self, mlp: nn.Module, *, learn_eps: bool = True) -> None:
        super().__init__()
        self.mlp = mlp
        self.eps = nn.Parameter(torch.zeros(()), requires_grad=learn_eps)

    def forward(self, x_NF: Tensor, adjacency_NN: Tensor | Sparse) -> Tensor:
        """Return the new features, shape (N, C), for features of shape (N, F) and A, dense or sparse."""
        h_NC: Tensor = self.mlp((1 + self.eps) * x_NF + adjacency_NN @ x_NF)
        return h_NC


def unit(in_features: int, out_features: int) -> list[nn.Module]:
    """Return a linear map, batch normalisation and ReLU."""
    return [nn.Linear(in_features, out_features), nn.BatchNorm1d(out_features), nn.ReLU()]


class GIN(nn.Module):
    """Classifies graphs: every layer's features, summed over each graph, vote through a linear map of their own (eq. 4.2).

    Args:
        in_features: F.
        num_classes: K.
        hidden: C.
        num_layers: message-passing rounds.
        dropout: rate of the votes: an element of what a layer's map gives is dropped, as in the authors' code.
    """

    def __init__(
        self, in_features: int, num_classes: int, *, hidden: int = 32, num_layers: int = 4, dropout: float = 0.0
    ) -> None:
        super().__init__()
        widths = [in_features, *[hidden] * num_layers]
        self.layers = nn.ModuleList(GINLayer(nn.Sequential(*unit(i, hidden), *unit(hidden, hidden))) for i in widths[:-1])
        self.votes = nn.ModuleList(nn.Linear(width, num_classes) for width in widths)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_NF: Tensor, adjacency_NN: Tensor | Sparse, members_GN: Tensor | Sparse) -> Tensor:
        """Return the logits.

        Args:
            x_NF: features of all nodes.
            adjacency_NN: block-diagonal; A for sums, D⁻¹ A for means.
            members_GN: which nodes belong to which graph; ones for sums, 1/n for means.

        Shapes:
            x_NF: (N, F). adjacency_NN: (N, N). members_GN: (G, N). Returns (G, K).
        """
        h_NC = x_NF
        logits_GK: Tensor = self.dropout(self.votes[0](members_GN @ h_NC))
        for layer, vote in zip(self.layers, self.votes[1:], strict=True):
            h_NC = layer(h_NC, adjacency_NN)
            logits_GK = logits_GK + self.dropout(vote(members_GN @ h_NC))
        return logits_GK
