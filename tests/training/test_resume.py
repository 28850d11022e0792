"""Resuming: with other settings, other processes and older files it goes on, or says in one sentence why it does not."""

import dataclasses
import random
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from practicum.data.batches import Batches
from practicum.errors import PracticumError
from practicum.methods.classify import Classify
from practicum.models.gpt import GPT, GPTConfig
from practicum.models.layers.attention import KVCache
from practicum.models.llama import Llama, LlamaConfig
from practicum.models.mamba import Mamba, MambaConfig
from practicum.training import checkpoint, generators
from practicum.training.accelerator import Accelerator
from practicum.training.interrupt import Interrupts
from practicum.training.loop import Fit, fit
from practicum.training.runs.run import train

CPU = Accelerator(device="cpu")
X = torch.randn(32, 6, generator=torch.Generator().manual_seed(3))
Y = (X[:, 0] > 0).long()
TEST = Batches(X, Y, batch_size=32, shuffle=False)


def sgd(lr: float = 0.1, **settings: float) -> Any:
    return lambda model: torch.optim.SGD(model.parameters(), lr=lr, **settings)


def run(folder: Path, how: Fit, *, batch_size: int = 8, method: Any = None, **options: Any) -> list[dict[str, float]]:
    torch.manual_seed(5)
    options = {"accelerator": CPU, "validation": TEST} | options
    return fit(nn.Linear(6, 2), method or Classify(), Batches(X, Y, batch_size=batch_size), how, folder=folder, **options)


@pytest.mark.parametrize(
    ("before", "changed", "answer"),
    [
        ({}, {"ema": 0.9}, "begun with ema=False, not True"),
        ({"accumulate": 2}, {"accumulate": 1}, "begun with accumulate=2, not 1"),
        ({"best": "-loss"}, {"best": "accuracy"}, "begun with best='-loss', not 'accuracy'"),
        ({}, {"optimizer": lambda model: torch.optim.Adam(model.parameters())}, "begun with optimizer='SGD', not 'Adam'"),
        ({}, {"precision": "64-true"}, "begun with precision='32-true', not '64-true'"),
    ],
)
def test_settings_that_a_run_cannot_change_are_refused(
    tmp_path: Path, before: dict[str, Any], changed: dict[str, Any], answer: str
) -> None:
    first = Fit(1, sgd(), **before)
    run(tmp_path, first)
    kept = (tmp_path / checkpoint.NAME).read_bytes()
    with pytest.raises(PracticumError, match=f"{answer}. Set that back, or start again with --fresh"):
        run(tmp_path, dataclasses.replace(first, epochs=2, **changed))
    assert (tmp_path / checkpoint.NAME).read_bytes() == kept


def test_another_batch_size_is_refused(tmp_path: Path) -> None:
    run(tmp_path, Fit(1, sgd()))
    with pytest.raises(PracticumError, match="begun with batches=4, not 2"):
        run(tmp_path, Fit(2, sgd()), batch_size=16)


def test_optional_parts_are_left_out_or_begun(tmp_path: Path) -> None:
    """The average may go, and the best weights may come and go: what is returned is what the last settings ask for."""
    rows = run(tmp_path, Fit(1, sgd(), ema=0.9, best="-loss"))
    later = run(tmp_path, Fit(3, sgd()))
    assert (later[0], len(later)) == (rows[0], 3)
    last = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    assert last["place"]["best_weights"] is None
    chosen = run(tmp_path, Fit(4, sgd(), best="-loss"))
    place = torch.load(tmp_path / checkpoint.NAME, weights_only=True)["place"]
    assert place["best"] == (-chosen[3]["loss"],)
    kept = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    for number in (-0.001, float("-inf")):  # a checkpoint of before there could be several metrics, and rows were text
        kept["place"] |= {"best": number, "rows": chosen}
        torch.save(kept, tmp_path / checkpoint.NAME)
        rows = run(tmp_path, Fit(5, sgd(), best="-loss"))
        place = torch.load(tmp_path / checkpoint.NAME, weights_only=True)["place"]
        assert (rows[:4], len(rows)) == (chosen, 5)
        assert place["best"] == ((-rows[4]["loss"],) if number == float("-inf") else (-0.001,))


