"""The perceptron against scikit-learn's, in the same order of rows, and against Novikoff's bound."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_blobs
from sklearn.linear_model import Perceptron as Peer
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

from practicum.classic.perceptron import Perceptron


def test_is_a_scikit_learn_estimator() -> None:
    check_estimator(Perceptron(max_iter=10))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("intercept", [True, False])
def test_equals_scikit_learns_in_the_same_order(seed: int, classes: int, intercept: bool) -> None:
    features = 1 + 2 * seed
    x, y = make_blobs(60 + 7 * seed, features, centers=classes, cluster_std=3.0, random_state=seed)
    epochs = 1 + seed
    ours = Perceptron(max_iter=epochs, eta0=0.5 + seed, fit_intercept=intercept, random_state=seed).fit(x, y)
    peer, random = Peer(eta0=0.5 + seed, fit_intercept=intercept, shuffle=False), np.random.RandomState(seed)
    for _ in range(epochs):
        order = random.permutation(len(x))
        peer.partial_fit(x[order], y[order], classes=np.unique(y))
    np.testing.assert_allclose(ours.coef_, peer.coef_, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(ours.intercept_, peer.intercept_, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(ours.decision_function(x), peer.decision_function(x), rtol=1e-9, atol=1e-9)
    assert ours.predict(x).tolist() == peer.predict(x).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_equals_scikit_learns_in_the_given_order(seed: int) -> None:
    x, y = make_blobs(80, 4, centers=3, cluster_std=4.0, random_state=seed)
    ours = Perceptron(max_iter=20, shuffle=False).fit(x, y)
    peer = Peer(max_iter=20, tol=None, shuffle=False).fit(x, y)
    np.testing.assert_allclose(ours.coef_, peer.coef_, rtol=1e-10)
    np.testing.assert_allclose(ours.intercept_, peer.intercept_, rtol=1e-10)


@given(seed=st.integers(0, 10_000), features=st.integers(1, 5), gap=st.floats(0.2, 4.0))
@settings(max_examples=30, deadline=None)
def test_mistakes_stay_within_novikoffs_bound(seed: int, features: int, gap: float) -> None:
    random = np.random.default_rng(seed)
    normal = random.normal(size=features)
    normal /= np.linalg.norm(normal)
    x = random.normal(size=(40, features))
    y = np.where(x @ normal > 0, 1, -1)
    assume(len(set(y)) == 2)
    x += gap / 2 * y[:, None] * normal
    augmented = np.hstack([x, np.ones((len(x), 1))])
    # The widest margin through the origin: the hard-margin SVM of the set and its mirror image, whose own intercept is 0.
    signed = y[:, None] * augmented
    machine = SVC(kernel="linear", C=1e7).fit(np.vstack([signed, -signed]), np.repeat([1, -1], len(x)))
    margin = (signed @ machine.coef_[0]).min() / np.linalg.norm(machine.coef_)
    assume(margin > 1e-3)
    radius = np.linalg.norm(augmented, axis=1).max()
    ours = Perceptron(max_iter=100_000, random_state=seed).fit(x, y)
    assert ours.mistakes_[0] <= (radius / margin) ** 2
    assert ours.score(x, y) == 1.0
    again = Perceptron(max_iter=ours.n_iter_ - 1 or 1, random_state=seed).fit(x, y)
    assert again.mistakes_[0] == ours.mistakes_[0]  # the last epoch made none


def test_the_bound_is_met_with_equality_where_it_is_tight() -> None:
    """Orthogonal rows of length 1 without intercept: R = 1, γ = 1/√N, and each row costs exactly one mistake."""
    rows = 7
    fitted = Perceptron(fit_intercept=False, random_state=0).fit(np.eye(rows) * np.array([[1]] * 6 + [[-1]]), [1] * 6 + [0])
    assert fitted.mistakes_.tolist() == [rows]


def test_xor_is_never_learnt() -> None:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    fitted = Perceptron(max_iter=200, random_state=1).fit(x, [0, 1, 1, 0])
    assert fitted.n_iter_ == 200
    assert fitted.score(x, [0, 1, 1, 0]) <= 0.75


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two classes, got 1 class"):
        Perceptron().fit([[0.0], [1.0]], [3, 3])
