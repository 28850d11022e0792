"""Checks of train_mlp_numpy.py. The checks bring their own moons, and judge the trained model on points it has never seen."""

import numpy as np

from practicum.checks import (
    StudentError,
    accuracy,
    assert_close,
    assert_decreases,
    assert_dtype,
    assert_finite,
    assert_shape,
    hidden,
    interpolate,
    plain,
    points,
    ref,
    timeout,
)

CURVES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")


def moons(rng, count, noise=0.1):
    """Two half circles that interlock, and one-hot labels, in random order."""
    labels = rng.permutation(np.arange(count) % 2)
    angle = rng.uniform(0, np.pi, size=count)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    x = np.where(labels[:, None] == 0, upper, lower) + rng.normal(scale=noise, size=(count, 2))
    return x, np.eye(2)[labels]


def trained(student, data, **options):
    """The model and the history that `train` returns."""
    result = student.train_mlp_numpy.train(data=data, **options)
    try:
        model, history = result
        ref(model, "forward")
        history = plain(history)
    except (TypeError, ValueError, StudentError):
        raise AssertionError("expected train to return two things, the model and the history") from None
    if not isinstance(history, dict) or not {"step", *CURVES} <= history.keys():
        raise AssertionError(f"expected a history with the keys step, {', '.join(CURVES)}, got {history!r:.80}")
    return model, {name: curve(history[name], f"history[{name!r}]") for name in ("step", *CURVES)}


def curve(values, what):
    """One number per evaluation, as an array; the student may have kept arrays with one entry each."""
    assert_finite(values, what=what)
    array = np.asarray(values)
    assert_dtype(array, (np.floating, np.integer), what=what)
    if array.ndim == 0 or array.size != len(array):
        raise AssertionError(f"{what}: expected one number per evaluation, got shape {array.shape}")
    return array.reshape(-1)


def share_right(model, rng):
    """Accuracy on new points, whose labels stay here."""
    x, y = moons(rng, 500)
    return accuracy(model.forward(x), y, what="MLP.forward(x)")


@points(2, hint="800 points to train on and 200 others to test on, in random order, labels one-hot")
def test_data(student, seed):
    """make_data: two moons, one-hot, split 80/20 at random"""
    made = [student.train_mlp_numpy.make_data(seed=seed % 1000 + i) for i in (0, 1)]
    for data in made:
        if not isinstance(data, tuple | list) or len(data) != 4:
            raise AssertionError(f"expected x_train, y_train, x_test, y_test, got {data!r:.80}")
        for name, values, count in zip(("x_train", "y_train", "x_test", "y_test"), data, (800, 800, 200, 200), strict=True):
            assert_shape(values, (count, 2), what=name)
            assert_finite(values, what=name)
        x_train, y_train, x_test, y_test = map(np.asarray, data)
        for name, y in (("y_train", y_train), ("y_test", y_test)):
            assert_close(np.sort(y, axis=1), np.tile([0.0, 1.0], (len(y), 1)), what=f"{name}, each row sorted,")
            if not 0.3 < y[:, 0].mean() < 0.7:
                raise AssertionError(f"expected both classes in {name}, got {y[:, 0].mean():.0%} of the first")
        labels = y_train[:, 0]
        if not np.count_nonzero(labels[1:] != labels[:-1]) > 200:
            raise AssertionError("expected y_train in random order, got long runs of one class")
        common = {x.tobytes() for x in x_train.astype(float)} & {x.tobytes() for x in x_test.astype(float)}
        if common:
            raise AssertionError(f"expected test points that are not in the training set, got {len(common)} that are")
        for x, y in ((x_train, y_train), (x_test, y_test)):
            centres = [x[y[:, c] == 1].mean(axis=0) for c in (0, 1)]
            assert_close(np.sort(centres, axis=0), [[0, -0.14], [1, 0.64]], atol=0.25, what="centres of the two moons")
    if np.array_equal(np.asarray(made[0][0]), np.asarray(made[1][0])):
        raise AssertionError("expected other points for another seed, got the same")


