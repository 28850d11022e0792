"""A tensor: an array that remembers how it was computed, so that results can be differentiated (see `graph`).

Names and arguments are PyTorch's. Departs from PyTorch: the values are a NumPy array, `data`, and dtypes are NumPy's; a change
made through a view (`y = x[0]; y += 1`) escapes the check for values changed in place; a gradient goes to `grad` of leaves
alone, use `grad` for others.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from practicum.autograd.recording import mode

Array = NDArray[Any]
Scalar = int | float | bool | np.number[Any]
Operand: TypeAlias = "Tensor | Array | Scalar"
Rule: TypeAlias = "Callable[[Tensor, Tensor], Tensor]"  # (gradient of the result, the result) -> gradient of the input
Edge: TypeAlias = "tuple[Tensor, Rule, int]"  # the last is the input's version when it was used
Operation: TypeAlias = "Callable[..., Tensor]"

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
            raise TypeError(f"expected floating-point values, which alone can require gradients, got {self.dtype}")
        if not self.is_leaf:
            raise RuntimeError("requires_grad can only be set on leaves; use detach() to leave the graph")
        self.requires_grad = requires_grad
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's dtype of the values."""
        return self.data.dtype

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was made by the user, or from tensors that need no gradient."""
        return self._edges == ()

    @property
    def T(self) -> Tensor:
        """The same values with all axes in reverse order."""
        return self.permute(*reversed(range(self.ndim)))

    @property
    def mT(self) -> Tensor:
        """The same values with the last two axes swapped: each matrix transposed."""
        return self.transpose(-1, -2)

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the length of one axis."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """Return the number of axes."""
        return self.ndim

    def numel(self) -> int:
        """Return how many numbers the tensor holds."""
        return self.data.size

    def item(self) -> Any:
        """Return the only value as a Python number."""
        return self.data.item()

    def tolist(self) -> Any:
        """Return the values as nested lists."""
        return self.data.tolist()

    def detach(self) -> Tensor:
        """Return the same values, outside the graph."""
        return record(self.data)

    def numpy(self) -> Array:
        """Return the values; a tensor of a graph must leave it first: `t.detach().numpy()`."""
        if self.requires_grad:
            raise RuntimeError("numpy() of a tensor that requires grad would lose its gradient; use detach().numpy()")
        return self.data

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

    # The operations are built on tensors, so they come later: `operators` gives the class all that is declared from here on.
    backward: Callable[..., None]
    __setitem__: Callable[..., None]
    __getitem__: Operation
    __add__: Operation
    __radd__: Operation
    __iadd__: Operation
    __sub__: Operation
    __rsub__: Operation
    __isub__: Operation
    __mul__: Operation
    __rmul__: Operation
    __imul__: Operation
    __truediv__: Operation
    __rtruediv__: Operation
    __itruediv__: Operation
    __pow__: Operation
    __rpow__: Operation
    __matmul__: Operation
    __rmatmul__: Operation
    __neg__: Operation
    __abs__: Operation
    __eq__: Operation  # type: ignore[assignment]
    __ne__: Operation  # type: ignore[assignment]
    __lt__: Operation
    __le__: Operation
    __gt__: Operation
    __ge__: Operation
    add: Operation
    sub: Operation
    mul: Operation
    div: Operation
    pow: Operation
    matmul: Operation
    neg: Operation
    abs: Operation
    exp: Operation
    log: Operation
    sqrt: Operation
    sin: Operation
    cos: Operation
    tanh: Operation
    sigmoid: Operation
    relu: Operation
    erf: Operation
    clamp: Operation
    where: Operation
    masked_fill: Operation
    to: Operation
    clone: Operation
    float: Operation
    double: Operation
    long: Operation
    sum: Operation
    mean: Operation
    var: Operation
    std: Operation
    max: Callable[..., Any]
    min: Callable[..., Any]
    amax: Operation
    amin: Operation
    argmax: Operation
    argmin: Operation
    logsumexp: Operation
    softmax: Operation
    log_softmax: Operation
    expand: Operation
    reshape: Operation
    view: Operation
    flatten: Operation
    squeeze: Operation
    unsqueeze: Operation
    contiguous: Operation
    transpose: Operation
    permute: Operation
    gather: Operation
    chunk: Callable[..., tuple[Tensor, ...]]
    split: Callable[..., tuple[Tensor, ...]]


def record(data: Any, *edges: tuple[Tensor, Rule]) -> Tensor:
    """Return the result of an operation.

    Args:
        data: its values.
        edges: each input with the rule for its gradient. Only inputs that require one are kept; none while recording is off.
    """
    out = Tensor.__new__(Tensor)  # past __init__, which converts: this runs once per operation
    out.data = data if type(data) is np.ndarray else np.asarray(data)
    out.grad = None
    out._version = 0
    out._order = next(_clock)
    out._edges = tuple([(x, rule, x._version) for x, rule in edges if x.requires_grad]) if mode.recording else ()
    out.requires_grad = bool(out._edges)
    return out