def test_the_optimisers_present_settings_hold(tmp_path: Path) -> None:
    """Without momentum and with another rate from the second epoch on: by hand."""
    run(tmp_path, Fit(1, sgd(momentum=0.9)))
    seen: list[dict[str, Any]] = []

    def plain(model: nn.Module) -> torch.optim.Optimizer:
        made = torch.optim.SGD(model.parameters(), lr=0.02, weight_decay=0.1)
        made.register_step_pre_hook(lambda optimizer, *_: seen.append({**optimizer.param_groups[0]}))
        return made

    run(tmp_path, Fit(2, plain))
    assert [(group["lr"], group["momentum"], group["weight_decay"]) for group in seen] == [(0.02, 0, 0.1)] * 4


def test_more_patience_and_more_minutes_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    how = Fit(9, sgd(lr=0.0), best="-loss", patience=2)
    assert len(run(tmp_path, how)) == 3
    assert len(run(tmp_path, how)) == 3
    assert len(run(tmp_path, dataclasses.replace(how, patience=5))) == 6
    clock = iter(range(0, 100_000, 10))
    monkeypatch.setattr("practicum.training.loop.time.monotonic", lambda: float(next(clock)))
    (tmp_path / "timed").mkdir()
    timed = Fit(50, sgd(), minutes=2)
    before = len(run(tmp_path / "timed", timed))
    assert len(run(tmp_path / "timed", timed)) == before < 50
    assert len(run(tmp_path / "timed", dataclasses.replace(timed, minutes=4))) > before


class Drawing(Classify):
    """Draws from the generators of NumPy and of Python."""

    drawn: list[tuple[float, float]] = []  # noqa: RUF012

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        Drawing.drawn.append((float(np.random.random()), random.random()))
        return super().loss(model, batch)

    def evaluate(self, model: nn.Module, batches: Any) -> dict[str, float]:
        np.random.random(3)
        random.random()
        return super().evaluate(model, batches)


@pytest.mark.parametrize("older", [False, True])
def test_the_generators_of_numpy_and_python_go_on(tmp_path: Path, older: bool) -> None:
    """Seeded by the run, untouched by an evaluation, and put back on resume; from a file of an older version too."""
    for name, epochs in (("whole", (3,)), ("parts", (1, 3))):
        (tmp_path / name).mkdir()
        Drawing.drawn = []
        for count in epochs:
            np.random.seed(count)
            random.seed(count)
            run(tmp_path / name, Fit(count, sgd()), method=Drawing(), validation=None if name == "whole" else TEST, seed=2)
            if older and count == 1:
                _make_older(tmp_path / name / checkpoint.NAME)
        if name == "whole":
            whole = Drawing.drawn
    assert len({*whole}) == 12
    assert Drawing.drawn == whole


def _make_older(path: Path) -> None:
    """Write a checkpoint as versions before 'settings' and 'generators' did."""
    state = torch.load(path, weights_only=True)
    (generator,) = state.pop("generators")
    del state["settings"]
    torch.save(state | generator | {"torch": [generator["torch"]]}, path)


def test_other_numbers_of_processes_go_on() -> None:
    states = []
    for number in (1, 2):
        generators.seed(number)
        states.append(generators.state())
    firsts = []
    for rank in range(5):
        generators.restore_of(states, rank)
        firsts.append((float(torch.rand(())), random.random(), float(np.random.random())))
    for rank in (0, 1):
        generators.seed(rank + 1)
        assert firsts[rank] == (float(torch.rand(())), random.random(), float(np.random.random()))
    assert all(len({*column}) == 5 for column in zip(*firsts, strict=True))
    again = []
    for rank in range(5):
        generators.restore_of(states, rank)
        again.append((float(torch.rand(())), random.random(), float(np.random.random())))
    assert again == firsts


