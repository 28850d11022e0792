"""Checks of the three ways. Vectors may come back as columns, numbers as tensors of one entry: the values count.

Inputs are float32, PyTorch's own default, where rounding costs about 1e-7 of the largest term and the normal equations
multiply it by the squared condition number, 10 to 100 here: hence a tolerance of 1e-3. float64 and its narrow tolerance
are kept for the two checks that are about precision, so that a slip with dtypes costs those and no other.
"""

import numpy as np

from practicum.checks import assert_close, assert_dtype, assert_finite, assert_shape, hidden, points, ref, timeout

LOOSE = {"rtol": 1e-3, "atol": 1e-3}


def opened(student):
    """The notebook and PyTorch, with the settings PyTorch starts with, whatever a cell has left them at."""
    nb, torch = student.linear_regression, student.torch
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    return nb, torch


def problem(rng, n, d, noise=0.3, dtype=np.float32):
    """X (n, d) with features of about unit scale and y (n,), from weights of size 0.5 to 2 and a bias of size 1 to 3."""
    x = rng.normal(size=(n, d))
    w = rng.choice([-1, 1], size=d) * rng.uniform(0.5, 2, size=d)
    y = x @ w + rng.choice([-1, 1]) * rng.uniform(1, 3) + noise * rng.normal(size=n)
    return x.astype(dtype), y.astype(dtype)


def flat(value, size, what):
    """A vector that may have come as a row, a column, or a list of numbers."""
    items = value if isinstance(value, list | tuple) else [value]
    for item in items:
        assert_finite(item, what=what)
    vector = np.concatenate([np.ravel(np.asarray(item, dtype=np.float64)) for item in items] or [np.zeros(0)])
    if vector.size != size:
        raise AssertionError(f"{what}: expected {size} value{'s' * (size != 1)}, got {vector.size}")
    return vector


def parts(value, count, what):
    """The things a function returns together."""
    if not isinstance(value, list | tuple) or len(value) != count:
        raise AssertionError(f"{what}: expected {count} things, got {len(value) if isinstance(value, list | tuple) else 1}")
    return value


def weights(value, d, what):
    """(w, b) as one vector of d + 1, the bias last."""
    w, b = parts(value, 2, what)
    return np.append(flat(w, d, f"w of {what}"), flat(b, 1, f"b of {what}"))


def with_ones(x):
    """A column of ones at the end, in float64."""
    return np.column_stack([x, np.ones(len(x))]).astype(np.float64)


def least_squares(x, y):
    """The right (w, b) as one vector."""
    return np.linalg.lstsq(with_ones(x), y.astype(np.float64), rcond=None)[0]


def descend(x, y, theta, lr, steps):
    """The right (w, b) after gradient descent, and the loss before every step."""
    a, curve = with_ones(x), []
    for _ in range(steps):
        residual = a @ theta - y
        curve.append(np.mean(residual**2))
        theta = theta - lr * 2 / len(x) * a.T @ residual
    return theta, np.array(curve)


# 0. The model and its loss


@timeout(60)  # the first check waits for the whole notebook to run, with whatever experiments a student has left in it
@points(0.5, hint="one prediction per row: x·w + b, in shape (N,)")
def test_predict(student):
    """predict() on three examples"""
    x = np.array([[1, 2], [3, 4], [-1, 0]], dtype=np.float32)
    (nb, _), t = opened(student), student.tensor
    got = nb.predict(t(x), t(np.array([2, -1], dtype=np.float32)), t(np.array(0.5, dtype=np.float32)))
    assert_close(got, [0.5, 2.5, -1.5], what="predict(X, w, b)")


@points(0.5, hint="the mean of the squared differences, without a factor 1/2")
def test_mse(student):
    """mse() of three predictions"""
    (nb, _), t = opened(student), student.tensor
    got = nb.mse(t(np.array([1, 2, 3], dtype=np.float32)), t(np.array([1, 4, 2], dtype=np.float32)))
    assert_close(flat(got, 1, "mse"), [5 / 3], what="mse(prediction, y)")


# 1. Closed form


