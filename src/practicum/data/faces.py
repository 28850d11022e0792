"""Portraits of members of the United States Congress, in grey."""

import numpy as np
import torch
from torch import Tensor

from practicum.data import store
from practicum.data.store import Dataset, File

CONGRESS_FACES = Dataset(
    "congress_faces",
    title="813 grey portraits of members of Congress",
    licence="public domain",
    source="Congressional Pictorial Directory, https://github.com/unitedstates/images",
    files=(
        File("congress_32.npz", "4d9f7f915060bee81d357df4eef11e77afb0ccf2f0e02e65d192e14d923aff73", None, 673964),
        File("congress_64.npz", "58e7780d3e176ccfb3af4cd9286b7262db461db93ab3a0ecde8e8a7f1c52f16f", None, 2530203),
    ),
)


def congress_faces(size: int = 32) -> Tensor:
    """Return 813 portraits: shape (813, 1, size, size), bytes.

    Args:
        size: 32 or 64 pixels.

    Raises:
        ValueError: another size.
        PracticumError: the set is not here.
    """
    if size not in (32, 64):
        raise ValueError(f"expected a size of 32 or 64 pixels, got {size}")
    with np.load(store.need(CONGRESS_FACES) / f"congress_{size}.npz", allow_pickle=False) as arrays:
        return torch.from_numpy(arrays["images"])[:, None]
