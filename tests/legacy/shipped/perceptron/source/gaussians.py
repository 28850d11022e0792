"""Two classes of points in the plane, drawn from two Gaussians. Given; there is nothing to write here."""

import numpy as np


def two_gaussians(mean_a, mean_b, covariance_a, covariance_b, n_per_class=100, rng=None):
    """Draw the points of both classes.

    Args:
        mean_a, mean_b: Centres of the classes +1 and -1, shape (2,).
        covariance_a, covariance_b: Their covariance matrices, shape (2, 2); `np.eye(2)` is a round cloud of variance 1.
        n_per_class: How many points of each.
        rng: A `numpy.random.Generator`; pass `np.random.default_rng(0)` to draw the same points again.

    Returns:
        inputs of shape (2 * n_per_class, 2) and labels of shape (2 * n_per_class,), first all of +1, then all of -1.
    """
    rng = np.random.default_rng() if rng is None else rng
    a = rng.multivariate_normal(mean_a, covariance_a, size=n_per_class)
    b = rng.multivariate_normal(mean_b, covariance_b, size=n_per_class)
    return np.concatenate([a, b]), np.concatenate([np.ones(n_per_class), -np.ones(n_per_class)])


def split(inputs, labels, train_fraction=0.8, rng=None):
    """Split at random into a training set and a test set.

    Returns:
        train_inputs, train_labels, test_inputs, test_labels
    """
    rng = np.random.default_rng() if rng is None else rng
    order = rng.permutation(len(inputs))
    cut = round(train_fraction * len(inputs))
    train, test = order[:cut], order[cut:]
    return inputs[train], labels[train], inputs[test], labels[test]
