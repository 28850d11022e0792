"""Checks of modules.py. Every correct reading of the sheet passes: weights (D, M) or (M, D), biases (M,) or (1, M), loss
summed or averaged, softmax backward as Jacobian or passed through, as long as the modules agree with each other.
"""

import numpy as np
from network import as_DM, as_M, both, cross_entropy, loss_gradient, numpy_only, softmax, write

from practicum.checks import (
    assert_close,
    assert_dtype,
    assert_finite,
    assert_proportional,
    assert_shape,
    hidden,
    interpolate,
    points,
)

NEAR = {"rtol": 1e-4, "atol": 1e-5}  # what float32 keeps


def linear(student, rng, size_in, size_out, scale=1.0):
    """A Linear layer with random parameters written into its own arrays, and these as (D, M) and (M,)."""
    layer = student.modules.Linear(size_in, size_out)
    weight = rng.normal(size=(size_in, size_out)) * np.reshape(scale, (-1, 1))
    bias = rng.normal(size=size_out)
    write(layer, both(layer, "params"), weight, bias)
    return layer, weight, bias


def one_hot(rng, count, classes):
    """Random labels."""
    return np.eye(classes)[rng.integers(classes, size=count)]


@points(1, hint="params is a dictionary with 'weight' and 'bias'; the weight starts at random numbers")
def test_linear_parameters(student):
    """Linear: params holds a random weight and a bias of the right shapes"""
    for size_in, size_out in ((4, 3), (2, 20)):
        held = both(student.modules.Linear(size_in, size_out), "params")
        weight = as_DM(held["weight"], size_in, size_out)
        as_M(held["bias"], size_out)
        if not np.unique(weight).size > weight.size // 2:
            raise AssertionError("expected random numbers in params['weight'], got many that are equal")


@points(2, hint="y = x W + b, with the values that params holds at this moment")
def test_linear_forward(student, rng):
    """Linear: forward"""
    layer, weight, bias = linear(student, rng, 4, 3)
    for count in (5, 1):
        x = rng.normal(size=(count, 4))
        assert_close(layer.forward(x), x @ weight + bias, what="Linear(4, 3).forward(x)", **NEAR)


@points(7, hint="dL/dx = dL/dy Wᵀ")
def test_linear_backward_to_the_input(student, rng):
    """Linear: backward returns the gradient with respect to the input"""
    # Small and large weights side by side: what was derived is right for both, finite differences are not.
    size = np.array([1e-8, 1e-4, 1e4, 1e8])
    layer, weight, _ = linear(student, rng, 4, 3, scale=size)
    layer.forward(rng.normal(size=(5, 4)))
    dout = rng.normal(size=(5, 3))
    dx = layer.backward(dout)
    numpy_only(student)
    assert_shape(dx, (5, 4), what="Linear(4, 3).backward(dout)")
    assert_close(dx / size, dout @ weight.T / size, what="Linear(4, 3).backward(dout), each column divided by its size,", **NEAR)


def demand_gradients(layer, x, dout, size):
    """The gradients of the last pass, in the layout of the parameters and up to one positive factor for both.

    `x` is the input divided by the sizes of its columns. The gradients are so divided before they are compared.
    """
    size_in, size_out = x.shape[1], dout.shape[1]
    dweight, dbias = (both(layer, "grads")[key] for key in ("weight", "bias"))
    assert_shape(dweight, both(layer, "params")["weight"].shape, what="grads['weight']")
    dweight = as_DM(dweight, size_in, size_out, "grads['weight']") / size[:, None]
    parts = [dweight, as_M(dbias, size_out, "grads['bias']")]
    expected = [x.T @ dout, dout.sum(axis=0)]
    assert_proportional(parts, expected, rtol=1e-3, positive=True, what=("grads['weight']", "grads['bias']"))


@hidden
@points(9, hint="dL/dW = xᵀ dL/dy and dL/db = the sum of dL/dy over the batch; average both or neither")
def test_linear_gradients(student, rng):
    """Linear: backward leaves the gradients of weight and bias in grads"""
    layer, _, _ = linear(student, rng, 5, 3)
    size = 10.0 ** rng.permutation([-8, -4, 0, 4, 8])
    x, dout = rng.normal(size=(7, 5)), rng.normal(size=(7, 3))
    layer.forward(x * size)
    layer.backward(dout)
    numpy_only(student)
    demand_gradients(layer, x, dout, size)


@hidden
@points(4, hint="each backward pass replaces the gradients of the one before; two layers share nothing")
def test_linear_gradients_are_fresh(student, rng):
    """Linear: gradients belong to the last batch and to one layer"""
    layers = [(linear(student, rng, 5, 3)[0], 5, 3), (linear(student, rng, 3, 4)[0], 3, 4)]
    for count in (6, 2):
        given = []
        for layer, size_in, size_out in layers:
            size = 10.0 ** rng.permutation(np.linspace(-8, 8, size_in))
            x, dout = rng.normal(size=(count, size_in)), rng.normal(size=(count, size_out))
            layer.forward(x * size)
            given.append((layer, x, dout, size))
        for layer, _, dout, _ in reversed(given):
            layer.backward(dout)
    for layer, x, dout, size in given:
        demand_gradients(layer, x, dout, size)


