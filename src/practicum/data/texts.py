"""Texts with labels, as the classification sets return them."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Texts:
    """Labelled texts.

    Attributes:
        train_texts: N texts.
        train_labels: shape (N,), int64.
        test_texts: M texts.
        test_labels: shape (M,), int64.
        classes: their names, by label.
        sample: True for a packaged sample.
        validation_texts: further texts to choose settings by; empty where the set has none.
        validation_labels: of them; None where the set has none.
    """

    train_texts: tuple[str, ...]
    train_labels: Tensor
    test_texts: tuple[str, ...]
    test_labels: Tensor
    classes: tuple[str, ...]
    sample: bool
    validation_texts: tuple[str, ...] = ()
    validation_labels: Tensor | None = None
