"""Graph attention network (Veličković et al. 2018, eq. 1 to 6).

    e_ij = LeakyReLU(a_targetᵀ W h_i + a_sourceᵀ W h_j),   α_ij = exp e_ij / Σ_{k ∈ N(i)} exp e_ik
    h'_i = Σ_{j ∈ N(i)} α_ij W h_j + b      per head; heads are concatenated, or averaged in the last layer

Symbols: N nodes, E edges, F input features, H heads, C features per head, K classes.
Departs from the paper: an edge that stands there twice counts twice in the softmax. Dropout is that of the authors' code
(github.com/PetarV-/GAT): each head drops inputs of its own, and W h_j is dropped too, beside the attention of section 3.3.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.models.gcn import loops_once
from practicum.models.layers.sparse import Sparse, dropout


def neighbourhoods(edges_2E: Tensor, num_nodes: int) -> Sparse:
    """Return how often j is a neighbour of i, shape (N, N); every node is once its own neighbour.

    Args:
        edges_2E: integers, (source, target) in the columns.
        num_nodes: N.
    """
    sources_E, targets_E = loops_once(edges_2E, num_nodes)
    return Sparse.of(targets_E, sources_E, torch.ones(len(targets_E), device=targets_E.device), (num_nodes, num_nodes))


class GATLayer(nn.Module):
    """One layer of attention over neighbours.

    Args:
        in_features: F.
        out_features: C, per head.
        num_heads: H.
        concat: concatenate the heads (H · C features); False averages them (C features).
        dropout: rate of each head's inputs, of W h and of the attention weights.
        negative_slope: of LeakyReLU.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        num_heads: int = 1,
        concat: bool = True,
        dropout: float = 0.0,
        negative_slope: float = 0.2,
    ) -> None:
        super().__init__()
        self.num_heads, self.out_features, self.concat, self.dropout, self.negative_slope = (
            num_heads,
            out_features,
            concat,
            dropout,
            negative_slope,
        )
        self.weight_FC = nn.Parameter(nn.init.xavier_uniform_(torch.empty(in_features, num_heads * out_features)))
        self.source_HC = nn.Parameter(nn.init.xavier_uniform_(torch.empty(num_heads, out_features)))
        self.target_HC = nn.Parameter(nn.init.xavier_uniform_(torch.empty(num_heads, out_features)))
        self.bias_C = nn.Parameter(torch.zeros(num_heads * out_features if concat else out_features))

    def forward(self, x_NF: Tensor | Sparse, adjacency_NN: Tensor | Sparse) -> Tensor:
        """Return the new features.

        Args:
            x_NF: features, dense or sparse.
            adjacency_NN: how often j is a neighbour of i, dense or sparse, from `neighbourhoods`; no row may be empty.

        Shapes:
            x_NF: (N, F). adjacency_NN: (N, N). Returns (N, H · C), or (N, C) when heads are averaged.
        """
        z_NHC = self.project(x_NF)
        if isinstance(adjacency_NN, Sparse):
            alpha_EH = dropout(self.attend(z_NHC, adjacency_NN), self.dropout, self.training)
            z_NHC = dropout(z_NHC, self.dropout, self.training)
            messages_EHC = alpha_EH[..., None] * z_NHC.index_select(0, adjacency_NN.cols_E)
            h_NHC = (adjacency_NN.incidence @ messages_EHC.flatten(1)).view(z_NHC.shape)
        else:
            alpha_NNH = dropout(self.attend_dense(z_NHC, adjacency_NN), self.dropout, self.training)
            z_NHC = dropout(z_NHC, self.dropout, self.training)
            h_NHC = torch.einsum("ijh,jhc->ihc", alpha_NNH, z_NHC)
        return (h_NHC.flatten(1) if self.concat else h_NHC.mean(1)) + self.bias_C

    def project(self, x_NF: Tensor | Sparse) -> Tensor:
        """Return W h of all heads, shape (N, H, C); in training each head drops inputs of its own."""
        if x_NF.shape[-1] != self.weight_FC.shape[0]:
            raise ValueError(f"expected features of shape (N, {self.weight_FC.shape[0]}), got {tuple(x_NF.shape)}")
        if not self.training or self.dropout == 0:
            z_NC: Tensor = x_NF @ self.weight_FC
            return z_NC.view(-1, self.num_heads, self.out_features)
        heads = self.weight_FC.split(self.out_features, 1)
        return torch.stack([dropout(x_NF, self.dropout, self.training) @ weight_FC for weight_FC in heads], 1)

    def attend(self, z_NHC: Tensor, adjacency_NN: Sparse) -> Tensor:
        """Return α of each entry of the adjacency, shape (E, H)."""
        targets_E, sources_E = adjacency_NN.rows_E, adjacency_NN.cols_E
        score_NH, bonus_NH = (z_NHC * self.target_HC).sum(-1), (z_NHC * self.source_HC).sum(-1)
        score_EH = F.leaky_relu(score_NH.index_select(0, targets_E) + bonus_NH.index_select(0, sources_E), self.negative_slope)
        with torch.no_grad():  # the softmax does not change when each row's largest score is taken off, and exp cannot overflow
            places = targets_E[:, None].expand_as(score_EH)
            top_NH = score_EH.new_full(score_NH.shape, -torch.inf).scatter_reduce_(0, places, score_EH, "amax")
        weight_EH = adjacency_NN.values_E.to(score_EH)[:, None] * (score_EH - top_NH.index_select(0, targets_E)).exp()
        return weight_EH / (adjacency_NN.incidence @ weight_EH).index_select(0, targets_E)

    def attend_dense(self, z_NHC: Tensor, adjacency_NN: Tensor) -> Tensor:
        """Return α as the paper writes it, shape (N, N, H): a softmax over the neighbours j. The plain twin of `attend`."""
        score_NH, bonus_NH = (z_NHC * self.target_HC).sum(-1), (z_NHC * self.source_HC).sum(-1)
        score_NNH = F.leaky_relu(score_NH[:, None] + bonus_NH[None], self.negative_slope)
        return (score_NNH + adjacency_NN.log()[..., None]).softmax(1)


