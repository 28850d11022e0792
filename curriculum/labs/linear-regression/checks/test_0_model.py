"""The model and its loss."""

import numpy as np
from regression import (
    LOOSE,
    assert_close_or_named,
    award_each,
    flat,
    opened,
    problem,
    scaled,
    slope,
    start,
    tensors,
    uneven,
    weights,
    with_ones,
    without_autograd,
)

from practicum.checks import assert_close, points, timeout


@timeout(60)  # the first check waits for the whole notebook to run, with whatever experiments a student has left in it
@points(0.5, hint="one prediction per row: x·w + b, in shape (N,)")
def test_predict(student, rng):
    """predict() on three examples from paper, and on random ones"""
    (nb, _), t = opened(student), student.tensor
    paper = np.array([[1, 2], [3, 4], [-1, 0]], dtype=np.float32), np.array([2, -1, 0.5])  # 0.5, 2.5 and -1.5
    for x, theta in (paper, (problem(rng, 7, 4)[0], start(rng, 4))):
        got = nb.predict(t(x), *tensors(student, theta))
        mistakes = {"those are predictions without the bias": x @ theta[:-1]}
        assert_close_or_named(got, with_ones(x) @ theta, mistakes, **LOOSE, what="predict(X, w, b)")


@points(0.5, hint="the mean of the squared differences, without a factor 1/2")
def test_mse(student, rng):
    """mse() of three predictions from paper, and of random ones"""
    (nb, _), t = opened(student), student.tensor
    for prediction, y in (np.array([[1, 2, 3], [1, 4, 2]]), rng.normal(size=(2, 9))):  # on paper: 5/3
        squares = (prediction.astype(np.float32) - y.astype(np.float32)) ** 2
        mistakes = {
            "that is their sum, the mean is expected": [squares.sum()],
            "that is half of it": [squares.mean() / 2],
            "that is the root of it": [np.sqrt(squares.mean())],
            "that is the mean of the absolute differences": [np.sqrt(squares).mean()],
        }
        got = flat(nb.mse(t(prediction.astype(np.float32)), t(y.astype(np.float32))), 1, "mse")
        assert_close_or_named(got, [squares.mean()], mistakes, rtol=1e-4, what="mse(prediction, y)")


@points(0.5, hint="shapes as for any other N: (1,) for the prediction; squeeze() without an axis removes that, too")
def test_one_example(student, rng, award):
    """predict() and gradient() on a single example"""
    (x, y, scale), theta = uneven(rng, 1, 4), start(rng, 4)
    (nb, _), t = opened(student), student.tensor

    def prediction():
        got = nb.predict(t(x), *tensors(student, theta))
        assert_close(got, with_ones(x) @ theta, **LOOSE, what="predict(X, w, b) for N = 1")

    def slopes():
        got = weights(nb.gradient(t(x), t(y), *tensors(student, theta)), 4, "gradient")
        assert_close(got * scale, slope(x, y, theta)[0] * scale, **LOOSE, what=scaled("dL/dw and dL/db", scale))

    with without_autograd(student, "gradient"):
        award_each(award, [prediction, slopes])
