"""Emoji: pictures with names and groups, for learning images and words together."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from practicum.data import store
from practicum.data.store import Dataset, File
from practicum.errors import PracticumError

EMOJI = Dataset(
    "emoji_pairs",
    title="1,911 emoji at 64 and 32 pixels, with names and groups",
    licence="Apache-2.0 (pictures), MIT (names)",
    source="Noto Emoji by Google, https://github.com/googlefonts/noto-emoji; names by https://github.com/iamcal/emoji-data",
    files=(
        File("emoji.json", "dc3315a9fc386ed55634e780cdce4e58dcc175ece66fb748af07c8dc42a8187e", None, 248780),
        File("emoji_32_sheet.png", "fffbd6c65f1bbcb34345c02a57751f2f20aa55e6da483d6ca23b7453561c1c99", None, 2469870),
        File("emoji_64_sheet.png", "03c36447af1540507976f71322afd63fbddd020cbc817d91ce3b8072435ec5ea", None, 5537856),
    ),
    sample=("emoji_24.json.gz", "emoji_24_sheet.png"),
)


@dataclass(frozen=True)
class Emoji:
    """Pictures with words.

    Attributes:
        images: shape (N, 3, size, size), bytes.
        names: what each shows ("grinning face").
        groups: one of ten each ("Smileys & Emotion").
        subgroups: one of 99 each ("face-smiling").
        sample: True for the packaged 772 at 24 pixels.
    """

    images: Tensor
    names: tuple[str, ...]
    groups: tuple[str, ...]
    subgroups: tuple[str, ...]
    sample: bool


def emoji(size: int = 32) -> Emoji:
    """Return the emoji in Unicode's order of groups.

    Args:
        size: 32 or 64 pixels; the sample has 24, whatever is asked.

    Raises:
        ValueError: another size.
        PracticumError: a sheet that is not whole.
    """
    if size not in (32, 64):
        raise ValueError(f"expected a size of 32 or 64 pixels, got {size}")
    folder = store.find(EMOJI)
    if folder is None:
        words, sheet = store.sample(EMOJI)
        rows, size = json.loads(gzip.decompress(words.read_bytes())), 24
    else:
        rows, sheet = json.loads((folder / "emoji.json").read_bytes()), folder / f"emoji_{size}_sheet.png"
    names, groups, subgroups = (tuple(row[key] for row in rows) for key in ("name", "group", "sub"))
    return Emoji(cells(sheet, size, len(rows)), names, groups, subgroups, folder is None)


def cells(path: Path, size: int, count: int) -> Tensor:
    """Cut the first `count` squares out of a sheet, row by row: shape (count, 3, size, size), bytes.

    Raises:
        PracticumError: the sheet is no whole image, or too small.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=("PNG",)) as image:
            sheet = np.array(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise PracticumError(f"{path}: expected a whole PNG image, got {error}") from None
    down, across = sheet.shape[0] // size, sheet.shape[1] // size
    if down * across < count:
        raise PracticumError(f"{path}: expected {count} squares of {size} pixels, got {sheet.shape[1]} × {sheet.shape[0]} pixels")
    squares = sheet[: down * size, : across * size].reshape(down, size, across, size, 3).transpose(0, 2, 4, 1, 3)
    return torch.from_numpy(np.ascontiguousarray(squares.reshape(-1, 3, size, size)[:count]))
