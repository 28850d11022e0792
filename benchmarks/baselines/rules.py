"""Small tasks that are made by a rule or come with scikit-learn, and chance where nothing can be known."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.datasets import make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid

from practicum.data.digits import digits as load
from practicum.recipes import mamba_selective_copy, perceptron_gaussians
from practicum.recipes.pca_digits import POINTS


def a_digit(recipe: Any, run: Any) -> float:
    """Return the chance of a guess at a palindrome's last digit: they are drawn evenly."""
    return 1 / 10


def a_token(recipe: Any, run: Any) -> float:
    """Return the chance of a guess at a token that is to be copied: all but noise and the sign to speak are drawn evenly."""
    return 1 / (mamba_selective_copy.VOCAB_SIZE - 2)


def nothing(recipe: Any, run: Any) -> float:
    """Return 0: the plain rules ahead of themselves."""
    return 0.0


def digits(recipe: Any, run: Any) -> float:
    """Return the accuracy of a logistic regression on the digits' 64 pixels."""
    data = load()
    train, test = (images.reshape(-1, 64) for images in (data.train_images, data.test_images))
    return LogisticRegression(max_iter=1000).fit(train, data.train_labels).score(test, data.test_labels)


def line(recipe: Any, run: Any) -> float:
    """Return the accuracy of a logistic regression on the moons' plain coordinates."""
    train, _, test = (make_moons(rows, noise=recipe.noise, random_state=part * 100_000) for part, rows in enumerate(POINTS))
    return LogisticRegression().fit(*train).score(*test)


def nearest_mean(recipe: Any, run: Any) -> float:
    """Return the accuracy of taking the class whose mean is nearest, of two Gaussians that a line parts."""
    random, means = np.random.default_rng(0), [[[-recipe.distance, 0]], [[recipe.distance, 0]]]
    train, test = (perceptron_gaussians._points(random, means, rows) for rows in (recipe.rows, perceptron_gaussians.TEST))
    return NearestCentroid().fit(*train).score(*test)


def plain_recurrence(recipe: Any, run: Any) -> float:
    """Return the study's figure for a plain network with PyTorch's initial weights."""
    with TemporaryDirectory() as folder:
        return recipe.run(0, Path(folder)).metrics[recipe.target.metric.replace("lstm_forget_3", "rnn")]
