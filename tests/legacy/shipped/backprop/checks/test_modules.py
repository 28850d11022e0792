"""Checks of modules.py. Every correct reading of the sheet passes: weights (D, M) or (M, D), biases (M,) or (1, M), loss
summed or averaged, softmax backward as Jacobian or passed through, as long as the modules agree with each other.
"""

import numpy as np

from practicum.grading.checks import (
    assert_close,
    assert_finite,
    assert_proportional,
    assert_shape,
    hidden,
    interpolate,
    numeric_gradient,
    points,
    ref,
)

NEAR = {"rtol": 1e-4, "atol": 1e-5}  # what float32 keeps


def entry(layer, name, key):
    """`layer.params[key]` or `layer.grads[key]`, or a message that says what is missing."""
    held = getattr(layer, name)
    if not isinstance(held, dict) or key not in held:
        raise AssertionError(f"expected a dictionary {name} with an array {key!r}, got {held!r:.80}")
    return held[key]


def as_DM(weight, size_in, size_out, what="params['weight']"):
    """A weight or its gradient in the orientation (in, out), whichever of the two the student chose."""
    if isinstance(weight, np.ndarray) and weight.shape == (size_out, size_in):
        weight = weight.T
    assert_shape(weight, (size_in, size_out), what=what)
    return weight


def as_M(bias, size_out, what="params['bias']"):
    """A bias or its gradient as (M,), from (M,), (1, M) or (M, 1)."""
    if isinstance(bias, np.ndarray) and bias.shape in ((1, size_out), (size_out, 1)):
        bias = bias.reshape(-1)
    assert_shape(bias, (size_out,), what=what)
    return bias


def linear(student, rng, size_in, size_out):
    """A Linear layer with random parameters written into its own arrays, and these as (D, M) and (M,)."""
    layer = student.modules.Linear(size_in, size_out)
    for key in ("weight", "bias"):
        value = entry(layer, "params", key)
        assert_finite(value, what=f"params[{key!r}]")
        ref(ref(layer, "params"), key=key)[...] = rng.normal(size=np.shape(value))
    weight = as_DM(entry(layer, "params", "weight"), size_in, size_out)
    return layer, weight, as_M(entry(layer, "params", "bias"), size_out)


def one_hot(rng, count, classes):
    """Random labels."""
    return np.eye(classes)[rng.integers(classes, size=count)]


@points(3, hint="params is a dictionary with 'weight' and 'bias'; the weight starts at random numbers")
def test_linear_parameters(student):
    """Linear: params holds a random weight and a bias of the right shapes"""
    for size_in, size_out in ((4, 3), (2, 20)):
        layer = student.modules.Linear(size_in, size_out)
        weight = as_DM(entry(layer, "params", "weight"), size_in, size_out)
        bias = as_M(entry(layer, "params", "bias"), size_out)
        assert_finite(weight, what="params['weight']")
        assert_finite(bias, what="params['bias']")
        if not np.unique(weight).size > weight.size // 2:
            raise AssertionError("expected random numbers in params['weight'], got many that are equal")


@points(4, hint="y = x W + b, with the values that params holds at this moment")
def test_linear_forward(student, rng):
    """Linear: forward"""
    layer, weight, bias = linear(student, rng, 4, 3)
    for count in (5, 1):
        x = rng.normal(size=(count, 4))
        assert_close(layer.forward(x), x @ weight + bias, what="Linear(4, 3).forward(x)", **NEAR)


@points(4, hint="dL/dx = dL/dy Wᵀ")
def test_linear_backward_to_the_input(student, rng):
    """Linear: backward returns the gradient with respect to the input"""
    layer, weight, _ = linear(student, rng, 4, 3)
    layer.forward(rng.normal(size=(5, 4)))
    dout = rng.normal(size=(5, 3))
    assert_close(layer.backward(dout), dout @ weight.T, what="Linear(4, 3).backward(dout)", **NEAR)


def demand_gradients(layer, x, dout):
    """The gradients of the last pass, in the layout of the parameters and up to one positive factor for both."""
    size_in, size_out = x.shape[1], dout.shape[1]
    weight, dweight = entry(layer, "params", "weight"), entry(layer, "grads", "weight")
    assert_shape(dweight, np.shape(weight), what="grads['weight']")
    parts = [as_DM(dweight, size_in, size_out), as_M(entry(layer, "grads", "bias"), size_out, "grads['bias']")]
    expected = [x.T @ dout, dout.sum(axis=0)]
    assert_proportional(parts, expected, rtol=1e-3, positive=True, what=("grads['weight']", "grads['bias']"))