def test_fewer_processes_go_on(tmp_path: Path) -> None:
    run(tmp_path, Fit(1, sgd()))
    path = tmp_path / checkpoint.NAME
    state = torch.load(path, weights_only=True)
    state["generators"] *= 2  # as two processes would write it
    torch.save(state, path)
    assert len(run(tmp_path, Fit(2, sgd()))) == 2


def test_another_precision_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder, study = tmp_path / "run", {"rows": "40", "epochs": "5"}
    train("perceptron-gaussians", folder, hyperparameters=study, accelerator=CPU)
    note = folder / "run.json"
    note.write_text(note.read_text().replace('"precision": "32-true"', '"precision": "64-true"'))
    with pytest.raises(PracticumError, match=r"holds another run .precision was 64-true, is 32-true"):
        train("perceptron-gaussians", folder, hyperparameters=study, accelerator=CPU)
    note.write_text(note.read_text().replace(',\n "precision": "64-true"', ""))  # a note of an older version
    assert "precision" not in note.read_text()
    again = train("perceptron-gaussians", folder, hyperparameters=study, accelerator=CPU)
    assert again is not None
    assert again.device.endswith("CPU")


def test_tied_weights_survive_safetensors(tmp_path: Path) -> None:
    """The library's own pair of functions stores a shared tensor once and shares it again."""
    for name, made in {
        "llama": lambda: Llama(LlamaConfig(11, 6, 8, 1, 2, 1, 12, tied=True)),
        "gpt": lambda: GPT(GPTConfig(11, 6, 8, 1, 2)),
    }.items():
        model, other = made(), made()
        path = tmp_path / f"{name}.safetensors"
        save_model(model, str(path))
        load_model(other, str(path))
        assert model.state_dict().keys() == other.state_dict().keys()
        tokens = torch.arange(6)[None]
        torch.testing.assert_close(model.eval()(tokens), other.eval()(tokens), atol=0, rtol=0)
        if name == "llama":
            assert other.head.weight is other.token_embedding.weight


@pytest.mark.parametrize("rows", [1, 3])
def test_a_cache_of_another_batch_size_is_refused(rows: int) -> None:
    cache = KVCache(8)
    cache.append(torch.ones(2, 1, 3, 4), torch.ones(2, 1, 3, 4))
    with pytest.raises(ValueError, match=f"expected a batch of 2 rows, as in this cache, got {rows}"):
        cache.append(torch.ones(rows, 1, 1, 4), torch.ones(rows, 1, 1, 4))
    assert cache.length == 3
    gpt = GPT(GPTConfig(11, 6, 8, 1, 2)).eval()
    caches = gpt.caches()
    gpt(torch.ones(2, 3, dtype=torch.long), caches)
    with pytest.raises(ValueError, match=f"2 rows, .* got {rows}"):
        gpt(torch.ones(rows, 1, dtype=torch.long), caches)
    mamba = Mamba(MambaConfig(11, 8, 1)).eval()
    remembered = mamba.caches()
    mamba(torch.ones(2, 3, dtype=torch.long), remembered)
    with pytest.raises(ValueError, match=f"2 rows, .* got {rows}"):
        mamba(torch.ones(rows, 1, dtype=torch.long), remembered)


def test_the_generators_of_gpus_are_put_back_where_there_are_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    put_back: list[Any] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", put_back.append)
    for kept in ([], ["first"], ["first", "second"], ["first", "second", "third"]):
        generators.restore(generators.state() | {"cuda": kept})
    assert put_back == [["first", "second"]]


def test_ctrl_c_is_noted_once_within_the_block_and_acts_at_once_outside() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Interrupts() as quiet:
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] != before
        assert not quiet()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    with Interrupts() as interrupted:
        signal.raise_signal(signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
