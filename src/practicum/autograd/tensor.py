"""A tensor: an array that remembers how it was computed, so that results can be differentiated (see `graph`).

Names and arguments are PyTorch's. Departs from PyTorch: the values are a NumPy array, `data`, and dtypes are NumPy's; a change
made through a view (`y = x[0]; y += 1`) escapes the check for values changed in place; a gradient goes to `grad` of leaves
alone, use `grad` for others.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

import practicum.autograd.graph as graph
from practicum.autograd.ops import elementwise, layout, matrix, reduction  # these need Tensor only when called

if TYPE_CHECKING:
    from practicum.autograd.graph import Edge, Rule

Array = NDArray[Any]
Scalar = int | float | bool | np.number[Any]
Operand: TypeAlias = "Tensor | Array | Scalar"

_clock = itertools.count()


class Tensor:
    """An array with a gradient.

    Args:
        data: an array, or numbers nested in lists. Python floats become float32, as in PyTorch; arrays keep their dtype and
            are not copied.
        requires_grad: whether `backward` shall leave a gradient in `grad`.
        dtype: the dtype to convert to.

    Attributes:
        data: the values, an `ndarray`. Changing them goes unnoticed by the graph; optimisers do it.
        grad: what `backward` added up so far, or None.
        requires_grad: whether this tensor is part of a graph.

    Raises:
        TypeError: if a gradient is wanted for numbers that are not floating-point.
    """

    __slots__ = ("__weakref__", "_edges", "_order", "_version", "data", "grad", "requires_grad")
    __array_ufunc__ = None  # `array + tensor` is ours to compute
    __hash__ = object.__hash__  # by identity, although == compares values

    def __init__(self, data: Any, requires_grad: bool = False, dtype: DTypeLike | None = None) -> None:
        source = data.data if isinstance(data, Tensor) else data
        array = np.asarray(source, dtype)
        if dtype is None and array.dtype == np.float64 and not isinstance(source, np.ndarray | np.generic):
            array = array.astype(np.float32)
        self.data: Array = array
        self.grad: Tensor | None = None
        self._edges: tuple[Edge, ...] | None = ()  # None once `backward` has used them up
        self._version = 0  # how often `data` was changed in place
        self._order = next(_clock)
        self.requires_grad = False
        if requires_grad:
            self.requires_grad_()

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make this leaf part of the graph, or take it out, and return it."""
        if requires_grad and self.data.dtype.kind != "f":
            raise TypeError(f"only floating-point tensors can require gradients; this one is {self.dtype}")
        if not self.is_leaf:
            raise RuntimeError("requires_grad can only be set on leaves; use detach() to leave the graph")
        self.requires_grad = requires_grad
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was made by the user, or from tensors that need no gradient."""
        return self._edges == ()

    @property
    def T(self) -> Tensor:
        return self.permute(*reversed(range(self.ndim)))

    @property
    def mT(self) -> Tensor:
        return self.transpose(-1, -2)

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        return self.ndim

    def numel(self) -> int:
        return self.data.size

    def item(self) -> Any:
        return self.data.item()

    def tolist(self) -> Any:
        return self.data.tolist()

    def detach(self) -> Tensor:
        """Return the same values, outside the graph."""
        return record(self.data)

    def numpy(self) -> Array:
        """Return the values; a tensor of a graph must leave it first: `t.detach().numpy()`."""
        if self.requires_grad:
            raise RuntimeError("numpy() of a tensor that requires grad would lose its gradient; use detach().numpy()")
        return self.data

    def backward(self, gradient: Tensor | None = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        """Add ∂self/∂leaf to `leaf.grad` for every leaf that this tensor was computed from.

        Args:
            gradient: ∂loss/∂self, of this tensor's shape; may be left out for a single number.
            retain_graph: keep the graph for another backward pass; by default only if `create_graph`.
            create_graph: record the backward pass itself, so that the gradients can be differentiated.

        Raises:
            RuntimeError: for a non-scalar without `gradient`, a tensor outside any graph, a graph already used up, or values
                changed in place.
            ValueError: if `gradient` has another shape.
        """
        graph.backward(self, gradient, retain_graph, create_graph)

    def __repr__(self) -> str:
        values = np.array2string(self.data, separator=", ", precision=4, threshold=100, prefix="tensor(")
        return f"tensor({values}, dtype={self.dtype}{', requires_grad=True' if self.requires_grad else ''})"

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> Any:
        return float(self.data)

    def __int__(self) -> Any:
        return int(self.data)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return self.data.astype(dtype) if dtype is not None and dtype != self.dtype else self.data.copy() if copy else self.data

    def _changed(self, how: Callable[[Array, Array], Any], other: Operand) -> bool:
        """Change `data` in place where no gradient is at stake; return whether it did."""
        value = other if isinstance(other, Tensor) else Tensor(other, dtype=self.dtype)
        if graph.mode.recording and (self.requires_grad or value.requires_grad):
            if self.requires_grad and self.is_leaf:
                raise RuntimeError(
                    "a leaf that requires grad cannot be changed in place while operations are recorded; use no_grad()"
                )
            return False
        how(self.data, value.data)
        self._version += 1
        return True

    # `loss += penalty` on a recorded value makes a new tensor: nothing that a rule may need is overwritten.
    def __iadd__(self, other: Operand) -> Tensor:  # type: ignore[misc]
        return self if self._changed(lambda a, b: np.add(a, b, out=a), other) else self + other

    def __isub__(self, other: Operand) -> Tensor:  # type: ignore[misc]
        return self if self._changed(lambda a, b: np.subtract(a, b, out=a), other) else self - other

    def __imul__(self, other: Operand) -> Tensor:  # type: ignore[misc]
        return self if self._changed(lambda a, b: np.multiply(a, b, out=a), other) else self * other

    def __itruediv__(self, other: Operand) -> Tensor:  # type: ignore[misc]
        return self if self._changed(lambda a, b: np.divide(a, b, out=a), other) else self / other

    def __setitem__(self, key: Any, value: Operand) -> None:
        if not self._changed(lambda a, b: a.__setitem__(layout.plain_key(key), b), value):
            raise RuntimeError("an element of a recorded tensor cannot be assigned to; build the result with where, cat or stack")

    # What a tensor can do stands in ops/, one idea per file.
    __add__ = elementwise.add
    __radd__ = elementwise.add
    add = elementwise.add
    __sub__ = elementwise.sub
    sub = elementwise.sub
    __rsub__ = elementwise.rsub
    __mul__ = elementwise.mul
    __rmul__ = elementwise.mul
    mul = elementwise.mul
    __truediv__ = elementwise.div
    div = elementwise.div
    __rtruediv__ = elementwise.rdiv
    __pow__ = elementwise.pow
    pow = elementwise.pow
    __rpow__ = elementwise.rpow
    __neg__ = elementwise.neg
    neg = elementwise.neg
    __abs__ = elementwise.abs
    abs = elementwise.abs
    __matmul__ = matrix.matmul
    matmul = matrix.matmul
    __rmatmul__ = matrix.rmatmul
    __eq__ = elementwise.eq  # type: ignore[assignment]
    __ne__ = elementwise.ne  # type: ignore[assignment]
    __lt__ = elementwise.lt
    __le__ = elementwise.le
    __gt__ = elementwise.gt
    __ge__ = elementwise.ge
    __getitem__ = layout.index
    exp, log, sqrt, sin, cos = elementwise.exp, elementwise.log, elementwise.sqrt, elementwise.sin, elementwise.cos
    tanh, sigmoid, relu, erf = elementwise.tanh, elementwise.sigmoid, elementwise.relu, elementwise.erf
    clamp, where, masked_fill = elementwise.clamp, elementwise.where_method, elementwise.masked_fill
    to, clone = elementwise.to, elementwise.clone
    float, double, long = elementwise.to_float32, elementwise.to_float64, elementwise.to_int64
    sum, mean, var, std = reduction.sum, reduction.mean, reduction.var, reduction.std
    max, min, amax, amin = reduction.max, reduction.min, reduction.amax, reduction.amin
    argmax, argmin = reduction.argmax, reduction.argmin
    logsumexp, softmax, log_softmax = reduction.logsumexp, reduction.softmax, reduction.log_softmax
    expand = reduction.expand
    reshape, view = layout.reshape, layout.reshape
    flatten, squeeze, unsqueeze, contiguous = layout.flatten, layout.squeeze, layout.unsqueeze, layout.contiguous
    transpose, permute, gather = layout.transpose, layout.permute, layout.gather
    chunk, split = layout.chunk, layout.split


def record(data: Any, *edges: tuple[Tensor, Rule]) -> Tensor:
    """Return the result of an operation.

    Args:
        data: its values.
        edges: each input with the rule for its gradient. Only inputs that require one are kept; none while recording is off.
    """
    out = Tensor.__new__(Tensor)
    out.data = data if type(data) is np.ndarray else np.asarray(data)
    out.grad = None
    out._version = 0
    out._order = next(_clock)
    out._edges = tuple([(x, rule, x._version) for x, rule in edges if x.requires_grad]) if graph.mode.recording else ()
    out.requires_grad = bool(out._edges)
    return out
