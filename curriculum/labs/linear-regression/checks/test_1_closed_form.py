"""The closed form. Any solver will do; what is checked are the weights and the bias."""

import numpy as np
from regression import LOOSE, assert_close_or_named, award_each, least_squares, opened, problem, weights

from practicum.checks import assert_close, hidden, points


@points(1, hint="a column of ones gives the bias; solve the normal equations for all D + 1 unknowns")
def test_closed_form_plane(student, rng):
    """closed_form() finds the plane on which all points lie"""
    (nb, _), t = opened(student), student.tensor
    x = np.array([[0, 0], [1, 0], [0, 1], [2, 1], [1, 3]], dtype=np.float32)
    y = x @ np.array([2, -3], dtype=np.float32) + 5
    through_origin = np.append(np.linalg.lstsq(x, y, rcond=None)[0], 0)
    got = weights(nb.closed_form(t(x), t(y)), 2, "closed_form")
    mistakes = {"that is the plane through the origin, without a bias": through_origin}
    assert_close_or_named(got, [2, -3, 5], mistakes, **LOOSE, what="w and b")
    x, y = problem(rng, 20, 3, noise=0)
    got = weights(nb.closed_form(t(x), t(y)), 3, "closed_form")
    assert_close(got, least_squares(x, y), **LOOSE, what="w and b")


@points(0.5, hint="the penalty stands beside the sum of squared errors, and leaves the bias out")
def test_ridge_on_paper(student, rng):
    """closed_form(X, y, ridge=…) on three points from paper, and on random ones"""
    (nb, _), t = opened(student), student.tensor
    paper = np.array([[-1], [0], [1]], dtype=np.float32), np.array([1, 2, 6], dtype=np.float32)
    for (x, y), ridge in ((paper, 3.0), (problem(rng, 15, 2), float(rng.uniform(2, 6)))):
        right = least_squares(x, y, ridge)  # on paper: w is the sum of x·y over 2 + ridge, which is 1, and b is the mean of y, 3
        mistakes = {
            "that is the answer without a penalty": least_squares(x, y),
            "that is the answer with a penalty on the bias too": least_squares(x, y, ridge, ridge),
            "that is the answer with the penalty beside the mean of the squared errors": least_squares(x, y, ridge * len(x)),
        }
        got = weights(nb.closed_form(t(x), t(y), ridge=ridge), x.shape[1], "closed_form")
        assert_close_or_named(got, right, mistakes, **LOOSE, what=f"w and b with ridge={ridge:.3g}")


@hidden
@points(1, hint="on noisy points the answer is that of numpy.linalg.lstsq with a column of ones")
def test_closed_form_random(student, rng, award):
    """closed_form() on random points of other sizes"""
    (nb, _), t = opened(student), student.tensor

    def fits(d):
        x, y = problem(rng, 60, d)
        got = weights(nb.closed_form(t(x), t(y)), d, "closed_form")
        assert_close(got, least_squares(x, y), **LOOSE, what="w and b")

    award_each(award, [lambda: fits(1), lambda: fits(6)])


@hidden
@points(1, hint="add ridge to the diagonal of XᵀX, for the weights and not for the bias; nothing is divided by N")
def test_ridge(student, rng, award):
    """closed_form() with a ridge penalty, also with more features than points"""
    (nb, _), t = opened(student), student.tensor

    def fits(n, d, ridge):
        x, y = problem(rng, n, d)
        got = weights(nb.closed_form(t(x), t(y), ridge=ridge), d, "closed_form")
        assert_close(got, least_squares(x, y, ridge), **LOOSE, what="w and b")

    award_each(award, [lambda: fits(40, 4, 10.0), lambda: fits(5, 9, 1.0)])


@hidden
@points(1, hint="work in the dtype of X throughout, and add nothing to the equations that was not asked for")
def test_badly_scaled(student, rng):
    """closed_form() in float64 on features of very different scales"""
    nb, _ = opened(student)
    scale = rng.permutation([0.1, 1.0, 100.0])
    x, y = problem(rng, 60, 3, dtype=np.float64)
    x = x * scale + rng.uniform(5, 10, size=3) * scale
    got = weights(nb.closed_form(student.tensor(x), student.tensor(y)), 3, "closed_form")
    assert_close(got * np.append(scale, 1), least_squares(x, y) * np.append(scale, 1), rtol=1e-7, atol=1e-7, what="w and b")