@hidden
@points(6, hint="dL/dW = xᵀ dL/dy and dL/db = the sum of dL/dy over the batch; average both or neither")
def test_linear_gradients(student, rng):
    """Linear: backward leaves the gradients of weight and bias in grads"""
    layer, _, _ = linear(student, rng, 5, 3)
    x, dout = rng.normal(size=(7, 5)), rng.normal(size=(7, 3))
    layer.forward(x)
    layer.backward(dout)
    demand_gradients(layer, x, dout)


@hidden
@points(3, hint="each backward pass replaces the gradients of the one before; two layers share nothing")
def test_linear_gradients_are_fresh(student, rng):
    """Linear: gradients belong to the last batch and to one layer"""
    first, _, _ = linear(student, rng, 5, 3)
    second, _, _ = linear(student, rng, 3, 4)
    given = {}
    for count in (6, 2):
        for layer, size_in, size_out in ((first, 5, 3), (second, 3, 4)):
            x, dout = rng.normal(size=(count, size_in)), rng.normal(size=(count, size_out))
            layer.forward(x)
            given[layer] = x, dout
        for layer in (second, first):
            layer.backward(given[layer][1])
    for layer, (x, dout) in given.items():
        demand_gradients(layer, x, dout)


@points(3, hint="negative numbers become 0, the others stay")
def test_relu_forward(student, rng):
    """ReLU: forward"""
    for shape in ((4, 6), (1, 3)):
        x = rng.normal(size=shape)
        x[0, 0] = 0.0
        assert_close(student.modules.ReLU().forward(x), np.where(x > 0, x, 0), what="ReLU().forward(x)", **NEAR)


@hidden
@points(4, hint="the gradient passes where the input of the last forward was positive; dout's own sign does not matter")
def test_relu_backward(student, rng):
    """ReLU: backward"""
    first, second = student.modules.ReLU(), student.modules.ReLU()
    for shape in ((5, 4), (5, 4), (3, 7)):
        x, dout = rng.normal(size=shape), rng.normal(size=shape)
        first.forward(x)
        second.forward(-x)
        assert_close(first.backward(dout), np.where(x > 0, dout, 0), what="ReLU().backward(dout)", **NEAR)


def softmax(x):
    """The probabilities, row by row."""
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@points(3, hint="every row by itself: its exponentials over their sum")
def test_softmax_forward(student, rng):
    """SoftMax: forward"""
    for shape in ((5, 3), (1, 4)):
        x = rng.normal(scale=2.0, size=shape)
        assert_close(student.modules.SoftMax().forward(x), softmax(x), what="SoftMax().forward(x)", **NEAR)


@hidden
@points(3, hint="exp(1000) is infinite: subtract the largest logit of each row first, which changes no probability")
def test_softmax_of_large_logits(student, rng):
    """SoftMax: logits of a thousand, and of minus a thousand"""
    near = rng.normal(size=(4, 3))
    x = np.concatenate([near + 1000.0, near - 1000.0, near * 1000.0])
    assert_close(student.modules.SoftMax().forward(x), softmax(x), rtol=1e-3, atol=1e-4, what="SoftMax().forward(x)")


def number(value):
    """A loss as a number, where the student returned an array with one entry."""
    return value.reshape(()) if isinstance(value, np.ndarray) and value.size == 1 else value


@points(3, hint="minus the logarithm of the right class's probability, averaged (or summed) over the batch")
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
@points(2, hint="log(0) is minus infinity and 0 · log(0) is NaN: keep probabilities away from 0 inside the logarithm")
def test_cross_entropy_of_probability_zero(student):
    """CrossEntropy: probabilities of exactly 0 and 1 give a finite loss"""
    loss, y = student.modules.CrossEntropy(), np.eye(2)
    assert_close(number(loss.forward(y, y)), 0.0, atol=1e-3, what="loss where every probability is right")
    worst = number(loss.forward(1 - y, y))
    assert_finite(worst, what="loss where the right class has probability 0")
    assert_shape(worst, (), what="loss where the right class has probability 0")
    if interpolate(worst, 0.0, 2.0) < 1:
        raise AssertionError(f"expected a large loss where the right class has probability 0, got {float(worst):.3g}")


@hidden
@points(6, hint="SoftMax.backward(CrossEntropy.backward(p, y)) is the gradient of your loss with respect to the logits")
def test_softmax_and_cross_entropy_gradient(student, rng):
    """SoftMax and CrossEntropy: their backward passes together give the gradient with respect to the logits"""
    activation, loss = student.modules.SoftMax(), student.modules.CrossEntropy()
    logits, y = rng.normal(size=(5, 3)), one_hot(rng, 5, 3)
    p = activation.forward(logits)
    loss.forward(p, y)
    got = activation.backward(loss.backward(p, y))
    expected = numeric_gradient(lambda z: number(loss.forward(activation.forward(z), y)), logits, eps=1e-3)
    assert_proportional(got, expected, rtol=1e-2, positive=True, what="gradient with respect to the logits")
