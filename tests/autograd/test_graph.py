"""What surrounds the rules: accumulation, graphs that are deep, shared, kept or used up, and what is refused."""

import gc
import weakref

import numpy as np
import pytest
import torch

from practicum import autograd
from practicum.autograd import Tensor, enable_grad, grad, is_grad_enabled, no_grad
from practicum.autograd.accumulate import Gradients, InPlaceGradients
from practicum.autograd.graph import topological_order, walk
from tests.autograd.oracle import close


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values, np.float64), requires_grad=True)


def test_gradients_add_up_over_backward_passes():
    x = leaf(1, 2, 3)
    for times in (1, 2, 3):
        (x * x).sum().backward()
        np.testing.assert_array_equal(x.grad.data, times * 2 * x.data)


def test_leaves_never_share_a_gradient_array():
    """Clipping one in place must leave the others alone."""
    a, b, c = leaf(1, 2), leaf(3, 4), leaf(5, 6)
    seed = Tensor(np.array([1.0, 2.0]))
    (a + b + c.reshape(2).clone() - 0).backward(seed)
    arrays = [a.grad.data, b.grad.data, c.grad.data, seed.data]
    for i, one in enumerate(arrays):
        assert not any(np.shares_memory(one, other) for other in arrays[i + 1 :])
        assert one.flags.writeable
    x = leaf(1, 2)
    x.expand(3, 2).sum().backward()
    x.grad *= 0.5
    np.testing.assert_array_equal(x.grad.data, [1.5, 1.5])


def test_a_tensor_used_many_times():
    rng = np.random.default_rng(0)
    for engine in (autograd, torch):
        x = engine.tensor(np.array([0.3, -0.7]), requires_grad=True)
        y = x * x
        z = y + y + y * x + (y + x) * y + x[0] * x + x[[0, 0, 1]].sum() * y
        z.backward(engine.from_numpy(np.array([1.0, -2.0])))
        if engine is autograd:
            ours = x
    close(ours.grad, x.grad)
    # reading piece by piece adds into one buffer: mixed with other uses, before and after
    values = rng.standard_normal((5, 3))
    results = []
    for engine in (autograd, torch):
        x = engine.tensor(values, requires_grad=True)
        y = x * 1
        total = (y * y).sum() + sum((y[i] * y[i - 1]).sum() * i for i in range(5)) + (y[:, 1:] ** 3).sum() + y.exp().sum()
        total.backward()
        results.append(x.grad)
    close(*results)


@pytest.mark.slow
def test_deep_graphs_need_no_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(50_000):
        y = y * 1.00001
    y.backward()
    assert x.grad.item() == pytest.approx(1.00001**50_000)
    y = x
    for _ in range(50_000):
        y = y + 1
    del y  # freeing it must not recurse either


def test_a_graph_is_freed_without_the_garbage_collector():
    gc.disable()
    try:
        x = leaf(1, 2)
        middle = (x.exp().tanh().softmax(0) / 2).sqrt()
        alive = weakref.ref(middle)
        out = middle.sum()
        del middle
        assert alive() is not None
        del out
        assert alive() is None
        middle = x.exp()
        alive = weakref.ref(middle)
        out = middle.sum()
        del middle
        out.backward()
        assert alive() is None
    finally:
        gc.enable()


def test_higher_derivatives():
    x = leaf(0.4, -1.2)
    y = (x**4 + x.sin()).sum()
    (first,) = grad(y, x, create_graph=True)
    (second,) = grad(first.sum(), x, create_graph=True)
    (third,) = grad(second.sum(), x)
    np.testing.assert_allclose(first.data, 4 * x.data**3 + np.cos(x.data), atol=1e-14)
    np.testing.assert_allclose(second.data, 12 * x.data**2 - np.sin(x.data), atol=1e-14)
    np.testing.assert_allclose(third.data, 24 * x.data - np.cos(x.data), atol=1e-14)
    assert x.grad is None


