"""The same code trains the same models on both engines, step by step; only the imports differ."""

import inspect
import sys
import types
from typing import Any

import numpy as np
import pytest
import torch

from practicum import autograd
from practicum.models import lenet
from practicum.models import mlp as mlp_file


def on_our_engine(module: types.ModuleType) -> Any:
    """Runs a PyTorch module's source with our engine in PyTorch's place."""
    swapped = {
        "torch": autograd,
        "torch.nn": autograd.nn,
        "torch.nn.functional": autograd.nn.functional,
        "torch.optim": autograd.optim,
    }
    before = {name: sys.modules.get(name) for name in swapped}
    copy = types.ModuleType(module.__name__)
    try:
        sys.modules.update(swapped)
        exec(compile(inspect.getsource(module), str(module.__file__), "exec"), vars(copy))
    finally:
        sys.modules.update({name: m for name, m in before.items() if m is not None})
    return copy


def mlp(nn: Any) -> Any:
    return nn.Sequential(
        nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.0), nn.Linear(16, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 3)
    )


def cnn(nn: Any) -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(6, 3),
    )  # fmt: skip


def train(engine: Any, model: Any, optimizer: Any, batches: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """A training loop as one writes it; returns the losses."""
    criterion = engine.nn.CrossEntropyLoss(label_smoothing=0.1)
    losses = []
    for x, y in batches:
        optimizer.zero_grad()
        loss = criterion(model(engine.from_numpy(x)), engine.from_numpy(y))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def batches(shape: tuple[int, ...], classes: int, steps: int, dtype: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [(rng.standard_normal(shape).astype(dtype), rng.integers(0, classes, shape[0])) for _ in range(steps)]


def compare(theirs: Any, ours: Any, data: list[tuple[np.ndarray, np.ndarray]], optimizer: Any, tolerance: float) -> None:
    """Trains both one batch at a time and compares each loss and all weights after each step."""
    ours.load_state_dict(theirs.state_dict())
    a, b = optimizer(autograd, ours), optimizer(torch, theirs)
    for batch in data:
        (our_loss,), (their_loss,) = train(autograd, ours, a, [batch]), train(torch, theirs, b, [batch])
        assert our_loss == pytest.approx(their_loss, rel=tolerance, abs=tolerance)
        for (name, p), q in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
            np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=tolerance, atol=tolerance, err_msg=name)
    ours.eval()
    theirs.eval()
    x = data[0][0]
    np.testing.assert_allclose(
        ours(autograd.from_numpy(x)).data, theirs(torch.from_numpy(x)).detach().numpy(), rtol=tolerance, atol=tolerance
    )


OPTIMISERS = {
    "SGD with momentum": lambda t, m: t.optim.SGD(m.parameters(), lr=0.1, momentum=0.9),
    "Adam": lambda t, m: t.optim.Adam(m.parameters(), lr=1e-2),
    "AdamW": lambda t, m: t.optim.AdamW(m.parameters(), lr=1e-2),
}


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize(("make", "shape"), [(mlp, (7, 8)), (cnn, (5, 1, 8, 8))])
def test_the_same_curve_in_double_precision(make, shape, optimizer):
    torch.manual_seed(0)
    # Adam divides by √v: where a gradient is near zero, a rounding error becomes a part of a step
    compare(make(torch.nn).double(), make(autograd.nn).double(), batches(shape, 3, 20, np.float64), OPTIMISERS[optimizer], 1e-8)


@pytest.mark.parametrize(("make", "shape"), [(mlp, (7, 8)), (cnn, (5, 1, 8, 8))])
def test_the_same_curve_in_single_precision(make, shape):
    torch.manual_seed(0)
    compare(make(torch.nn), make(autograd.nn), batches(shape, 3, 10, np.float32), OPTIMISERS["SGD with momentum"], 1e-4)


@pytest.mark.parametrize("settings", [{}, {"activation": "tanh", "pooling": "average"}], ids=str)
def test_lenet_by_swapping_the_import(settings):
    torch.manual_seed(0)
    ours = on_our_engine(lenet).LeNet5(**settings)
    assert isinstance(ours, autograd.nn.Module)
    data = batches((4, 1, 28, 28), 10, 5, np.float64)
    compare(lenet.LeNet5(**settings).double(), ours.double(), data, OPTIMISERS["SGD with momentum"], 1e-9)


@pytest.mark.parametrize(
    "settings", [{}, {"activation": "gelu", "norm": "batch"}, {"activation": "tanh", "norm": "layer"}], ids=str
)
def test_mlp_by_swapping_the_import(settings):
    torch.manual_seed(0)
    ours = on_our_engine(mlp_file).MLP((8, 6, 5, 3), **settings)
    assert isinstance(ours, autograd.nn.Module)
    data = batches((7, 8), 3, 10, np.float64)
    compare(mlp_file.MLP((8, 6, 5, 3), **settings).double(), ours.double(), data, OPTIMISERS["SGD with momentum"], 1e-9)


def test_recurrent_classifier():
    """Embedding, LSTM, last state, linear: the same curve."""

    def build(t: Any) -> Any:
        class Classifier(t.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.embed = t.nn.Embedding(9, 4, padding_idx=0)
                self.lstm = t.nn.LSTM(4, 5, batch_first=True)
                self.head = t.nn.Linear(5, 3)

            def forward(self, tokens: Any) -> Any:
                _, (h, _) = self.lstm(self.embed(tokens))
                return self.head(h[-1])

        return Classifier().double()

    rng = np.random.default_rng(0)
    data = [(rng.integers(0, 9, (6, 7)), rng.integers(0, 3, 6)) for _ in range(10)]
    compare(build(torch), build(autograd), data, OPTIMISERS["SGD with momentum"], 1e-9)
