"""Setting rows aside for validation: the same ones in every run, whatever its seed."""

import torch
from torch import Tensor


def held_out(rows: int, share: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Split the rows of a training set into those to learn from and those to validate on.

    A recipe never passes its own seed: weights and order vary from run to run, what is learnt from and what is measured do not.

    Args:
        rows: how many there are.
        share: of them that validates, in (0, 1); at least one row, and never all.
        seed: another seed, other rows.

    Returns:
        The rows' places, `(train, validation)`, each ascending, int64: every row is in exactly one of the two.

    Raises:
        ValueError: fewer than two rows, or a share out of range.
    """
    if rows < 2 or not 0 < share < 1:
        raise ValueError(f"expected at least 2 rows and a share between 0 and 1, got {rows} and {share}")
    count = min(max(round(rows * share), 1), rows - 1)
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
    return order[count:].sort().values, order[:count].sort().values