@points(3, hint="evaluate before the first epoch and after every eval_freq epochs; the losses fall")
def test_history(student, rng):
    """train: returns the model and the curves of its training"""
    x_test, y_test = moons(rng, 100)
    options = {"dnn_hidden_units": "8,6", "learning_rate": 0.1, "max_steps": 30, "eval_freq": 5, "batch_size": 5}
    model, history = trained(student, (*moons(rng, 60), x_test, y_test), **options)
    step = history["step"]
    count = len(step)
    if not 6 <= count <= 8:
        raise AssertionError(f"expected evaluations at 0, 5, …, 30, got {step.tolist()!r:.80}")
    assert_close(np.diff(step)[:5], np.full(5, 5), what="epochs between two evaluations")
    for name in CURVES:
        assert_shape(history[name], (count,), what=f"history[{name!r}]")
    for name in ("train_accuracy", "test_accuracy"):
        assert_close(np.clip(history[name], 0, 1), history[name], what=f"history[{name!r}], cut to 0 and 1,")
    for name in ("train_loss", "test_loss"):
        assert_decreases(history[name], factor=0.999, window=1, what=f"history[{name!r}]")
    now = accuracy(model.forward(x_test), y_test, what="MLP.forward(x)")
    assert_close(history["test_accuracy"][-1], now, atol=0.15, what="the last test accuracy in the history")


@hidden
@timeout(30)
@points(3, hint="batch_size=None: one update per epoch with the gradient of the whole training set")
def test_batch_gradient_descent(student, rng, award):
    """train: batch gradient descent, judged on new points"""
    data = (*moons(rng, 60), *moons(rng, 20))
    options = {"dnn_hidden_units": "20", "learning_rate": 0.03, "max_steps": 800, "eval_freq": 100}
    model, _ = trained(student, data, **options)
    share = share_right(model, rng)
    award(interpolate(share, 0.6, 0.75), f"{share:.0%} of 500 new points labelled right")


@hidden
@timeout(30)
@points(2, hint="each epoch visits all examples in a new random order, batch_size at a time")
def test_mini_batches(student, rng, award):
    """train: mini-batches, judged on new points"""
    data = (*by_class(*moons(rng, 204)), *moons(rng, 20))
    options = {"dnn_hidden_units": "20,10", "learning_rate": 0.1, "max_steps": 60, "eval_freq": 30, "batch_size": 10}
    model, _ = trained(student, data, **options)
    share = share_right(model, rng)
    award(interpolate(share, 0.7, 0.92), f"{share:.0%} of 500 new points labelled right")


def by_class(x, y):
    """First all points of one class, then all of the other: an order in which nobody should train."""
    order = np.argsort(y[:, 0], kind="stable")
    return x[order], y[order]


@hidden
@timeout(30)
@points(3, hint="with batch_size=1 a model with a hidden layer bends its boundary around both moons")
def test_stochastic_gradient_descent(student, rng, award):
    """train: one example at a time, judged on new points"""
    data = (*by_class(*moons(rng, 150)), *moons(rng, 20))
    # With 20 units one right answer in a hundred ends in a bend around one moon only, with 64 none did.
    options = {"dnn_hidden_units": "64", "learning_rate": 0.05, "max_steps": 30, "eval_freq": 15, "batch_size": 1}
    model, _ = trained(student, data, **options)
    share = share_right(model, rng)
    award(interpolate(share, 0.85, 0.92), f"{share:.0%} of 500 new points labelled right")


@hidden
@timeout(30)
@points(2, hint="train on the training set alone, and evaluate each curve on its own set")
def test_test_set_is_for_testing(student, rng):
    """train: the test set is evaluated, never trained on"""
    x_test, y_test = moons(rng, 100)
    data = (*moons(rng, 100), x_test, 1 - y_test)  # the labels of the test set are turned around
    options = {"dnn_hidden_units": "20", "learning_rate": 0.1, "max_steps": 30, "eval_freq": 30, "batch_size": 5}
    model, history = trained(student, data, **options)
    share = share_right(model, rng)
    if not share >= 0.75:
        raise AssertionError(f"expected at least 75% of 500 new points labelled right, got {share:.0%}")
    train, test = history["train_accuracy"], history["test_accuracy"]
    if not (test[-1] < 0.4 and train[-1] > 0.6):
        raise AssertionError("expected a high accuracy on the training set and a low one on a test set with wrong labels")
