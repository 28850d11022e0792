"""Checks of mlp_numpy.py. The layers are found by their `params` and `grads`, wherever the model keeps them."""

from itertools import pairwise

import numpy as np
from network import activations, build, cross_entropy, gradients, loss_gradient, numpy_only, own_gradients

from practicum.checks import assert_close, assert_parameter_count, assert_proportional, assert_shape, hidden, points


def demand_probabilities(student, rng, sizes):
    """Layers of the right sizes, and probabilities in every row."""
    network = build(student, sizes)
    what = f"number of parameters for n_hidden={sizes[1:-1]}"
    assert_parameter_count(network.arrays, sum((a + 1) * b for a, b in pairwise(sizes)), what=what)
    p = network.model.forward(rng.normal(size=(7, sizes[0])))
    assert_shape(p, (7, sizes[-1]), what="MLP.forward(x)")
    assert_close(np.sum(p, axis=1), np.ones(7), rtol=1e-4, what="sums of the rows of MLP.forward(x)")
    assert_close(np.abs(p), p, what="MLP.forward(x), without its sign,")


@points(1, hint="n_hidden is a list: one Linear and one ReLU for each of its numbers, then a Linear and a SoftMax")
def test_mlp_forward(student, rng):
    """MLP: layers of the right sizes; forward gives probabilities"""
    for sizes in ([2, 20, 2], [3, 5, 4, 6]):
        demand_probabilities(student, rng, sizes)


@points(1, hint="with n_hidden = [] the model is one Linear and a SoftMax")
def test_mlp_without_hidden_layers(student, rng):
    """MLP: n_hidden = [] gives probabilities, and backward fills grads"""
    demand_probabilities(student, rng, [5, 3])
    network = build(student, [4, 3])
    x, y = rng.normal(size=(6, 4)), np.eye(3)[rng.integers(3, size=6)]
    network.model.backward(loss_gradient(student, network.model.forward(x), y))
    for before, after in zip(network.arrays, network.read("grads"), strict=True):
        assert_shape(after, before.shape, what="grads")


def random_numbers(rng, network, x):
    """Numbers for all parameters, the biases too. They keep the size of what passes, and half of the ReLUs alive at least."""
    while True:
        arrays = [rng.normal(scale=np.sqrt(2 / len(a)) if a.ndim == 2 else 0.3, size=a.shape) for a in network.arrays]
        if all((h.max(axis=0) > 0).mean() >= 0.5 for h in activations(arrays, x)[1:-1]):
            return arrays


@points(2, hint="backward takes what CrossEntropy.backward returned and goes through the layers in reverse order")
def test_mlp_backward(student, rng):
    """MLP: along every gradient the loss changes as the gradient says"""
    network = build(student, [3, 5, 4, 2])
    x, y = rng.normal(size=(20, 3)), np.eye(2)[rng.integers(2, size=20)]
    arrays = random_numbers(rng, network, x)
    network.write(arrays)
    found, slope = own_gradients(student, network, arrays, x, y)
    for before, after in zip(arrays, network.read("params"), strict=True):
        if not np.allclose(before, after, rtol=1e-6):
            raise AssertionError("expected backward to leave params as they are (the update belongs into train), got others")
    rises = []
    for index, (gradient, what) in enumerate(zip(found, network.names, strict=True)):
        length = np.abs(gradient).max()
        if not length > 0:
            raise AssertionError(f"{what}: expected a gradient, got zeros only")
        ends = []
        for step in (1e-6 / length, -1e-6 / length):
            moved = [array + step * gradient if k == index else array for k, array in enumerate(arrays)]
            ends.append(cross_entropy(activations(moved, x, slope)[-1], y))
        # A gradient that is c times the right one lets the loss rise by its squared length over c.
        rises.append((ends[0] - ends[1]) / (2e-6 / length * np.sum(np.float64(gradient) ** 2)))
    for rise, what in zip(rises, network.names, strict=True):
        if not rise > 0:
            raise AssertionError(f"{what}: expected the loss to fall on a small step against it, got a loss that does not")
        what = f"the change of the loss along {what}, in units of what the gradient says,"
        assert_close(rise, np.median(rises), rtol=0.02, what=what)


def demand_values(student, rng, sizes):
    """What the layers make of x is what forward gives."""
    network, x = build(student, sizes), rng.normal(size=(8, sizes[0]))
    arrays = random_numbers(rng, network, x)
    network.write(arrays)
    what = f"MLP({sizes[0]}, {sizes[1:-1]}, {sizes[-1]}).forward(x)"
    assert_close(network.model.forward(x), activations(arrays, x)[-1], rtol=1e-3, atol=1e-4, what=what)


@hidden
@points(2, hint="a ReLU after every hidden layer and none before SoftMax")
def test_mlp_values(student, rng):
    """MLP: forward is Linear, ReLU, …, Linear, SoftMax, for one and two hidden layers"""
    for sizes in ([3, 5, 2], [4, 6, 5, 3]):
        demand_values(student, rng, sizes)


@hidden
@points(1, hint="an empty n_hidden gives a Linear and a SoftMax, with no ReLU between them")
def test_mlp_values_without_hidden_layers(student, rng):
    """MLP: forward is Linear, SoftMax without hidden layers"""
    demand_values(student, rng, [5, 3])


def demand_gradients(student, rng, sizes):
    """Backward through loss and model against the gradient of the true loss, up to one factor for all parameters.

    Half of the inputs are tiny, and so are the biases of the hidden layers: there every ReLU stands close to its bend.
    What was derived is as right there as elsewhere; a finite difference steps across.
    """
    network = build(student, sizes)
    x, y = rng.normal(size=(8, sizes[0])), np.eye(sizes[-1])[rng.integers(sizes[-1], size=8)]
    arrays = random_numbers(rng, network, x)
    for bias in arrays[1:-1:2]:
        bias *= 1e-12
    x[::2] *= 1e-12
    network.write(arrays)
    got, slope = own_gradients(student, network, arrays, x, y)
    numpy_only(student)
    assert_proportional(got, gradients(arrays, x, y, slope), rtol=1e-2, positive=True, what=network.names)


@hidden
@points(5, hint="backward goes through the layers in reverse order and hands each one's result to the one before")
def test_mlp_gradients(student, rng):
    """MLP: backward gives the gradient of the loss for every parameter, with one hidden layer"""
    demand_gradients(student, rng, [3, 5, 2])


@hidden
@points(4, hint="with more hidden layers every ReLU and every Linear must hand on dL/d(its input), not dL/d(its weight)")
def test_deep_mlp_gradients(student, rng):
    """MLP: the same with three hidden layers"""
    demand_gradients(student, rng, [3, 5, 4, 6, 2])
