"""Learning rates that are grossly wrong are named, where the loss shows it and where normalisation hides it."""

from typing import Any

import pytest
import torch
from torch import nn

from practicum.methods.classify import Classify
from practicum.training.diagnose import diagnose


@pytest.mark.parametrize(
    ("optimizer", "fault"),
    [
        (lambda model: torch.optim.AdamW(model.parameters(), lr=3.0), "learning rate too high"),
        (lambda model: torch.optim.AdamW(model.parameters(), lr=1e4), "learning rate too high"),
        (lambda model: torch.optim.SGD(model.parameters(), lr=1e5), "learning rate too high"),
        (lambda model: torch.optim.AdamW(model.parameters(), lr=1e-7), "learning rate too low"),
        (lambda model: torch.optim.SGD(model.parameters(), lr=1e-7), "learning rate too low"),
    ],
)
@pytest.mark.parametrize("norm", [False, True])
def test_a_gross_rate_is_named_however_gross(optimizer: Any, fault: str, norm: bool) -> None:
    """Batch normalisation hides a rate from the loss: what it normalises may be as large as it likes."""
    torch.manual_seed(1)
    layers = [nn.Linear(8, 32), nn.BatchNorm1d(32) if norm else nn.Identity(), nn.ReLU(), nn.Linear(32, 3)]
    x = torch.randn(64, 8)
    batches = [(x[i : i + 16], (x[i : i + 16, 0] > 0).long() + (x[i : i + 16, 1] > 0).long()) for i in range(0, 64, 16)]
    found = diagnose(nn.Sequential(*layers), Classify(), batches, optimizer=optimizer)
    assert [finding.name for finding in found] == [fault]


def test_slow_matrices_beside_quick_biases_are_named() -> None:
    """The biases alone make the loss fall; a trainer that freezes the matrices on purpose is left alone."""
    torch.manual_seed(1)
    x = torch.randn(64, 8)
    batches = [(x[i : i + 16], (x[i : i + 16, 0] > 0).long()) for i in range(0, 64, 16)]

    def optimizer(model: nn.Module) -> torch.optim.Optimizer:
        matrices = [p for p in model.parameters() if p.ndim > 1]
        others = [p for p in model.parameters() if p.ndim == 1]
        return torch.optim.AdamW([{"params": matrices, "lr": 1e-8}, {"params": others, "lr": 0.03}])

    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
    assert [finding.name for finding in diagnose(net, Classify(), batches, optimizer=optimizer)] == ["learning rate too low"]


@pytest.mark.parametrize("rate", [3.0, 50.0])
def test_a_rate_that_normalisation_hides_is_named(rate: float) -> None:
    """With normalised outputs the loss has a ceiling: it cannot rise, and only stands still."""
    torch.manual_seed(1)
    layers = [nn.Linear(8, 32), nn.BatchNorm1d(32), nn.Tanh(), nn.Linear(32, 2), nn.BatchNorm1d(2, affine=False)]
    x = torch.randn(64, 8)
    batches = [(x[i : i + 16], (x[i : i + 16, 0] > 0).long()) for i in range(0, 64, 16)]
    method, made = Classify(), nn.Sequential(*layers)
    found = diagnose(made, method, batches, optimizer=lambda model: torch.optim.AdamW(model.parameters(), lr=rate))
    assert [finding.name for finding in found] == ["learning rate too high"]
    assert diagnose(made, method, batches, optimizer=lambda model: torch.optim.AdamW(model.parameters(), lr=1e-2)) == []
