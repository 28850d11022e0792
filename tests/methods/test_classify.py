"""Classification measured over rows, whatever the batches; and the confusion matrix the right way round."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from practicum.methods.classify import Classify, confusion_matrix


def scores(rows: int = 11) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(rows, 4, generator=generator) * torch.arange(1, rows + 1)[:, None]
    return logits, torch.randint(4, (rows,), generator=generator)


@pytest.mark.parametrize("sizes", [[11], [5, 5, 1], [1, 10], [3, 3, 3, 2]])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_every_row_counts_alike_however_large_its_batch(sizes: list[int], smoothing: float) -> None:
    logits, labels = scores()
    batches = list(zip(logits.split(sizes), labels.split(sizes), strict=True))
    measured = Classify(label_smoothing=smoothing).evaluate(torch.nn.Identity(), batches)
    assert measured["loss"] == pytest.approx(float(F.cross_entropy(logits, labels)), rel=1e-6)
    assert measured["accuracy"] == float((logits.argmax(1) == labels).double().mean())


def test_row_i_of_the_confusion_matrix_is_what_class_i_was_taken_for() -> None:
    labels, taken = torch.tensor([0, 0, 0, 1, 2]), torch.tensor([1, 1, 0, 2, 2])
    batches = [(F.one_hot(taken[part], 3).float(), labels[part]) for part in (slice(0, 4), slice(4, 5))]
    assert confusion_matrix(torch.nn.Identity(), batches, 3).tolist() == [[1, 2, 0], [0, 0, 1], [0, 0, 1]]
