"""The loop beside the same steps written out with plain PyTorch, and resumed beside uninterrupted."""

import copy
import csv
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.data.batches import Batches
from practicum.errors import PracticumError
from practicum.methods.classify import Classify
from practicum.training import checkpoint
from practicum.training.accelerator import Accelerator, launch
from practicum.training.loop import Fit, fit
from practicum.training.schedules import one_cycle


def data(rows: int = 96) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(rows, 6, generator=generator)
    return x, (x[:, 0] * x[:, 1] > 0).long()


def net(dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 2))


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)


def test_equals_plain_pytorch() -> None:
    """Accumulation, clipping, schedule and average are what the textbook's loop does."""
    x, y = data()
    ours, plain = net(), net()
    train = Batches(x, y, batch_size=16, seed=7)
    how = Fit(epochs=3, optimizer=sgd, schedule=one_cycle(), accumulate=4, clip=0.5, ema=0.9)
    rows = fit(ours, Classify(), train, how, accelerator=Accelerator(device="cpu"))

    optimizer, schedule, step, total = sgd(plain), one_cycle(), 0, 3 * 2
    mean = {name: value.clone() for name, value in plain.state_dict().items()}
    losses = []
    for epoch in range(3):
        batches = list(train.epoch(epoch))
        losses.append([])
        for group in (batches[:4], batches[4:]):  # six batches: a group of four and one of two
            for parameters in optimizer.param_groups:
                parameters["lr"] = 0.3 * schedule(step / total)
            optimizer.zero_grad()
            parts = [F.cross_entropy(plain(bx), by) / len(group) for bx, by in group]
            for part in parts:
                part.backward()
            nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
            optimizer.step()
            step += 1
            losses[-1].append(sum(part.item() for part in parts))
            decay = min(0.9, (1 + step) / (10 + step))
            for name, value in plain.state_dict().items():
                if value.is_floating_point():
                    mean[name] = decay * mean[name] + (1 - decay) * value
    for name, value in ours.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, mean[name], atol=1e-6, rtol=1e-5)
    for row, expected in zip(rows, losses, strict=True):
        assert row["train_loss"] == pytest.approx(sum(expected) / len(expected), abs=1e-6)
    assert [row["step"] for row in rows] == [2, 4, 6]


class Dying(Classify):
    """Ends the run like a kill in the middle of an epoch."""

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """The loss, some 14 times."""
        Dying.left -= 1
        if Dying.left < 0:
            raise KeyboardInterrupt
        return super().loss(model, batch)

    left = 0


def test_a_killed_run_goes_on_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With dropout, momentum, averages, a best model and a checkpoint in mid-epoch."""
    x, y = data()
    how = Fit(epochs=4, optimizer=sgd, schedule=one_cycle(), accumulate=2, ema=0.95, best="-loss")
    validation = Batches(*data(40), batch_size=16, shuffle=False)
    train = Batches(
        x, y, batch_size=16, seed=7, transform=lambda generator, a, b: (a + 0.1 * torch.randn(a.shape, generator=generator), b)
    )
    cpu = Accelerator(device="cpu")
    whole = net(0.3)
    rows = fit(whole, Classify(), train, how, validation=validation, folder=_made(tmp_path / "whole"), accelerator=cpu, seed=1)

    folder = _made(tmp_path / "killed")
    clock = iter(range(0, 100_000, 70))  # seconds: every step is due for a checkpoint
    monkeypatch.setattr("practicum.training.loop.time.monotonic", lambda: float(next(clock)))
    Dying.left = 14
    with pytest.raises(KeyboardInterrupt):
        fit(net(0.3), Dying(), train, how, validation=validation, folder=folder, accelerator=cpu, seed=1)
    place = torch.load(folder / checkpoint.NAME, weights_only=True)["place"]
    assert (place["epoch"], place["index"], place["step"]) == (2, 2, 7)
    torch.manual_seed(999)  # the resumed process has other generators
    resumed = net(0.3)
    with torch.no_grad():
        next(resumed.parameters()).zero_()
    rows_resumed = fit(resumed, Classify(), train, how, validation=validation, folder=folder, accelerator=cpu, seed=1)
    for row, other in zip(rows, rows_resumed, strict=True):
        assert {k: v for k, v in row.items() if "seconds" not in k} == {k: v for k, v in other.items() if "seconds" not in k}
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_logs_one_row_per_evaluation(tmp_path: Path) -> None:
    x, y = data()
    test = Batches(x, y, batch_size=50, shuffle=False)
    rows = fit(
        net(), Classify(), Batches(x, y, batch_size=32), Fit(epochs=5, evaluate_every=2), validation=test, folder=tmp_path,
        accelerator=Accelerator(device="cpu"),
    )  # fmt: skip
    assert [row["epoch"] for row in rows] == [2, 4, 5]
    with (tmp_path / "metrics.csv").open() as stream:
        written = list(csv.DictReader(stream))
    assert [float(row["accuracy"]) for row in written] == [row["accuracy"] for row in rows]
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_best_weights_come_back_and_patience_stops() -> None:
    """A learning rate that only does harm after the first epoch: the first epoch's weights are returned."""
    x, y = data()
    validation = Batches(x, y, batch_size=96, shuffle=False)
    how = Fit(epochs=50, optimizer=sgd, schedule=lambda progress: 1.0 if progress < 0.02 else -1.0, best="accuracy", patience=3)
    model = net()
    rows = fit(model, Classify(), Batches(x, y, batch_size=16), how, validation=validation, accelerator=Accelerator(device="cpu"))
    best = max(row["accuracy"] for row in rows)
    index = [row["accuracy"] for row in rows].index(best)
    assert len(rows) == index + 1 + 3 < 50
    with torch.no_grad():
        assert Classify().evaluate(model, validation)["accuracy"] == best
    with pytest.raises(PracticumError, match="no such metric, only epoch, step, lr, train_loss, accuracy"):
        fit(
            net(),
            Classify(),
            Batches(x, y, batch_size=16),
            Fit(epochs=1, best="bleu"),
            validation=validation,
            accelerator=Accelerator(device="cpu"),
        )
    with pytest.raises(ValueError, match="needs validation batches"):
        fit(net(), Classify(), Batches(x, y, batch_size=16), Fit(epochs=1, best="loss"))