@points(1, hint="negative numbers become 0, the others stay")
def test_relu_forward(student, rng):
    """ReLU: forward"""
    for shape in ((4, 6), (1, 3)):
        x = rng.normal(size=shape)
        x[0, 0] = 0.0
        assert_close(student.modules.ReLU().forward(x), np.where(x > 0, x, 0), what="ReLU().forward(x)", **NEAR)


@hidden
@points(6, hint="the gradient passes where the input of the last forward was positive; dout's own sign does not matter")
def test_relu_backward(student, rng):
    """ReLU: backward"""
    first, second = student.modules.ReLU(), student.modules.ReLU()
    for shape in ((5, 4), (5, 4), (3, 7)):
        dout = rng.normal(size=shape)
        x = rng.choice((-1, 1), size=shape) * 10.0 ** rng.uniform(-12, 1, size=shape)  # near the bend, too
        first.forward(x)
        second.forward(-x)
        assert_close(first.backward(dout), np.where(x > 0, dout, 0), what="ReLU().backward(dout)", **NEAR)
    numpy_only(student)


@points(2, hint="every row by itself: its exponentials over their sum")
def test_softmax_forward(student, rng):
    """SoftMax: forward"""
    for shape in ((5, 3), (1, 4)):
        x = rng.normal(scale=2.0, size=shape)
        assert_close(student.modules.SoftMax().forward(x), softmax(x), what="SoftMax().forward(x)", **NEAR)


@hidden
@points(1, hint="exp(1000) is infinite: subtract the largest logit of each row first, which changes no probability")
def test_softmax_of_large_logits(student, rng):
    """SoftMax: logits of a thousand, and of minus a thousand"""
    near = rng.normal(size=(4, 3))
    x = np.concatenate([near + 1000.0, near - 1000.0, near * 1000.0])
    assert_close(student.modules.SoftMax().forward(x), softmax(x), rtol=1e-3, atol=1e-4, what="SoftMax().forward(x)")


def number(value):
    """A loss as a number, where the student returned an array with one entry."""
    return value.reshape(()) if isinstance(value, np.ndarray) and value.size == 1 else value


@points(2, hint="minus the logarithm of the right class's probability, averaged (or summed) over the batch")
def test_cross_entropy_forward(student, rng):
    """CrossEntropy: forward"""
    for count, classes in ((6, 3), (1, 2)):
        p, y = softmax(rng.normal(size=(count, classes))), one_hot(rng, count, classes)
        each = -np.log(p[y == 1])
        got = number(student.modules.CrossEntropy().forward(p, y))
        try:
            assert_close(got, each.sum(), what="CrossEntropy().forward(p, y)", **NEAR)
        except AssertionError:
            assert_close(got, each.mean(), what="CrossEntropy().forward(p, y)", **NEAR)


@hidden
@points(1, hint="log(0) is minus infinity and 0 · log(0) is NaN: keep probabilities away from 0 inside the logarithm")
def test_cross_entropy_of_probability_zero(student):
    """CrossEntropy: probabilities of exactly 0 and 1 give a finite loss"""
    loss, y = student.modules.CrossEntropy(), np.eye(2)
    assert_close(number(loss.forward(y, y)), 0.0, atol=1e-3, what="loss where every probability is right")
    worst = number(loss.forward(1 - y, y))
    assert_finite(worst, what="loss where the right class has probability 0")
    assert_shape(worst, (), what="loss where the right class has probability 0")
    if interpolate(worst, 0.0, 2.0) < 1:
        raise AssertionError(f"expected a large loss where the right class has probability 0, got {float(worst):.3g}")


@points(2, hint="backward can be called as the sheet says, and a small step against what it gives lowers the loss")
def test_backward_calls(student, rng):
    """ReLU, SoftMax and CrossEntropy: backward gives the shapes, and the way down"""
    activation, logits, y = student.modules.SoftMax(), rng.normal(size=(8, 3)), one_hot(rng, 8, 3)
    step = activation.backward(loss_gradient(student, activation.forward(logits), y))
    what = "SoftMax().backward(CrossEntropy().backward(p, y))"
    assert_shape(step, (8, 3), what=what)
    step = np.asarray(step)
    assert_dtype(step, (np.floating, np.integer), what=what)
    assert_finite(step, what=what)
    for n in range(8):
        before = cross_entropy(softmax(logits[n : n + 1]), y[n : n + 1])
        after = cross_entropy(softmax(logits[n : n + 1] - 1e-3 * step[n]), y[n : n + 1])
        if not after < before:
            raise AssertionError(f"{what}: expected a small step against row {n} to lower its loss, got {after - before:+.2g}")
    relu = student.modules.ReLU()
    relu.forward(logits)
    assert_shape(relu.backward(logits), (8, 3), what="ReLU().backward(dout)")


@hidden
@points(6, hint="SoftMax.backward(CrossEntropy.backward(p, y)) is the gradient of your loss with respect to the logits")
def test_softmax_and_cross_entropy_gradient(student, rng):
    """SoftMax and CrossEntropy: their backward passes together give the gradient with respect to the logits"""
    activation, logits, y = student.modules.SoftMax(), rng.normal(size=(5, 3)), one_hot(rng, 5, 3)
    got = activation.backward(loss_gradient(student, activation.forward(logits), y))
    numpy_only(student)
    expected = softmax(logits) - y
    assert_proportional(got, expected, rtol=1e-2, positive=True, what="gradient with respect to the logits")
