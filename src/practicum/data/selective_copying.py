"""Selective copying (Jing et al. 2019; Gu & Dao 2023, section 4.1.1): tokens stand in noise, and are to be said in order later.

    noise 7 noise noise 3 noise 5 | say say say        →        7 3 5

Their distances differ in each row, so a convolution with fixed taps does not do: the model must take in tokens and let noise pass
by what they are.
Departs from the paper: the lengths are arguments; there, 4096 places with 16 tokens from a vocabulary of 16.
"""

import torch
from torch import Tensor

IGNORED = -100  # as a target: nothing is to be said here


def selective_copying(
    generator: torch.Generator, batch_size: int, *, places: int, count: int, vocab_size: int = 16
) -> tuple[Tensor, Tensor]:
    """Make a batch.

    Args:
        generator: of tokens and places.
        batch_size: B.
        places: steps before the model has to speak.
        count: tokens among them, at most as many as places.
        vocab_size: 0 is noise, the last one says that a token is due; those between are to be copied.

    Returns:
        Tokens and what is to be said, -100 where nothing is, both int64, shape (B, places + count).

    Raises:
        ValueError: more tokens than places, or a vocabulary below 3.
    """
    if not 1 <= count <= places or vocab_size < 3:
        raise ValueError(f"expected 1 ≤ count ≤ places and a vocab_size of at least 3, got {count}, {places} and {vocab_size}")
    said_BM = torch.randint(1, vocab_size - 1, (batch_size, count), generator=generator)
    at_BM = torch.rand(batch_size, places, generator=generator).argsort(1)[:, :count].sort(1).values
    tokens_BT = torch.zeros(batch_size, places + count, dtype=torch.long).scatter_(1, at_BM, said_BM)
    tokens_BT[:, places:] = vocab_size - 1
    target_BT = torch.full_like(tokens_BT, IGNORED)
    target_BT[:, places:] = said_BM
    return tokens_BT, target_BT