def test_backward_with_create_graph():
    """A gradient penalty: differentiate a loss that holds a gradient."""
    results = []
    for engine in (autograd, torch):
        w = engine.tensor(np.array([[0.2, -0.4], [1.0, 0.3]]), requires_grad=True)
        x = engine.tensor(np.array([[1.0, 2.0], [-0.5, 0.1]]), requires_grad=True)
        function = grad if engine is autograd else torch.autograd.grad
        out = (x @ w).tanh().sum()
        (g,) = function(out, x, create_graph=True)
        (out + ((g * g).sum(1) ** 0.5 - 1).__pow__(2).sum()).backward()
        results.append((w.grad, x.grad))
    for a, b in zip(*results, strict=True):
        close(a, b)
    x = leaf(2.0)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    first, x.grad = x.grad, None
    first.sum().backward()
    assert x.grad.item() == 12


def test_grad_with_respect_to_what_lies_between():
    x = leaf(1.0, 2.0)
    h = x * 3
    y = (h * h).sum()
    by_h, by_x = grad(y, [h, x])
    np.testing.assert_array_equal(by_h.data, 2 * h.data)
    np.testing.assert_array_equal(by_x.data, 6 * h.data)
    a, b = x * 1, x * 2
    (total,) = grad([a, b], x, [Tensor(np.array([1.0, 0.0])), Tensor(np.array([0.0, 1.0]))])
    np.testing.assert_array_equal(total.data, [1, 2])
    unused = leaf(1.0)
    assert grad((x * x).sum(), [x, unused], allow_unused=True)[1] is None
    with pytest.raises(RuntimeError, match=r"input 1 of shape \(1,\) was not used"):
        grad((x * x).sum(), [x, unused])


def test_branches_that_are_not_asked_for_are_not_computed():
    x, w = leaf(1.0), leaf(2.0)

    def forbidden(g, out):
        raise AssertionError

    from practicum.autograd.tensor import record

    y = record(x.data * w.data, (x, lambda g, out: g * w), (w, forbidden))
    assert grad(y, x)[0].item() == 2


def test_no_grad():
    x = leaf(1.0)
    with no_grad():
        assert not is_grad_enabled()
        y = x * 2
        with enable_grad():
            z = x * 2
    assert not y.requires_grad
    assert y.is_leaf
    assert z.requires_grad
    assert is_grad_enabled()

    @no_grad()
    def f(t):
        return t * 2

    assert not f(x).requires_grad
    assert is_grad_enabled()
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert is_grad_enabled()
    assert not (x.detach() * 2).requires_grad


def test_the_graph_is_used_up():
    x = leaf(1, 2)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad.data, 4 * x.data)
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()


def test_what_backward_refuses():
    x = leaf(1, 2)
    with pytest.raises(RuntimeError, match=r"shape \(2,\)"):
        (x * 2).backward()
    with pytest.raises(ValueError, match=r"\(2,\), got \(3,\)"):
        (x * 2).backward(Tensor(np.ones(3)))
    with pytest.raises(RuntimeError, match="nothing to differentiate"):
        Tensor(np.ones(1)).backward()


def test_changes_in_place():
    x = leaf(1, 2)
    for change in (lambda t: t.__iadd__(1), lambda t: t.__imul__(2), lambda t: t.__setitem__(0, 5)):
        with pytest.raises(RuntimeError, match=r"leaf.*in place"):
            change(x)
    np.testing.assert_array_equal(x.data, [1, 2])
    with no_grad():
        x -= 1
        x[0] = 7
        x /= 2
    np.testing.assert_array_equal(x.data, [3.5, 0.5])
    assert x.is_leaf
    # values that a rule still needs
    y = (x * x).sum()
    with no_grad():
        x += 1
    with pytest.raises(RuntimeError, match=r"shape \(2,\) was changed in place"):
        y.backward()
    y = x.exp()
    z = y.sum()
    with no_grad():
        y *= 2
    with pytest.raises(RuntimeError, match="changed in place"):
        z.backward()
    # on recorded values += makes a new tensor
    x = leaf(1, 2)
    y = x * x
    before = y
    y += x
    y.sum().backward()
    np.testing.assert_array_equal(before.data, [1, 4])
    np.testing.assert_array_equal(x.grad.data, 2 * x.data + 1)
    with pytest.raises(RuntimeError, match="where, cat or stack"):
        (x * 2)[0] = 1
    plain = Tensor(np.zeros(2))
    plain += 3
    np.testing.assert_array_equal(plain.data, [3, 3])


