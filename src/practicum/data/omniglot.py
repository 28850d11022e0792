"""Omniglot: handwritten characters of many alphabets, twenty drawings each (Lake, Salakhutdinov & Tenenbaum 2015)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from practicum.data import store
from practicum.data.store import Dataset, File
from practicum.data.zipped import Zip
from practicum.errors import PracticumError

_HOME = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/"
OMNIGLOT = Dataset(
    "omniglot",
    title="Omniglot, the two small background sets: 242 characters of 10 alphabets, 20 drawings each, and the one-shot runs",
    licence="MIT",
    source="Lake, Salakhutdinov & Tenenbaum 2015, Science 350:1332, https://github.com/brendenlake/omniglot",
    files=(
        File("images_background_small1.zip", "f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4",
             _HOME + "images_background_small1.zip", 1319022),
        File("images_background_small2.zip", "3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f",
             _HOME + "images_background_small2.zip", 1580917),
        File("all_runs.zip", "437c1eeab0af8484112e1b4cc0f3d541ec727f7c47b9b202da738af9dfd6c325",
             _HOME + "one-shot-classification/all_runs.zip", 352787),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Characters:
    """Drawings of characters.

    Attributes:
        images: shape (K, 20, 1, size, size), bytes, ink 255 on 0.
        alphabets: of each of the K characters.
    """

    images: Tensor
    alphabets: tuple[str, ...]


def omniglot(size: int = 28) -> Characters:
    """Return the 242 characters of both small background sets (50 of Greek and Latin are in both), made smaller by averaging
    over areas.

    Args:
        size: of the returned images, in pixels; the drawings have 105.

    Raises:
        PracticumError: the set is not here, or an archive is damaged.
    """
    folder = store.need(OMNIGLOT)
    found: dict[str, list[np.ndarray]] = {}
    for part in ("images_background_small1", "images_background_small2"):
        drawn: dict[str, list[np.ndarray]] = {}
        with Zip(folder / f"{part}.zip", largest=1 << 16) as archive:
            for name in archive.names(f"{part}/", ".png"):
                ink = 255 * (archive.image(f"{part}/{name}.png", mode="L") == 0).astype(np.float32)
                drawn.setdefault(name.rpartition("/")[0], []).append(ink)
        found |= drawn
    if wrong := [name for name, drawings in found.items() if len(drawings) != 20]:
        raise PracticumError(f"{folder}: expected 20 drawings of each character, got {len(found[wrong[0]])} of {wrong[0]}")
    drawings = torch.from_numpy(np.stack([image for name in sorted(found) for image in found[name]]))[:, None]
    small = torch.nn.functional.interpolate(drawings, (size, size), mode="area").round().byte()
    return Characters(small.view(len(found), 20, 1, size, size), tuple(name.partition("/")[0] for name in sorted(found)))
