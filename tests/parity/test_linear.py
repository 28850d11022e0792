"""Linear models against scikit-learn's."""

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.utils.estimator_checks import check_estimator

from practicum.classic.linear import LinearRegression, Ridge, SoftmaxRegression

SHAPES = [(30, 1), (50, 4), (80, 11), (12, 12), (9, 20), (200, 7)]


def regression(rows: int, features: int, targets: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features)) * random.uniform(0.2, 5, features) + random.normal(size=features)
    shape = (features,) if targets is None else (features, targets)
    y = x @ random.normal(size=shape) + 3 + random.normal(size=(rows, *shape[1:]))
    return x, y


@pytest.mark.parametrize("estimator", [LinearRegression(), Ridge(), SoftmaxRegression()], ids=lambda e: type(e).__name__)
def test_is_a_scikit_learn_estimator(estimator: object) -> None:
    check_estimator(estimator)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("alpha", [None, 0.0, 1e-3, 1.0, 50.0])
def test_regressions_are_scikit_learns(shape: tuple[int, int], targets: int | None, intercept: bool, alpha: float | None) -> None:
    x, y = regression(*shape, targets, seed=sum(shape))
    ours = LinearRegression(fit_intercept=intercept) if alpha is None else Ridge(alpha, fit_intercept=intercept)
    peer = linear_model.Ridge(alpha, fit_intercept=intercept) if alpha else linear_model.LinearRegression(fit_intercept=intercept)
    ours.fit(x, y)
    peer.fit(x, y)
    new = regression(*shape, targets, seed=1)[0]
    # scikit-learn's Ridge drops the axis of a single target; the numbers are the same.
    np.testing.assert_allclose(ours.coef_.ravel(), peer.coef_.ravel(), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.intercept_, peer.intercept_, rtol=1e-8, atol=1e-8)
    assert ours.predict(new).shape == (len(new), *y.shape[1:])
    np.testing.assert_allclose(ours.predict(new).ravel(), peer.predict(new).ravel(), rtol=1e-8, atol=1e-8)
    assert ours.score(x, y) == pytest.approx(peer.score(x, y), abs=1e-8)


def test_float32_stays_float32_and_near() -> None:
    x, y = regression(100, 5, None, seed=0)
    for make in (LinearRegression, Ridge):
        exact, single = make().fit(x, y), make().fit(x.astype(np.float32), y.astype(np.float32))
        assert single.coef_.dtype == single.predict(x.astype(np.float32)).dtype == np.float32
        np.testing.assert_allclose(single.coef_, exact.coef_, rtol=1e-4, atol=1e-4)


def test_ridge_shrinks_to_nothing_and_to_least_squares() -> None:
    x, y = regression(60, 6, None, seed=2)
    norms = [np.linalg.norm(Ridge(alpha).fit(x, y).coef_) for alpha in (1e-9, 1e-1, 1e1, 1e3, 1e9)]
    assert norms == sorted(norms, reverse=True)
    np.testing.assert_allclose(Ridge(1e-9).fit(x, y).coef_, LinearRegression().fit(x, y).coef_, rtol=1e-7)
    assert norms[-1] < 1e-5
    with pytest.raises(ValueError, match="alpha ≥ 0, got -1"):
        Ridge(-1).fit(x, y)


def labelled(rows: int, features: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features)) * random.uniform(0.5, 2, features)
    logits = x @ random.normal(size=(features, classes)) + random.gumbel(size=(rows, classes))
    y = logits.argmax(1)
    y[:classes] = np.arange(classes)
    return x, np.array([f"class {k}" for k in range(classes)])[y]


@pytest.mark.parametrize("shape", [(60, 1), (80, 4), (150, 9), (30, 40), (300, 3)])
@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize(("strength", "intercept"), [(1.0, True), (0.03, False), (5.0, True)])
def test_softmax_regression_equals_scikit_learns(shape: tuple[int, int], classes: int, strength: float, intercept: bool) -> None:
    x, y = labelled(*shape, classes, seed=sum(shape) + classes)
    ours = SoftmaxRegression(strength, fit_intercept=intercept, tol=1e-9, max_iter=5000).fit(x, y)
    solver = "newton-cg" if classes > 2 else "newton-cholesky"
    peer = linear_model.LogisticRegression(C=strength, fit_intercept=intercept, solver=solver, tol=1e-10, max_iter=500).fit(x, y)
    np.testing.assert_allclose(ours.coef_, peer.coef_, rtol=1e-5, atol=1e-5)
    # With several classes a constant may move between the intercepts; scikit-learn's solvers leave it as it comes.
    shift = peer.intercept_ - ours.intercept_
    np.testing.assert_allclose(shift, shift.mean() if classes > 2 else 0.0, atol=2e-5)
    new = labelled(*shape, classes, seed=0)[0]
    np.testing.assert_allclose(ours.predict_proba(new), peer.predict_proba(new), atol=1e-5)
    assert ours.predict(new).tolist() == peer.predict(new).tolist()
    assert ours.score(x, y) == peer.score(x, y)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_optimum_is_stationary(classes: int) -> None:
    """Xᵀ(onehot(y) - p) = W/C and Σ_n p_n = Σ_n onehot(y_n), from probabilities alone."""
    x, y = labelled(120, 5, classes, seed=3)
    fitted = SoftmaxRegression(0.7, tol=1e-10, max_iter=5000).fit(x, y)
    residual = (y[:, None] == fitted.classes_) - fitted.predict_proba(x)
    np.testing.assert_allclose(residual.sum(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose((residual.T @ x)[-len(fitted.coef_) :], fitted.coef_ / 0.7, atol=1e-6)


def test_no_penalty_keeps_growing_on_separable_rows_but_stays_finite() -> None:
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    fitted = SoftmaxRegression(np.inf, max_iter=1000, tol=1e-12).fit(x, [0, 0, 1, 1])
    assert fitted.predict(x).tolist() == [0, 0, 1, 1]
    assert 10 < fitted.coef_[0, 0] < np.inf
    assert np.isfinite(fitted.predict_proba(x * 1e6)).all()


def test_softmax_regression_in_float32_is_near() -> None:
    x, y = labelled(200, 6, 3, seed=5)
    exact, single = SoftmaxRegression().fit(x, y), SoftmaxRegression().fit(x.astype(np.float32), y)
    assert single.predict_proba(x.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single.coef_, exact.coef_, atol=2e-3)


@pytest.mark.parametrize(("classes", "near"), [(3, 5e-3), (5, 3e-2)])
def test_softmax_regression_in_float32_where_all_rows_are_right(classes: int, near: float) -> None:
    """With p near 1, what is left of the loss and of p - 1 would be rounding, were they computed from p."""
    random = np.random.default_rng(5)
    x = (random.normal(size=(200, 6)) * random.uniform(0.5, 2, 6)).astype(np.float32)
    y = (x @ random.normal(size=(6, classes))).argmax(1)
    exact = SoftmaxRegression(1e6, tol=1e-10, max_iter=5000).fit(x.astype(np.float64), y)
    single = SoftmaxRegression(1e6, tol=1e-7, max_iter=5000).fit(x, y)
    np.testing.assert_allclose(single.coef_, exact.coef_, atol=near * np.abs(exact.coef_).max())


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two classes, got 1 class"):
        SoftmaxRegression().fit([[0.0], [1.0]], [3, 3])
