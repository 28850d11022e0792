"""Principal component analysis (Pearson 1901; Hotelling 1933).

    X - x̄ = U S Vᵀ;   Z = (X - x̄) V;   X̂ = Z Vᵀ + x̄;   the variance along component k is S_k² / (N - 1)

Of all projections to D dimensions this one leaves the least squared error, Σ_{k > D} S_k² (Eckart & Young 1936).

Symbols: N rows, F features, D components. `x_NF`, `z_ND`; V is `components_.T`, shape (F, D).
Each component's sign makes its largest entry positive; names are scikit-learn's. Means and differences from them are computed in
double precision, the rest in the precision of the data.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh, get_blas_funcs, svd
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.floating[Any]]
FLOATS = [np.float64, np.float32]


class PCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Projects onto the directions of greatest variance.

    With at least ten rows per feature the components come from the eigenvectors of the covariance, many times faster, at the cost
    of half the digits of the smallest variances; otherwise from the singular value decomposition.

    Args:
        n_components: D; None for min(N, F).
        whiten: scale each component to variance 1.

    Attributes:
        components_: Vᵀ, shape (D, F), rows orthonormal.
        mean_: x̄, shape (F,), float64.
        explained_variance_: along each component, shape (D,).
        explained_variance_ratio_: its share in the total variance, shape (D,); 0 where nothing varies.
        singular_values_: S, shape (D,).
        n_features_in_: F.

    Example:
        >>> line = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
        >>> PCA(n_components=1).fit_transform(line).ravel().round(3).tolist()
        [-1.414, 0.0, 1.414]

    Source: Hotelling 1933; Bishop 2006, section 12.1.
    """

    def __init__(self, n_components: int | None = None, *, whiten: bool = False) -> None:
        self.n_components = n_components
        self.whiten = whiten

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Find the components.

        Args:
            X: shape (N, F), N ≥ 2.
            y: ignored.

        Returns:
            Itself.

        Raises:
            ValueError: the shape does not fit, or there are fewer rows or features than components.
        """
        x_NF = validate_data(self, X, dtype=FLOATS, ensure_min_samples=2)
        rows, features = x_NF.shape
        most = min(rows, features)
        kept = most if self.n_components is None else self.n_components
        if not 1 <= kept <= most:
            raise ValueError(f"expected n_components between 1 and min(N, F) = {most}, got {kept}")
        self.mean_ = _means(x_NF)
        centred_NF = self._centred(x_NF)
        if rows >= 10 * features:
            squares_D, directions_DF, total = _covariance_components(centred_NF, kept)
        else:
            _, singular, directions_DF = svd(centred_NF, full_matrices=False)
            squares_D, directions_DF, total = singular[:kept] ** 2, directions_DF[:kept], float((singular**2).sum())
        largest_D = np.abs(directions_DF).argmax(axis=1)
        signs_D = np.sign(directions_DF[np.arange(kept), largest_D])

        self.components_ = signs_D[:, None] * directions_DF
        self.singular_values_ = np.sqrt(squares_D)
        self.explained_variance_ = squares_D / (rows - 1)
        self.explained_variance_ratio_ = squares_D / total if total > 0 else np.zeros_like(squares_D)
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Return the coordinates Z along the components, shape (N, D)."""
        check_is_fitted(self)
        return np.asarray(self._centred(validate_data(self, X, reset=False, dtype=FLOATS)) @ self.components_.T / self._scale_D())

    def inverse_transform(self, Z: ArrayLike) -> Floats:
        """Return the point X̂ of the components' subspace for each Z of shape (N, D), shape (N, F)."""
        check_is_fitted(self)
        x_NF = np.asarray(Z) * self._scale_D() @ self.components_ + self.mean_
        return np.asarray(x_NF, self.components_.dtype)

    def _centred(self, x_NF: Floats) -> Floats:
        """X - x̄, a difference in double precision, in the dtype of X."""
        return np.subtract(x_NF, self.mean_, out=np.empty_like(x_NF), casting="same_kind")

    def _scale_D(self) -> Floats:
        if not self.whiten:
            return np.ones_like(self.explained_variance_)
        # A direction without variance has nothing to scale; what rounding leaves of the largest one keeps the quotient finite.
        variance_D = self.explained_variance_
        return np.sqrt(np.maximum(variance_D, np.finfo(variance_D.dtype).eps * (variance_D[0] or 1)))

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)


def _covariance_components(centred_NF: Floats, kept: int) -> tuple[Floats, Floats, float]:
    """Return S² and the rows of Vᵀ of the first components, and the sum of all S², from the eigenvectors of (X - x̄)ᵀ (X - x̄)."""
    features = centred_NF.shape[1]
    # By SciPy's BLAS, which `eigh` uses too: NumPy has another one, whose threads spin on after a product and slow `eigh` down.
    products_FF = get_blas_funcs("syrk", (centred_NF,))(1.0, centred_NF.T, lower=True)  # the lower triangle alone
    total = float(np.trace(products_FF, dtype=np.float64))
    if 4 * kept <= features:  # a few eigenvectors one by one; of many, divide and conquer finds all sooner
        squares_D, directions_FD = eigh(products_FF, subset_by_index=(features - kept, features - 1), driver="evr")
    else:
        squares_D, directions_FD = eigh(products_FF, driver="evd")
    return np.maximum(squares_D[::-1][:kept], 0), directions_FD.T[::-1][:kept], total


def _means(x_NF: Floats) -> NDArray[np.float64]:
    """Return the means of the features; of a constant one the constant, whatever rounding makes of its mean."""
    mean_F = x_NF.mean(axis=0, dtype=np.float64)
    doubtful = np.flatnonzero((x_NF[0] == x_NF[-1]) & (mean_F != x_NF[0]))
    constant = doubtful[(x_NF[:, doubtful] == x_NF[0, doubtful]).all(axis=0)]
    mean_F[constant] = x_NF[0, constant]
    return mean_F
