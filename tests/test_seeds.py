"""Every test starts from the same random numbers, whatever ran before it."""

import random

import numpy as np
import pytest
import torch

drawn: list[tuple[float, float, float]] = []


@pytest.mark.parametrize("turn", [1, 2])
def test_the_global_generators_start_anew(turn: int) -> None:
    drawn.append((random.random(), float(np.random.random()), float(torch.rand(()))))
    assert drawn[-1] == drawn[0]
