"""Checks of the perceptron. They look at what it does, whatever its weights are called and however it passes its data."""

import numpy as np

from practicum.grading.checks import (
    StudentError,
    accuracy,
    assert_close,
    assert_shape,
    hidden,
    over_seeds,
    points,
    ref,
    timeout,
)


def clouds(rng, centre, half, spread, per_class):
    """Points around centre + half (+1) and centre - half (-1), in random order; no point strays over 2.5 spreads."""
    labels = rng.permutation(np.repeat([1.0, -1.0], per_class))
    noise = np.clip(rng.normal(size=(2 * per_class, len(centre))), -2.5, 2.5)
    return np.asarray(centre) + labels[:, None] * np.asarray(half) + noise * spread, labels


def unit(rng, size):
    """A random direction."""
    direction = rng.normal(size=size)
    return direction / np.linalg.norm(direction)


def share_right(neuron, inputs, labels):
    """The share of points that get exactly their label; `forward` may take a batch or one point only."""
    try:
        return accuracy(neuron.forward(inputs), labels, what="forward of a batch")
    except (StudentError, AssertionError):
        return accuracy([neuron.forward(x) for x in inputs], labels, what="forward of one point")


def demand(share, least, of):
    """Fail with the numbers."""
    if not share >= least:
        raise AssertionError(f"expected at least {least:.0%} of {of} labelled right, got {share:.0%}")


@points(3, hint="forward gives the number -1 or +1 for every point, and a trained neuron gives both")
def test_forward_gives_labels(student, rng):
    """forward() answers with -1 or +1"""
    neuron = student.perceptron.Perceptron(2, max_epochs=50, learning_rate=0.5)
    neuron.train(*clouds(rng, [0, 0], [3, 3], 0.5, 20))
    far, sides = clouds(rng, [0, 0], [30, 30], 1.0, 3)
    share = share_right(neuron, far, sides)
    if share != 1:  # which side is which is another check's business
        share = share_right(neuron, far, -sides)
    if share != 1:
        got = neuron.forward(far[0])
        raise AssertionError(f"expected -1 on one side of the boundary and +1 on the other, got for one point {got!r:.60}")


@points(4, hint="train until every training point is on its side; correct w and b by η·y·x and η·y after each mistake")
def test_two_gaussians(student, rng):
    """Two Gaussians that lie apart: 80 % to train on, 20 % to test"""
    inputs, labels = clouds(rng, [0, 0], 2.5 * unit(rng, 2), 0.6, 100)
    neuron = student.perceptron.Perceptron(2)
    neuron.train(inputs[:160], labels[:160])
    demand(share_right(neuron, inputs[160:], labels[160:]), 0.95, "40 test points")


@points(3, hint="max_epochs=1 means one pass over the training points: not none")
def test_one_epoch(student, rng):
    """One epoch is enough where one correction is"""
    inputs, labels = clouds(rng, [0, 0], 4 * unit(rng, 2), 0.5, 30)
    neuron = student.perceptron.Perceptron(2, max_epochs=1, learning_rate=10.0)
    neuron.train(inputs, labels)
    demand(share_right(neuron, inputs, labels), 0.9, "60 training points")


@hidden
@points(4, hint="the boundary need not pass through the origin: the bias is learned like a weight, and used in forward")
def test_boundary_off_the_origin(student, rng):
    """Both classes on the same side of the origin"""
    direction = unit(rng, 2)
    inputs, labels = clouds(rng, 2.0 * direction, 1.4 * direction, 0.2, 30)
    neuron = student.perceptron.Perceptron(2, max_epochs=400, learning_rate=0.5)
    neuron.train(inputs, labels)
    demand(share_right(neuron, inputs, labels), 0.95, "60 training points")


@hidden
@points(3, hint="the number of inputs is the constructor's first argument")
def test_more_inputs(student, rng):
    """Points with more than two coordinates"""
    for size in (1, 7):
        inputs, labels = clouds(rng, np.zeros(size), 3 * unit(rng, size), 0.4, 60)
        neuron = student.perceptron.Perceptron(size, max_epochs=100, learning_rate=0.5)
        neuron.train(inputs[:80], labels[:80])
        demand(share_right(neuron, inputs[80:], labels[80:]), 0.95, f"40 test points with {size} coordinates")


@hidden
@points(3, hint="correct mistakes on both classes, whatever their shapes and whichever of them is called +1")
def test_means_and_variances(student, rng):
    """Clouds of different shapes and sizes, and the labels swapped"""
    turn = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    inputs, labels = clouds(rng, [0, 0], [4, 0], np.array([0.5, 3.0]), 40)
    inputs = inputs @ rotation
    for sign in (1, -1):
        neuron = student.perceptron.Perceptron(2, max_epochs=200, learning_rate=0.5)
        neuron.train(inputs, sign * labels)
        demand(share_right(neuron, inputs, sign * labels), 0.95, "80 training points")


@hidden
@timeout(4)
@points(3, hint="where no line separates the classes, training ends after max_epochs, with most points right")
def test_overlapping_classes(student, rng):
    """Clouds that overlap: training ends, with most points right in the best of five trainings"""

    def share(_):
        inputs, labels = clouds(rng, [0, 0], 2 * unit(rng, 2), 1.0, 50)
        inputs[0], labels[0] = inputs[1], -labels[1]  # the same point with both labels: no boundary is right
        neuron = student.perceptron.Perceptron(2, max_epochs=30, learning_rate=0.1)
        neuron.train(inputs, labels)
        return share_right(neuron, inputs, labels)

    # Where the rule never comes to rest, its last weights may be poor ones: the best of five trainings counts.
    demand(max(over_seeds(share, 5).values), 0.8, "100 points in the best of 5 trainings")


@hidden
@points(2, hint="work on a copy: what the caller passed to train must be the same afterwards")
def test_inputs_stay_as_they_are(student, rng):
    """train() changes neither the points nor the labels"""
    inputs, labels = clouds(rng, [0, 0], [2, -2], 0.5, 20)
    module = student.perceptron
    module.given_inputs, module.given_labels = inputs, labels
    neuron = module.Perceptron(2, max_epochs=20, learning_rate=0.5)
    neuron.train(ref(module, "given_inputs"), ref(module, "given_labels"))
    assert_shape(module.given_inputs, inputs.shape, what="inputs after train")
    assert_close(module.given_inputs, inputs, what="inputs after train")
    assert_close(module.given_labels, labels, what="labels after train")
    demand(share_right(neuron, inputs, labels), 0.95, "40 training points")
