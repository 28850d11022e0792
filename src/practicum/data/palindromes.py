"""Palindromes: say the last digit when all others have gone by.

It equals the first, so a network must carry one digit over length - 2 steps that tell it nothing more: the length is how far its
memory has to reach. There are 10^⌈length/2⌉ palindromes: of short ones, two streams from different seeds would hold the same, so
the recipes keep theirs apart (`data/disjoint.py`).
"""

import torch
from torch import Tensor


def palindromes(generator: torch.Generator, batch_size: int, length: int) -> tuple[Tensor, Tensor]:
    """Make a batch.

    Args:
        generator: of the digits.
        batch_size: B.
        length: of the palindromes, the last digit included; at least 2.

    Returns:
        All digits but the last, shape (B, length - 1), and the last, shape (B,), both int64.

    Raises:
        ValueError: shorter than 2.
    """
    if length < 2:
        raise ValueError(f"expected palindromes of at least 2 digits, got {length}")
    half = torch.randint(10, (batch_size, -(-length // 2)), generator=generator)
    whole = torch.cat([half, half[:, : length // 2].flip(1)], 1)
    return whole[:, :-1], whole[:, -1]
