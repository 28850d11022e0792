"""What the checks share: random problems with their right answers, and ways to read what comes back.

Vectors may come back as columns, numbers as tensors of one entry: the values count. Inputs are float32, PyTorch's own
default, where rounding costs about 1e-7 of the largest term and the normal equations multiply it by the squared condition
number, 10 to 100 here: hence a tolerance of 1e-3. float64 and its narrow tolerance are kept for the two checks that are
about precision, so that a slip with dtypes costs those and no other.
"""

from contextlib import contextmanager
from functools import lru_cache

import numpy as np

from practicum.checks import StudentError, assert_close, assert_finite, ref

LOOSE = {"rtol": 1e-3, "atol": 1e-3}


def opened(student):
    """The notebook and PyTorch, with the settings PyTorch starts with, whatever a cell has left them at."""
    nb, torch = student.linear_regression, student.torch
    settle(torch)
    return nb, torch


@lru_cache(maxsize=1)  # once in each of the submission's processes, of which `torch` is a part
def settle(torch):
    """Bring PyTorch's settings back."""
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)


@lru_cache(maxsize=1)
def autograd_parts(torch):
    """What autograd needs, backwards and forwards: each as the place where it is kept, its name there, and itself."""
    autograd = torch.autograd
    places = [
        (autograd.Variable, "_execution_engine"),
        (torch._C, "_ImperativeEngine"),
        (autograd.forward_ad, "enter_dual_level"),
    ]
    return [(place, name, ref(place, name)) for place, name in places]


@contextmanager
def without_autograd(student, function):
    """Take away what autograd needs while `function` is checked; `enable_grad` brings nothing back."""
    needed = autograd_parts(student.torch)
    for place, name, _ in needed:
        setattr(place, name, None)
    try:
        yield
        place, name, _ = needed[0]
        if getattr(place, name) is not None:
            raise AssertionError(f"{function}: expected no autograd, but it was switched on again")
    except StudentError as error:
        if asked_autograd(error):
            raise AssertionError(f"{function}: {said(error)}") from None
        raise
    finally:
        for place, name, value in needed:
            setattr(place, name, value)


def asked_autograd(error):
    """Whether a call failed because autograd was taken away."""
    return "run_backward" in error.message or error.message == "'NoneType' object is not callable"


def said(error):
    """What a student reads of a case that failed."""
    if isinstance(error, StudentError) and asked_autograd(error):
        return "expected the gradient written out in tensors, but autograd was asked; it is taken away here"
    return "not written yet" if getattr(error, "type", "") == "NotImplementedError" else str(error)


def award_each(award, cases):
    """Award the share of the cases that hold, so that a failing one costs its own share only."""
    problems = []
    for case in cases:
        try:
            case()
        except (AssertionError, StudentError) as error:
            problems.append(error)
    if len(problems) == len(cases):
        raise problems[0]
    award(1 - len(problems) / len(cases), "; ".join(map(said, problems)))


def problem(rng, n, d, noise=0.3, dtype=np.float32):
    """X (n, d) with features of about unit scale and y (n,), from weights of size 0.5 to 2 and a bias of size 1 to 3."""
    x = rng.normal(size=(n, d)) + rng.uniform(-0.5, 0.5, size=d)
    w = rng.choice([-1, 1], size=d) * rng.uniform(0.5, 2, size=d)
    y = x @ w + rng.choice([-1, 1]) * rng.uniform(1, 3) + noise * rng.normal(size=n)
    return x.astype(dtype), y.astype(dtype)


TINY = 1e-24  # the size of a feature that a difference of two losses cannot show, while a formula has no trouble with it


def scaled(what, scale):
    """What is compared, for messages: with a scale of its own for each entry, or as it is."""
    return f"{what}, the entry of the last and tiny feature in units of its size" if np.ndim(scale) else what


def uneven(rng, n, d):
    """As `problem`, with a last feature of size TINY; and the scale that brings (w, b) or its gradient to one size."""
    x, y = problem(rng, n, d)
    x[:, -1] = TINY * rng.uniform(0.5, 1.5, size=n)
    return x, y, np.append(np.ones(d - 1), [1 / TINY, 1.0])


def start(rng, d):
    """Weights and a bias to start from, as one vector that float32 holds exactly."""
    return rng.normal(size=d + 1).astype(np.float32).astype(np.float64)


def tensors(student, theta):
    """The vector as the two arguments w (d,) and b ()."""
    return student.tensor(theta[:-1].astype(np.float32)), student.tensor(np.array(theta[-1], dtype=np.float32))


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


def least_squares(x, y, ridge=0.0, bias=0.0):
    """The right (w, b) as one vector; `ridge` is the penalty on the weights, `bias` that on the bias."""
    a, d = with_ones(x), x.shape[1]
    if not ridge:
        return np.linalg.lstsq(a, y.astype(np.float64), rcond=None)[0]
    return np.linalg.solve(a.T @ a + np.diag([ridge] * d + [bias]), a.T @ y)


def slope(x, y, theta, tanh=False):
    """The right (dL/dw, dL/db) at `theta` as one vector, and the loss there; with `tanh`, for tanh(x·w + b)."""
    return slope_of(with_ones(x), y, theta, tanh)


def slope_of(a, y, theta, tanh):
    """As `slope`, for features that have their column of ones already."""
    out = np.tanh(a @ theta) if tanh else a @ theta
    return 2 / len(a) * a.T @ ((out - y) * (1 - out**2 if tanh else 1)), np.mean((out - y) ** 2)


def descend(x, y, theta, lr, steps, momentum=0.0, tanh=False):
    """The right (w, b) after gradient descent, and the loss before every step."""
    a, curve, velocity = with_ones(x), [], 0.0
    for _ in range(steps):
        gradient, loss = slope_of(a, y, theta, tanh)
        curve.append(loss)
        velocity = momentum * velocity + gradient
        theta = theta - lr * velocity
    return theta, np.array(curve)


def assert_close_or_named(actual, expected, mistakes, **how):
    """As `assert_close`, and where the values are those of a known mistake, say which: `mistakes` is reason → values."""
    try:
        assert_close(actual, expected, **how)
    except AssertionError as error:
        for reason, values in mistakes.items():
            if np.shape(actual) == np.shape(values) and np.allclose(actual, values, **LOOSE):
                raise AssertionError(f"{error}: {reason}") from None
        raise
