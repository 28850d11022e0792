"""Checks of train_mlp_numpy.py. The checks bring their own moons, turned, moved and labelled anew each time, and look at
what training did to the layers of the model, not at what the model says of itself.
"""

import numpy as np
from network import Network, activations, cross_entropy, gradients, numpy_only, own_gradients, slope_of

from practicum.checks import (
    StudentError,
    accuracy,
    assert_close,
    assert_decreases,
    assert_dtype,
    assert_finite,
    assert_proportional,
    assert_shape,
    hidden,
    plain,
    points,
    trains,
)

CURVES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")


class Moons:
    """Two half circles that interlock, turned, moved and perhaps mirrored, with the two labels in either order."""

    def __init__(self, rng):
        self.rng = rng
        angle = rng.uniform(0, 2 * np.pi)
        self.turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        self.turn[0] *= rng.choice((-1, 1))
        self.centre = rng.normal(scale=0.3, size=2)
        self.labels = np.eye(2)[rng.permutation(2)]

    def draw(self, count, noise=0.1):
        """Points and one-hot labels, in random order."""
        label = self.rng.permutation(np.arange(count) % 2)
        angle = self.rng.uniform(0, np.pi, size=count)
        upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
        lower = np.stack([0.5 - np.cos(angle), 0.25 - np.sin(angle)], axis=1)
        x = np.where(label[:, None] == 0, upper, lower) + self.rng.normal(scale=noise, size=(count, 2))
        return x @ self.turn + self.centre, self.labels[label]


def trained(student, **options):
    """The model and the history that `train` returns; all generators start at the same place each time."""
    student.seed(0)
    result = student.train_mlp_numpy.train(**options)
    try:
        model, history = result
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


@points(1, hint="the largest probability of each row, compared with the largest entry of the same row of the labels")
def test_accuracy(student, rng):
    """accuracy: the share of rows with the largest probability at the right class"""
    for count, classes in ((40, 3), (7, 2)):
        p, y = rng.uniform(size=(count, classes)), np.eye(classes)[rng.integers(classes, size=count)]
        right = accuracy(p, y)
        assert_close(student.train_mlp_numpy.accuracy(p, y), right, what="accuracy(predictions, targets)")


@points(1, hint="800 points to train on and 200 others to test on, in random order, labels one-hot")
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


@trains
@points(1, hint="every argument has a default; `dnn_hidden_units` may be empty; the seed decides on data, weights and order")
def test_train_calls(student, rng):
    """train: without data, without hidden layers, and twice with the same seed"""
    model, _ = trained(student, dnn_hidden_units="", max_steps=1, eval_freq=1, seed=3)
    assert_shape(model.forward(rng.normal(size=(5, 2))), (5, 2), what="MLP.forward(x)")
    data = (*Moons(rng).draw(12), *Moons(rng).draw(6))
    options = {"data": data, "dnn_hidden_units": "4,3", "max_steps": 2, "eval_freq": 1, "batch_size": 5, "seed": 5}
    first, second = (trained(student, **options)[1]["train_loss"] for _ in range(2))
    assert_close(second, first, rtol=1e-4, what="history['train_loss'], trained a second time with the same seed,")


@trains
@points(2, hint="evaluate before the first epoch and after every eval_freq epochs; the losses fall")
def test_history(student, rng):
    """train: returns the model and the curves of its training"""
    moons = Moons(rng)
    data = (*moons.draw(60), *moons.draw(50))
    options = {"dnn_hidden_units": "20", "learning_rate": 0.1, "max_steps": 30, "eval_freq": 5, "batch_size": 8}
    model, history = trained(student, data=data, **options)
    step = history["step"]
    count = len(step)
    if not 6 <= count <= 8:
        raise AssertionError(f"expected evaluations at 0, 5, …, 30, got {step.tolist()!r:.80}")
    assert_close(np.diff(step)[:5], np.full(5, 5), what="epochs between two evaluations")
    for name in CURVES:
        assert_shape(history[name], (count,), what=f"history[{name!r}]")
    for name in ("train_accuracy", "test_accuracy"):
        assert_close(np.clip(history[name], 0, 1), history[name], what=f"history[{name!r}], cut to 0 and 1,")
    assert_decreases(history["train_loss"], factor=0.95, window=1, what="history['train_loss']")
    arrays = Network(student, model, [2, 20, 2]).arrays
    for name, x, y in (("train", *data[:2]), ("test", *data[2:])):
        p = model.forward(x)
        slope_of(student, arrays, x, p)
        p = np.asarray(p)
        now, share, last = cross_entropy(p, y), accuracy(p, y), history[f"{name}_loss"][-1]
        if not share >= 0.7:
            raise AssertionError(f"expected the model to label at least 70% of the {name} set right, got {share:.0%}")
        # The last evaluation may lie an epoch back, and the loss may be summed.
        if not any(now / 2 - 0.1 < last / count < now * 2 + 0.1 for count in (1, len(x))):
            raise AssertionError(f"expected history['{name}_loss'] to end near the model's loss, {now:.3g}, got {last:.3g}")
        what = f"the last of history['{name}_accuracy'], beside the accuracy of the model,"
        assert_close(history[f"{name}_accuracy"][-1], share, atol=0.3, what=what)


