"""The gradient and gradient descent by hand: nothing here may ask autograd. What every way of fitting needs comes last."""

import numpy as np
from regression import (
    LOOSE,
    assert_close_or_named,
    award_each,
    descend,
    flat,
    least_squares,
    opened,
    parts,
    problem,
    scaled,
    slope,
    start,
    tensors,
    uneven,
    weights,
    without_autograd,
)

from practicum.checks import assert_close, assert_dtype, assert_finite, assert_shape, hidden, points, ref

PAPER = np.array([[1, 2], [3, -1]], dtype=np.float32), np.array([1, 2], dtype=np.float32)


def slopes(student, x, y, theta):
    """What `gradient` returns as one vector."""
    (nb, _), t = opened(student), student.tensor
    return weights(nb.gradient(t(x), t(y), *tensors(student, theta)), x.shape[1], "gradient")


def descent(student, x, y, lr, steps):
    """What `gradient_descent` returns: the weights and the bias as one vector, and the loss curve."""
    (nb, _), t = opened(student), student.tensor
    w, b, losses = parts(nb.gradient_descent(t(x), t(y), lr=lr, steps=steps), 3, "gradient_descent")
    return weights([w, b], x.shape[1], "gradient_descent"), flat(losses, steps, "the loss curve")


@points(1.5, hint="differentiate the mean of (x·w + b - y)²: the square gives a factor 2, the mean 1/N, the chain rule x or 1")
def test_gradient(student, rng):
    """gradient() on two examples from paper, and on random ones, without autograd"""
    with without_autograd(student, "gradient"):
        for (x, y, scale), theta in (((*PAPER, 1.0), np.ones(3)), (uneven(rng, 8, 3), start(rng, 3))):
            right = slope(x, y, theta)[0] * scale  # on paper the residuals are 3 and 1, and this is 6, 5 and 4
            mistakes = {
                "that is half of it, the gradient of half the loss": right / 2,
                "that is N times as much, the gradient of the sum where the mean is asked": right * len(x),
                "that points the other way": -right,
            }
            got = slopes(student, x, y, theta) * scale
            assert_close_or_named(got, right, mistakes, **LOOSE, what=scaled("dL/dw and dL/db", scale))


@hidden
@points(1, hint="any N and D, and features of any size: a formula in the arguments, without autograd or differences of losses")
def test_gradient_by_hand(student, rng, award):
    """gradient() on random examples of other sizes, without autograd"""

    def right(n, d):
        (x, y, scale), theta = uneven(rng, n, d), start(rng, d)
        assert_close(
            slopes(student, x, y, theta) * scale, slope(x, y, theta)[0] * scale, **LOOSE, what=scaled("dL/dw and dL/db", scale)
        )

    with without_autograd(student, "gradient"):
        award_each(award, [lambda: right(30, 5), lambda: right(4, 2)])


@points(1, hint="start at w = 0 and b = 0, note the loss, then subtract lr times the gradient")
def test_first_step(student, rng):
    """gradient_descent() takes its first step, without autograd"""
    with without_autograd(student, "gradient_descent"):
        for (x, y, scale), lr in (((*PAPER, 1.0), 0.05), (uneven(rng, 9, 3), float(rng.uniform(0.02, 0.08)))):
            theta, losses = descent(student, x, y, lr, 1)
            before = np.zeros(x.shape[1] + 1)
            right, curve = descend(x, y, before, lr, 1)  # on paper: 0.35, 0 and 0.15
            mistakes = {"those are the weights before the step": before, "the step went uphill": -right * scale}
            assert_close_or_named(theta * scale, right * scale, mistakes, **LOOSE, what=scaled("w and b", scale))
            late = {"that is the loss after the step": slope(x, y, right)[1:]}
            assert_close_or_named(losses, curve, late, **LOOSE, what="the loss before the first step")  # on paper: 2.5


@hidden
@points(2, hint="use lr and steps as given; the curve holds the mean squared error before each step")
def test_path(student, rng, award):
    """gradient_descent() follows the gradient step by step"""

    def follows(d):
        x, y, scale = uneven(rng, 25, d)
        lr, steps = float(rng.uniform(0.02, 0.08)), int(rng.integers(6, 12))
        theta, losses = descent(student, x, y, lr, steps)
        right, curve = descend(x, y, np.zeros(d + 1), lr, steps)
        assert_close(theta * scale, right * scale, **LOOSE, what=scaled("w and b", scale))
        assert_close(losses, curve, **LOOSE, what="the loss curve")

    with without_autograd(student, "gradient_descent"):
        award_each(award, [lambda: follows(2), lambda: follows(4)])


