"""Classic estimators beside scikit-learn's, with as many features as MNIST has pixels; layers written out beside torch.nn's.

Both softmax regressions make 20 steps of L-BFGS from zero on the same loss.
"""

import warnings

import numpy as np
import torch
from interleave import Row
from sklearn import decomposition, linear_model
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from practicum.classic.linear import SoftmaxRegression
from practicum.classic.pca import PCA
from practicum.models.layers.norms import BatchNorm, LayerNorm

ROWS, FEATURES, CLASSES, STEPS = 10_000, 784, 10, 20


def rows() -> list[Row]:
    """Return the comparisons."""
    warnings.filterwarnings("ignore", category=ConvergenceWarning)  # twenty steps are not meant to be enough
    random = np.random.default_rng(0)
    x = random.random((ROWS, FEATURES), dtype=np.float32)
    y = (x @ random.standard_normal((FEATURES, CLASSES), dtype=np.float32)).argmax(1)
    ours = SoftmaxRegression(max_iter=STEPS, tol=0)
    peer = linear_model.LogisticRegression(max_iter=STEPS, tol=1e-12)
    return [
        Row(
            f"softmax regression, {ROWS:,} × {FEATURES}, float32", f"scikit-learn LogisticRegression, L-BFGS, {STEPS} steps",
            lambda: ours.fit(x, y), lambda: peer.fit(x, y), floor=1.0, work=STEPS,
        ),
        Row(
            f"PCA to 50, {ROWS:,} × {FEATURES}, float32", "scikit-learn PCA, covariance_eigh",
            lambda: PCA(50).fit(x), lambda: decomposition.PCA(50, svd_solver="covariance_eigh").fit(x), floor=0.95, unit="fit",
        ),
        _layer("batch norm 128 × 512, forward and backward", BatchNorm(512), nn.BatchNorm1d(512), 0.25),
        _layer("layer norm 128 × 512, forward and backward", LayerNorm(512), nn.LayerNorm(512), 0.28),
    ]  # fmt: skip


def _layer(name: str, ours: nn.Module, peer: nn.Module, floor: float) -> Row:
    x = torch.randn(128, 512, requires_grad=True)

    def run(module: nn.Module) -> None:
        for _ in range(50):
            module(x).square().sum().backward()

    note = "written out for reading; `torch.nn` fuses it into one kernel"
    return Row(name, f"torch.nn.{type(peer).__name__}", lambda: run(ours), lambda: run(peer), floor, work=50, note=note)
