"""The NumPy engine beside HIPS autograd and beside the same step written by hand: an MLP 784-256-10, batch 128, float32, SGD.

All three start from the same weights and compute the same loss. The step by hand keeps each weight as the engine does,
(outputs, inputs), as PyTorch does: it is what NumPy costs without an engine. HIPS autograd gets its own documentation's
layout, (inputs, outputs).
"""

from collections.abc import Callable

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad
from autograd.scipy.special import logsumexp
from interleave import Row
from threadpoolctl import ThreadpoolController

from practicum.autograd import Tensor, nn, optim
from practicum.autograd.tensor import Array

BATCH, INPUTS, HIDDEN, CLASSES, LR, STEPS = 128, 784, 256, 10, 1e-3, 20
ROWS = np.arange(BATCH)


def weights() -> list[Array]:
    """W₁ (784, 256), b₁, W₂ (256, 10), b₂."""
    rng = np.random.default_rng(0)
    first, second = (rng.standard_normal(shape) / np.sqrt(shape[0]) for shape in ((INPUTS, HIDDEN), (HIDDEN, CLASSES)))
    return [a.astype(np.float32) for a in (first, np.zeros(HIDDEN), second, np.zeros(CLASSES))]


def data() -> tuple[Array, Array]:
    rng = np.random.default_rng(1)
    return rng.standard_normal((BATCH, INPUTS)).astype(np.float32), rng.integers(0, CLASSES, BATCH)


class Ours:
    """A step as one writes it with PyTorch."""

    def __init__(self) -> None:
        self.x, self.target = map(Tensor, data())
        self.model = nn.Sequential(nn.Linear(INPUTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))
        for parameter, values in zip(self.model.parameters(), weights(), strict=True):
            parameter.data[...] = values.T
        self.optimizer = optim.SGD(self.model.parameters(), lr=LR)
        self.criterion = nn.CrossEntropyLoss()

    def __call__(self) -> float:
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(self.x), self.target)
        loss.backward()
        self.optimizer.step()
        return float(loss.data)


class Hips:
    """A step with HIPS autograd."""

    def __init__(self) -> None:
        x, target = data()
        self.parameters = weights()

        def loss(parameters: list[Array]) -> Array:
            w1, b1, w2, b2 = parameters
            logits = anp.dot(anp.maximum(anp.dot(x, w1) + b1, 0), w2) + b2
            return -anp.mean((logits - logsumexp(logits, axis=1, keepdims=True))[ROWS, target])

        self.value_and_grad = value_and_grad(loss)

    def __call__(self) -> float:
        loss, gradients = self.value_and_grad(self.parameters)
        for p, g in zip(self.parameters, gradients, strict=True):
            p -= LR * g
        return float(loss)


class ByHand:
    """A step with the gradients worked out on paper, in place where that saves time."""

    def __init__(self) -> None:
        self.x, self.target = data()
        self.parameters = [np.ascontiguousarray(a.T) for a in weights()]

    def __call__(self) -> float:
        w1, b1, w2, b2 = self.parameters
        hidden = self.x @ w1.T
        hidden += b1
        np.maximum(hidden, 0, out=hidden)
        logits = hidden @ w2.T
        logits += b2
        logits -= logits.max(1, keepdims=True)
        powers = np.exp(logits)
        sums = powers.sum(1, keepdims=True)
        loss = (np.log(sums[:, 0]) - logits[ROWS, self.target]).mean()
        d_logits = powers / sums
        d_logits[ROWS, self.target] -= 1
        d_logits /= BATCH
        d_hidden = d_logits @ w2
        d_hidden *= hidden > 0
        gradients = (d_hidden.T @ self.x, d_hidden.sum(0), d_logits.T @ hidden, d_logits.sum(0))
        for p, g in zip(self.parameters, gradients, strict=True):
            p -= LR * g
        return float(loss)


def on_one_thread(step: Callable[[], float]) -> Callable[[], None]:
    """Return a run of `STEPS` steps on one thread: on more, the matrix products shrink and what is measured is the waiting."""
    threads = ThreadpoolController()

    def run() -> None:
        with threads.limit(limits=1, user_api="blas"):
            for _ in range(STEPS):
                step()

    return run


def rows() -> list[Row]:
    ours, hips, by_hand = Ours(), Hips(), ByHand()
    losses = ours(), hips(), by_hand()
    if not np.allclose(losses, losses[0], rtol=1e-5):
        raise AssertionError(f"the three must compute the same loss, got {losses}")
    what = f"MLP {INPUTS}-{HIDDEN}-{CLASSES}, {STEPS} SGD steps of {BATCH}, float32"
    mine, work, thread = on_one_thread(ours), STEPS * BATCH, "one thread"
    return [
        Row(f"{what}, engine", "HIPS autograd", mine, on_one_thread(hips), floor=1.3, work=work, unit="image", note=thread),
        Row(f"{what}, no engine", "plain NumPy by hand", mine, on_one_thread(by_hand), floor=0.87, work=work, unit="image",
            note=f"{thread}; the engine's own cost: at most 15 %"),
    ]  # fmt: skip