def test_an_optimizer_between_forward_and_backward_is_noticed():
    w = leaf(1.0)
    y = w * w
    z = w * w
    z.backward()
    autograd.optim.SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_dtypes():
    assert Tensor([1.0, 2.0]).dtype == np.float32
    assert Tensor(np.array([1.0])).dtype == np.float64
    assert Tensor([1, 2]).dtype == np.int64
    assert Tensor([True]).dtype == np.bool_
    assert Tensor(np.float64(2)).dtype == np.float64
    x = Tensor([1.0, 2.0], requires_grad=True)
    for y in (
        x * 2.5,
        1 - x,
        x / 3,
        x**2,
        x.sigmoid(),
        x.mean(),
        x.var(),
        x.softmax(0),
        autograd.nn.functional.gelu(x),
        x @ x,
        x.logsumexp(0),
    ):
        assert y.dtype == np.float32
    for function in (
        lambda t: t.mean(),
        lambda t: t.softmax(0).sum(),
        lambda t: autograd.maximum(t, 1.5).sum(),
        lambda t: (t * Tensor(np.ones(2))).sum(),
    ):
        x.grad = None
        function(x).backward()
        assert x.grad.dtype == np.float32
    y = x.double()
    assert y.dtype == np.float64
    y.sum().backward()
    assert x.grad.dtype == np.float32
    assert x.long().dtype == np.int64
    with pytest.raises(TypeError, match="int64"):
        Tensor([1, 2], requires_grad=True)
    with pytest.raises(RuntimeError, match="detach"):
        (x * 2).requires_grad_(False)


def test_values():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert (x > 2).tolist() == [[False, False], [True, True]]
    assert (x == x).data.all()
    assert (x != 1).data.sum() == 3
    assert (x <= 1).data.sum() == 1
    assert (x >= 1).data.all()
    assert (x < 1).data.sum() == 0
    assert len(x) == 2
    assert x.size() == (2, 2)
    assert x.size(0) == 2
    assert x.dim() == 2
    assert x.numel() == 4
    assert x.argmax().item() == 3
    assert x.argmin(1).tolist() == [0, 0]
    assert float(x[0, 0]) == 1.0
    assert int(x[1, 1]) == 4
    assert bool(x[0, 0] == 1)
    assert repr(x.requires_grad_()) == "tensor([[1., 2.],\n        [3., 4.]], dtype=float32, requires_grad=True)"
    assert {x: 1}[x] == 1
    assert np.asarray(x.detach()).shape == (2, 2)
    with pytest.raises(RuntimeError, match=r"detach\(\)\.numpy\(\)"):
        x.numpy()


