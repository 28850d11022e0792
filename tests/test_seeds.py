"""Every test starts from the same random numbers, whatever ran before it."""

import pytest
import torch


@pytest.mark.parametrize("turn", [1, 2])
def test_pytorchs_generator_starts_anew(turn: int) -> None:
    assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(0)))
