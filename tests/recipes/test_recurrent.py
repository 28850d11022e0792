"""The recipes on sequences, each on a small piece of its task: they learn, and draw what they say they draw."""

import dataclasses
from itertools import combinations
from pathlib import Path

import pytest
import torch

from practicum.recipes import gradient_norms, lstm_palindrome, mamba_selective_copy, rnn_palindrome, s4d_row_mnist
from practicum.training.loop import fit


def few(batches, count):
    """The first batches of each epoch."""
    batches.batches = count
    return batches


@pytest.mark.parametrize(
    ("recipe", "picture"),
    [
        (rnn_palindrome.Recipe(length=4, hidden=32, epochs=2, lr=1e-2), "memory.png"),
        (lstm_palindrome.Recipe(length=4, hidden=32, epochs=4, lr=1e-2), "memory.png"),
        (mamba_selective_copy.Recipe(places=3, count=2, width=16, epochs=3, lr=2e-2), "selection.png"),
    ],
    ids=["rnn", "lstm", "mamba"],
)
def test_short_sequences_are_learned(recipe, picture, tmp_path: Path):
    torch.manual_seed(0)
    experiment = recipe.build(0)
    few(experiment.train, 40), few(experiment.validation, 1), few(experiment.test, 1)
    rows = fit(
        experiment.model, experiment.method, experiment.train, experiment.fit, validation=experiment.validation, progress=False
    )
    assert rows[-1]["accuracy"] > 0.95
    recipe.picture(experiment, tmp_path)
    assert (tmp_path / picture).stat().st_size > 5000


@pytest.mark.parametrize("module", [rnn_palindrome, lstm_palindrome, mamba_selective_copy])
def test_sequences_of_a_task_are_in_three_sets_that_share_none(module):
    """Rows of short sequences are drawn many times over and stay in their sets; validation and test are the same in every run."""
    length = {"places": 4, "count": 2} if module is mamba_selective_copy else {"length": 8}
    first, second = (module.Recipe(**length).build(seed) for seed in (0, 1))
    parts = [
        {row for batch in batches for row in map(tuple, batch[0].tolist())}
        for batches in (
            [*first.train.epoch(0), *first.train.epoch(1), *second.train.epoch(0)],
            [*first.validation],
            [*first.test],
        )
    ]
    assert all(len(part) > 100 for part in parts)
    assert [len(a & b) for a, b in combinations(parts, 2)] == [0, 0, 0]
    for part in ("validation", "test"):
        for one, other in zip(getattr(first, part), getattr(second, part), strict=True):
            assert all(map(torch.equal, one, other))
    assert not torch.equal(next(iter(first.train.epoch(0)))[0], next(iter(second.train.epoch(0)))[0])


def test_rows_of_digits_are_learned_from_the_sample(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    torch.manual_seed(0)
    recipe = s4d_row_mnist.Recipe(width=24, states=4, epochs=4, batch_size=64, lr=2e-2)
    experiment = recipe.build(0)
    assert experiment.sample
    slow = experiment.fit.optimizer(experiment.model).param_groups[1]
    assert (len(slow["params"]), slow["lr"], slow["weight_decay"]) == (6, 1e-3, 0.0)  # A's two parts and Δ in each layer
    rows = fit(experiment.model, experiment.method, experiment.train, experiment.fit, validation=experiment.test, progress=False)
    assert rows[-1]["accuracy"] > 0.6
    recipe.picture(experiment, tmp_path)
    assert all((tmp_path / name).stat().st_size > 5000 for name in ("confusion.png", "kernels.png"))


def test_gradients_fade_as_theory_says(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(gradient_norms, "LENGTHS", (8, 32))
    metrics = gradient_norms.Recipe(hidden=64, rows=8).run(0, tmp_path).metrics
    assert metrics["rnn_factor"] == pytest.approx(3**-0.5, abs=0.06)
    assert metrics["rnn_factor"] < metrics["rnn_orthogonal_factor"] < 1 < metrics["rnn_gain_2_factor"]
    assert metrics["lstm_forget_0_factor"] < metrics["lstm_forget_1_factor"] < metrics["lstm_forget_3_factor"]
    assert (tmp_path / "gradient_norms.png").stat().st_size > 5000


def test_hyperparameters_reach_the_experiment():
    plain = rnn_palindrome.Recipe(orthogonal=False).build(0).model.body.cells[0].recurrent.weight
    weight = rnn_palindrome.Recipe().build(0).model.body.cells[0].recurrent.weight
    torch.testing.assert_close(weight @ weight.T, torch.eye(128), rtol=0, atol=1e-5)
    assert not torch.allclose(plain @ plain.T, torch.eye(128), atol=0.1)
    half = dataclasses.replace(lstm_palindrome.Recipe(), forget_bias=0.5).build(0).model.body.cells[0].input.bias
    assert float(half[64:128].detach().mean()) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("module", "train"), [(rnn_palindrome, 12_800), (lstm_palindrome, 6_400)])
def test_the_sets_have_the_sizes_that_the_recipe_says(module, train):
    sets = module.Recipe().build(0).sets()
    assert (sets.train, sets.validation, sets.test) == (train, 2_000, 10_000)
