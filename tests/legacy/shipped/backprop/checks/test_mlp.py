"""Checks of mlp_numpy.py. The layers are found by their `params` and `grads`, wherever the model keeps them."""

from itertools import pairwise

import numpy as np

from practicum.grading.checks import (
    assert_close,
    assert_dtype,
    assert_finite,
    assert_parameter_count,
    assert_proportional,
    assert_shape,
    hidden,
    numeric_gradient,
    points,
    ref,
)


def build(student, inputs, hidden_units, classes):
    """A model and its layers with parameters, as many as there should be."""
    model = student.mlp_numpy.MLP(inputs, hidden_units, classes)
    layers = list(student.trainable.trainable_layers(model))
    if len(layers) != len(hidden_units) + 1:
        raise AssertionError(f"expected {len(hidden_units) + 1} Linear layers for n_hidden={hidden_units}, got {len(layers)}")
    return model, layers


def entry(layer, name, key):
    """`layer.params[key]` or `layer.grads[key]`, or a message that says what is missing."""
    held = getattr(layer, name)
    if not isinstance(held, dict) or not isinstance(held.get(key), np.ndarray):
        raise AssertionError(f"expected a dictionary {name} with an array {key!r}, got {held!r:.80}")
    assert_finite(held[key], what=f"{name}[{key!r}]")
    return held[key]


def arrays(layers):
    """Handles of the student's own parameter arrays, with layer and key."""
    return [(ref(ref(layer, "params"), key=key), layer, key) for layer in layers for key in ("weight", "bias")]


def fill(layers, rng):
    """Write random numbers of a good size into all parameters."""
    for array, layer, key in arrays(layers):
        shape = entry(layer, "params", key).shape
        array[...] = rng.normal(scale=0.8 if key == "weight" else 0.4, size=shape)


@points(3, hint="n_hidden is a list: one Linear and one ReLU for each of its numbers, then a Linear and a SoftMax")
def test_mlp_forward(student, rng):
    """MLP: layers of the right sizes; forward gives probabilities"""
    for inputs, hidden_units, classes in ((2, [20], 2), (3, [5, 4], 6)):
        model, layers = build(student, inputs, hidden_units, classes)
        sizes = [inputs, *hidden_units, classes]
        count = sum((a + 1) * b for a, b in pairwise(sizes))
        what = f"number of parameters for n_hidden={hidden_units}"
        assert_parameter_count([layer.params for layer in layers], count, what=what)
        p = model.forward(rng.normal(size=(7, inputs)))
        assert_shape(p, (7, classes), what="MLP.forward(x)")
        assert_close(np.sum(p, axis=1), np.ones(7), rtol=1e-4, what="sums of the rows of MLP.forward(x)")
        assert_close(np.abs(p), p, what="MLP.forward(x), without its sign,")


def outputs(layers, sizes, x):
    """What a model with these parameters must answer. The sizes tell the layers apart, whatever their order is."""
    by_sizes = {}
    for layer in layers:
        weight = entry(layer, "params", "weight")
        by_sizes[frozenset(weight.shape)] = weight, entry(layer, "params", "bias")
    for depth, (size_in, size_out) in enumerate(pairwise(sizes)):
        if frozenset((size_in, size_out)) not in by_sizes:
            raise AssertionError(f"expected a weight for {size_in} inputs and {size_out} outputs, got none")
        weight, bias = by_sizes[frozenset((size_in, size_out))]
        assert_parameter_count(bias, size_out, what=f"size of the bias for {size_out} outputs")
        x = x @ (weight if weight.shape == (size_in, size_out) else weight.T) + bias.reshape(-1)
        if depth < len(sizes) - 2:
            x = np.maximum(x, 0)
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@hidden
@points(4, hint="a ReLU after every hidden layer and none before SoftMax; an empty n_hidden gives a Linear and a SoftMax")
def test_mlp_values(student, rng):
    """MLP: forward is Linear, ReLU, …, Linear, SoftMax, for any number of hidden layers"""
    for sizes in ([3, 5, 2], [4, 6, 5, 3], [5, 3]):
        model, layers = build(student, sizes[0], sizes[1:-1], sizes[-1])
        fill(layers, rng)
        x = rng.normal(size=(8, sizes[0]))
        what = f"MLP({sizes[0]}, {sizes[1:-1]}, {sizes[-1]}).forward(x)"
        assert_close(model.forward(x), outputs(layers, sizes, x), rtol=1e-3, atol=1e-4, what=what)


def number(value):
    """A loss as a number, where the student returned an array with one entry."""
    return value.reshape(()) if isinstance(value, np.ndarray) and value.size == 1 else value


def demand_gradients(student, rng, inputs, hidden_units, classes):
    """Backward through loss and model against finite differences of the student's own loss, up to one factor for all."""
    loss = student.modules.CrossEntropy()
    model, layers = build(student, inputs, hidden_units, classes)
    fill(layers, rng)
    x, y = rng.normal(size=(6, inputs)), np.eye(classes)[rng.integers(classes, size=6)]
    p = model.forward(x)
    loss.forward(p, y)
    model.backward(loss.backward(p, y))
    got, expected, names = [], [], []
    for array, layer, key in arrays(layers):
        value, gradient = entry(layer, "params", key), entry(layer, "grads", key)
        if key == "bias" and gradient.size == value.size:
            gradient = gradient.reshape(value.shape)
        try:
            assert_dtype(value, np.float64)
            assert_dtype(p, np.float64)
            eps, rtol = 1e-5, 1e-3
        except AssertionError:  # float32
            eps, rtol = 2e-3, 3e-2

        def loss_at(moved, array=array):
            array[...] = moved
            return number(loss.forward(model.forward(x), y))

        expected.append(numeric_gradient(loss_at, value, eps=eps))
        array[...] = value
        got.append(gradient)
        names.append(f"grads[{key!r}] of Linear layer {len(names) // 2 + 1}")
    assert_proportional(got, expected, rtol=rtol, positive=True, what=names)


def demand_gradients_in_one_of_three(student, rng, *sizes):
    """Finite differences go wrong where a ReLU is about to switch; three different networks do not all stand there."""
    for attempt in range(3):
        try:
            return demand_gradients(student, rng, *sizes)
        except AssertionError:
            if attempt == 2:
                raise


@hidden
@points(5, hint="backward goes through the layers in reverse order and hands each one's result to the one before")
def test_mlp_gradients(student, rng):
    """MLP: backward gives the gradient of the loss for every parameter, with one hidden layer"""
    demand_gradients_in_one_of_three(student, rng, 3, [5], 2)


@hidden
@points(4, hint="with more hidden layers every ReLU and every Linear must hand on dL/d(its input), not dL/d(its weight)")
def test_deep_mlp_gradients(student, rng):
    """MLP: the same with three hidden layers"""
    demand_gradients_in_one_of_three(student, rng, 3, [5, 4, 6], 3)