def test_a_loss_that_is_not_finite_stops_the_run() -> None:
    x, y = data()
    x[50, 2] = float("inf")
    how = Fit(epochs=5, optimizer=lambda model: torch.optim.SGD(model.parameters(), lr=0.25))
    with pytest.raises(PracticumError, match=r"the loss is (nan|inf) at step \d of 30 \(epoch 0, learning rate 0\.25\)"):
        fit(nn.Sequential(nn.Linear(6, 2)), Classify(), Batches(x, y, batch_size=16), how, accelerator=Accelerator(device="cpu"))


def test_time_budget_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = data()
    clock = iter(range(0, 100_000, 10))
    monkeypatch.setattr("practicum.training.loop.time.monotonic", lambda: float(next(clock)))
    rows = fit(net(), Classify(), Batches(x, y, batch_size=16), Fit(epochs=50, minutes=1), accelerator=Accelerator(device="cpu"))
    assert len(rows) == 2
    assert rows[-1]["step"] < 12


def test_a_method_with_its_own_step() -> None:
    class Halve:
        def step(self, fabric, model, optimizer, batch):  # type: ignore[no-untyped-def]
            with torch.no_grad():
                for p in model.parameters():
                    p.mul_(0.5)
            return 2.0

    model = net()
    before = copy.deepcopy(model)
    x, y = data()
    rows = fit(model, Halve(), Batches(x, y, batch_size=32), Fit(epochs=1), accelerator=Accelerator(device="cpu"))
    assert rows[0]["train_loss"] == 2.0
    torch.testing.assert_close(next(model.parameters()), next(before.parameters()) / 8)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x80\x04cos\nsystem\n(S'touch hacked'\ntR."])
def test_a_broken_or_hostile_checkpoint_is_refused(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / checkpoint.NAME).write_bytes(content)
    x, y = data()
    with pytest.raises(PracticumError, match="not a checkpoint of this model"):
        fit(
            net(), Classify(), Batches(x, y, batch_size=16), Fit(epochs=1), folder=tmp_path, accelerator=Accelerator(device="cpu")
        )
    assert not (tmp_path / "hacked").exists()
    assert (tmp_path / checkpoint.NAME).read_bytes() == content


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    x, y = data()
    cpu = Accelerator(device="cpu")
    fit(net(), Classify(), Batches(x, y, batch_size=16), Fit(epochs=1), folder=tmp_path, accelerator=cpu)
    with pytest.raises(PracticumError, match="not a checkpoint of this model"):
        fit(nn.Linear(6, 2), Classify(), Batches(x, y, batch_size=16), Fit(epochs=2), folder=tmp_path, accelerator=cpu)


def test_bf16_stays_near() -> None:
    x, y = data()
    train, test = Batches(x, y, batch_size=16, seed=2), Batches(x, y, batch_size=96, shuffle=False)
    how = Fit(epochs=4, optimizer=lambda model: torch.optim.AdamW(model.parameters(), lr=1e-2))
    exact = fit(net(), Classify(), train, how, validation=test, accelerator=Accelerator(device="cpu"))[-1]["loss"]
    half = fit(net(), Classify(), train, how, validation=test, accelerator=Accelerator(device="cpu", precision="bf16-mixed"))[-1][
        "loss"
    ]
    assert half == pytest.approx(exact, rel=0.05)
    assert half != exact


def test_the_fit_names_a_precision_and_the_accelerator_has_the_last_word() -> None:
    seen = []
    for precision in (None, "32-true"):
        model = net()
        model[0].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
        how = Fit(epochs=1, precision="bf16-mixed")
        fit(model, Classify(), Batches(*data(), batch_size=96), how, accelerator=Accelerator(device="cpu", precision=precision))
        assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert seen == [torch.bfloat16, torch.float32]


def test_fsdp_cannot_copy_weights() -> None:
    with pytest.raises(ValueError, match="no process holds the whole weights"):
        fit(
            net(), Classify(), Batches(*data(), batch_size=16), Fit(epochs=1, ema=0.9), fabric=launch(Accelerator(device="cpu")),
            accelerator=Accelerator(strategy="fsdp"),
        )  # fmt: skip


def test_an_evaluation_that_draws_numbers_changes_no_training() -> None:
    class Noisy(Classify):
        def evaluate(self, model, batches):  # type: ignore[no-untyped-def]
            return super().evaluate(model, batches) | {"noise": float(torch.rand(()))}

    x, y = data()
    test = Batches(x, y, batch_size=96, shuffle=False)
    found = []
    for validation in (None, test):
        model = net(0.5)
        fit(
            model,
            Noisy(),
            Batches(x, y, batch_size=16),
            Fit(epochs=3),
            validation=validation,
            accelerator=Accelerator(device="cpu"),
        )
        assert not model.training
        found.append(model.state_dict())
    for name, value in found[0].items():
        assert torch.equal(value, found[1][name]), name
