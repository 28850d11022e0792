"""Checks of the perceptron. They look at what it does, whatever its weights are called and however it passes its data.

Labels tell a line exactly: points just beside it must get the label of their side. And with a learning rate as large as RATE the
weights that a neuron starts from no longer matter after its first mistake, so the line that follows is known.
"""

import numpy as np

from practicum.checks import (
    StudentError,
    accuracy,
    assert_close,
    assert_finite,
    assert_not_imported,
    assert_shape,
    hidden,
    points,
    ref,
    timeout,
)

RATE = 1e6


def clouds(rng, centre, half, spread, per_class):
    """Points around centre + half (+1) and centre - half (-1), in random order; no point strays over 2.5 spreads."""
    labels = rng.permutation(np.repeat([1.0, -1.0], per_class))
    noise = np.clip(rng.normal(size=(2 * per_class, len(centre))), -2.5, 2.5)
    return np.asarray(centre) + labels[:, None] * np.asarray(half) + noise * spread, labels


def unit(rng, size):
    """A random direction."""
    direction = rng.normal(size=size)
    return direction / np.linalg.norm(direction)


def answers(neuron, inputs):
    """The label of every point; `forward` may take a batch or one point only."""
    try:
        batch = neuron.forward(inputs)
        assert_finite(batch, what="forward of a batch")
        if np.size(batch) == len(inputs):
            return np.reshape(batch, len(inputs))
    except (StudentError, AssertionError):
        pass  # then one by one
    labels = [neuron.forward(x) for x in inputs]
    assert_finite(labels, what="forward of one point")
    if np.size(labels) != len(inputs):
        raise AssertionError(f"forward: expected one number for a point of shape {inputs[0].shape}, got {np.shape(labels[0])}")
    return np.reshape(labels, len(inputs))


def demand(neuron, inputs, labels, least, of):
    """Fail with the share of points that get exactly their label, if it is too small."""
    share = accuracy(answers(neuron, inputs), labels)
    if not share >= least:
        raise AssertionError(f"expected at least {least:.0%} of {of} labelled right, got {share:.0%}")


def teach(neuron, x, right=False):
    """Train on one point x that the neuron labels wrong (or right). Returns y·(x, 1), which a mistake adds to (w, b), over η."""
    answer = 1.0 if answers(neuron, x[None])[0] > 0 else -1.0
    label = answer if right else -answer
    neuron.train(x[None], np.array([label]))
    return label * np.append(x, 1.0)


def nearly_on(weights, x):
    """The point x moved to the line, up to a ten-millionth: so near that a softer rule would take half a step."""
    w = weights[:-1]
    return x - (x @ w + weights[-1] + 5e-7) / (w @ w) * w


def far_along(weights, rng):
    """A point nearly on the line and so far from the origin that one correction is enough, whatever the bias is."""
    return max((nearly_on(weights, 5 * unit(rng, len(weights) - 1)) for _ in range(8)), key=np.linalg.norm)


def own_bias(neuron, w):
    """The b of the neuron's line if its w is the one given, by bisection between the labels on both sides."""
    low, high = -100.0, 100.0  # where along w
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (low, middle) if answers(neuron, (middle * w / np.linalg.norm(w))[None])[0] > 0 else (middle, high)
    return -high * np.linalg.norm(w)


def wrong_beside(neuron, w, b, rng):
    """How many of 24 points just beside the line w·x + b = 0 get the label of its other side."""
    length = np.linalg.norm(w)
    anywhere = rng.uniform(-3, 3, size=(24, len(w)))
    feet = anywhere - ((anywhere @ w + b) / length**2)[:, None] * w
    sides = np.repeat([1.0, -1.0], 12)
    return np.count_nonzero(answers(neuron, feet + 1e-3 * sides[:, None] * w / length) != sides)


def demand_line(student, neuron, weights, rng, after, last=None, bias=False):
    """Fail if the neuron's line is not w·x + b = 0, or without `bias`, if it has not the direction of w.

    A student who forgets the bias loses the checks of the bias and no other. `last` is what the last mistake alone would give.
    """
    assert_not_imported(student, "sklearn", "torch", "tensorflow", "jax", instead="a perceptron written in NumPy")
    w, b = weights[:-1], weights[-1]
    wrong = wrong_beside(neuron, w, b, rng)
    if not wrong or not (bias or wrong_beside(neuron, w, own_bias(neuron, w), rng)):
        return
    if last is not None and not wrong_beside(neuron, last[:-1], own_bias(neuron, last[:-1]), rng):
        raise AssertionError(f"{after}: train forgot what the neuron had learned before; it goes on from the weights it has")
    shown = ", ".join(f"{value:.3g}" for value in w)
    raise AssertionError(
        f"{after}: expected the line w·x + b = 0 with w = ({shown}){f' and b = {b:.3g}' if bias else ''}, or a multiple, "
        f"but {wrong} of 24 points just beside it get the label of the other side"
    )


