"""Cell nuclei under the microscope with their masks (Caicedo et al. 2019, "Nucleus segmentation across imaging experiments").

The 65 images of the 2018 Data Science Bowl's first test stage: fluorescence (bright nuclei on black) at several magnifications,
and stained tissue (dark nuclei on a bright ground), from 256 × 161 to 696 × 520 pixels. They come without a split, so this one is
ours: in the order of their names, which are hashes, the first 50 are for training and the last 15 for testing.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from practicum.data import store
from practicum.data.store import Dataset, File
from practicum.data.zipped import Zip
from practicum.errors import PracticumError

ARCHIVE = "dsb2018_stage1test_65.zip"
DSB2018 = Dataset(
    name="dsb2018_nuclei",
    title="Nuclei of the 2018 Data Science Bowl, 65 microscopy images with instance masks",
    licence="CC0",
    source="Broad Bioimage Benchmark Collection, BBBC038v1, stage 1 test, https://bbbc.broadinstitute.org/BBBC038",
    files=(File(ARCHIVE, "a400deef27c9fdb5486a54eb1cd1741e3cf191926d1c47afb5e32c3175f6421f", size=9207912),),
)
TRAIN_IMAGES = 50


@dataclass(frozen=True)
class Nuclei:
    """Microscopy images of different sizes.

    Attributes:
        train_images: each of shape (3, H, W), bytes.
        train_instances: each of shape (H, W), int64: 0 is background, every nucleus has a number of its own from 1 on.
        test_images: as `train_images`.
        test_instances: as `train_instances`.
        sample: always False: there is no packaged sample.
    """

    train_images: tuple[Tensor, ...]
    train_instances: tuple[Tensor, ...]
    test_images: tuple[Tensor, ...]
    test_instances: tuple[Tensor, ...]
    sample: bool = False


def dsb2018() -> Nuclei:
    """Return the nuclei: 50 and 15 images.

    Raises:
        PracticumError: the set is not here (the message says how to get it), or is damaged.
    """
    images, instances = read(store.need(DSB2018) / ARCHIVE)
    k = TRAIN_IMAGES
    return Nuclei(images[:k], instances[:k], images[k:], instances[k:])


def read(path: Path) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Read `images/NAME.png` and `labels/NAME.png` of an archive, in the order of the names.

    Returns:
        Images (3, H, W) in bytes, and instances (H, W) in int64.

    Raises:
        PracticumError: a member is missing or damaged, there are none, or an image and its labels differ in size.
    """
    images, instances = [], []
    with Zip(path) as archive:
        names = archive.names("images/", ".png")
        if not names:
            raise PracticumError(f"{path}: expected images/*.png, got none")
        for name in names:
            image, labels = archive.image(f"images/{name}.png", mode="RGB"), archive.image(f"labels/{name}.png")
            if labels.shape != image.shape[:2]:
                raise PracticumError(
                    f"{path}: expected labels of image {name} with its shape, {image.shape[:2]}, got {labels.shape}"
                )
            images.append(torch.from_numpy(image).permute(2, 0, 1).contiguous())
            instances.append(torch.from_numpy(labels.astype(np.int64)))
    return tuple(images), tuple(instances)
