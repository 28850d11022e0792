"""What is measured is what is kept, and a resumed run draws what an uninterrupted one draws."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from practicum.data.batches import Batches
from practicum.methods.classify import Classify
from practicum.training.accelerator import Accelerator, rows_of
from practicum.training.ema import EMA
from practicum.training.log import Log
from practicum.training.loop import Fit, fit

CPU = Accelerator(device="cpu")


def data() -> tuple[Tensor, Tensor]:
    x = torch.randn(48, 6, generator=torch.Generator().manual_seed(3))
    return x, (x[:, 0] * x[:, 1] > 0).long()


class Watching(Classify):
    """Notes the weights at every evaluation."""

    def evaluate(self, model: nn.Module, batches: Any) -> dict[str, float]:
        """Return the metrics."""
        seen.append([parameter.detach().clone() for parameter in model.parameters()])
        return super().evaluate(model, batches)


seen: list[list[Tensor]] = []


@pytest.mark.parametrize("best", [None, "-loss", "loss"])
def test_the_weights_returned_are_those_that_were_measured(best: str | None) -> None:
    """With a moving average, the averaged ones; with `best`, those of the evaluation with the best metric."""
    seen.clear()
    torch.manual_seed(0)
    model = nn.Linear(6, 2)
    how = Fit(3, lambda model: torch.optim.SGD(model.parameters(), lr=0.5), ema=0.9, best=best)
    validation = Batches(*data(), batch_size=48, shuffle=False)
    rows = fit(model, Watching(), Batches(*data(), batch_size=8), how, validation=validation, accelerator=CPU)
    losses = [row["loss"] for row in rows]
    at = {None: 2, "-loss": losses.index(min(losses)), "loss": losses.index(max(losses))}[best]
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), seen[at], strict=True))
    assert len({float(weights[0].sum()) for weights in seen}) == 3
    with torch.no_grad():
        assert Classify().evaluate(model, validation)["loss"] == losses[at]


def test_weights_that_were_averaged_for_an_evaluation_are_themselves_again() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    ema = EMA(model, 0.9)
    before = [value.clone() for value in ema.values.values()]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    own = [parameter.detach().clone() for parameter in model.parameters()]
    with ema.applied(model):
        assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=False))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), own, strict=True))
    ema.update(model, 8)  # d = min(0.9, 9/18): half of each
    for value, old, new in zip(ema.values.values(), before, own, strict=False):
        torch.testing.assert_close(value, (old + new) / 2, rtol=1e-6, atol=1e-7)


def test_the_ranks_share_a_batch_without_a_rest() -> None:
    batch = (torch.arange(12), {"x": torch.arange(12) * 2})
    parts = [rows_of(batch, rank, 3) for rank in range(3)]
    assert [part[0].tolist() for part in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert torch.equal(torch.cat([part[1]["x"] for part in parts]), batch[1]["x"])


def test_a_resumed_log_takes_back_what_came_after_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter", lambda path, purge_step: asked.append(purge_step))
    Log(tmp_path, 7)
    assert asked == [8]  # TensorBoard forgets this step and those after it


class Drawing(Classify):
    """Draws from each of the global generators in every step, and is killed after so many."""

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the loss."""
        if len(drawn) == Drawing.end:
            raise KeyboardInterrupt
        drawn.append((float(np.random.rand()), random.random(), float(torch.rand(()))))
        return super().loss(model, batch)

    end = -1


drawn: list[tuple[float, float, float]] = []


def test_a_resumed_run_draws_from_every_generator_what_an_uninterrupted_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how, train = Fit(2), Batches(*data(), batch_size=8)
    clock = iter(range(0, 1_000_000, 70))  # seconds: every step is due for a checkpoint
    monkeypatch.setattr("practicum.training.loop.time.monotonic", lambda: float(next(clock)))

    def run(folder: Path, end: int) -> list[tuple[float, float, float]]:
        drawn.clear()
        Drawing.end = end
        np.random.seed(1)
        random.seed(1)
        folder.mkdir(exist_ok=True)
        fit(nn.Linear(6, 2), Drawing(), train, how, folder=folder, accelerator=CPU)
        return list(drawn)

    whole = run(tmp_path / "whole", -1)
    assert len(whole) == 12
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", 7)
    assert run(tmp_path / "killed", -1) == whole[7:]
