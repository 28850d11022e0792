"""The product of two matrices at chosen places alone (sampled dense-dense matrix multiplication, SDDMM).

    s_e = x_{row_e} · y_{col_e},   ∂L/∂x = G y,  ∂L/∂y = Gᵀ x,   G the sparse matrix with ∂L/∂s_e at the places

Gathering the rows of x and y, which reads like the equation, writes E × C numbers down for each of them, and again for their
gradients; here none are.

Symbols: M rows of x, N rows of y, E places, C channels.
"""

from typing import Any

import torch
from torch import Tensor

from practicum.models.layers.sparse import Sparse
from practicum.precision import as_written


def sampled_product(places: Sparse, x_MC: Tensor, y_NC: Tensor) -> Tensor:
    """Return the products of x's and y's rows at the places of a sparse matrix of shape (M, N), whose values don't matter.

    Returns:
        Shape (E,), differentiable in x and y; in single precision at least.

    Raises:
        ValueError: the shapes don't fit.
    """
    if (len(x_MC), len(y_NC)) != places.shape or x_MC.shape[1:] != y_NC.shape[1:]:
        raise ValueError(
            f"expected {places.shape[0]} and {places.shape[1]} rows of one width, got {tuple(x_MC.shape)} and {tuple(y_NC.shape)}"
        )
    wide = torch.promote_types(torch.promote_types(x_MC.dtype, y_NC.dtype), torch.float32)
    products: Tensor = _Sampled.apply(places, x_MC.to(wide), y_NC.to(wide))
    return products


class _Sampled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, places: Sparse, x_MC: Tensor, y_NC: Tensor) -> Tensor:
        ctx.places = places.with_values(places.values_E.to(x_MC.dtype))
        ctx.save_for_backward(x_MC, y_NC)
        if x_MC.device.type != "cpu" or len(places.rows_E) > places.shape[0] * places.shape[1]:  # CSR takes no more entries
            return (x_MC[places.rows_E] * y_NC[places.cols_E]).sum(1)
        with as_written(x_MC):
            return torch.sparse.sampled_addmm(ctx.places.csr(), x_MC, y_NC.T, beta=0).values()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor, Tensor]:
        x_MC, y_NC = ctx.saved_tensors
        at_places = ctx.places.with_values(grads[0])
        return None, at_places @ y_NC, at_places.T @ x_MC


def different(number_P: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the different numbers of a list of them in [0, size), the place of each number among these, and their counts."""
    times = torch.bincount(number_P, minlength=size)
    comes = times > 0
    return comes.nonzero()[:, 0], (comes.cumsum(0) - 1)[number_P], times[comes]
