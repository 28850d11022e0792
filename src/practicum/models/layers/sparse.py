"""Sparse matrices as constants of a model: adjacency matrices and bag-of-words features.

    y = A x,   y_i = Σ_{e: row_e = i} a_e x_{col_e},   ∂L/∂x = Aᵀ ∂L/∂y

A model that writes `adjacency @ x` takes a dense tensor as well as a `Sparse`. Both products, A x and Aᵀ g, run over compressed
rows (CSR): Aᵀ is laid out once and kept, where PyTorch's own CSR product lays it out again in every backward pass.

Symbols: M rows, N columns, E entries, C channels.
"""

import warnings
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from practicum.precision import as_written


@dataclass(frozen=True, eq=False)
class Sparse:
    """A sparse matrix whose values carry no gradient. Entries at the same place add up.

    Attributes:
        rows_E: row of each entry, in rising order.
        cols_E: column of each entry.
        values_E: floating-point.
        shape: (M, N).
    """

    rows_E: Tensor
    cols_E: Tensor
    values_E: Tensor
    shape: tuple[int, int]
    _kept: dict[str, Any] = field(
        default_factory=dict, repr=False
    )  # layouts: they depend on the places alone, so that other values share them

    @classmethod
    def of(cls, rows_E: Tensor, cols_E: Tensor, values_E: Tensor, shape: tuple[int, int]) -> "Sparse":
        """Make a matrix from entries in any order.

        Raises:
            ValueError: the three differ in length, or an entry lies outside `shape`.
        """
        if not (rows_E.shape == cols_E.shape == values_E.shape and rows_E.ndim == 1):
            raise ValueError(
                f"expected rows, columns and values of one length; got {[tuple(t.shape) for t in (rows_E, cols_E, values_E)]}"
            )
        for name, index, size in (("row", rows_E, shape[0]), ("column", cols_E, shape[1])):
            if len(index) and not 0 <= int(index.min()) <= int(index.max()) < size:
                raise ValueError(f"expected every {name} in [0, {size}), got [{int(index.min())}, {int(index.max())}]")
        order = rows_E.argsort(stable=True)
        return cls(rows_E[order], cols_E[order], values_E[order], shape)

    @classmethod
    def from_dense(cls, x_MN: Tensor) -> "Sparse":
        """Return the sparse form of a dense matrix; zeros are left out."""
        rows, cols = x_MN.nonzero(as_tuple=True)
        return cls(rows, cols, x_MN[rows, cols], (x_MN.shape[0], x_MN.shape[1]))

    def dense(self) -> Tensor:
        """Return the matrix as a tensor of shape (M, N)."""
        return self.values_E.new_zeros(self.shape).index_put((self.rows_E, self.cols_E), self.values_E, accumulate=True)

    def scatter(self, x_NC: Tensor) -> Tensor:
        """Return A x over the list of entries, as the equation reads: gather, weigh, add up. The plain twin of `@`."""
        return x_NC.new_zeros(self.shape[0], *x_NC.shape[1:]).index_add(
            0, self.rows_E, self.values_E[:, None] * x_NC[self.cols_E]
        )

    def __matmul__(self, x_NC: Tensor) -> Tensor:
        """Return A x, shape (M, C), differentiable in x any number of times."""
        if x_NC.ndim != 2 or x_NC.shape[0] != self.shape[1]:
            raise ValueError(
                f"expected a matrix of {self.shape[1]} rows to the right of one of shape {self.shape}, got {tuple(x_NC.shape)}"
            )
        product: Tensor = _Product.apply(self, x_NC)
        return product

    @property
    def T(self) -> "Sparse":
        """The transpose; laid out once."""
        if "order" not in self._kept:
            self._kept["order"] = order = argsort(self.cols_E, self.shape[1])
            inverse = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))
            self._kept["T"] = (
                self.cols_E[order],
                self.rows_E[order],
                {"order": inverse, "T": (self.rows_E, self.cols_E, self._kept)},
            )
        rows, cols, kept = self._kept["T"]
        return Sparse(rows, cols, self.values_E.index_select(0, self._kept["order"]), (self.shape[1], self.shape[0]), kept)

    @property
    def incidence(self) -> "Sparse":
        """The matrix of shape (M, E) that adds up, for each row, what is given per entry."""
        if "incidence" not in self._kept:
            self._kept["incidence"] = {}
        entries = torch.arange(len(self.rows_E), device=self.rows_E.device)
        return Sparse(
            self.rows_E, entries, torch.ones_like(self.values_E), (self.shape[0], len(entries)), self._kept["incidence"]
        )

    def with_values(self, values_E: Tensor) -> "Sparse":
        """Return a matrix with the same places and other values; the layouts are shared."""
        return Sparse(self.rows_E, self.cols_E, values_E, self.shape, self._kept)

    def to(self, *args: Any, **kwargs: Any) -> "Sparse":
        """Return the matrix on another device, or with values of another type; the arguments are `torch.Tensor.to`'s."""
        values = self.values_E.to(*args, **kwargs)
        if values.device == self.values_E.device:
            return self.with_values(values)
        return Sparse(self.rows_E.to(values.device), self.cols_E.to(values.device), values, self.shape)

    def csr(self) -> Tensor:
        """Return the matrix as a PyTorch CSR tensor with 32-bit indices, which is what the CPU's library wants."""
        if "csr" not in self._kept:
            counts = torch.bincount(self.rows_E, minlength=self.shape[0])
            self._kept["csr"] = (F.pad(counts.cumsum(0), (1, 0)).int(), self.cols_E.int())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # PyTorch calls CSR a beta, once per process
                return self.csr()
        return torch.sparse_csr_tensor(*self._kept["csr"], self.values_E, self.shape, check_invariants=False)


