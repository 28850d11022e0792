"""Half precision in NumPy's engine against float64: sums beyond 65504, squares beyond it, steps below its resolution."""

from typing import Any

import numpy as np
import pytest

from practicum import autograd as torch
from practicum.autograd import functional as F
from practicum.autograd import nn, optim

NEAR = 2**-10  # two units in the last place of float16


def both(compute: Any, *arrays: np.ndarray) -> None:
    """Values and gradients of the same numbers, in float16 and in float64."""
    results = []
    for dtype in (np.float16, np.float64):
        tensors = [torch.tensor(array.astype(np.float16).astype(dtype), requires_grad=True) for array in arrays]
        out = compute(*tensors)
        weights = np.linspace(0.5, 1, out.numel()).reshape(out.shape)
        (out.double() * weights * 2.0**-6).sum().backward()
        results.append([out, *(t.grad for t in tensors)])
    for ours, exact in zip(*results, strict=True):
        size = np.abs(exact.numpy() if not exact.requires_grad else exact.detach().numpy()).max()
        np.testing.assert_allclose(
            ours.detach().numpy().astype(np.float64), exact.detach().numpy(), rtol=NEAR, atol=NEAR * size + 2**-24
        )


RANDOM = np.random.default_rng(0)
WIDE, LARGE = RANDOM.normal(size=(3, 5000)), 300 * RANDOM.normal(size=(40, 6)).clip(-2, 2)


@pytest.mark.parametrize("reduce", ["mean", "std", "logsumexp", "softmax", "log_softmax"])
def test_reductions(reduce: str) -> None:
    shift = {"mean": 100.0, "std": 0.0}.get(reduce, 0.0)
    scale = {"std": 300.0}.get(reduce, 1.0)
    both(lambda x: getattr(x, reduce)(1), WIDE * scale + shift)


def test_a_sum_of_ones() -> None:
    assert torch.ones(60000, dtype=np.float16).sum().item() == 60000  # in half precision 1 more than 2048 is 2048
    assert torch.ones(60000, dtype=np.float16).mean().item() == 1
    assert float(torch.tensor(np.full(9, 6e4, np.float16)).mean()) == pytest.approx(6e4)
    assert torch.tensor(WIDE.astype(np.float16)).var().dtype == np.float16


def test_norms() -> None:
    both(lambda x: F.layer_norm(x, (6,)), LARGE)
    both(lambda x: F.batch_norm(x, None, None, training=True), LARGE)
    layer = nn.BatchNorm1d(6).to(np.float16)
    layer(torch.tensor(LARGE.astype(np.float16)))
    assert layer.running_var.dtype == np.float32
    np.testing.assert_allclose(
        layer.running_var.numpy(), 0.9 + 0.1 * LARGE.astype(np.float16).astype(float).var(0, ddof=1), rtol=1e-5
    )


def test_losses() -> None:
    logits, target = 8 * RANDOM.normal(size=(9000, 4)), RANDOM.integers(0, 4, 9000)
    both(lambda x: F.cross_entropy(x, target, reduction="sum"), logits)
    both(lambda x: F.mse_loss(x, torch.tensor(np.zeros((40, 6), x.dtype))), LARGE)
    both(lambda x: F.binary_cross_entropy_with_logits(x, torch.tensor(np.zeros((9000, 4), x.dtype)), reduction="sum"), logits)


@pytest.mark.parametrize("rule", [optim.Adagrad, optim.RMSprop, optim.Adam, optim.AdamW], ids=lambda r: r.__name__)
def test_memories_of_optimisers(rule: Any) -> None:
    memories = []
    for dtype in (np.float16, np.float64):
        p = nn.Parameter(torch.tensor(np.ones(4, dtype)))
        p.grad = torch.tensor(np.array([1e-4, 1e-3, 1.0, 300.0], np.float16).astype(dtype))
        optimizer = rule([p], lr=1e-4)
        for _ in range(60):
            optimizer.step()
        memories.append(optimizer.state[p])
    for name, exact in memories[1].items():
        np.testing.assert_allclose(memories[0][name], exact, rtol=1e-4)
