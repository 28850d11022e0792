"""The MLP against its twin on the NumPy engine: the same weights in, the same curve out."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from practicum import autograd
from practicum.autograd import nn as own
from practicum.models.mlp import MLP


class Twin(own.Module):
    """The same layers under the same names."""

    def __init__(self, sizes: tuple[int, ...], activation: str, norm: str) -> None:
        super().__init__()
        layers: list[Any] = []
        for inputs, units in pairwise(sizes[:-1]):
            layers.append(own.Linear(inputs, units))
            if norm != "none":
                layers.append(own.BatchNorm1d(units) if norm == "batch" else own.LayerNorm(units))
            layers += [own.ReLU() if activation == "relu" else own.Tanh(), own.Dropout(0.0)]
        self.layers = own.Sequential(*layers, own.Linear(*sizes[-2:]))

    def forward(self, x: Any) -> Any:
        return self.layers(x)


@pytest.mark.parametrize("sizes", [(6, 5, 3), (4, 9, 7, 2), (11, 16, 16, 10), (3, 1, 2), (2, 8, 4, 6, 3)])
@pytest.mark.parametrize(("activation", "norm"), [("relu", "none"), ("tanh", "none"), ("relu", "batch"), ("tanh", "layer")])
@pytest.mark.parametrize("kind", ["SGD", "AdamW"])
def test_both_learn_alike(sizes: tuple[int, ...], activation: str, norm: str, kind: str) -> None:
    torch.manual_seed(sum(sizes))
    ours = MLP(sizes, activation=activation, norm=norm).double()
    twin = Twin(sizes, activation, norm).double()
    twin.load_state_dict({name: value.numpy() for name, value in ours.state_dict().items()})
    settings: dict[str, Any] = {"lr": 0.05, "momentum": 0.9} if kind == "SGD" else {"lr": 0.01, "weight_decay": 0.1}
    optimizer = getattr(torch.optim, kind)(ours.parameters(), **settings)
    twins = getattr(autograd.optim, kind)(twin.parameters(), **settings)
    random = np.random.default_rng(0)
    for _ in range(12):
        x, y = random.normal(size=(10, sizes[0])), random.integers(sizes[-1], size=10)
        optimizer.zero_grad()
        loss = F.cross_entropy(ours(torch.from_numpy(x)), torch.from_numpy(y))
        loss.backward()
        twins.zero_grad()
        own_loss = own.CrossEntropyLoss()(twin(autograd.from_numpy(x)), autograd.from_numpy(y))
        own_loss.backward()
        assert own_loss.item() == pytest.approx(loss.item(), rel=1e-9)
        for mine, theirs in zip(twin.parameters(), ours.parameters(), strict=True):
            np.testing.assert_allclose(mine.grad.data, theirs.grad.numpy(), rtol=1e-7, atol=1e-9)
        optimizer.step()
        twins.step()
    ours.eval()
    twin.eval()
    with torch.no_grad():
        expected = ours(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(twin(autograd.from_numpy(x)).data, expected, rtol=1e-7, atol=1e-8)
