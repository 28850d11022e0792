"""The perceptron and its learning rule (Rosenblatt 1958; Novikoff 1962 for the bound).

    ŷ = sign(w·x + b);   on a mistake, s (w·x + b) ≤ 0:   w ← w + η s x,   b ← b + η s

Novikoff: if a unit vector u has s (u·x̃) ≥ γ > 0 in every row, and ‖x̃‖ ≤ R, with x̃ = (x, 1), there are at most (R/γ)² mistakes.

Symbols: N rows, F features, K classes, s = ±1 the wanted sign, η the step. `x_NF`, `weights_KF`.
Departs from the paper: several classes are learnt one against the rest, all K units side by side.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data


class Perceptron(ClassifierMixin, BaseEstimator):
    """A linear classifier that learns from its mistakes alone; scikit-learn's estimator API.

    Args:
        max_iter: passes over the rows at most; an epoch without a mistake ends the training before.
        eta0: the step η. It scales weights and intercept and changes no prediction.
        fit_intercept: learn b; otherwise 0.
        shuffle: a new order of the rows in each epoch.
        random_state: seed or generator of these orders.

    Attributes:
        classes_: the K labels.
        coef_: w, shape (1, F) for two classes, (K, F) for more.
        intercept_: b, shape (1,) or (K,).
        mistakes_: updates made, per unit.
        n_iter_: epochs made.
        n_features_in_: F.

    Example:
        >>> ones = [[0, 0], [0, 1], [1, 0], [1, 1]]
        >>> Perceptron(random_state=0).fit(ones, [0, 0, 0, 1]).predict(ones).tolist()  # AND is linearly separable
        [0, 0, 0, 1]

    Source: Rosenblatt 1958; Novikoff 1962, theorem.
    """

    def __init__(
        self,
        *,
        max_iter: int = 100,
        eta0: float = 1.0,
        fit_intercept: bool = True,
        shuffle: bool = True,
        random_state: Any = None,
    ) -> None:
        self.max_iter = max_iter
        self.eta0 = eta0
        self.fit_intercept = fit_intercept
        self.shuffle = shuffle
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from rows in turn.

        Args:
            X: shape (N, F).
            y: N labels of at least two kinds.

        Returns:
            Itself.

        Raises:
            ValueError: the shapes do not fit, there is one class only, or eta0 is not above 0.
        """
        if not self.eta0 > 0:
            raise ValueError(f"expected eta0 > 0, got {self.eta0}")
        x_NF, labels_N = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels_N)
        self.classes_, index_N = np.unique(labels_N, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"expected at least two classes, got {len(self.classes_)} class: {self.classes_}")
        units = range(len(self.classes_)) if len(self.classes_) > 2 else [1]
        sign_NK = np.stack([np.where(index_N == k, 1.0, -1.0) for k in units], axis=1)
        random = check_random_state(self.random_state)

        weights_KF, bias_K = np.zeros((len(units), x_NF.shape[1])), np.zeros(len(units))
        self.mistakes_, self.n_iter_ = np.zeros(len(units), dtype=np.int64), 0
        before = -1
        while self.n_iter_ < self.max_iter and before < self.mistakes_.sum():
            before, self.n_iter_ = self.mistakes_.sum(), self.n_iter_ + 1
            for row in random.permutation(len(x_NF)) if self.shuffle else range(len(x_NF)):
                x_F, sign_K = x_NF[row], sign_NK[row]
                wrong_K = sign_K * (weights_KF @ x_F + bias_K) <= 0
                if wrong_K.any():
                    step_K = self.eta0 * wrong_K * sign_K
                    weights_KF += step_K[:, None] * x_F
                    if self.fit_intercept:
                        bias_K += step_K
                    self.mistakes_ += wrong_K
        self.coef_, self.intercept_ = weights_KF, bias_K
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return w·x + b, shape (N,) for two classes, (N, K) for more."""
        check_is_fitted(self)
        score_NK = validate_data(self, X, reset=False, dtype=np.float64) @ self.coef_.T + self.intercept_
        return score_NK[:, 0] if len(self.classes_) == 2 else score_NK

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return N labels."""
        score = self.decision_function(X)
        return self.classes_[score.argmax(axis=1) if score.ndim == 2 else (score > 0).astype(np.int64)]