@hidden
@points(1, hint="after many steps gradient descent is where the closed form is, and every loss on the way is a true one")
def test_converges(student, rng):
    """gradient_descent() arrives at the least squares solution"""
    x, y, scale = uneven(rng, 60, 4)
    with without_autograd(student, "gradient_descent"):
        theta, losses = descent(student, x, y, 0.2, 150)
    paths = []
    for lr in (0.2, 0.1):  # a missing factor, a sum for a mean and a loss noted after its step are the matter of other checks
        right, curve = descend(x, y, np.zeros(5), lr, 150)
        curve = np.append(curve, slope(x, y, right)[1])
        paths += [(right, curve[:-1] / curve[0]), (right, curve[1:] / curve[1])]
    losses = losses / (losses[0] or 1)
    right, curve = min(paths, key=lambda path: np.abs((theta - path[0]) * scale).max() + np.abs(losses - path[1]).max())
    others = least_squares(x[:, :3], y)  # to which a tiny feature makes no difference
    assert_close(theta[[0, 1, 2, 4]], others, rtol=5e-3, atol=5e-3, what="w and b")
    assert_close(theta * scale, right * scale, **LOOSE, what=scaled("w and b", scale))
    assert_close(losses, curve, **LOOSE, what="the loss curve, in units of its first loss")


@points(0.5, hint="each column on its own: subtract its mean, divide by its standard deviation")
def test_standardise(student, rng):
    """standardise() gives every feature mean 0 and standard deviation 1"""
    (nb, _), t = opened(student), student.tensor
    paper = np.array([[1, 200], [2, 400], [3, 300], [6, 100]], dtype=np.float32)
    drawn = (rng.normal(size=(12, 3)) * rng.uniform(2, 9, size=3) + rng.uniform(-20, 20, size=3)).astype(np.float32)
    for x in (paper, drawn):
        train, _ = parts(nb.standardise(t(x), t(x[:1])), 2, "standardise")
        assert_shape(train, x.shape, what="the training examples")
        centred = x - x.mean(axis=0, dtype=np.float64)
        right = [centred / x.std(axis=0, ddof=ddof, dtype=np.float64) for ddof in (0, 1)]  # by N or by N - 1 is open
        nearest = min(right, key=lambda z: np.max(np.abs(np.asarray(train) - z)))
        mistakes = {
            "that is one mean and deviation for all features together": (x - x.mean()) / x.std(ddof=1),
            "those are divided by the variance": centred / x.var(axis=0),
            "those are not divided by the standard deviation": centred,
        }
        assert_close_or_named(train, nearest, mistakes, **LOOSE, what="the training examples")


@hidden
@points(0.75, hint="the test examples are treated with the mean and deviation of the training examples; copy, do not overwrite")
def test_standardise_other(student, rng):
    """standardise() treats other examples with the numbers of the training examples, and overwrites nothing"""
    x = (rng.normal(size=(30, 3)) * rng.uniform(2, 20, size=3) + rng.uniform(-50, 50, size=3)).astype(np.float32)
    other = (x[:7] + rng.uniform(5, 10, size=3)).astype(np.float32)
    nb, _ = opened(student)
    nb.given_train, nb.given_other = student.tensor(x), student.tensor(other)
    answer = nb.standardise(ref(nb, "given_train"), ref(nb, "given_other"))
    train_z, other_z = parts(answer, 2, "standardise")
    assert_shape(train_z, (30, 3), what="the training examples")
    assert_shape(other_z, (7, 3), what="the other examples")
    mean, std = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    ratio = np.std(train_z, axis=0)  # 1, or sqrt((N - 1) / N)
    assert_close(ratio, np.ones(3), rtol=0.03, what="standard deviations")
    assert_close(other_z, (other - mean) / std * ratio, **LOOSE, what="the other examples")
    assert_close(nb.given_train, x, what="the caller's training examples afterwards")
    assert_close(nb.given_other, other, what="the caller's other examples afterwards")


@points(1, hint="make new tensors in the dtype of X: X.new_zeros(D), torch.ones(N, 1, dtype=X.dtype)")
def test_dtypes(student, rng, award):
    """float32 in gives float32 out, float64 in gives float64 out"""
    (nb, _), t = opened(student), student.tensor

    calls = {
        "w of closed_form": lambda x, y: parts(nb.closed_form(t(x), t(y)), 2, "closed_form")[0],
        "w of gradient_descent": lambda x, y: parts(nb.gradient_descent(t(x), t(y), 0.01, 2), 3, "gradient_descent")[0],
        "standardise, training examples": lambda x, y: parts(nb.standardise(t(x), t(x[:5])), 2, "standardise")[0],
        "standardise, other examples": lambda x, y: parts(nb.standardise(t(x), t(x[:5])), 2, "standardise")[1],
    }

    def keeps(what):
        for dtype in (np.float32, np.float64):
            value = calls[what](*problem(rng, 12, 2, dtype=dtype))
            assert_finite(value, what=what)
            assert_dtype(value, dtype, what=what)
            if not np.any(value):
                raise AssertionError(f"{what}: expected values that depend on X, got zeros only")

    with without_autograd(student, "gradient_descent"):
        award_each(award, [lambda what=what: keeps(what) for what in calls])
