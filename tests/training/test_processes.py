"""Two gloo processes do what one does: the same gradients, the same weights after two epochs with a stop between them."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.training.two_processes import main

SCRIPT = Path(__file__).with_name("two_processes.py")


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_equal_one(tmp_path: Path, strategy: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    main(tmp_path / "one", 1, "auto")
    command = [sys.executable, str(SCRIPT), str(tmp_path / "two"), "2", strategy]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = (torch.load(tmp_path / name / "out.pt", weights_only=True) for name in ("one", "two"))
    for name, gradient in one["gradients"].items():
        assert gradient.abs().max() > 1e-4
        torch.testing.assert_close(two["gradients"][name], gradient, atol=1e-12, rtol=1e-10)
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-6)  # of all rows, not of the first process's
    for name, weight in one["weights"].items():
        torch.testing.assert_close(two["weights"][name], weight, atol=1e-10, rtol=1e-8)
