"""Draws two moons. Given; there is nothing to write here."""

import numpy as np


def make_moons(n_samples=100, noise=None, random_state=None):
    """Two half circles that interlock, in random order: the points that scikit-learn's `make_moons` draws, to the last bit.

    Args:
        n_samples: The number of points; each moon gets half of them.
        noise: Standard deviation of the Gaussian noise that is added to the points; None for none.
        random_state: Seed of order and noise; None for other points each time.

    Returns:
        The points, shape (n_samples, 2), and their labels, shape (n_samples,): 0 for the upper moon, 1 for the lower one.
    """
    generator = np.random.RandomState(random_state)
    n_upper = n_samples // 2
    upper, lower = np.linspace(0, np.pi, n_upper), np.linspace(0, np.pi, n_samples - n_upper)
    x = np.stack(
        [
            np.append(np.cos(upper), 1 - np.cos(lower)),
            np.append(np.sin(upper), 1 - np.sin(lower) - 0.5),
        ],
        axis=1,
    )
    labels = np.where(np.arange(n_samples) < n_upper, 0, 1)
    order = np.arange(n_samples)
    generator.shuffle(order)
    x, labels = x[order], labels[order]
    if noise is not None:
        x += generator.normal(scale=noise, size=x.shape)
    return x, labels
