"""The operations as a tensor's operators and methods, under PyTorch's names."""

from practicum.autograd.graph import backward
from practicum.autograd.ops import elementwise, inplace, layout, matrix, reduction
from practicum.autograd.tensor import Tensor

OPERATIONS = {
    backward: "backward",
    inplace.assign: "__setitem__",
    layout.index: "__getitem__",
    elementwise.add: "__add__ __radd__ add",
    elementwise.sub: "__sub__ sub",
    elementwise.rsub: "__rsub__",
    elementwise.mul: "__mul__ __rmul__ mul",
    elementwise.div: "__truediv__ div",
    elementwise.rdiv: "__rtruediv__",
    elementwise.pow: "__pow__ pow",
    elementwise.rpow: "__rpow__",
    elementwise.neg: "__neg__ neg",
    elementwise.abs: "__abs__ abs",
    inplace.iadd: "__iadd__",
    inplace.isub: "__isub__",
    inplace.imul: "__imul__",
    inplace.itruediv: "__itruediv__",
    matrix.matmul: "__matmul__ matmul",
    matrix.rmatmul: "__rmatmul__",
    elementwise.eq: "__eq__",
    elementwise.ne: "__ne__",
    elementwise.lt: "__lt__",
    elementwise.le: "__le__",
    elementwise.gt: "__gt__",
    elementwise.ge: "__ge__",
    elementwise.where_method: "where",
    elementwise.to_float32: "float",
    elementwise.to_float64: "double",
    elementwise.to_int64: "long",
    layout.reshape: "reshape view",
}
SAME_NAME = {
    elementwise: "exp log sqrt sin cos tanh sigmoid relu erf clamp masked_fill to clone",
    reduction: "sum mean var std max min amax amin argmax argmin logsumexp softmax log_softmax expand",
    layout: "flatten squeeze unsqueeze contiguous transpose permute gather chunk split",
}


def give_operators(kind: type[Tensor]) -> None:
    """Set every operation on the class, under all its names."""
    for operation, names in OPERATIONS.items():
        for name in names.split():
            setattr(kind, name, operation)
    for module, names in SAME_NAME.items():
        for name in names.split():
            setattr(kind, name, getattr(module, name))