@points(1, hint="a column of ones gives the bias; solve the normal equations for all D + 1 unknowns")
def test_closed_form_plane(student):
    """closed_form() finds the plane on which all points lie"""
    nb, _ = opened(student)
    x = np.array([[0, 0], [1, 0], [0, 1], [2, 1], [1, 3]], dtype=np.float32)
    y = x @ np.array([2, -3], dtype=np.float32) + 5
    t = student.tensor
    got = weights(nb.closed_form(t(x), t(y)), 2, "closed_form")
    assert_close(got, [2, -3, 5], **LOOSE, what="w and b")


@hidden
@points(1.5, hint="on noisy points the answer is that of numpy.linalg.lstsq with a column of ones")
def test_closed_form_random(student, rng):
    """closed_form() on random points of other sizes"""
    nb, _ = opened(student)
    for d in (1, 6):
        x, y = problem(rng, 60, d)
        got = weights(nb.closed_form(student.tensor(x), student.tensor(y)), d, "closed_form")
        assert_close(got, least_squares(x, y), **LOOSE, what="w and b")


@hidden
@points(1.5, hint="add ridge to the diagonal of XᵀX, for the weights and not for the bias; nothing is divided by N")
def test_ridge(student, rng):
    """closed_form() with a ridge penalty, also with more features than points"""
    nb, _ = opened(student)
    for n, d, ridge in ((40, 4, 10.0), (5, 9, 1.0)):
        x, y = problem(rng, n, d)
        a = with_ones(x)
        right = np.linalg.solve(a.T @ a + ridge * np.diag([1.0] * d + [0.0]), a.T @ y)
        answer = nb.closed_form(student.tensor(x), student.tensor(y), ridge=ridge)
        assert_close(weights(answer, d, "closed_form"), right, **LOOSE, what="w and b")


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


# 2. Gradient descent by hand


@points(1.5, hint="differentiate the mean of (x·w + b - y)²: the square gives a factor 2, the mean 1/N, the chain rule x or 1")
def test_gradient(student):
    """gradient() on two examples, worked out on paper"""
    nb, _ = opened(student)
    x, y = np.array([[1, 2], [3, -1]], dtype=np.float32), np.array([1, 2], dtype=np.float32)
    w, b = np.array([1, 1], dtype=np.float32), np.array(1, dtype=np.float32)
    t = student.tensor
    got = weights(nb.gradient(t(x), t(y), t(w), t(b)), 2, "gradient")
    assert_close(got, [6, 5, 4], rtol=1e-4, what="dL/dw and dL/db")  # the residuals are 3 and 1


@hidden
@points(1, hint="write the gradient out in tensors; autograd is switched off here")
def test_gradient_by_hand(student, rng):
    """gradient() on random examples, with autograd switched off"""
    x, y = problem(rng, 30, 5)
    w, b = rng.normal(size=5).astype(np.float32), np.array(rng.normal(), dtype=np.float32)
    (nb, torch), t = opened(student), student.tensor
    function = nb.gradient
    torch.set_grad_enabled(False)
    try:
        got = weights(function(t(x), t(y), t(w), t(b)), 5, "gradient")
    finally:
        torch.set_grad_enabled(True)
    theta = np.append(w, b).astype(np.float64)
    assert_close(got, theta - descend(x, y, theta, 1.0, 1)[0], **LOOSE, what="dL/dw and dL/db")


@points(1, hint="start at w = 0 and b = 0, note the loss, then subtract lr times the gradient")
def test_first_step(student):
    """gradient_descent() takes its first step"""
    nb, _ = opened(student)
    x, y = np.array([[1, 2], [3, -1]], dtype=np.float32), np.array([1, 2], dtype=np.float32)
    t = student.tensor
    answer = nb.gradient_descent(t(x), t(y), lr=0.05, steps=1)
    w, b, curve = parts(answer, 3, "gradient_descent")
    assert_close(weights([w, b], 2, "gradient_descent"), [0.35, 0, 0.15], rtol=1e-4, atol=1e-5, what="w and b")
    assert_close(flat(curve, 1, "the loss curve"), [2.5], rtol=1e-4, what="the loss before the first step")


