"""Every operation beside PyTorch in float64: values, gradients, second derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from practicum import autograd
from practicum.autograd import Tensor
from tests.autograd.oracle import agree, close, numeric

few = settings(max_examples=12, deadline=None, derandomize=True)
SHAPES = [(), (1,), (5,), (3, 4), (0, 3), (2, 1, 3)]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


BINARY = {
    "add": lambda t, a, b: a + b,
    "sub": lambda t, a, b: a - b,
    "mul": lambda t, a, b: a * b,
    "div": lambda t, a, b: a / b,
    "maximum": lambda t, a, b: t.maximum(a, b),
    "minimum": lambda t, a, b: t.minimum(a, b),
    "where": lambda t, a, b: t.where(a * b > 0, a, b),
    "mixed": lambda t, a, b: (2 - a) * b / 3 - 1 / (b * b + 1) + 0.5**a,
}


@pytest.mark.parametrize("name", BINARY)
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4, min_side=0), seed=st.integers(0, 99))
@few
def test_binary_broadcast(name, shapes, seed):
    first, second = shapes.input_shapes
    agree(BINARY[name], normal(*first, seed=seed), normal(*second, seed=seed + 100), tolerance=1e-9 if name == "div" else 1e-10)


@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4), seed=st.integers(0, 99))
@few
def test_power(shapes, seed):
    first, second = shapes.input_shapes
    agree(lambda t, a, b: a**b, normal(*first, seed=seed), normal(*second, seed=seed + 100), positive=True)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, 0.5, -0.5, 2.5])
def test_power_of_a_number(exponent):
    agree(lambda t, a: a**exponent, normal(3, 4), positive=True)


def test_power_at_zero():
    base, exponent = np.array([0.0, 0.0, 0.0, 2.0, 0.0]), np.array([0.0, 1.0, 2.0, 0.0, 3.0])
    agree(lambda t, a, b: a**b, base, exponent, second=False)
    agree(lambda t, a: a**2, np.array([0.0, -1.5]))


UNARY = {
    "neg": lambda t, a: -a,
    "abs": lambda t, a: abs(a),
    "exp": lambda t, a: a.exp(),
    "sin": lambda t, a: t.sin(a),
    "cos": lambda t, a: t.cos(a),
    "tanh": lambda t, a: t.tanh(a),
    "sigmoid": lambda t, a: t.sigmoid(a),
    "relu": lambda t, a: t.relu(a),
    "erf": lambda t, a: a.erf(),
    "softplus": lambda t, a: t.nn.functional.softplus(a, threshold=700) if t.__name__ == "torch" else t.nn.functional.softplus(a),
    "gelu": lambda t, a: t.nn.functional.gelu(a),
    "gelu tanh": lambda t, a: t.nn.functional.gelu(a, approximate="tanh"),
    "clamp": lambda t, a: a.clamp(-0.5, 0.75),
    "clamp min": lambda t, a: a.clamp(min=0.25),
    "masked_fill": lambda t, a: a.masked_fill(a > 0.3, -2.0),
    "clone": lambda t, a: a.clone() * a.contiguous(),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", UNARY)
def test_unary(name, shape):
    agree(UNARY[name], 2 * normal(*shape))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["log", "sqrt"])
def test_unary_of_positive(name, shape):
    agree(lambda t, a: getattr(t, name)(a), normal(*shape), positive=True)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "relu", "gelu"])
def test_far_from_zero(name):
    agree(UNARY[name], np.array([-800.0, -40.0, -1e-9, 0.0, 1e-9, 40.0, 650.0]), second=False)


def test_equal_values_share_the_gradient():
    x = np.array([1.0, 2.0, 2.0, -1.0])
    for f in (lambda t, a, b: t.maximum(a, b), lambda t, a, b: t.minimum(a, b)):
        agree(f, x, x.copy())
    agree(lambda t, a: a.amax(), x)
    agree(lambda t, a: a.amin(0), np.array([[1.0, 1.0], [1.0, 2.0]]))
    agree(lambda t, a: a.max(), x)
    agree(lambda t, a: a.clamp(-1.0, 2.0), x)


REDUCTIONS = {
    "sum": lambda x, **k: x.sum(**k),
    "mean": lambda x, **k: x.mean(**k),
    "var": lambda x, **k: x.var(**k),
    "population var": lambda x, **k: x.var(correction=0, **k),
    "std": lambda x, **k: x.std(**k),
    "amax": lambda x, **k: x.amax(**k),
    "amin": lambda x, **k: x.amin(**k),
    "logsumexp": lambda x, **k: x.logsumexp(**k),
}


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize(
    ("shape", "dim"),
    [((5,), 0), ((3, 4), 1), ((3, 4), -2), ((2, 3, 4), (0, 2)), ((2, 3, 4), (1,)), ((1, 3, 2), (0, 1, -1))],
    ids=str,
)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name, shape, dim, keepdim):
    agree(lambda t, x: REDUCTIONS[name](x, dim=dim, keepdim=keepdim), normal(*shape))


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std"])
def test_reductions_of_all(name):
    for shape in ((2, 3), (3, 1, 2), (7,)):
        agree(lambda t, x: getattr(x, name)(), normal(*shape))


@pytest.mark.parametrize(("shape", "dim"), [((0, 3), 0), ((2, 0), 1), ((2, 0, 3), (1, 2)), ((0,), None)], ids=str)
def test_reductions_of_nothing(shape, dim):
    agree(lambda t, x: x.sum(dim) if dim is not None else x.sum(), normal(*shape))
    close(Tensor(normal(*shape)).sum(dim), __import__("torch").from_numpy(normal(*shape)).sum(dim))
    assert np.isnan(Tensor(normal(*shape)).mean(dim).data).all()


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes_along_an_axis(name, dim):
    x = normal(3, 4, 2)
    x[:, 1] = x[:, 0]  # equal ones: the first gets the gradient
    x[1] = x[0]
    for keepdim in (False, True):
        agree(lambda t, a, k=keepdim: getattr(a, name)(dim, keepdim=k).values, x)
        ours, theirs = (getattr(t.from_numpy(x), name)(dim, keepdim=keepdim) for t in (autograd, __import__("torch")))
        assert (ours.indices.data == theirs.indices.numpy()).all()


@pytest.mark.parametrize(("shape", "dim"), [((5,), 0), ((3, 4), 1), ((3, 4), 0), ((2, 3, 1), -2), ((0, 3), 1)], ids=str)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(name, shape, dim):
    agree(lambda t, x: getattr(x, name)(dim), 3 * normal(*shape))


def test_softmax_of_large_numbers():
    x = np.array([[1e4, 0.0, -1e4], [-700.0, 700.0, 710.0], [1000.0, 1000.0, 999.0]])
    for name in ("softmax", "log_softmax", "logsumexp"):
        agree(lambda t, a, name=name: getattr(a, name)(1), x)
    assert Tensor(np.full(3, -np.inf)).logsumexp(0).item() == -np.inf


LAYOUT = {
    "reshape": ((2, 3, 4), lambda t, x: x.reshape(4, -1) * 2),
    "view of a transposed": ((2, 3, 4), lambda t, x: x.transpose(0, 2).reshape((3, 8))),
    "flatten": ((2, 3, 4), lambda t, x: x.flatten(1) ** 2),
    "flatten some": ((2, 3, 1, 2), lambda t, x: x.flatten(1, 2)),
    "flatten a number": ((), lambda t, x: x.flatten() * x),
    "squeeze": ((1, 3, 1), lambda t, x: x.squeeze() * x.squeeze(0).squeeze(-1)),
    "squeeze nothing": ((2, 3), lambda t, x: x.squeeze(1)),
    "unsqueeze": ((2, 3), lambda t, x: x.unsqueeze(1) * x.unsqueeze(-1).sum(0)),
    "expand": ((3, 1), lambda t, x: x.expand(2, -1, 4) * 3),
    "transpose": ((2, 3, 4), lambda t, x: x.transpose(0, -1) * x.permute(2, 1, 0)),
    "permute": ((2, 3, 4), lambda t, x: x.permute(1, 2, 0)),
    "T": ((2, 3), lambda t, x: x.T * x.mT),
    "cat": ((2, 3), lambda t, x: t.cat([x, x * 2, x[:, :1]], 1)),
    "cat negative": ((2, 3), lambda t, x: t.cat([x, x[:0], x.exp()], dim=-2)),
    "stack": ((2, 3), lambda t, x: t.stack([x, x * x, x], 1)),
    "stack last": ((2, 3), lambda t, x: t.stack([x, x.exp()], dim=-1)),
    "split": ((7, 2), lambda t, x: t.cat([part * (i + 1) for i, part in enumerate(x.split(3))])),
    "split sizes": ((2, 5), lambda t, x: x.split([1, 4], 1)[1] * x.split([1, 4], 1)[0]),
    "chunk": ((2, 7), lambda t, x: t.stack([part.sum() for part in x.chunk(3, 1)])),
    "pad": ((2, 3), lambda t, x: t.nn.functional.pad(x, (1, 2), value=1.5)),
    "pad two axes": ((2, 1, 3), lambda t, x: t.nn.functional.pad(x, (0, 1, 2, 0)) ** 2),
    "iterate": ((3, 2), lambda t, x: sum(row * (i + 1) for i, row in enumerate(x))),
}


@pytest.mark.parametrize("name", LAYOUT)
def test_layout(name):
    shape, function = LAYOUT[name]
    agree(function, normal(*shape))


INDICES = {
    "number": 1,
    "negative": -1,
    "slice": slice(1, 3),
    "steps": (slice(None), slice(0, None, 2)),
    "ellipsis": (..., 0),
    "new axis": (None, slice(1, None), None, 2),
    "empty slice": slice(2, 2),
    "integers": [0, 2, 2, 1, 0, 0],
    "no integers": [],
    "matrix of integers": np.array([[0, 1], [1, 1]]),
    "two arrays": (np.array([0, 1, 1]), np.array([2, 2, 2])),
    "array and slice": (slice(None), np.array([3, 3, 0])),
    "array between": (np.array([0, 0]), slice(None), np.array([1, 1])),
    "outer": (np.array([[0], [2]]), np.array([[0, 1, 1]])),
}


@pytest.mark.parametrize("name", INDICES)
def test_index(name):
    key = INDICES[name]
    shape = (3, 4, 2) if name != "matrix of integers" else (2, 3)

    def read(t, x):
        if t is autograd:
            return x[key] ** 2
        convert = lambda k: __import__("torch").from_numpy(k) if isinstance(k, np.ndarray) else k  # noqa: E731
        return x[tuple(map(convert, key)) if isinstance(key, tuple) else convert(key)] ** 2

    agree(read, normal(*shape))


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 2)], ids=str)
def test_boolean_masks(shape):
    agree(lambda t, x: x[x > 0] ** 2, normal(*shape))
    agree(lambda t, x: x[(x > 100)] * 2, normal(*shape))
    if len(shape) > 1:
        agree(lambda t, x: x[x.reshape(shape[0], -1).sum(1) > 0] * 3, normal(*shape))


@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=3), seed=st.integers(0, 99), data=st.data())
@few
def test_gather(shape, seed, data):
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    length = data.draw(st.integers(0, 5))
    sizes = list(shape)
    sizes[dim] = length
    index = np.random.default_rng(seed).integers(0, shape[dim], sizes)
    agree(lambda t, x: x.gather(dim, t.from_numpy(index)) ** 2, normal(*shape, seed=seed))


MATMUL = [
    ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((1, 1), (1, 1)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 1)),
    ((2, 3), (5, 3, 4)),
    ((2, 1, 2, 3), (4, 3, 2)), ((4, 2, 3), (3,)), ((3,), (4, 3, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 0, 3), (3, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), MATMUL, ids=str)
def test_matmul(first, second):
    agree(lambda t, a, b: a @ b, normal(*first), normal(*second, seed=1))


@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 5, 3), (0, 3), (1, 3)], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias):
    weights = [normal(2, 3, seed=1), *([normal(2, seed=2)] if bias else [])]
    agree(lambda t, x, *w: t.nn.functional.linear(x, *w), normal(*shape), *weights)


def test_operands_that_are_no_tensors():
    for f in (
        lambda t, x: 2.0 * x + x * 3 - 1,
        lambda t, x: 1 - x,
        lambda t, x: 2 / (x * x + 1),
        lambda t, x: 2**x,
        lambda t, x: -x + t.from_numpy(normal(3)),
    ):
        agree(f, normal(2, 3))
    array = normal(2, 3)
    x = Tensor(normal(2, 3), requires_grad=True)
    assert isinstance(array * x, Tensor)
    assert isinstance(array @ x.T, Tensor)
    np.testing.assert_array_equal((array - x).data, array - x.data)


def test_finite_differences():
    """The oracle could be wrong where we are; difference quotients can't."""

    def function(x, w, k):
        y = autograd.nn.functional.conv2d(x, k, padding=1, stride=2).tanh()
        z = autograd.nn.functional.max_pool2d(y, 2).flatten(1) @ w
        return (z.softmax(1) * z.logsumexp(1, keepdim=True) + z[:, [0, 0, 1]] ** 2).mean()

    arrays = [normal(2, 2, 7, 6), normal(6, 3, seed=1), normal(3, 2, 3, 3, seed=2)]
    inputs = [Tensor(a.copy(), requires_grad=True) for a in arrays]
    function(*inputs).backward()
    for x, expected in zip(inputs, numeric(function, arrays), strict=True):
        np.testing.assert_allclose(x.grad.data, expected, atol=1e-8)
