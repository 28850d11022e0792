"""Kernel principal component analysis (Schölkopf, Smola & Müller 1998).

    K̃ = (I - 1/N) K (I - 1/N) = A Λ Aᵀ                 eq. 20 (1/N: all entries 1/N)
    z(x)_k = Σ_n A_nk k̃(x_n, x) / √λ_k                  eq. 16-18: projection on the k-th component in feature space
    x̂ = k(z, Z) (k(Z, Z) + αI)⁻¹ X                      pre-image by kernel ridge regression (Bakır, Weston & Schölkopf 2004)

    kernels: linear x·y;  rbf exp(-γ ‖x - y‖²);  poly (γ x·y + c)^degree;  sigmoid tanh(γ x·y + c)

Symbols: N rows of the training set, M new rows, F features, D components. `kernel_MN` holds k(x_m, x_n).
Signs make each component's largest training coordinate positive; names are scikit-learn's. Kernels are computed in double
precision, and the linear one of differences from the training set's mean, which centring takes off anyway: the differences that
count would otherwise be lost in the size of the numbers.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh, solve
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.floating[Any]]
FLOATS = [np.float64, np.float32]


def kernel(name: str, x_MF: Floats, y_NF: Floats, gamma: float, coef0: float = 1.0, degree: float = 3) -> Floats:
    """Return k(x_m, y_n), shape (M, N), float64.

    Args:
        name: `linear`, `rbf`, `poly` or `sigmoid`.
        x_MF: rows.
        y_NF: rows.
        gamma: γ.
        coef0: c.
        degree: of `poly`.

    Raises:
        ValueError: no such kernel.
    """
    x_MF, y_NF = np.asarray(x_MF, np.float64), np.asarray(y_NF, np.float64)
    if name == "rbf":
        # Of differences: ‖x‖² + ‖y‖² - 2 x·y loses all digits where rows lie near each other and far from 0.
        return np.asarray(np.exp(-gamma * cdist(x_MF, y_NF, "sqeuclidean")))
    products_MN = x_MF @ y_NF.T
    if name == "linear":
        return products_MN
    if name == "poly":
        return np.asarray((gamma * products_MN + coef0) ** degree)
    if name == "sigmoid":
        return np.asarray(np.tanh(gamma * products_MN + coef0))
    raise ValueError(f"expected kernel linear, rbf, poly or sigmoid, got {name!r}")


class KernelPCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Principal components in the feature space of a kernel.

    Args:
        n_components: D; None for all with an eigenvalue above 0.
        kernel: `linear`, `rbf`, `poly` or `sigmoid`.
        gamma: γ; None for 1/F.
        degree: of `poly`.
        coef0: c of `poly` and `sigmoid`.
        alpha: ridge of the pre-images.

    Attributes:
        eigenvalues_: λ, shape (D,).
        eigenvectors_: A, shape (N, D).
        gamma_: γ in use.
        X_fit_: the training set.
        n_features_in_: F.

    Example:
        >>> circles = [[1.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 3.0]]
        >>> KernelPCA(n_components=2, kernel="rbf", gamma=0.1).fit_transform(circles).shape
        (4, 2)

    Source: Schölkopf et al. 1998; Bakır et al. 2004.
    """

    def __init__(
        self,
        n_components: int | None = None,
        *,
        kernel: str = "rbf",
        gamma: float | None = None,
        degree: float = 3,
        coef0: float = 1.0,
        alpha: float = 1.0,
    ) -> None:
        self.n_components = n_components
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.alpha = alpha

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Find the components, and the map back to the inputs.

        Args:
            X: shape (N, F), N ≥ 2.
            y: ignored.

        Returns:
            Itself.

        Raises:
            ValueError: the shape does not fit, n_components is not between 1 and N, or gamma or alpha is not above 0.
        """
        x_NF = validate_data(self, X, dtype=FLOATS, ensure_min_samples=2)
        rows = len(x_NF)
        if self.n_components is not None and not 1 <= self.n_components <= rows:
            raise ValueError(f"expected n_components between 1 and N = {rows}, got {self.n_components}")
        for name in ("gamma", "alpha"):
            if (value := getattr(self, name)) is not None and not value > 0:
                raise ValueError(f"expected {name} > 0, got {value}")
        self.X_fit_ = x_NF
        self._origin_F = x_NF.mean(axis=0, dtype=np.float64) if self.kernel == "linear" else np.zeros(x_NF.shape[1])
        self.gamma_ = 1 / x_NF.shape[1] if self.gamma is None else self.gamma
        kernel_NN = self._kernel(x_NF - self._origin_F, x_NF - self._origin_F)
        # One number less everywhere changes nothing after centring, and leaves exact zeros where the data are constant.
        self._level = kernel_NN[0, 0]
        kernel_NN -= self._level
        self._means_N, self._mean = kernel_NN.mean(axis=0), kernel_NN.mean()
        kept = rows if self.n_components is None else self.n_components
        values, vectors = eigh(self._centre(kernel_NN), subset_by_index=(rows - kept, rows - 1))
        values, vectors = values[::-1], vectors[:, ::-1]
        # What rounding leaves of an eigenvalue 0 is noise, and dividing by its root would blow it up.
        values = np.where(values > values[0] * rows * np.finfo(values.dtype).eps, values, 0)
        if self.n_components is None:
            kept = max(1, int((values > 0).sum()))  # of constant data one is left, along which nothing varies
            vectors, values = vectors[:, :kept], values[:kept]
        signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))])
        self.eigenvalues_, self.eigenvectors_ = values, vectors * signs

        self._z_ND = self.eigenvectors_ * np.sqrt(values)
        ridge_NN = self._kernel(self._z_ND, self._z_ND) + self.alpha * np.eye(rows)
        self._back_NF = solve(ridge_NN, x_NF)
        return self

    def _kernel(self, x_MF: Floats, y_NF: Floats) -> Floats:
        return kernel(self.kernel, x_MF, y_NF, self.gamma_, self.coef0, self.degree)

    def _centre(self, kernel_MN: Floats) -> Floats:
        """k̃(x_m, x_n): as if the training set's mean in feature space were 0."""
        return kernel_MN - self._means_N - kernel_MN.mean(axis=1)[:, None] + self._mean

    def transform(self, X: ArrayLike) -> Floats:
        """Return the coordinates of M rows along the components, shape (M, D)."""
        check_is_fitted(self)
        x_MF = validate_data(self, X, reset=False, dtype=FLOATS)
        centred_MN = self._centre(self._kernel(x_MF - self._origin_F, self.X_fit_ - self._origin_F) - self._level)
        roots_D = np.sqrt(self.eigenvalues_)
        return (centred_MN @ (self.eigenvectors_ / np.where(roots_D > 0, roots_D, np.inf))).astype(x_MF.dtype)

    def inverse_transform(self, Z: ArrayLike) -> Floats:
        """Return approximate pre-images of M points of shape (M, D), shape (M, F)."""
        check_is_fitted(self)
        return (self._kernel(np.asarray(Z), self._z_ND) @ self._back_NF).astype(self.X_fit_.dtype)

    @property
    def _n_features_out(self) -> int:
        return len(self.eigenvalues_)