def test_creation():
    for ours, theirs in (
        (autograd.zeros(2, 3), torch.zeros(2, 3)),
        (autograd.ones(2), torch.ones(2)),
        (autograd.eye(3), torch.eye(3)),
        (autograd.arange(2, 9, 3), torch.arange(2, 9, 3)),
        (autograd.zeros_like(autograd.ones(2)), torch.zeros(2)),
        (autograd.ones_like(autograd.zeros(1, 2)), torch.ones(1, 2)),
        (autograd.nn.functional.one_hot(Tensor([0, 2]), 3), torch.nn.functional.one_hot(torch.tensor([0, 2]), 3)),
    ):
        close(ours, theirs)
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    array = np.ones(2)
    assert not np.shares_memory(autograd.tensor(array).data, array)
    assert np.shares_memory(autograd.from_numpy(array).data, array)
    autograd.manual_seed(3)
    first = [autograd.rand(2, 3), autograd.randn(4), autograd.randint(0, 9, (3,)), autograd.randperm(5)]
    autograd.manual_seed(3)
    again = [autograd.rand(2, 3), autograd.randn(4), autograd.randint(0, 9, (3,)), autograd.randperm(5)]
    assert [t.tolist() for t in first] == [t.tolist() for t in again]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: x @ Tensor(np.ones((2, 3))), ValueError, r"\(2, 3\) and \(2, 3\)"),
        (lambda x: x @ Tensor(np.ones(2)), ValueError, r"\(2, 3\) and \(2,\)"),
        (lambda x: x @ 2, ValueError, r"\(2, 3\) and \(\)"),
        (lambda x: x + Tensor(np.ones(2)), ValueError, r"\(2,3\) ?\(2,\)"),
        (lambda x: x.reshape(4, 2), ValueError, "reshape"),
        (lambda x: x[0.5], IndexError, "valid indices"),
        (lambda x: x[Tensor([0.0])], IndexError, "integers or booleans, got float32"),
        (lambda x: x[np.array([5])], IndexError, "5"),
        (lambda x: x[np.ones((3, 3), bool)], IndexError, "boolean"),
        (lambda x: x.gather(0, Tensor([0])), ValueError, r"2 axes.*\(2, 3\).*\(1,\)"),
        (lambda x: autograd.cat([x, Tensor(np.ones((2, 2)))]), ValueError, r"\(2, 3\), \(2, 2\)"),
        (lambda x: autograd.cat([]), ValueError, r"at least one.*got \[\]"),
        (lambda x: autograd.cat([x.sum(), x.sum()]), ValueError, "with axes"),
        (lambda x: autograd.stack([x, Tensor(np.ones((2, 2)))]), ValueError, r"\(2, 3\), \(2, 2\)"),
        (lambda x: x.split([1, 1], 1), ValueError, r"length, 3, got \[1, 1\]"),
        (lambda x: autograd.where(x, x, x), TypeError, "boolean condition, got float64"),
    ],
)
def test_errors_say_what_was_expected_and_got(call, error, message):
    with pytest.raises(error, match=message):
        call(Tensor(np.ones((2, 3))))


def random_graph(rng: np.random.Generator, leaves: list[Tensor]) -> Tensor:
    """Return a number computed from the leaves by operations drawn at random, results read whole and piece by piece."""
    steps = [
        lambda a, b: a + b,
        lambda a, b: a * b,
        lambda a, b: (a - b).tanh(),
        lambda a, b: a.reshape(3, 3).T.reshape(3, 3) @ b,
        lambda a, b: autograd.cat([a[1:], b[:1]]),
        lambda a, b: sum(a[i] * b[i - 1] for i in range(3)).expand(3, 3),
        lambda a, b: a.clone() + a[:, [0, 0, 2]],
        lambda a, b: a.float().double() + b.contiguous(),
    ]
    values = list(leaves)
    for _ in range(12):
        i, j = rng.integers(len(values), size=2)
        values.append(steps[rng.integers(len(steps))](values[i], values[j]))
    return sum(v.tanh().mean() for v in values[-4:])


@pytest.mark.parametrize("seed", range(40))
def test_adding_up_in_place_changes_nothing(seed):
    """The fast path beside the plain one, on random graphs."""
    found = []
    for kind in (Gradients, InPlaceGradients):
        rng = np.random.default_rng(seed)
        leaves = [leaf(*rng.standard_normal(9)).detach().reshape(3, 3).requires_grad_() for _ in range(3)]
        y = random_graph(rng, leaves)
        gradients = kind()
        with no_grad():
            walk([(y, Tensor(np.ones(())))], None, gradients, keep=False)
        found.append([gradients.get(x) for x in leaves])
    for plain, fast in zip(*found, strict=True):
        if plain is None:
            assert fast is None
        else:
            np.testing.assert_allclose(fast.data, plain.data, rtol=1e-13, atol=1e-14)


def test_in_a_topological_order_children_come_first():
    rng = np.random.default_rng(3)
    order = topological_order([random_graph(rng, [leaf(*rng.standard_normal(9)).detach().reshape(3, 3).requires_grad_()])])
    place = {y: i for i, y in enumerate(order)}
    assert len(place) == len(order) > 12
    assert all(place[y] < place[x] for y in order for x, _, _ in y._edges)
