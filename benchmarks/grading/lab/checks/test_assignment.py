"""Three checks for each of the five questions; the benchmark gives the same bodies to the other graders."""

import numpy as np

from practicum.checks import assert_close, points


@points(1, hint="the mean of every column is 0")
def test_standardise_mean(student):
    """standardise() centres every column"""
    x = np.random.default_rng(11).normal(3.0, 5.0, size=(50, 4))
    assert_close(np.mean(student.assignment.standardise(x), axis=0), np.zeros(4), atol=1e-9)


@points(1, hint="divide by the standard deviation of the column, not of the table")
def test_standardise_values(student):
    """standardise() returns the right values"""
    x = np.random.default_rng(12).normal(3.0, [1.0, 5.0, 25.0], size=(40, 3))
    assert_close(student.assignment.standardise(x), (x - x.mean(axis=0)) / x.std(axis=0))


@points(2, hint="a column without spread has nothing to divide by")
def test_standardise_constant(student):
    """standardise() survives a constant column"""
    x = np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]])
    assert_close(np.asarray(student.assignment.standardise(x))[:, 1], np.zeros(3))


@points(1, hint="divide by the sum of the row")
def test_softmax_sum(student):
    """softmax() rows add up to one"""
    scores = np.random.default_rng(21).normal(size=(20, 6))
    assert_close(np.sum(student.assignment.softmax(scores), axis=1), np.ones(20))


@points(1, hint="exp(score) over the sum of exp(score) in the row")
def test_softmax_values(student):
    """softmax() returns the right values"""
    scores = np.random.default_rng(22).normal(size=(8, 5))
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert_close(student.assignment.softmax(scores), expected)


@points(2, hint="subtract the largest score of the row first")
def test_softmax_large(student):
    """softmax() survives large scores"""
    scores = np.array([[1000.0, 1000.0, 0.0], [-1000.0, 0.0, -1000.0]])
    assert_close(student.assignment.softmax(scores), np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]))


@points(1, hint="only the probability of the right class counts")
def test_cross_entropy_value(student):
    """cross_entropy() of one row"""
    probabilities = np.array([[0.2, 0.5, 0.3]])
    assert_close(student.assignment.cross_entropy(probabilities, np.array([1])), -np.log(0.5))


@points(1, hint="the mean over the rows, not the sum")
def test_cross_entropy_mean(student):
    """cross_entropy() is a mean"""
    probabilities = np.random.default_rng(31).dirichlet(np.ones(4), size=30)
    labels = np.random.default_rng(32).integers(0, 4, size=30)
    expected = -np.mean(np.log(probabilities[np.arange(30), labels]))
    assert_close(student.assignment.cross_entropy(probabilities, labels), expected)


@points(2, hint="a probability of zero counts as 1e-12")
def test_cross_entropy_zero(student):
    """cross_entropy() survives a probability of zero"""
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0]])
    expected = -np.log(1e-12) / 2
    assert_close(student.assignment.cross_entropy(probabilities, np.array([1, 1])), expected, rtol=1e-4)


@points(1, hint="the root of the sum of squares")
def test_distances_triangle(student):
    """pairwise_distances() of a 3-4-5 triangle"""
    a = np.array([[0.0, 0.0], [3.0, 0.0]])
    b = np.array([[3.0, 4.0]])
    assert_close(student.assignment.pairwise_distances(a, b), np.array([[5.0], [4.0]]))


@points(1, hint="one row for each row of a, one column for each row of b")
def test_distances_values(student):
    """pairwise_distances() returns the right values"""
    a = np.random.default_rng(41).normal(size=(12, 3))
    b = np.random.default_rng(42).normal(size=(7, 3))
    expected = np.linalg.norm(a[:, None] - b[None], axis=-1)
    assert_close(student.assignment.pairwise_distances(a, b), expected)


@points(2, hint="rounding must not make a distance NaN")
def test_distances_self(student):
    """pairwise_distances() of points with themselves"""
    a = np.random.default_rng(43).normal(100.0, 1.0, size=(30, 8))
    assert_close(np.diagonal(np.asarray(student.assignment.pairwise_distances(a, a))), np.zeros(30), atol=1e-4)


@points(1, hint="one step from zeros is learning_rate · 2/N · xᵀy")
def test_descent_one_step(student):
    """gradient_descent() takes one right step"""
    x = np.random.default_rng(51).normal(size=(20, 3))
    y = np.random.default_rng(52).normal(size=20)
    assert_close(student.assignment.gradient_descent(x, y, 0.1, 1), 0.1 * 2 / 20 * x.T @ y)


@points(1, hint="without a step, the weights are zeros")
def test_descent_no_step(student):
    """gradient_descent() starts from zeros"""
    x = np.random.default_rng(53).normal(size=(10, 4))
    assert_close(student.assignment.gradient_descent(x, np.ones(10), 0.1, 0), np.zeros(4))


@points(2, hint="enough steps reach the least-squares solution")
def test_descent_converges(student):
    """gradient_descent() finds the least-squares solution"""
    x = np.random.default_rng(54).normal(size=(100, 3))
    y = x @ np.array([1.0, -2.0, 0.5]) + 0.1 * np.random.default_rng(55).normal(size=100)
    assert_close(student.assignment.gradient_descent(x, y, 0.1, 200), np.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-4)
