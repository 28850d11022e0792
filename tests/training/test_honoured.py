"""What a user sets is honoured, or refused in one sentence before anything is trained."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from torch import Tensor, nn

from practicum.data.batches import Batches
from practicum.errors import PracticumError
from practicum.methods.backprop_through_time import TruncatedBPTT
from practicum.methods.classify import Classify
from practicum.training import loop
from practicum.training.accelerator import Accelerator, has_rows, launch, rows_of, using
from practicum.training.loop import Fit, fit
from practicum.training.runs import limits, recipes
from practicum.training.runs.run import train
from practicum.training.trial import first_steps

CPU = Accelerator(device="cpu")


class Own(Classify):
    """Takes the optimiser's steps itself: two on every batch."""

    def step(self, fabric: Any, model: nn.Module, optimizer: torch.optim.Optimizer, batch: tuple[Tensor, ...]) -> float:
        """Two steps on one batch; the last loss."""
        for _ in range(2):
            optimizer.zero_grad()
            loss = self.loss(model, batch)
            fabric.backward(loss)
            optimizer.step()
        return float(loss.detach())


def data(rows: int = 32) -> tuple[Tensor, Tensor]:
    x = torch.randn(rows, 6, generator=torch.Generator().manual_seed(3))
    return x, (x[:, 0] * x[:, 1] > 0).long()


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=1.0)


def test_clip_holds_for_a_method_with_its_own_step() -> None:
    """Each of its optimiser's steps is as long as `clip` allows: by hand, 2 steps of length 1e-3."""
    x, y = data()
    torch.manual_seed(5)
    ours, plain = nn.Linear(6, 2), nn.Linear(6, 2)
    plain.load_state_dict(ours.state_dict())
    fit(ours, Own(), Batches(x, y, batch_size=32, shuffle=False), Fit(1, sgd, clip=1e-3), accelerator=CPU)
    for _ in range(2):
        gradients = torch.autograd.grad(F.cross_entropy(plain(x), y), [*plain.parameters()])
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
        assert norm > 0.05
        with torch.no_grad():
            for parameter, gradient in zip(plain.parameters(), gradients, strict=True):
                parameter -= 1e-3 / norm * gradient
    for one, other in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-7, rtol=0)