@hidden
@points(1.5, hint="use lr and steps as given; the curve holds the mean squared error before each step")
def test_path(student, rng):
    """gradient_descent() follows the gradient step by step"""
    nb, _ = opened(student)
    for d in (1, 4):
        x, y = problem(rng, 25, d)
        lr, steps = float(rng.uniform(0.02, 0.08)), int(rng.integers(6, 12))
        answer = nb.gradient_descent(student.tensor(x), student.tensor(y), lr=lr, steps=steps)
        w, b, losses = parts(answer, 3, "gradient_descent")
        theta, curve = descend(x, y, np.zeros(d + 1), lr, steps)
        assert_close(weights([w, b], d, "gradient_descent"), theta, **LOOSE, what="w and b")
        assert_close(flat(losses, steps, "the loss curve"), curve, **LOOSE, what="the loss curve")


@hidden
@points(1, hint="after many steps gradient descent is where the closed form is")
def test_converges(student, rng):
    """gradient_descent() arrives at the least squares solution"""
    nb, _ = opened(student)
    x, y = problem(rng, 100, 3)
    answer = nb.gradient_descent(student.tensor(x), student.tensor(y), lr=0.1, steps=300)
    w, b, losses = parts(answer, 3, "gradient_descent")
    assert_close(weights([w, b], 3, "gradient_descent"), least_squares(x, y), rtol=5e-3, atol=5e-3, what="w and b")
    curve = flat(losses, 300, "the loss curve")
    if not (np.diff(curve) <= 1e-5 * curve[0]).all():
        raise AssertionError("the loss curve: expected a loss that never rises at this learning rate")


@points(1, hint="each column on its own: subtract its mean, divide by its standard deviation")
def test_standardise(student):
    """standardise() gives every feature mean 0 and standard deviation 1"""
    nb, _ = opened(student)
    x = np.array([[1, 200], [2, 400], [3, 300], [6, 100]], dtype=np.float32)
    train, _ = parts(nb.standardise(student.tensor(x), student.tensor(x[:1])), 2, "standardise")
    assert_shape(train, (4, 2), what="the training examples")
    assert_close(np.mean(train, axis=0), np.zeros(2), atol=1e-5, what="means")
    unbiased = np.abs(np.std(train, axis=0, ddof=1) - 1) < 1e-3  # dividing by N or by N - 1 is open
    assert_close(np.std(train, axis=0, ddof=int(unbiased.all())), np.ones(2), rtol=1e-3, what="standard deviations")


@hidden
@points(1, hint="the test examples are treated with the mean and deviation of the training examples; copy, do not overwrite")
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


# 3. nn.Linear and an optimiser


def sgd_run(student, x, y, lr, epochs):
    """Train a linear module of PyTorch with plain SGD: what came out, and what should have."""
    (nb, torch), t = opened(student), student.tensor
    module = torch.nn.Linear(x.shape[1], 1)
    before = weights([module.weight, module.bias], x.shape[1], "a new module")
    optimizer = torch.optim.SGD(module.parameters(), lr=lr)
    losses = nb.train(module, optimizer, t(x), t(y), epochs)
    theta, curve = descend(x, y, before, lr, epochs)
    after = weights([module.weight, module.bias], x.shape[1], "the module")
    assert_close(after, theta, **LOOSE, what="the module's weight and bias afterwards")
    assert_close(flat(losses, epochs, "the loss curve"), curve, **LOOSE, what="the loss curve")


@points(1, hint="forward, loss, backward, step; the module gives (N, 1) and y is (N,), so bring them to one shape first")
def test_train_one_epoch(student):
    """train() takes one step of SGD"""
    x = np.array([[1, 0], [0, 2], [-1, 1], [2, 2], [3, -1], [0, -2]], dtype=np.float32)
    y = np.array([1, 3, 0, 6, 1, -1], dtype=np.float32)
    (nb, torch), t = opened(student), student.tensor
    module = torch.nn.Linear(2, 1)
    for name in ("weight", "bias"):
        torch.nn.init.zeros_(ref(module, name))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.3)
    losses = nb.train(module, optimizer, t(x), t(y), 1)
    moved = weights([module.weight, module.bias], 2, "the module")
    assert_close(moved, [1.6, 1.9, 1.0], rtol=1e-3, what="the module's weight and bias after one step")
    assert_close(flat(losses, 1, "the loss curve"), [8], rtol=1e-3, what="the loss before the step")


