"""Large numbers, small differences: float32 data against the same data in float64, at every distance from 0."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from practicum.classic.kernel_pca import KernelPCA, kernel
from practicum.classic.linear import LinearRegression, Ridge, SoftmaxRegression
from practicum.classic.pca import PCA
from practicum.classic.perceptron import Perceptron
from practicum.methods.assign import assign
from practicum.methods.boxes import area, decode, encode, giou, iou, nms, pairwise_iou
from practicum.models.s4d import S4D, S4DConfig

MEANS = [0.0, 1e3, 1e6]


def data(mean: float, rows: int = 400, features: int = 6) -> np.ndarray:
    """Float32 rows around a mean, with deviations from 1 to 3."""
    random = np.random.default_rng(0)
    return (mean + random.normal(size=(rows, features)) * np.linspace(1, 3, features)).astype(np.float32)


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize(
    ("rows", "features"), [(20, 6), (400, 6), (400, 12)], ids=["decomposition", "covariance", "few-of-the-covariance"]
)
def test_pca_in_single_precision(rows: int, features: int, mean: float) -> None:
    x = data(mean, rows, features)
    ours, exact = PCA(3).fit(x), PCA(3).fit(x.astype(np.float64))
    np.testing.assert_allclose(ours.mean_, exact.mean_, rtol=1e-15)
    np.testing.assert_allclose(ours.explained_variance_, exact.explained_variance_, rtol=3e-6)
    np.testing.assert_allclose(ours.components_, exact.components_, atol=1e-5)
    z = ours.transform(x)
    assert z.dtype == ours.inverse_transform(z).dtype == np.float32
    np.testing.assert_allclose(z, exact.transform(x), atol=3e-5)
    np.testing.assert_allclose(ours.inverse_transform(z), exact.inverse_transform(z), rtol=1e-7, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_whitening_does_not_depend_on_the_unit(scale: float) -> None:
    x = data(0).astype(np.float64)
    z = PCA(whiten=True).fit_transform(x * scale)
    np.testing.assert_allclose(z, PCA(whiten=True).fit_transform(x), atol=1e-9)
    np.testing.assert_allclose(z.std(axis=0, ddof=1), 1, rtol=1e-9)


@pytest.mark.parametrize("mean", [*MEANS, 1e9])
def test_rbf_kernel_of_near_rows(mean: float) -> None:
    x = data(mean).astype(np.float32 if mean < 1e9 else np.float64)
    exact = np.exp(-0.125 * cdist(x.astype(np.longdouble), x.astype(np.longdouble), "sqeuclidean"))
    np.testing.assert_allclose(kernel("rbf", x, x, 0.125), exact, atol=1e-12)


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("settings", [{"kernel": "linear"}, {"kernel": "rbf", "gamma": 0.05}], ids=lambda s: s["kernel"])
def test_kernel_pca_in_single_precision(settings: dict[str, Any], mean: float) -> None:
    x = data(mean, 60)
    ours, exact = KernelPCA(3, **settings).fit(x), KernelPCA(3, **settings).fit(x.astype(np.float64) - mean)
    np.testing.assert_allclose(ours.eigenvalues_, exact.eigenvalues_, rtol=1e-9)
    z = ours.transform(x)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z, exact.transform(x - mean), atol=1e-5)


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("model", [LinearRegression(), Ridge(0.5)], ids=lambda m: type(m).__name__)
def test_regression_in_single_precision(model: Any, mean: float) -> None:
    x = data(mean)
    y = ((x.astype(np.float64) - mean) @ np.arange(1, 7) + 3 + mean).astype(np.float32)
    ours, exact = type(model)().fit(x, y), type(model)().fit(x.astype(np.float64), y.astype(np.float64))
    np.testing.assert_allclose(ours.coef_, exact.coef_, rtol=1e-5)
    np.testing.assert_allclose(ours.predict(x), exact.predict(x), rtol=1e-7, atol=5e-5)


@pytest.mark.parametrize("kernel_name", ["linear", "rbf", "poly", "sigmoid"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.1])
def test_constant_data(kernel_name: str, value: float) -> None:
    x = np.full((1000, 3), value)
    with np.errstate(all="raise"):
        fitted = PCA(whiten=True).fit(x)
        mapped = KernelPCA(kernel=kernel_name, gamma=1e-7).fit(x[:50])
        assert mapped.inverse_transform(mapped.transform(x)).shape == x.shape
    assert fitted.mean_.tolist() == [value] * 3
    assert fitted.explained_variance_.tolist() == fitted.explained_variance_ratio_.tolist() == [0, 0, 0]
    assert (fitted.transform(x) == 0).all()
    assert (fitted.inverse_transform(fitted.transform(x)) == x).all()
    assert mapped.eigenvalues_.tolist() == [0]
    assert (mapped.transform(x + np.arange(1, 4)) == 0).all()


def test_settings_out_of_range_are_refused() -> None:
    x, y = data(0), np.arange(400) % 2
    for estimator, what in (
        (SoftmaxRegression(C=-1.0), "C > 0, got -1.0"), (SoftmaxRegression(C=0.0), "C > 0, got 0.0"),
        (SoftmaxRegression(C=np.nan), "C > 0, got nan"), (Ridge(alpha=-1.0), "alpha ≥ 0, got -1.0"),
        (Ridge(alpha=np.nan), "alpha ≥ 0, got nan"), (KernelPCA(gamma=-1.0), "gamma > 0, got -1.0"),
        (KernelPCA(alpha=-1.0), "alpha > 0, got -1.0"), (Perceptron(eta0=0.0), "eta0 > 0, got 0.0"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"expected {what}"):
            estimator.fit(x, y)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64, torch.float16, torch.float32], ids=str)
def test_boxes_of_every_dtype(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    most = {torch.uint8: 250, torch.int16: 32_000, torch.float16: 2000}.get(dtype, 2_000_000)
    corner = torch.randint(most // 2, (2, 30, 2))
    boxes = torch.cat([corner, corner + torch.randint(1, most // 2, (2, 30, 2))], 2).to(dtype)
    a, b = boxes
    exact_a, exact_b = boxes.double()
    close: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-6}
    for ours, exact in (
        (area(a), area(exact_a)), (iou(a, b), iou(exact_a, exact_b)), (giou(a, b), giou(exact_a, exact_b)),
        (pairwise_iou(a, b), pairwise_iou(exact_a, exact_b)), (encode(a, b[:, :2]), encode(exact_a, exact_b[:, :2])),
        (decode(a, b[:, :2]), decode(exact_a, exact_b[:, :2])),
    ):  # fmt: skip
        torch.testing.assert_close(ours.double(), exact, **close)
    assert ((iou(a, b) >= 0) & (iou(a, b) <= 1)).all()
    scores = torch.rand(30)
    assert nms(a, scores, 0.3).tolist() == nms(exact_a, scores, 0.3).tolist()
    points, strides, labels = torch.rand(50, 2) * most, torch.full((50,), most / 8), torch.zeros(1, 30, dtype=torch.long)
    ours, exact = (
        assign(points.to(t), strides.to(t), x[None], labels) for t, x in ((torch.float32, a), (torch.float64, exact_a))
    )
    assert (ours.labels_BP == exact.labels_BP).all()
    torch.testing.assert_close(ours.distances_BP4.double(), exact.distances_BP4, rtol=1e-6, atol=1e-6 * most)


@pytest.mark.parametrize("discretization", ["zoh", "bilinear"])
@pytest.mark.parametrize("log_delta", [-16.0, -7.0, -2.0, float(np.log(4)), 3.0, 10.0, 40.0])
def test_s4d_at_every_step_size(log_delta: float, discretization: Any) -> None:
    torch.manual_seed(0)
    system = S4D(S4DConfig(3, 8, discretization=discretization))
    with torch.no_grad():
        system.log_delta.fill_(log_delta)
    kernel_HT = system.kernel(6)
    kernel_HT.square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in system.parameters())
    decay, entering = (part.detach() for part in system.double().discretized())
    # By repeated products, which need no logarithm.
    powers = torch.stack([decay**t if t else torch.ones_like(decay) for t in range(6)], 2)
    exact = 2 * ((torch.view_as_complex(system.C) * entering)[..., None] * powers).sum(1).real
    size = float(exact.abs().max())
    tolerance = 1e-5 if log_delta <= 3 or discretization == "bilinear" else 2e-5
    torch.testing.assert_close(kernel_HT.double(), exact.detach(), rtol=1e-5, atol=tolerance * size)