def demand_rule(student, size, rng):
    """Fail if a new neuron does not learn by the rule: one mistake, and then a second among points that are right."""
    neuron = student.perceptron.Perceptron(size, max_epochs=5, learning_rate=RATE)
    first = teach(neuron, rng.uniform(1, 2) * unit(rng, size))
    x = far_along(first, rng)
    second = (-1.0 if answers(neuron, x[None])[0] > 0 else 1.0) * np.append(x, 1.0)
    inputs = rng.uniform(-6, 6, size=(600, size))
    scores = np.stack([inputs @ w[:-1] for w in (first, first + second)])
    right = np.flatnonzero(np.all(scores > 3, axis=0) | np.all(scores < -3, axis=0))[
        :30
    ]  # before and after, whatever the bias is
    order = rng.permutation(len(right) + 1)
    neuron.train(np.vstack([inputs[right], x])[order], np.append(np.sign(scores[0, right]), second[-1])[order])
    after = "trained on one mistake, and then on many points of which one is a mistake"
    demand_line(student, neuron, first + second, rng, after, last=second)


@points(2, hint="forward gives the number -1 or +1 for every point, and a trained neuron gives both")
def test_forward_gives_labels(student, rng):
    """forward() answers with -1 or +1"""
    half = unit(rng, 2)
    neuron = student.perceptron.Perceptron(2, max_epochs=50, learning_rate=0.5)
    neuron.train(*clouds(rng, [0, 0], 4 * half, 0.5, 20))
    far, sides = clouds(rng, [0, 0], 40 * half, 1.0, 3)
    got = answers(neuron, far)
    if not (np.array_equal(got, sides) or np.array_equal(got, -sides)):  # which side is which is another check's business
        raise AssertionError(f"expected -1 on one side of the line and +1 on the other, got for six points {got.tolist()}")


@points(3, hint="a mistake moves the weights by η·y·x and the bias by η·y, once in an epoch")
def test_one_mistake(student, rng):
    """One mistake moves the line as the rule says"""
    neuron = student.perceptron.Perceptron(2, max_epochs=1, learning_rate=RATE)
    mistake = teach(neuron, rng.uniform(1, 2) * unit(rng, 2))
    demand_line(student, neuron, mistake, rng, "after one mistake", bias=True)


@points(3, hint="correct w and b only where forward gives another label than y; train goes on from the weights that are there")
def test_right_points_move_nothing(student, rng):
    """Points that are labelled right move nothing, however near to the line they are"""
    neuron = student.perceptron.Perceptron(2, max_epochs=3, learning_rate=RATE)
    mistake = teach(neuron, rng.uniform(1, 2) * unit(rng, 2))
    for _ in range(4):
        teach(neuron, rng.uniform(-2, 2, size=2), right=True)
        teach(neuron, nearly_on(mistake, rng.uniform(-2, 2, size=2)), right=True)
    demand_line(student, neuron, mistake, rng, "after one mistake and eight right points")


@points(2, hint="train until every training point is on its side; correct w and b by η·y·x and η·y after each mistake")
def test_two_gaussians(student, rng):
    """Two Gaussians that lie apart: 80 % to train on, 20 % to test"""
    inputs, labels = clouds(rng, [0, 0], 2.5 * unit(rng, 2), 0.6, 100)
    neuron = student.perceptron.Perceptron(2)
    neuron.train(inputs[:160], labels[:160])
    demand(neuron, inputs[160:], labels[160:], 0.95, "40 test points")
    demand_rule(student, 2, rng)


@points(2, hint="max_epochs=1 means one pass over the training points: not none")
def test_one_epoch(student, rng):
    """One epoch is enough where one correction is"""
    inputs, labels = clouds(rng, [0, 0], 4 * unit(rng, 2), 0.5, 30)
    neuron = student.perceptron.Perceptron(2, max_epochs=1, learning_rate=10.0)
    neuron.train(inputs, labels)
    demand(neuron, inputs, labels, 0.9, "60 training points")
    demand_rule(student, 2, rng)


