"""PCA and kernel PCA against scikit-learn's, up to the components' signs."""

from typing import Any

import numpy as np
import pytest
from sklearn import decomposition
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from practicum.classic.kernel_pca import KernelPCA
from practicum.classic.pca import PCA

SHAPES = [(30, 4), (12, 12), (9, 25), (200, 6), (50, 1), (120, 11), (260, 26)]


def points(rows: int, features: int, seed: int = 0) -> np.ndarray:
    """Rows whose variances along different directions differ, so that components are unique."""
    random = np.random.default_rng(rows * 100 + features + seed)
    mixing = random.normal(size=(features, features)) * np.linspace(1, 3, features)
    return random.normal(size=(rows, features)) @ mixing + 5 * random.normal(size=features)


def aligned(ours: np.ndarray, peer: np.ndarray) -> np.ndarray:
    """The peer's columns with our signs."""
    return peer * np.where((ours * peer).sum(axis=0) < 0, -1, 1)


@pytest.mark.parametrize("estimator", [PCA(), KernelPCA()], ids=lambda e: type(e).__name__)
def test_is_a_scikit_learn_estimator(estimator: Any) -> None:
    check_estimator(estimator)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("components", [None, 1, 3])
@pytest.mark.parametrize("whiten", [False, True])
def test_pca_equals_scikit_learns(shape: tuple[int, int], components: int | None, whiten: bool) -> None:
    x, new = points(*shape), points(*shape, seed=1)
    components = components and min(components, *shape)
    if whiten and components is None and shape[0] <= shape[1]:
        components = shape[0] - 1  # one direction fewer than rows has variance; whitening the last would blow up rounding
    ours, peer = PCA(components, whiten=whiten).fit(x), decomposition.PCA(components, whiten=whiten, svd_solver="full").fit(x)
    close: dict[str, Any] = {"rtol": 1e-8, "atol": 1e-8}
    np.testing.assert_allclose(ours.mean_, peer.mean_, **close)
    np.testing.assert_allclose(ours.explained_variance_, peer.explained_variance_, **close)
    np.testing.assert_allclose(ours.explained_variance_ratio_, peer.explained_variance_ratio_, **close)
    varied = ours.explained_variance_ > 1e-9
    np.testing.assert_allclose(ours.singular_values_[varied], peer.singular_values_[varied], **close)
    np.testing.assert_allclose(ours.components_[varied].T, aligned(ours.components_.T, peer.components_.T)[:, varied], **close)
    z, peers_z = ours.transform(new), peer.transform(new)
    np.testing.assert_allclose(z[:, varied], aligned(z, peers_z)[:, varied], **close)
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(x)), peer.inverse_transform(peer.transform(x)), **close)


