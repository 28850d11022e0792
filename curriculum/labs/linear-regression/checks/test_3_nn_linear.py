"""nn.Linear and an optimiser: the training loop for any module and optimiser, and a model that was trained by one."""

from functools import lru_cache

import numpy as np
from regression import (
    LOOSE,
    assert_close_or_named,
    autograd_parts,
    award_each,
    descend,
    flat,
    least_squares,
    opened,
    problem,
    weights,
    with_ones,
)

from practicum.checks import StudentError, assert_close, hidden, points, trains

PAPER_X = np.array([[1, 0], [0, 2], [-1, 1], [2, 2], [3, -1], [0, -2]], dtype=np.float32)
PAPER_Y = np.array([1, 3, 0, 6, 1, -1], dtype=np.float32)


def pairs_step(x, y, theta, lr):
    """The weights after one step on the loss over all N · N pairs of a prediction and a target."""
    a = with_ones(x)
    return theta - lr * 2 / len(x) * a.T @ (a @ theta - np.mean(y))


@lru_cache(maxsize=1)
def tools(torch):
    """PyTorch's modules and its optimiser: what makes them, looked up once."""
    nn = torch.nn
    return nn.Linear, nn.Sequential, nn.Tanh, torch.optim.SGD, nn.utils.vector_to_parameters


def parameters(layer, d, what):
    """The weights and the bias of nn.Linear(d, 1) as one vector."""
    return weights([layer.weight, layer.bias], d, what)


def trained(student, x, y, lr, epochs, momentum=0.0, tanh=False):
    """Let `train` train a module of PyTorch, and compare its weights and the loss curve with the right ones."""
    (nb, torch), t, d = opened(student), student.tensor, x.shape[1]
    linear, sequential, tanh_layer, sgd, _ = tools(torch)
    layer = linear(d, 1)
    module = sequential(layer, tanh_layer()) if tanh else layer
    before = parameters(layer, d, "a new module")
    optimizer = sgd(module.parameters(), lr=lr, momentum=momentum)
    losses = nb.train(module, optimizer, t(x), t(y), epochs)
    right, curve = descend(x, y, before, lr, epochs, momentum, tanh)
    mistakes = {"the weights did not move: was the loss cut from the module, or the step taken before backward()?": before}
    if epochs == 1 and not tanh:
        mistakes["that is a step on all pairs of (N, 1) and (N,)"] = pairs_step(x, y, before, lr)
    after = parameters(layer, d, "the module")
    assert_close_or_named(after, right, mistakes, **LOOSE, what="the module's weight and bias afterwards")
    assert_close(flat(losses, epochs, "the loss curve"), curve, **LOOSE, what="the loss curve")


@points(1, hint="forward, loss, backward, step; the module gives (N, 1) and y is (N,), so bring them to one shape first")
def test_train_one_epoch(student, rng):
    """train() takes one step of the optimiser, with nn.Linear and with another module"""
    trained(student, PAPER_X, PAPER_Y, lr=0.3, epochs=1)
    x, y = problem(rng, 9, 3)
    trained(student, x, y, lr=0.1, epochs=1, tanh=True)


@hidden
@points(2, hint="one step per epoch on all examples; a gradient that is not set to zero is added to the next one")
def test_train_every_epoch(student, rng, award):
    """train() takes one step of the optimiser it was given in every epoch"""

    def follows(d, tanh):
        x, y = problem(rng, 20, d)
        trained(student, x, y, lr=0.05, epochs=int(rng.integers(4, 9)), momentum=float(rng.uniform(0.5, 0.9)), tanh=tanh)

    award_each(award, [lambda: follows(1, False), lambda: follows(5, True)])


def flats(rng, n, d, noise):
    """As `problem`, for fit_linear: 2 n examples, standardised by the first n, and targets of mean 2.5 to 4.5 in size."""
    x, y = problem(rng, 2 * n, d, noise)
    x = (x - x[:n].mean(axis=0)) / x[:n].std(axis=0)
    return x, (y - y[:n].mean() + rng.choice([-1, 1]) * rng.uniform(2.5, 4.5)).astype(np.float32)


def fitted(student, x, y, new):
    """What the module of `fit_linear` predicts for `new`; it must be linear in its inputs and nothing without its parameters."""
    (nb, torch), t, n = opened(student), student.tensor, len(new)
    module = nb.fit_linear(t(x), t(y))
    both = flat(module(t(np.concatenate([new, (new + new[::-1]) / 2]))), 2 * n, "the model's predictions")
    halfway = (both[:n] + both[n - 1 :: -1]) / 2
    assert_close(both[n:], halfway, **LOOSE, what="the prediction halfway between two examples")
    *_, vector_to_parameters = tools(torch)
    vector_to_parameters(t(np.zeros(1000, dtype=np.float32)), module.parameters())  # takes as many as it needs
    silent = flat(module(t(new)), n, "the model's predictions")
    assert_close(silent, np.zeros(n), atol=1e-4, what="the predictions once every parameter is zero")
    return both[:n]


def assert_needs_backward(student, x, y):
    """Say that `fit_linear` does not find a plane while backward() does nothing: its weights come from training."""
    (nb, torch), t = opened(student), student.tensor
    place, name, engine = autograd_parts(torch)[0]
    setattr(place, name, student.module("unittest.mock").Mock(**{"run_backward.side_effect": [None] * 100}))  # the next raises
    try:
        prediction = flat(nb.fit_linear(t(x), t(y))(t(x)), len(x), "the model's predictions")
    except StudentError:
        return
    finally:
        setattr(place, name, engine)
    if np.mean((prediction - y) ** 2) < 0.01 * np.var(y):  # a bias that starts at the mean of y leaves all of the variance
        raise AssertionError(
            "fit_linear: expected weights that come from training, but it fits as well when backward() does nothing"
        )


@trains
@points(0.5, hint="make nn.Linear(D, 1), train it with an optimiser and enough epochs, and return the module")
def test_fit_linear(student, rng):
    """fit_linear() trains a linear module to find the plane on which all points lie"""
    x, y = flats(rng, 80, 2, noise=0)
    error = np.mean((fitted(student, x[:80], y[:80], x[80:]) - y[80:]) ** 2)
    assert_needs_backward(student, x[:80], y[:80])
    if not error <= 0.05:
        raise AssertionError(f"the error on new examples: expected a mean square of at most 0.05, got {error:.3g}")


@hidden
@trains
@points(1.75, hint="train until the loss no longer falls: the error on new examples should be that of the closed form")
def test_fit_linear_new_points(student, rng, award):
    """fit_linear() comes within 10 % of the closed form's error on new points"""
    assert_needs_backward(student, *flats(rng, 75, 3, noise=0))

    def near(d, n=150):
        x, y = flats(rng, n, d, noise=0.3)
        best = with_ones(x[n:]) @ least_squares(x[:n], y[:n])
        error = np.mean((fitted(student, x[:n], y[:n], x[n:]) - y[n:]) ** 2)
        ratio = error / np.mean((best - y[n:]) ** 2)
        if not ratio <= 1.1:
            raise AssertionError(f"the error on new examples: expected at most 1.1 times the closed form's, got {ratio:.3g}")

    award_each(award, [lambda: near(1), lambda: near(5)])