class GAT(nn.Module):
    """Two layers: heads concatenated and ELU, then one head per class score averaged (section 3.3, transductive).

    Args:
        in_features: F.
        num_classes: K.
        hidden: C of the first layer, per head.
        num_heads: of the first layer.
        last_heads: of the second.
        dropout: rate of both layers.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        hidden: int = 8,
        num_heads: int = 8,
        last_heads: int = 1,
        dropout: float = 0.6,
    ) -> None:
        super().__init__()
        self.first = GATLayer(in_features, hidden, num_heads=num_heads, dropout=dropout)
        self.last = GATLayer(hidden * num_heads, num_classes, num_heads=last_heads, concat=False, dropout=dropout)

    def forward(self, x_NF: Tensor | Sparse, adjacency_NN: Tensor | Sparse, nodes_B: Tensor | None = None) -> Tensor:
        """Return the logits.

        Args:
            x_NF: features, dense or sparse.
            adjacency_NN: from `neighbourhoods`, dense or sparse.
            nodes_B: the nodes asked for; all by default.

        Shapes:
            x_NF: (N, F). adjacency_NN: (N, N). nodes_B: (B,). Returns (N, K), or (B, K) for `nodes_B`.
        """
        logits_NK: Tensor = self.last(self.embed(x_NF, adjacency_NN), adjacency_NN)
        return logits_NK if nodes_B is None else logits_NK[nodes_B]

    def embed(self, x_NF: Tensor | Sparse, adjacency_NN: Tensor | Sparse) -> Tensor:
        """Return the hidden layer, shape (N, H · C)."""
        return F.elu(self.first(x_NF, adjacency_NN))
