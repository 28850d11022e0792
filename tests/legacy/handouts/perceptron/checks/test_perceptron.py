"""Checks of the perceptron. They look at what it does, whatever its weights are called and however it passes its data."""

import numpy as np

from practicum.grading.checks import StudentError, accuracy, points


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