@pytest.mark.parametrize("method", [Own(), Classify()])
def test_clip_sees_gradients_without_the_scale(method: Any) -> None:
    """A fused kernel divides by the loss's scale of 2^16 itself, later than clipping: it has to give way."""
    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))
    fabric = Fabric(accelerator="cpu", plugins=[plugin])
    fabric.launch()
    model = nn.Linear(6, 2)
    before = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])

    def fused(model: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.SGD(model.parameters(), lr=1.0, fused=True)

    fit(model, method, Batches(*data(), batch_size=32), Fit(1, fused, clip=0.01), fabric=fabric, accelerator=CPU)
    moved = (torch.cat([parameter.detach().flatten() for parameter in model.parameters()]) - before).norm()
    steps = 2 if isinstance(method, Own) else 1
    assert moved == pytest.approx(0.01 * steps, rel=0.02)


def test_sparse_gradients_are_clipped_as_dense_ones() -> None:
    tokens, y = torch.tensor([[0, 1, 1], [2, 1, 0]]), torch.tensor([0, 1])
    ends = []
    for sparse in (False, True):
        torch.manual_seed(5)
        bag = nn.EmbeddingBag(5, 4, mode="sum", sparse=sparse)
        model = nn.Sequential(bag, nn.Linear(4, 2))
        fit(model, Classify(), Batches(tokens, y, batch_size=2), Fit(3, sgd, clip=0.05), accelerator=CPU)
        ends.append([parameter.detach() for parameter in model.parameters()])
    for one, other in zip(*ends, strict=True):
        torch.testing.assert_close(one, other, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize("method", [Own(), TruncatedBPTT(3)])
def test_accumulate_is_refused_where_the_method_takes_the_steps(method: Any) -> None:
    model = nn.Linear(6, 2)
    before = [parameter.clone() for parameter in model.parameters()]
    with pytest.raises(ValueError, match=r"accumulate=4 .* takes the optimiser's steps itself; use batches 4 times as large"):
        fit(model, method, Batches(*data(), batch_size=8), Fit(1, sgd, accumulate=4), accelerator=CPU)
    assert all(map(torch.equal, before, model.parameters()))


@pytest.mark.parametrize("precision", ["bf16-true", "64-true"])
def test_the_model_comes_back_in_its_own_precision(precision: str) -> None:
    model, seen = nn.Linear(6, 2), []
    model.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    for fabric in (None, launch(dataclasses.replace(CPU, precision=precision))):
        with using(dataclasses.replace(CPU, precision=precision)):  # as a study's trainings get it
            fit(model, Classify(), Batches(*data(), batch_size=32), Fit(1, sgd), fabric=fabric)
        assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert {*seen} == {torch.bfloat16 if precision == "bf16-true" else torch.float64}


def test_the_model_comes_home_unless_its_caller_has_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """No GPU is needed: as if training had taken the model elsewhere, and what `Module.to` is asked for at the end."""
    here, there = (torch.device("cpu"), torch.float32), (torch.device("meta"), torch.float32)
    for fabric, asked in ((None, (here, {})), (launch(CPU), ((), {"dtype": torch.float32}))):
        model, calls, places = nn.Linear(6, 2), [], iter([here, there])
        monkeypatch.setattr(loop, "_place", lambda model, places=places: next(places))
        monkeypatch.setattr(nn.Module, "to", lambda self, *args, calls=calls, **kwargs: calls.append((args, kwargs)) or self)
        fit(model, Classify(), Batches(*data(), batch_size=32), Fit(1, sgd), fabric=fabric, accelerator=CPU)
        monkeypatch.undo()
        assert calls[-1] == asked


@pytest.mark.parametrize("name", [name for name in recipes.names() if not hasattr(recipes.load(name), "build")])
def test_a_study_refuses_what_it_would_ignore(name: str, tmp_path: Path) -> None:
    study = recipes.load(name)()
    one, several = {"compile": True}, {"devices": 2}
    options = [several, {"strategy": "ddp", "devices": 2}]
    if not limits.trains(study):
        options += [one, {"precision": "64-true"}]
    for asked in options:
        with pytest.raises(PracticumError, match=f"^{name} .*; leave out --"):
            train(name, tmp_path / "run", accelerator=Accelerator(device="cpu", **asked))  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_what_this_machine_lacks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    asked: dict[str, dict[str, Any]] = {
        "--device cuda: this machine has none": {"device": "cuda"},
        "--device mps: this machine has none": {"device": "mps"},
        "--device: expected one of auto, cpu, cuda, mps, got 'gpu'": {"device": "gpu"},
        "--precision: expected one of 32-true, .*, got 'fp16'": {"precision": "fp16"},
        "--precision 16-mixed needs a GPU; on a CPU use bf16-mixed": {"precision": "16-mixed"},
        "--strategy fsdp shares the weights between processes": {"strategy": "fsdp"},
    }
    for answer, settings in asked.items():
        with pytest.raises(PracticumError, match=answer):
            train("lenet-mnist", tmp_path / "run", accelerator=Accelerator(**settings))
    assert not (tmp_path / "run").exists()


def test_gpus_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(PracticumError, match="--devices 3: this machine has 2 of --device cuda"):
        train("lenet-mnist", tmp_path / "run", accelerator=Accelerator(devices=3))
    with pytest.raises(PracticumError, match=r"perceptron-gaussians .* leave out --device and --devices and --compile"):
        train("perceptron-gaussians", tmp_path / "run", accelerator=Accelerator("cuda", 2, compile=True))


@pytest.mark.parametrize(
    ("name", "asked", "answer"),
    [
        ("gcn-cora", {"devices": 2}, "a batch of gcn-cora is a whole, .* cannot share"),
        ("mlp-mnist", {"devices": 2, "strategy": "fsdp", "precision": "64-true"}, "64-true is not for --strategy fsdp"),
    ],
)
def test_an_experiment_refuses_before_its_processes_start(
    name: str, asked: dict[str, Any], answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(PracticumError, match=answer):
        train(name, tmp_path / "run", accelerator=Accelerator(device="cpu", **asked))
    assert not (tmp_path / "run").exists()


def test_rows_are_shared_and_a_small_batch_goes_to_all() -> None:
    x, y = torch.arange(10.0)[:, None], torch.arange(10)
    parts = [rows_of({"x": x, "both": (x, [y])}, rank, 3) for rank in range(3)]
    assert [part["both"][1][0].tolist() for part in parts] == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]]
    parts = [rows_of({"x": x, "both": (x, [y])}, rank, 3, even=True) for rank in range(3)]
    assert [part["both"][1][0].tolist() for part in parts] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert [len(rows_of((x[:2], y[:2]), rank, 3)[0]) for rank in range(3)] == [2, 2, 2]
    assert has_rows((x, {"y": y}))
    for other in ((x, y[:9]), (x, torch.tensor(3)), (torch.tensor(3),), (x, 3), object()):
        assert not has_rows(other)


def test_a_trial_looks_at_as_many_batches_as_it_says() -> None:
    class Counting(Classify):
        def evaluate(self, model: nn.Module, batches: Any) -> dict[str, float]:
            return {"batches": float(sum(1 for _ in batches))}

    for batches, counted in ((None, 4.0), (1, 1.0)):
        test = Batches(*data(), batch_size=8, shuffle=False)
        with first_steps(2, batches) as losses:
            rows = fit(nn.Linear(6, 2), Counting(), test, Fit(9, sgd), validation=test, accelerator=CPU)
        assert (rows[-1]["batches"], len(losses)) == (counted, 2)
