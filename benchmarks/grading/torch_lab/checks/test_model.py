"""Shape, training and accuracy of a small network."""

import numpy as np

from practicum.checks import accuracy, assert_decreases, assert_shape, points


def circles(seed, size=256):
    """Points in a square, and whether they lie within the circle that halves it."""
    x = np.random.default_rng(seed).uniform(-1, 1, size=(size, 2)).astype(np.float32)
    return x, (np.linalg.norm(x, axis=1) < 0.8).astype(np.int64)


@points(1, hint="one row of two scores for every point")
def test_shape(student):
    """Net() returns two scores per point"""
    x, _ = circles(1, size=16)
    assert_shape(student.model.Net(8)(student.tensor(x)), (16, 2), what="net(x)")


@points(2, hint="zero the gradients, go backward, take a step")
def test_loss_decreases(student):
    """train() lowers the loss"""
    x, y = circles(2)
    losses = student.model.train(student.model.Net(), student.tensor(x), student.tensor(y), 100)
    assert_decreases(losses, what="loss")


@points(3, hint="300 steps are enough for nine points in ten")
def test_accuracy(student):
    """The trained network is right on new points"""
    x, y = circles(3)
    net = student.model.Net(32)
    student.model.train(net, student.tensor(x), student.tensor(y), 300)
    new_x, new_y = circles(4)
    assert accuracy(net(student.tensor(new_x)), new_y) >= 0.85, "fewer than 85 % of new points are right"