class _Product(torch.autograd.Function):
    """A x with the gradient Aᵀ g. Half-precision products are summed in float32."""

    @staticmethod
    def forward(ctx: Any, matrix: Sparse, x_NC: Tensor) -> Tensor:
        ctx.matrix = matrix
        wide = torch.promote_types(torch.promote_types(matrix.values_E.dtype, x_NC.dtype), torch.float32)
        with as_written(x_NC):
            return (matrix.to(wide).csr() @ x_NC.to(wide)).to(x_NC.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:
        return None, ctx.matrix.T @ grads[0]


def argsort(numbers: Tensor, size: int) -> Tensor:
    """Return the order that sorts integers in [0, size), equal ones as they stand.

    NumPy sorts integers of 16 bits by their digits, several times faster than comparison does.
    """
    if numbers.device.type == "cpu" and size <= 2**15:
        return torch.from_numpy(numbers.numpy().astype("int16").argsort(kind="stable"))
    return numbers.argsort(stable=True)


def dropout(x: Any, p: float, training: bool) -> Any:
    """Dropout (Srivastava et al. 2014) of a tensor, or of a sparse matrix's entries: zeros need no coin.

    On the CPU a coin is 16 random bits, four out of one 64-bit draw: several times faster than `F.dropout`, which draws
    for each element. p is rounded to a multiple of 2⁻¹⁶, and what stays is divided by exactly the rate that stays.

    Args:
        x: a tensor or a `Sparse`.
        p: the rate to drop, in [0, 1].
        training: without it, x comes back as it is.

    Raises:
        ValueError: p is not in [0, 1].
    """
    if not 0 <= p <= 1:
        raise ValueError(f"expected a dropout rate in [0, 1], got {p}")
    if not training or p == 0:
        return x
    if isinstance(x, Sparse):
        return x.with_values(dropout(x.values_E, p, training))
    dropped = round(p * 2**16)
    if x.device.type != "cpu" or dropped == 2**16:
        return F.dropout(x, p)
    draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    coins = draws.view(torch.int16)[: x.numel()].view(x.shape)
    return x * (coins >= dropped - 2**15) * (2**16 / (2**16 - dropped))