@hidden
@points(1.5, hint="one step per epoch on all examples; a gradient that is not set to zero is added to the next one")
def test_train_every_epoch(student, rng):
    """train() takes one step of SGD in every epoch"""
    for d in (1, 5):
        x, y = problem(rng, 20, d)
        sgd_run(student, x, y, lr=0.05, epochs=int(rng.integers(4, 9)))


@points("0.5", hint="make nn.Linear(D, 1), train it with an optimiser and enough epochs, and return the module")
def test_fit_linear(student, rng):
    """fit_linear() finds a plane on which all points lie"""
    nb, _ = opened(student)
    x, y = problem(rng, 120, 2, noise=0)
    module = nb.fit_linear(student.tensor(x[:80]), student.tensor(y[:80]))
    prediction = flat(module(student.tensor(x[80:])), 40, "the model's predictions")
    error = np.mean((prediction - y[80:]) ** 2)
    if not error <= 0.05:
        raise AssertionError(f"the error on new examples: expected a mean square of at most 0.05, got {error:.3g}")


def excess(student, rng, n, d, noise):
    """How much larger the error of `fit_linear` is than that of the closed form on new points, in units of the latter."""
    nb, _ = opened(student)
    x, y = problem(rng, 2 * n, d, noise)
    module = nb.fit_linear(student.tensor(x[:n]), student.tensor(y[:n]))
    prediction = flat(module(student.tensor(x[n:])), n, "the model's predictions")
    best = with_ones(x[n:]) @ least_squares(x[:n], y[:n])
    return np.mean((prediction - y[n:]) ** 2) / np.mean((best - y[n:]) ** 2) - 1


@hidden
@points(1, hint="train until the loss no longer falls: the error on new examples should be that of the closed form")
def test_fit_linear_new_points(student, rng):
    """fit_linear() comes within 10 % of the closed form's error on new points"""
    for d in (1, 5):
        more = excess(student, rng, 150, d, 0.3)
        if not more <= 0.1:
            raise AssertionError(f"the error on new examples: expected at most 1.1 times the closed form's, got {1 + more:.3g}")


# All together


@hidden
@points(1, hint="with N = 1, squeeze() removes more than it should: predictions have shape (N,) for every N")
def test_one_example(student, rng):
    """predict() and gradient() on a single example"""
    x, y = problem(rng, 1, 4)
    w, b = rng.normal(size=4).astype(np.float32), np.array(rng.normal(), dtype=np.float32)
    (nb, _), t = opened(student), student.tensor
    assert_close(nb.predict(t(x), t(w), t(b)), x @ w + b, **LOOSE, what="predict(X, w, b)")
    theta = np.append(w, b).astype(np.float64)
    got = weights(nb.gradient(t(x), t(y), t(w), t(b)), 4, "gradient")
    assert_close(got, theta - descend(x, y, theta, 1.0, 1)[0], **LOOSE, what="dL/dw and dL/db")


@hidden
@points(1, hint="make new tensors in the dtype of X: X.new_zeros(D), torch.ones(N, 1, dtype=X.dtype)")
def test_dtypes(student, rng):
    """float32 in gives float32 out, float64 in gives float64 out"""
    (nb, _), t = opened(student), student.tensor
    for dtype in (np.float32, np.float64):
        x, y = problem(rng, 12, 2, dtype=dtype)
        closed, _ = parts(nb.closed_form(t(x), t(y)), 2, "closed_form")
        descended, _, _ = parts(nb.gradient_descent(t(x), t(y), lr=0.01, steps=2), 3, "gradient_descent")
        train, other = parts(nb.standardise(t(x), t(x[:5])), 2, "standardise")
        for value, what in (
            (closed, "w of closed_form"),
            (descended, "w of gradient_descent"),
            (train, "standardise, training examples"),
            (other, "standardise, other examples"),
        ):
            assert_finite(value, what=what)
            assert_dtype(value, dtype, what=what)
            if not np.any(value):
                raise AssertionError(f"{what}: expected values that depend on X, got zeros only")
