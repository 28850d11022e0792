"""The model and its loss."""

import numpy as np
from regression import LOOSE, SCALED, award_each, flat, opened, problem, slope, start, tensors, uneven, weights, with_ones, without_autograd

from practicum.checks import assert_close, points, timeout


@timeout(60)  # the first check waits for the whole notebook to run, with whatever experiments a student has left in it
@points(0.5, hint="one prediction per row: x·w + b, in shape (N,)")
def test_predict(student, rng):
    """predict() on three examples from paper, and on random ones"""
    x = np.array([[1, 2], [3, 4], [-1, 0]], dtype=np.float32)
    (nb, _), t = opened(student), student.tensor
    got = nb.predict(t(x), t(np.array([2, -1], dtype=np.float32)), t(np.array(0.5, dtype=np.float32)))
    assert_close(got, [0.5, 2.5, -1.5], what="predict(X, w, b)")
    (x, _), theta = problem(rng, 7, 4), start(rng, 4)
    assert_close(nb.predict(t(x), *tensors(student, theta)), with_ones(x) @ theta, **LOOSE, what="predict(X, w, b)")


@points(0.5, hint="the mean of the squared differences, without a factor 1/2")
def test_mse(student, rng):
    """mse() of three predictions from paper, and of random ones"""
    (nb, _), t = opened(student), student.tensor
    got = nb.mse(t(np.array([1, 2, 3], dtype=np.float32)), t(np.array([1, 4, 2], dtype=np.float32)))
    assert_close(flat(got, 1, "mse"), [5 / 3], what="mse(prediction, y)")
    prediction, y = rng.normal(size=(2, 9)).astype(np.float32)
    got = nb.mse(t(prediction), t(y))
    assert_close(flat(got, 1, "mse"), [np.mean((prediction - y) ** 2)], rtol=1e-4, what="mse(prediction, y)")


@points(0.5, hint="with N = 1, squeeze() removes more than it should: predictions have shape (N,) for every N")
def test_one_example(student, rng, award):
    """predict() and gradient() on a single example"""
    (x, y, scale), theta = uneven(rng, 1, 4), start(rng, 4)
    (nb, _), t = opened(student), student.tensor

    def prediction():
        got = nb.predict(t(x), *tensors(student, theta))
        assert_close(got, with_ones(x) @ theta, **LOOSE, what="predict(X, w, b) for N = 1")

    def slopes():
        with without_autograd(student, "gradient"):
            got = weights(nb.gradient(t(x), t(y), *tensors(student, theta)), 4, "gradient")
        assert_close(got * scale, slope(x, y, theta)[0] * scale, **LOOSE, what=SCALED)

    award_each(award, [prediction, slopes])