def demand_back_propagation(student, rng, network, slope):
    """The layers of a trained model decide what it answers, and it back-propagates.

    Other checks ask whether the factors are right; here each gradient has the right direction, for examples that get nearly
    the same probabilities. They are tiny and the hidden layer has no bias, so that finite differences step across the bend
    of every ReLU.
    """
    if not abs(slope) < 0.5:
        raise AssertionError("expected a ReLU after every hidden layer of the model, got a model without")
    arrays = [network.arrays[0], np.zeros_like(network.arrays[1]), *network.arrays[2:]]
    network.write(arrays[:2])
    x, y = rng.normal(size=(5, 2)) * 1e-12, np.eye(2)[rng.integers(2, size=5)]
    got, _ = own_gradients(student, network, arrays, x, y)
    numpy_only(student)
    for mine, true, what in zip(got, gradients(arrays, x, y, slope), network.names, strict=True):
        if np.any(true):
            assert_proportional(mine, true, rtol=0.02, positive=True, what=what)


def demand_updates(student, rng, batch_size, count=8):
    """What one epoch does to the parameters.

    At a small learning rate the parameters hardly move between two updates. So, in whatever order the examples come, the
    updates of an epoch add up to the learning rate times the gradient over the whole training set, counted as often as
    there are batches where gradients are averaged over a batch, and once where they are summed.
    """
    moons = Moons(rng)
    sizes, rate, size = [2, 8, 2], 2e-5, batch_size or count
    data = (*moons.draw(count), *moons.draw(6))
    options = {"data": data, "dnn_hidden_units": "8", "eval_freq": 1, "batch_size": batch_size, "learning_rate": rate}
    one, two = (trained(student, max_steps=epochs, **options)[0] for epochs in (1, 2))
    network, last = Network(student, one, sizes), Network(student, two, sizes)
    steps, slope = own_gradients(student, network, network.arrays, *data[:2])
    largest = rate * max(0.1, *(np.abs(step).max() for step in steps))
    for start, end, step, what in zip(network.arrays, last.arrays, steps, network.names, strict=True):
        rounding = 4 * count * np.spacing(np.abs(start).max())
        moved, wanted = start - end, rate * step
        ways = (count / size, 1, 1 / size)
        if not any(np.abs(moved - times * wanted).max() <= 0.1 * times * largest + rounding for times in ways):
            ratio = np.linalg.norm(moved) / max(np.linalg.norm(wanted), 1e-300)
            raise AssertionError(
                f"{what}: expected the {count // size} updates of an epoch to add up to learning_rate times the gradient "
                f"over all {count} examples, once or once for each batch, got {ratio:.3g} times it or another direction"
            )
    demand_back_propagation(student, rng, last, slope)


@hidden
@trains
@points(3, hint="batch_size=None: one update per epoch, learning_rate times the gradient over the whole training set")
def test_batch_gradient_descent(student, rng):
    """train: one update per epoch, with the whole training set"""
    demand_updates(student, rng, None)


@hidden
@trains
@points(3, hint="each epoch visits all examples, batch_size at a time, and updates after every batch")
def test_mini_batches(student, rng):
    """train: an update after every mini-batch, until all examples were seen"""
    demand_updates(student, rng, 4)


@hidden
@trains
@points(2, hint="with batch_size=1 each example has an update of its own, in a new random order in every epoch")
def test_stochastic_gradient_descent(student, rng):
    """train: one example at a time, in random order"""
    demand_updates(student, rng, 1)
    moons = Moons(rng)
    x, y = moons.draw(8)
    options = {"dnn_hidden_units": "8", "eval_freq": 1, "batch_size": 1, "learning_rate": 0.1}
    one, two = (trained(student, data=(x, y, *moons.draw(6)), max_steps=epochs, **options)[0] for epochs in (1, 2))
    given, after = (Network(student, model, [2, 8, 2]).arrays for model in (one, two))
    for n in range(8):
        steps = gradients(given, x[n : n + 1], y[n : n + 1])
        given = [array - 0.1 * step for array, step in zip(given, steps, strict=True)]
    if all(np.allclose(end, start, rtol=1e-3, atol=1e-5) for end, start in zip(after, given, strict=True)):
        raise AssertionError("expected the examples of an epoch in a random order, got the order of the training set")


@hidden
@trains
@points(2, hint="train on the training set alone, and evaluate each curve on its own set")
def test_test_set_is_for_testing(student, rng):
    """train: the model learns from the training set, and the test set is only evaluated"""
    moons = Moons(rng)
    x_test, y_test = moons.draw(80)
    data = (*moons.draw(80), x_test, 1 - y_test)  # the labels of the test set are turned around
    options = {"dnn_hidden_units": "20", "learning_rate": 0.1, "max_steps": 30, "eval_freq": 30, "batch_size": 5}
    model, history = trained(student, data=data, **options)
    network = Network(student, model, [2, 20, 2])
    x, y = moons.draw(500)
    slope = slope_of(student, network.arrays, x, model.forward(x))
    demand_back_propagation(student, rng, network, slope)
    share = accuracy(activations(network.arrays, x)[-1], y)
    if not share >= 0.75:
        raise AssertionError(f"expected at least 75% of 500 new points labelled right, got {share:.0%}")
    train, test = history["train_accuracy"], history["test_accuracy"]
    if not (test[-1] < 0.4 and train[-1] > 0.6):
        raise AssertionError("expected a high accuracy on the training set and a low one on a test set with wrong labels")
