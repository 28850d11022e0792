"""BCCD, blood cells under the microscope with boxes around them (Shenggan & Cosmic Wizard, "BCCD dataset", 2017).

364 images of 640 × 480 pixels with 4,888 boxes: 4,155 red cells (RBC), 372 white cells (WBC) and 361 platelets, in the archive's
own split. Two of the boxes, both of red cells, have no area. Not every cell that is cut off, blurred or overlapped is annotated.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from practicum.data import store
from practicum.data.store import Dataset, File
from practicum.data.voc import Annotation, read_annotation
from practicum.data.zipped import Zip
from practicum.errors import PracticumError

ARCHIVE = "BCCD.zip"
BCCD = Dataset(
    name="bccd",
    title="BCCD, 364 images of blood cells with 4,888 boxes",
    licence="MIT",
    source="https://github.com/Shenggan/BCCD_Dataset (its folder BCCD as a zip archive)",
    files=(File(ARCHIVE, "6184f71592125aa1265b9d2cd41535f703866462b43d21d5b7cb48baaeea92e8", size=7766311),),
)
CLASSES = ("RBC", "WBC", "Platelets")


@dataclass(frozen=True)
class Annotated:
    """Images of one size with the boxes of the objects in them.

    Attributes:
        images: shape (N, 3, H, W), bytes.
        boxes: shape (N, G, 4), float32, (x0, y0, x1, y1) in pixels; rows beyond an image's own objects are zero.
        labels: shape (N, G), int64; -1 beyond an image's own objects.
    """

    images: Tensor
    boxes: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Cells:
    """The dataset.

    Attributes:
        train: 205 images.
        validation: 87 images.
        test: 72 images.
        classes: their names, by label.
        broken: which boxes were left out, and why.
        sample: always False: there is no packaged sample.
    """

    train: Annotated
    validation: Annotated
    test: Annotated
    classes: tuple[str, ...]
    broken: tuple[str, ...]
    sample: bool = False


def bccd(height: int = 480, width: int = 640) -> Cells:
    """Return the blood cells, images and boxes scaled to one size; says on stderr which boxes are broken.

    Args:
        height: of all images, in pixels.
        width: of all images, in pixels.

    Raises:
        PracticumError: the set is not here (the message says how to get it), or is damaged.
        ValueError: a side is not positive.
    """
    if height < 1 or width < 1:
        raise ValueError(f"expected a height and width of at least 1, got {height} and {width}")
    cells = read(store.need(BCCD) / ARCHIVE, height, width)
    if cells.broken:
        store.say_once(f"{BCCD.name}: {len(cells.broken)} boxes left out. " + "; ".join(cells.broken))
    return cells


def read(path: Path, height: int, width: int) -> Cells:
    """Read the archive: `BCCD/{Annotations,JPEGImages}` and the lists of names in `BCCD/ImageSets/Main`.

    Raises:
        PracticumError: a member is missing or damaged, a class is unknown, or an image has not the size its annotation says.
    """
    broken: list[str] = []

    def part(split: str) -> Annotated:
        names = archive.text(f"BCCD/ImageSets/Main/{split}.txt").split()
        if not names:
            raise PracticumError(f"{path}: expected images in the split {split}, got none")
        images, boxes, labels = [], [], []
        for name in names:
            annotation = read_annotation(archive.read(f"BCCD/Annotations/{name}.xml"), f"{name}.xml")
            images.append(_scaled(archive.image(f"BCCD/JPEGImages/{name}.jpg", mode="RGB"), annotation, name, (height, width)))
            scale = torch.tensor([width / annotation.width, height / annotation.height]).repeat(2)
            boxes.append(torch.tensor([box for _, box in annotation.objects]).reshape(-1, 4) * scale)
            labels.append(torch.tensor([_label(label, name) for label, _ in annotation.objects], dtype=torch.long))
            broken.extend(annotation.broken)
        return Annotated(
            torch.stack(images), pad_sequence(boxes, batch_first=True), pad_sequence(labels, batch_first=True, padding_value=-1)
        )  # fmt: skip

    with Zip(path) as archive:
        return Cells(part("train"), part("val"), part("test"), CLASSES, tuple(broken))


def _scaled(image: np.ndarray, annotation: Annotation, name: str, size: tuple[int, int]) -> Tensor:
    if image.shape[:2] != (annotation.height, annotation.width):
        raise PracticumError(
            f"{name}.jpg: expected {annotation.width} × {annotation.height} as its annotation says, "
            f"got {image.shape[1]} × {image.shape[0]}"
        )
    full = torch.from_numpy(image).permute(2, 0, 1)
    if full.shape[1:] == size:
        return full
    return F.interpolate(full[None].float(), size, mode="area")[0].round_().byte()


def _label(label: str, name: str) -> int:
    if label not in CLASSES:
        raise PracticumError(f"{name}.xml: expected one of {', '.join(CLASSES)}, got {label!r}")
    return CLASSES.index(label)
