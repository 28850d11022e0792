"""Every recipe with every option of `practicum train`: two steps and an evaluation, or one sentence before anything is trained.

The ordinary run takes a sample on the smallest recipes: each precision, each kind of recipe, and `--compile` with two precisions
and where it is refused. `make matrix` sets `PRACTICUM_MATRIX_ALL` and takes all of them, and starts a pair of processes. Recipes
whose data are not here are left out.
"""

import itertools
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from practicum.errors import PracticumError
from practicum.training.accelerator import Accelerator
from practicum.training.runs import limits, recipes
from practicum.training.runs.run import train
from practicum.training.trial import first_steps
from tests.at_hand import lacks_data
from tests.training.matrix_pair import SHARDED_REFUSALS, UNEQUAL, UNSHARED

ALL = bool(os.environ.get("PRACTICUM_MATRIX_ALL"))
PRECISIONS = {  # the weights' type, and whether autocast is on
    "32-true": (torch.float32, False),
    "bf16-mixed": (torch.float32, True),
    "bf16-true": (torch.bfloat16, False),
    "64-true": (torch.float64, False),
}
EAGER, INDUCTOR = "aot_eager", "inductor"  # the first traces as the second does, and compiles nothing
NAMES = [name for name in recipes.names() if limits.trains(recipes.load(name)())]
COMPILED = ("mlp-mnist", "lenet-mnist", "lstm-palindrome")  # by Inductor too, which takes half a minute each
GRAPHS = ("gat-citeseer", "gat-cora", "gcn-citeseer", "gcn-cora", "gin-attachment", "sage-cora")  # their products are sparse
SAMPLE = [
    ("mlp-mnist", "32-true", EAGER),
    ("mlp-mnist", "bf16-mixed", None),
    ("mlp-mnist", "bf16-true", EAGER),
    ("mlp-mnist", "64-true", None),
    ("gcn-cora", "32-true", EAGER),  # refused
    ("gcn-cora", "bf16-mixed", None),
    ("gcn-cora", "bf16-true", None),
    ("ablation-fashion", "64-true", None),  # a study
]
EVERY = [*itertools.product(NAMES, PRECISIONS, (None, EAGER)), *itertools.product(COMPILED, ("32-true",), (INDUCTOR,))]


@pytest.fixture
def seen() -> Iterator[set[tuple[torch.dtype, bool]]]:
    """How the modules with weights are called in training: type of the weights, autocast."""
    found: set[tuple[torch.dtype, bool]] = set()

    def note(module: nn.Module, _: Any) -> None:
        weight = next(module.parameters(recurse=False), None)
        if module.training and weight is not None and not torch.compiler.is_compiling():
            found.add((weight.dtype, torch.is_autocast_enabled("cpu")))

    handle = nn.modules.module.register_module_forward_pre_hook(note)
    yield found
    handle.remove()


@pytest.mark.parametrize(("name", "precision", "backend"), EVERY if ALL else SAMPLE)
def test_an_option_is_honoured(
    name: str, precision: str, backend: str | None, tmp_path: Path, seen: set[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not ALL:
        monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setattr(logging.getLogger("torch.__trace"), "propagate", False)  # pytest would keep megabytes of it
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    result, told = None, ""
    chosen = Accelerator("cpu", precision=precision, compile=bool(backend), backend=backend or EAGER)
    try:
        with first_steps(2, batches=1) as losses:
            result = train(name, tmp_path / "run", accelerator=chosen, progress=False)
    except PracticumError as error:
        if lacks_data(error):
            pytest.skip(str(error))
        told = str(error)
    assert ("--compile cannot trace sparse matrices" in told) == bool(backend and name in GRAPHS), told
    if told:
        return
    assert result is not None
    assert len(losses) >= 2
    assert all(torch.tensor(losses).isfinite())
    if backend:
        assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0
    else:
        assert seen == {PRECISIONS[precision]}


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU honours it")
@pytest.mark.parametrize("name", recipes.names() if ALL else ["mlp-mnist", "gin-attachment", "pca-digits"])
@pytest.mark.parametrize("asked", [{"precision": "16-mixed"}, {"device": "cuda"}])
def test_an_option_is_refused(name: str, asked: dict[str, Any], tmp_path: Path) -> None:
    with first_steps(2) as losses, pytest.raises(PracticumError) as refused:
        train(name, tmp_path / "run", accelerator=Accelerator(**({"device": "cpu"} | asked)))
    assert "\n" not in str(refused.value)
    assert not losses
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not ALL, reason="two processes: `make matrix`")
def test_two_processes_honour_or_refuse(tmp_path: Path) -> None:
    """One pair of processes goes through all recipes, data-parallel and sharded, in both precisions that both take.

    The losses are one process's, where nothing in the model looks at a whole batch or draws numbers.
    """
    names = [name for name in NAMES if hasattr(recipes.load(name), "build")]
    script = Path(__file__).with_name("matrix_pair.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), *names], capture_output=True, text=True, timeout=3000, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines() if line.startswith("0 "))
    for name, strategy, precision in itertools.product(names, ("ddp", "fsdp"), ("32-true", "bf16-mixed")):
        answer = told[f"0 {name} {strategy} {precision}"]
        refused = name in UNSHARED or (strategy == "fsdp" and name in SHARDED_REFUSALS)
        assert answer.startswith(("refused --", "left out") if refused else ("met 2 steps", "left out")), (name, strategy, answer)
        if strategy == "ddp" and precision == "32-true" and not refused and name not in UNEQUAL and "loss" in answer:
            with first_steps(2, batches=1) as losses:
                train(name, tmp_path / "one" / name, accelerator=Accelerator("cpu"), progress=False)
            assert [float(loss) for loss in answer.split()[-2:]] == pytest.approx(losses[:2], rel=1e-4), name