@hidden
@points(3, hint="a later mistake adds η·y·x to the weights that are there, by the same step as the first")
def test_later_mistakes(student, rng):
    """A second and a third mistake add to the first"""
    neuron = student.perceptron.Perceptron(2, max_epochs=3, learning_rate=RATE)
    weights = teach(neuron, rng.uniform(1, 2) * unit(rng, 2))
    for number, aside in (("two", 0.0), ("three", 0.3), ("four", 0.0)):
        w = weights[:-1]
        mistake = teach(neuron, far_along(weights, rng) + aside * w / np.linalg.norm(w))
        weights = weights + mistake
        demand_line(student, neuron, weights, rng, f"after {number} mistakes", last=mistake)


@hidden
@points(3, hint="in a training with many points only those that are wrong move the weights")
def test_only_mistakes_count(student, rng):
    """Of many points one is wrong, and it alone moves the line"""
    for _ in range(2):
        demand_rule(student, 2, rng)


@hidden
@points(3, hint="the boundary need not pass through the origin: the bias is learned like a weight, and used in forward")
def test_boundary_off_the_origin(student, rng):
    """Both classes on the same side of the origin"""
    for _ in range(5):
        direction = unit(rng, 2)
        inputs, labels = clouds(rng, 2.0 * direction, rng.choice([-0.7, 0.7]) * direction, 0.15, 3)
        neuron = student.perceptron.Perceptron(2, max_epochs=400, learning_rate=0.5)
        neuron.train(inputs, labels)
        demand(neuron, inputs, labels, 1.0, "6 training points")  # so few that one epoch cannot be enough
    demand_rule(student, 2, rng)


@hidden
@points(1, hint="the number of inputs is the constructor's first argument")
def test_more_inputs(student, rng):
    """Points with more or fewer than two coordinates"""
    for size in (1, 7):
        inputs, labels = clouds(rng, np.zeros(size), 3 * unit(rng, size), 0.4, 60)
        neuron = student.perceptron.Perceptron(size, max_epochs=100, learning_rate=0.5)
        neuron.train(inputs[:80], labels[:80])
        demand(neuron, inputs[80:], labels[80:], 0.95, f"40 test points with {size} coordinates")
    demand_rule(student, 7, rng)


@hidden
@points(1, hint="correct mistakes on both classes, whatever their shapes and whichever of them is called +1")
def test_means_and_variances(student, rng):
    """Clouds of different shapes and sizes, and the labels swapped"""
    turn = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    inputs, labels = clouds(rng, [0, 0], [4, 0], np.array([0.5, 3.0]), 40)
    inputs = inputs @ rotation
    for sign in (1, -1):
        neuron = student.perceptron.Perceptron(2, max_epochs=200, learning_rate=0.5)
        neuron.train(inputs, sign * labels)
        demand(neuron, inputs, sign * labels, 0.95, "80 training points")
        demand_rule(student, 2, rng)


@hidden
@timeout(4)
@points(1, hint="where no line separates the classes, training ends after max_epochs, with most points right")
def test_overlapping_classes(student, rng):
    """Clouds that overlap: training ends, with most points right in the best of five trainings"""

    shares = []
    # Where the rule never comes to rest, its last weights may be poor ones: the best of five trainings counts.
    while len(shares) < 5 and max(shares, default=0.0) < 0.8:
        inputs, labels = clouds(rng, [0, 0], 2 * unit(rng, 2), 1.0, 50)
        inputs[0], labels[0] = inputs[1], -labels[1]  # the same point with both labels: no line is right
        neuron = student.perceptron.Perceptron(2, max_epochs=30, learning_rate=0.1)
        neuron.train(inputs, labels)
        shares.append(accuracy(answers(neuron, inputs), labels))
    if not max(shares) >= 0.8:
        raise AssertionError(f"expected at least 80% of 100 points labelled right in one of 5 trainings, got {max(shares):.0%}")
    demand_rule(student, 2, rng)


@hidden
@points(1, hint="work on a copy: what the caller passed to train must be the same afterwards")
def test_inputs_stay_as_they_are(student, rng):
    """train() changes neither the points nor the labels"""
    inputs, labels = clouds(rng, [0, 0], 2.8 * unit(rng, 2), 0.5, 20)
    module = student.perceptron
    module.given_inputs, module.given_labels = inputs, labels
    neuron = module.Perceptron(2, max_epochs=20, learning_rate=0.5)
    neuron.train(ref(module, "given_inputs"), ref(module, "given_labels"))
    assert_shape(module.given_inputs, inputs.shape, what="inputs after train")
    assert_close(module.given_inputs, inputs, what="inputs after train")
    assert_close(module.given_labels, labels, what="labels after train")
    demand(neuron, inputs, labels, 0.95, "40 training points")
    demand_rule(student, 2, rng)
