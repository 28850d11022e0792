"""Rows made on the spot, in three sets that share none: a row's own content says which set it belongs to.

Two streams from different seeds are not apart where a task has few different rows: of the palindromes of length 10 there are
100,000, and a training draws as many.
"""

from collections.abc import Callable
from zlib import crc32

import torch
from torch import Tensor

Make = Callable[[torch.Generator, int], tuple[Tensor, ...]]

TENTHS = {"train": range(8), "validation": range(8, 9), "test": range(9, 10)}
ROUNDS = 200  # without one row of the set after which there is taken to be none


def only(make: Make, part: str) -> Make:
    """Return a function that makes rows of one set alone, like `make` in all else.

    Args:
        make: `make(generator, batch_size)` returns tensors with a row each; the first are the inputs, integers.
        part: "train" (eight tenths of all possible inputs), "validation" or "test" (a tenth each).

    Raises:
        ValueError: there is no such set; and the returned function, where the task has no rows for it.
    """
    if part not in TENTHS:
        raise ValueError(f"expected one of {', '.join(TENTHS)}, got {part!r}")

    def made(generator: torch.Generator, batch_size: int) -> tuple[Tensor, ...]:
        batches: list[tuple[Tensor, ...]] = []
        rows = 0
        while rows < batch_size:
            if not rows and len(batches) == ROUNDS:
                drawn = ROUNDS * batch_size
                raise ValueError(f"expected a task with different rows for three sets, got none for {part} in {drawn} rows")
            batch = make(generator, batch_size)
            kept = torch.tensor([tenth in TENTHS[part] for tenth in tenths(batch[0])])
            batches.append(tuple(column[kept] for column in batch))
            rows += int(kept.sum())
        return tuple(torch.cat(columns)[:batch_size] for columns in zip(*batches, strict=True))

    return made


def tenths(input_BT: Tensor) -> list[int]:
    """Return a number from 0 to 9 for each row, by its CRC-32: equal rows have equal ones."""
    return [crc32(row.tobytes()) % 10 for row in input_BT.long().cpu().numpy()]
