"""Edges: exponents below 1, masks as image files have them, nothing found, padding that is a class."""

from typing import Any

import pytest
import torch
from torch import Tensor

from practicum.data.batches import Buckets
from practicum.methods.assign import assign
from practicum.methods.average_precision import Detections, Truth, average_precision
from practicum.methods.boxes import giou, iou, nms, pairwise_iou
from practicum.methods.detect import focal_loss
from practicum.methods.label_tokens import LabelTokens
from practicum.methods.language_model import IGNORED
from practicum.methods.segment import cross_entropy, dice_and_iou, soft_dice


@pytest.mark.parametrize("gamma", [0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 5.0])
def test_focal_loss_and_its_slope_for_every_exponent(gamma: float) -> None:
    x = torch.tensor([-200.0, -90, -30, -17, -3, -0.5, 0, 0.5, 3, 17, 30, 90, 200]).repeat(2)
    targets = torch.arange(26) // 13
    logits, exact = x.clone().requires_grad_(), x.double().requires_grad_()
    focal_loss(logits, targets.float(), 0.25, gamma).sum().backward()
    # The same with 1 - p_t = σ(∓x) directly, which loses nothing to rounding.
    sign = 1 - 2 * targets
    log_p, log_miss = (torch.nn.functional.logsigmoid(s * exact) for s in (-sign, sign))
    (torch.where(targets == 1, 0.25, 0.75) * (gamma * log_miss).exp() * -log_p).sum().backward()
    assert logits.grad is not None
    assert exact.grad is not None
    torch.testing.assert_close(logits.grad.double(), exact.grad, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_a_mask_that_is_no_class_is_refused(classes: int) -> None:
    logits, most = torch.zeros(1, classes, 2, 2), max(2, classes)
    for value in (255, -1, -100, most):
        for dtype in (torch.uint8, torch.int64) if value >= 0 else (torch.int64,):
            mask = torch.tensor([[[0, value], [0, 1]]]).to(dtype)
            for measure in (cross_entropy, soft_dice, lambda x, y: dice_and_iou(x.argmax(1), y, most)):
                with pytest.raises(ValueError, match=rf"expected classes in \[0, {most}\) as targets, got .* take `mask > 0`"):
                    measure(logits, mask)
    mask = torch.tensor([[[0, 255], [0, 255]]], dtype=torch.uint8) > 0
    assert float(soft_dice(logits, mask.long(), 0.0)) == pytest.approx({1: 0.5, 2: 0.5, 3: (4 / 3 / (2 + 4 / 3)) / 2}[classes])


@pytest.mark.parametrize("shape", [(0,), (0, 4)])
def test_no_boxes(shape: Any) -> None:
    none, two = torch.empty(shape), torch.tensor([[0.0, 0, 2, 2], [1.0, 1, 3, 3]])
    assert pairwise_iou(none, two).shape == (0, 2)
    assert pairwise_iou(two, none).shape == (2, 0)
    assert pairwise_iou(none, none).shape == (0, 0)
    assert iou(none.reshape(0, 4), two[:1]).shape == giou(none.reshape(0, 4), two[:1]).shape == (0,)
    kept = nms(none, torch.empty(0), 0.5)
    assert kept.shape == (0,)
    assert kept.dtype == torch.long
    found, empty = (
        Detections(two, torch.tensor([0.9, 0.8]), torch.zeros(2).long()),
        Detections(none, torch.empty(0), torch.empty(0)),
    )
    true, nothing = Truth(two, torch.zeros(2).long()), Truth(none, torch.empty(0))
    assert average_precision([found, empty], [true, nothing], 1).mean() == 1
    assert average_precision([empty, empty], [true, nothing], 1).mean() == 0
    # The first detection has no true box in its picture: half of what is found is right at first, two thirds at the end.
    assert average_precision([empty, found], [nothing, true], 1).mean() == 1
    assert torch.tensor(average_precision([found], [nothing], 1).mean()).isnan()
    targets = assign(torch.rand(5, 2), torch.ones(5), torch.empty(1, 0, 4), torch.empty(1, 0, dtype=torch.long))
    assert targets.labels_BP.tolist() == [[-1] * 5]


def test_padding_of_targets_does_not_count() -> None:
    rows = [torch.tensor([1, 1, 1, 1]), torch.tensor([1])]
    targets = [torch.tensor([0, 0, 0, 0]), torch.tensor([0])]
    ((x, y),) = Buckets(rows, targets, batch_size=2, pad=(9, IGNORED))
    assert x.tolist() == [[1, 1, 1, 1], [1, 9, 9, 9]]
    assert y.tolist() == [[0, 0, 0, 0], [0, -100, -100, -100]]

    def model(x_BT: Tensor) -> Tensor:  # right where there is a token, sure of class 1 at padding
        return torch.nn.functional.one_hot((x_BT == 9).long(), 2) * 20.0

    assert LabelTokens().evaluate(model, [(x, y)])["accuracy"] == 1  # type: ignore[arg-type]
    assert float(LabelTokens().loss(model, (x, y))) == pytest.approx(0, abs=1e-6)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected one pad for each of 2 columns, got 1"):
        Buckets(rows, targets, batch_size=2, pad=(0,))