@pytest.mark.parametrize("shape", SHAPES)
def test_pca_decorrelates_and_its_error_is_what_eckart_and_young_say(shape: tuple[int, int]) -> None:
    x = points(*shape)
    full = PCA().fit(x)
    kept = max(1, min(shape) // 2)
    fitted = PCA(kept).fit(x)
    z = fitted.transform(x)
    scale = full.explained_variance_[0]
    np.testing.assert_allclose(np.cov(z.T).reshape(kept, kept), np.diag(fitted.explained_variance_), atol=1e-9 * scale)
    np.testing.assert_allclose(fitted.components_ @ fitted.components_.T, np.eye(kept), atol=1e-12)
    error = ((x - fitted.inverse_transform(z)) ** 2).sum()
    assert error == pytest.approx((full.singular_values_[kept:] ** 2).sum(), rel=1e-8, abs=1e-8 * scale)
    assert (fitted.components_[np.arange(kept), np.abs(fitted.components_).argmax(1)] > 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kept", [1, 10, 11, 39])
def test_pca_of_equal_variances(kept: int, dtype: Any) -> None:
    """Any basis of the subspace will do, but it is orthonormal, with the variances' share."""
    few = np.sqrt(np.finfo(dtype).eps) / 100
    x = np.vstack([np.eye(40), -np.eye(40)] * 8).astype(dtype)
    fitted = PCA(kept).fit(x)
    np.testing.assert_allclose(fitted.components_ @ fitted.components_.T, np.eye(kept), atol=few)
    np.testing.assert_allclose(fitted.explained_variance_, np.full(kept, 16 / 639), rtol=few)
    np.testing.assert_allclose(fitted.explained_variance_ratio_, np.full(kept, 1 / 40), rtol=few)


def test_pca_stays_in_float32() -> None:
    x = points(200, 6)
    single = PCA(3).fit(x.astype(np.float32))
    assert single.components_.dtype == single.transform(x.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single.components_, PCA(3).fit(x).components_, atol=1e-4)


KERNELS: list[dict[str, Any]] = [
    {"kernel": "linear"},
    {"kernel": "rbf", "gamma": 0.02},
    {"kernel": "rbf"},
    {"kernel": "poly", "degree": 2, "gamma": 0.1, "coef0": 0.5},
    {"kernel": "sigmoid", "gamma": 0.01, "coef0": 0.1},
]


@pytest.mark.parametrize("shape", [(30, 4), (12, 12), (9, 25), (60, 2), (41, 7)])
@pytest.mark.parametrize("settings", KERNELS, ids=lambda s: f"{s['kernel']}-{s.get('gamma')}")
@pytest.mark.parametrize("alpha", [1.0, 0.05])
def test_kernel_pca_equals_scikit_learns(shape: tuple[int, int], settings: dict[str, Any], alpha: float) -> None:
    x, new = points(*shape) / 3, points(*shape, seed=1) / 3
    components = min(3, *shape)
    ours = KernelPCA(components, alpha=alpha, **settings).fit(x)
    peer = decomposition.KernelPCA(components, alpha=alpha, fit_inverse_transform=True, eigen_solver="dense", **settings).fit(x)
    close: dict[str, Any] = {"rtol": 1e-7, "atol": 1e-7}
    np.testing.assert_allclose(ours.eigenvalues_, peer.eigenvalues_, **close)
    np.testing.assert_allclose(ours.eigenvectors_, aligned(ours.eigenvectors_, peer.eigenvectors_), **close)
    signs = np.where((ours.eigenvectors_ * peer.eigenvectors_).sum(axis=0) < 0, -1, 1)
    np.testing.assert_allclose(ours.transform(x), signs * peer.transform(x), **close)
    np.testing.assert_allclose(ours.transform(new), signs * peer.transform(new), **close)
    back, peers_back = ours.inverse_transform(ours.transform(new)), peer.inverse_transform(peer.transform(new))
    np.testing.assert_allclose(back, peers_back, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", [(30, 4), (200, 6), (9, 25)])
def test_with_a_linear_kernel_it_is_pca(shape: tuple[int, int]) -> None:
    x, new = points(*shape), points(*shape, seed=1)
    ours, plain = KernelPCA(kernel="linear").fit(x), PCA(min(shape[0] - 1, shape[1])).fit(x)
    assert ours.eigenvectors_.shape[1] == plain.components_.shape[0]  # components without variance are dropped
    np.testing.assert_allclose(ours.transform(new), aligned(ours.transform(new), plain.transform(new)), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(ours.eigenvalues_, plain.singular_values_**2, rtol=1e-8)


def test_a_component_without_variance_has_coordinate_zero() -> None:
    x = np.array([[0.0, 0.0], [1.0, 1.0], [3.0, 3.0]])
    fitted = KernelPCA(3, kernel="linear").fit(x)
    assert fitted.eigenvalues_[1:].tolist() == [0, 0]
    assert fitted.transform([[5.0, 1.0]])[0, 1:].tolist() == [0, 0]


def test_what_was_not_fitted_says_so() -> None:
    for estimator in (PCA(), KernelPCA()):
        for use in (estimator.transform, estimator.inverse_transform):
            with pytest.raises(NotFittedError, match=type(estimator).__name__):
                use(points(20, 3))


def test_errors_say_what_was_got() -> None:
    with pytest.raises(ValueError, match=r"between 1 and min\(N, F\) = 3, got 4"):
        PCA(4).fit(points(20, 3))
    with pytest.raises(ValueError, match="between 1 and N = 20, got 21"):
        KernelPCA(21).fit(points(20, 3))
    with pytest.raises(ValueError, match="linear, rbf, poly or sigmoid, got 'cosine'"):
        KernelPCA(kernel="cosine").fit(points(20, 3))


@pytest.mark.parametrize("rows", [7, 60])  # by singular values, by the covariance
def test_where_nothing_varies_whitened_coordinates_do_not_grow_with_the_unit(rows: int) -> None:
    """Rounding grows with the data."""
    line = np.outer(np.random.default_rng(rows).normal(size=rows), [1.0, 2.0, -1.0])
    small, large = (PCA(whiten=True).fit_transform(line * unit) for unit in (2.0**-30, 2.0**30))
    np.testing.assert_allclose(large, small, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(small[:, 0].std(ddof=1), 1, rtol=1e-12)
