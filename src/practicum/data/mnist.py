"""MNIST (LeCun, Cortes & Burges 1998) and Fashion-MNIST (Xiao, Rasul & Vollgraf 2017), both in IDX files.

Neither has an official validation set: one of twelve training images is set aside as one, the same images always.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from practicum.data import store
from practicum.data.splits import held_out
from practicum.data.store import Dataset, File
from practicum.errors import PracticumError

MNIST = Dataset(
    name="mnist",
    title="MNIST, 70,000 handwritten digits",
    licence="CC BY-SA 3.0",
    source="LeCun, Cortes & Burges, The MNIST database of handwritten digits, 1998",
    files=(
        File(
            "train-images-idx3-ubyte.gz",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz",
            9630610,
        ),
        File(
            "train-labels-idx1-ubyte.gz",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz",
            28878,
        ),
        File(
            "t10k-images-idx3-ubyte.gz",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-images-idx3-ubyte.gz",
            1602050,
        ),
        File(
            "t10k-labels-idx1-ubyte.gz",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",
            4517,
        ),
    ),
    sample=("mnist_mini_2000_500.npz",),
)
FASHION_MNIST = Dataset(
    name="fashion_mnist",
    title="Fashion-MNIST, 70,000 pictures of clothes",
    licence="MIT",
    source="Xiao, Rasul & Vollgraf, Fashion-MNIST, 2017, arXiv:1708.07747",
    files=(
        File(
            "train-images-idx3-ubyte.gz",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/train-images-idx3-ubyte.gz",
            26421856,
        ),
        File(
            "train-labels-idx1-ubyte.gz",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/train-labels-idx1-ubyte.gz",
            29491,
        ),
        File(
            "t10k-images-idx3-ubyte.gz",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/t10k-images-idx3-ubyte.gz",
            4422079,
        ),
        File(
            "t10k-labels-idx1-ubyte.gz",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/t10k-labels-idx1-ubyte.gz",
            5125,
        ),
    ),
    sample=("fashion_mini_1500_400.npz",),
)
VALIDATION = 1 / 12  # of the training images: 5,000 of 60,000
CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


@dataclass(frozen=True)
class Images:
    """Labelled images in three sets.

    Attributes:
        train_images: shape (N, C, H, W), bytes.
        train_labels: shape (N,), int64.
        validation_images: shape (V, C, H, W), bytes; set aside from the training set.
        validation_labels: shape (V,), int64.
        test_images: shape (M, C, H, W), bytes.
        test_labels: shape (M,), int64.
        classes: their names, by label.
        sample: True for the small packaged sample.
    """

    train_images: Tensor
    train_labels: Tensor
    validation_images: Tensor
    validation_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    classes: tuple[str, ...]
    sample: bool


def mnist() -> Images:
    """Return MNIST: 55,000, 5,000 and 10,000 images of 1 × 28 × 28; the sample has 1,833, 167 and 500."""
    return _images(MNIST, tuple("0123456789"))


def fashion_mnist() -> Images:
    """Return Fashion-MNIST: 55,000, 5,000 and 10,000 images of 1 × 28 × 28; the sample has 1,375, 125 and 400."""
    return _images(FASHION_MNIST, CLOTHES)


def scaled(images: Tensor, mean: float, std: float) -> Tensor:
    """Return byte images as floats in [0, 1], shifted and scaled by the training set's mean and standard deviation."""
    return images.float().div_(255).sub_(mean).div_(std)


def _images(dataset: Dataset, classes: tuple[str, ...]) -> Images:
    folder = store.find(dataset)
    if folder is None:
        (path,) = store.sample(dataset)
        with np.load(path) as arrays:
            parts = [torch.from_numpy(arrays[name]) for name in ("x_train", "y_train", "x_test", "y_test")]
    else:
        parts = [torch.from_numpy(read_idx(folder / file.name)) for file in dataset.files]
    images, labels, test_images, test_labels = parts
    train, validation = held_out(len(images), VALIDATION)
    return Images(
        images[train, None],
        labels[train].long(),
        images[validation, None],
        labels[validation].long(),
        test_images[:, None],
        test_labels.long(),
        classes,
        folder is None,
    )


def read_idx(path: Path) -> np.ndarray:
    """Read a gzipped IDX file of bytes.

    Raises:
        PracticumError: it is no gzip file, not IDX, or shorter or longer than its header says.
    """
    try:
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, ValueError) as error:
        raise PracticumError(f"{path}: not a whole gzip file ({error})") from None
    if len(data) < 4 or data[:3] != b"\0\0\x08" or not 1 <= data[3] <= 4:
        raise PracticumError(
            f"{path}: expected an IDX file of bytes (it begins with 00 00 08 and the number of dimensions), "
            f"got {data[:4].hex(' ')}"
        )
    start = 4 + 4 * data[3]
    shape = tuple(int(n) for n in np.frombuffer(data[4:start], ">u4"))
    size = int(np.prod(shape, dtype=object))
    if len(data) - start != size or len(shape) != data[3]:
        raise PracticumError(
            f"{path}: expected {' × '.join(map(str, shape))} = {size:,} bytes as its header says, got {len(data) - start:,}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()
