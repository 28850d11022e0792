"""The 1,797 digits of 8 × 8 pixels that come with scikit-learn (Alpaydin & Kaynak 1998), split once into three sets."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Digits:
    """Labelled digits in three sets, each class in proportion.

    Attributes:
        train_images: shape (1149, 8, 8), float64 from 0 to 16.
        train_labels: shape (1149,), int64.
        validation_images: shape (288, 8, 8).
        validation_labels: shape (288,).
        test_images: shape (360, 8, 8).
        test_labels: shape (360,).
    """

    train_images: Any
    train_labels: Any
    validation_images: Any
    validation_labels: Any
    test_images: Any
    test_labels: Any


def digits() -> Digits:
    """Return the digits: a fifth of all tests, and a fifth of the others validates; the same ones always."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data = load_digits()
    images, test_images, labels, test_labels = _split(train_test_split, data.images, data.target)
    train_images, validation_images, train_labels, validation_labels = _split(train_test_split, images, labels)
    return Digits(train_images, train_labels, validation_images, validation_labels, test_images, test_labels)


def _split(split: Any, images: Any, labels: Any) -> Any:
    return split(images, labels, test_size=0.2, stratify=labels, random_state=0)
