"""Linear models: least squares, ridge regression (Hoerl & Kennard 1970), softmax regression.

    least squares   min ‖y - Xw - b‖²                             by a singular value decomposition
    ridge           min ‖y - Xw - b‖² + α ‖w‖²                    (XᵀX + αI) w = Xᵀy on centred X and y
    softmax         min Σ_n -log p_n[y_n] + (1/2C) ‖W‖²           p = softmax(Wx + b), by L-BFGS (Liu & Nocedal 1989)

Symbols: N rows, F features, T targets, K classes, X = `x_NF`; b is never penalised. Two classes have one logit, the second's; the
first one's is 0, which makes the softmax a logistic function.
Names and meaning of arguments and attributes are scikit-learn's. Means, differences from them and b are computed in double
precision, the rest in the precision of the data.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import lstsq, solve
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.floating[Any]]
FLOATS = [np.float64, np.float32]  # kept as they come; everything else becomes float64


class LinearRegression(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Least squares; of all minimisers the one with the least norm.

    Args:
        fit_intercept: learn b; otherwise 0.

    Attributes:
        coef_: w, shape (F,) or (T, F).
        intercept_: b, a number or shape (T,).
        n_features_in_: F.

    Example:
        >>> LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(6)
        array([7.])

    Source: Gauss 1809; Hastie et al. 2009, section 3.2.
    """

    def __init__(self, *, fit_intercept: bool = True) -> None:
        self.fit_intercept = fit_intercept

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit w and b.

        Args:
            X: shape (N, F).
            y: shape (N,) or (N, T).

        Returns:
            Itself.

        Raises:
            ValueError: the shapes do not fit, or a value is not finite.
        """
        x_NF, y_N = validate_data(self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True)
        y_N = np.asarray(y_N, dtype=x_NF.dtype)
        self.intercept_: Any = 0.0
        if not self.fit_intercept:
            self.coef_ = self._solve(x_NF, y_N).T
            self._origin_F, self._mean = np.zeros(x_NF.shape[1]), np.zeros(())
            return self
        # At the optimum b = ȳ - x̄w; put in, it leaves the same problem without b on centred X and y.
        self._origin_F, self._mean = x_NF.mean(axis=0, dtype=np.float64), y_N.mean(axis=0, dtype=np.float64)
        self.coef_ = self._solve(self._centred(x_NF), (y_N - self._mean).astype(x_NF.dtype)).T
        self.intercept_ = self._mean - self._origin_F @ self.coef_.T
        return self

    def _centred(self, x_NF: Floats) -> Floats:
        return np.subtract(x_NF, self._origin_F, out=np.empty_like(x_NF), casting="same_kind")

    def _solve(self, x_NF: Floats, y: Floats) -> Floats:
        return np.asarray(lstsq(x_NF, y)[0])

    def predict(self, X: ArrayLike) -> Floats:
        """Return Xw + b, shape (N,) or (N, T)."""
        check_is_fitted(self)
        # As (X - x̄) w + ȳ, where no large terms cancel.
        x_NF = validate_data(self, X, reset=False, dtype=FLOATS)
        return np.asarray(self._centred(x_NF) @ self.coef_.T + self._mean, x_NF.dtype)


class Ridge(LinearRegression):
    """Least squares with a penalty on the squared weights.

    Args:
        alpha: α ≥ 0; 0 is least squares.
        fit_intercept: learn b, which is not penalised; otherwise 0.

    Attributes:
        coef_: w, shape (F,) or (T, F).
        intercept_: b, a number or shape (T,).
        n_features_in_: F.

    Example:
        >>> Ridge(alpha=2.0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).coef_.round(6)  # half of least squares' slope
        array([1.])

    Source: Hoerl & Kennard 1970, eq. 2.1; with fewer rows than features w = Xᵀ (XXᵀ + αI)⁻¹ y (Saunders et al. 1998).
    """

    def __init__(self, alpha: float = 1.0, *, fit_intercept: bool = True) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept

    def _solve(self, x_NF: Floats, y: Floats) -> Floats:
        if not self.alpha >= 0:
            raise ValueError(f"expected alpha ≥ 0, got {self.alpha}")
        if self.alpha == 0:
            return super()._solve(x_NF, y)
        rows, features = x_NF.shape
        if rows < features:
            return np.asarray(x_NF.T @ solve(x_NF @ x_NF.T + self.alpha * np.eye(rows, dtype=x_NF.dtype), y, assume_a="pos"))
        return np.asarray(solve(x_NF.T @ x_NF + self.alpha * np.eye(features, dtype=x_NF.dtype), x_NF.T @ y, assume_a="pos"))


class SoftmaxRegression(ClassifierMixin, BaseEstimator):
    """Multinomial logistic regression.

    Args:
        C: inverse of the penalty, above 0; `np.inf` for none.
        fit_intercept: learn b, which is not penalised; otherwise 0.
        max_iter: steps of L-BFGS at most; fewer stop the training early.
        tol: stop when no entry of the mean loss's gradient is larger.

    Attributes:
        classes_: the K labels.
        coef_: W, shape (1, F) for two classes, (K, F) for more.
        intercept_: b, shape (1,) or (K,).
        n_iter_: steps made.
        n_features_in_: F.

    Example:
        >>> SoftmaxRegression().fit([[0.0], [1.0], [4.0], [5.0]], ["low", "low", "high", "high"]).predict([[0.5], [4.5]]).tolist()
        ['low', 'high']

    Source: Hastie et al. 2009, section 4.4; float32 data are computed in float32.
    """

    def __init__(self, C: float = 1.0, *, fit_intercept: bool = True, max_iter: int = 200, tol: float = 1e-5) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit W and b.

        Args:
            X: shape (N, F).
            y: N labels of at least two kinds.

        Returns:
            Itself.

        Raises:
            ValueError: the shapes do not fit, a value is not finite, there is one class only, or C is not above 0.
        """
        if not self.C > 0:
            raise ValueError(f"expected C > 0, got {self.C}")
        x_NF, labels_N = validate_data(self, X, y, dtype=FLOATS)
        check_classification_targets(labels_N)
        self.classes_, index_N = np.unique(labels_N, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"expected at least two classes, got {len(self.classes_)} class: {self.classes_}")
        rows, features = x_NF.shape
        units = len(self.classes_) if len(self.classes_) > 2 else 1
        penalty = 1 / (self.C * rows)

        def unpack(flat: Floats) -> tuple[Floats, Floats]:
            wide = flat.reshape(units, features + self.fit_intercept).astype(x_NF.dtype)
            return wide[:, :features], wide[:, -1] if self.fit_intercept else np.zeros(units, x_NF.dtype)

        every = np.arange(rows)

        def objective(flat: Floats) -> tuple[float, Floats]:
            """Return the mean loss, and its gradient Xᵀ(p - onehot(y))/N + W/(CN)."""
            weights_KF, bias_K = unpack(flat)
            # A class is one row in memory, where maxima and sums over K are ten times as fast.
            powers_KN = np.ascontiguousarray(self._logits(x_NF, weights_KF, bias_K).T)
            powers_KN -= powers_KN.max(axis=0)
            own_N = powers_KN[index_N, every]
            np.exp(powers_KN, out=powers_KN)
            # Without a row's own class no digit is lost where p is near 1: log Σ and p - 1 are made of what the others add.
            powers_KN[index_N, every] = 0
            others_N = powers_KN.sum(axis=0)
            loss = (np.log1p(others_N + np.expm1(own_N)) - own_N).mean(dtype=np.float64)
            sums_N = others_N + np.exp(own_N)
            powers_KN[index_N, every] = -others_N
            error_KN = powers_KN[-units:] / (rows * sums_N)
            gradient = error_KN @ x_NF + penalty * weights_KF
            if self.fit_intercept:
                gradient = np.hstack([gradient, error_KN.sum(axis=1)[:, None]])
            return float(loss + penalty / 2 * (weights_KF**2).sum(dtype=np.float64)), gradient.ravel().astype(np.float64)

        start = np.zeros(units * (features + self.fit_intercept))
        options = {"maxiter": self.max_iter, "gtol": self.tol, "ftol": 0.0, "maxls": 50}
        found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
        self.coef_, self.intercept_ = unpack(found.x)
        self.n_iter_ = int(found.nit)
        return self

    @staticmethod
    def _logits(x_NF: Floats, weights_KF: Floats, bias_K: Floats) -> Floats:
        logits_NK = x_NF @ weights_KF.T + bias_K
        return np.hstack([np.zeros_like(logits_NK), logits_NK]) if len(weights_KF) == 1 else logits_NK

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return logits: shape (N,) for two classes, (N, K) for more."""
        check_is_fitted(self)
        logits_NK = validate_data(self, X, reset=False, dtype=FLOATS) @ self.coef_.T + self.intercept_
        return logits_NK[:, 0] if len(self.classes_) == 2 else logits_NK

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return p, shape (N, K)."""
        check_is_fitted(self)
        x_NF = validate_data(self, X, reset=False, dtype=FLOATS)
        return np.asarray(softmax(self._logits(x_NF, self.coef_, self.intercept_), axis=1))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the N most probable labels."""
        p_NK = self.predict_proba(X)
        return self.classes_[p_NK.argmax(axis=1)]
