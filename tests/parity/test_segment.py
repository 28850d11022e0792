"""Dice and IoU against torchmetrics, the losses against closed forms."""

import pytest
import torch
from torchmetrics.functional.segmentation import dice_score, mean_iou

from practicum.methods.segment import Segment, cross_entropy, dice_and_iou, predict, soft_dice

SHAPES = [(1, 5, 5), (3, 8, 9), (4, 1, 7), (2, 16, 16), (5, 3, 3), (2, 31, 2)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("classes", [2, 3, 6])
def test_dice_and_iou_are_torchmetrics(shape: tuple[int, ...], classes: int) -> None:
    torch.manual_seed(classes * sum(shape))
    predicted, target = torch.randint(classes, (2, *shape))
    predicted[0], target[0] = 0, 0  # nothing but background in both
    if shape[0] > 1:
        target[1] = 0  # nothing there, something found
    if shape[0] > 2:
        predicted[2] = 0  # something there, nothing found
    dice, iou = dice_and_iou(predicted, target, classes)
    settings = {"num_classes": classes, "input_format": "index", "include_background": True}
    torch.testing.assert_close(
        dice, dice_score(predicted, target, average="none", **settings).double(), rtol=1e-6, atol=1e-7, equal_nan=True
    )
    torch.testing.assert_close(
        iou.nan_to_num(-1.0), mean_iou(predicted, target, per_class=True, **settings).double(), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("classes", [2, 4])
def test_evaluate_is_torchmetrics_mean_over_images(classes: int) -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(6, classes, 9, 7), torch.randint(classes, (6, 9, 7))
    target[3] = 0
    logits[3, 0] = 100.0  # neither truth nor prediction: no score
    got = Segment().evaluate(torch.nn.Identity(), [(logits[:2], target[:2]), (logits[2:], target[2:])])
    settings = {"num_classes": classes, "input_format": "index", "include_background": False}
    dice = dice_score(logits.argmax(1), target, average="macro", **settings)
    iou = mean_iou(logits.argmax(1), target, **settings)
    assert dice[3].isnan()
    assert got["dice"] == pytest.approx(float(dice.nanmean()), abs=1e-6)
    assert got["iou"] == pytest.approx(float(iou[[0, 1, 2, 4, 5]].mean()), abs=1e-6)


def test_one_score_per_pixel_is_two_classes_with_a_zero() -> None:
    torch.manual_seed(0)
    one, target = torch.randn(4, 1, 6, 5, dtype=torch.float64), torch.randint(2, (4, 6, 5))
    two = torch.cat([torch.zeros_like(one), one], 1)
    for function in (cross_entropy, soft_dice):
        torch.testing.assert_close(function(one, target), function(two, target), rtol=1e-12, atol=1e-12)
    assert predict(one).equal(predict(two))


@pytest.mark.parametrize("smooth", [0.5, 1.0])
def test_losses_and_their_gradients_are_the_closed_forms(smooth: float) -> None:
    torch.manual_seed(0)
    x, g = torch.randn(1, 1, 4, 3, dtype=torch.float64, requires_grad=True), torch.randint(2, (1, 4, 3))
    p = torch.sigmoid(x.detach())[:, 0]
    assert cross_entropy(x, g).item() == pytest.approx(float(-(g * p.log() + (1 - g) * (1 - p).log()).mean()), abs=1e-12)
    above, below = 2 * (p * g).sum() + smooth, (p + g).sum() + smooth
    assert soft_dice(x, g, smooth).item() == pytest.approx(float(above / below), abs=1e-12)
    Segment(dice=0.7, smooth=smooth).loss(torch.nn.Identity(), (x, g)).backward()
    by_hand = (p - g) / 12 - 0.7 * p * (1 - p) * (2 * g * below - above) / below**2
    torch.testing.assert_close(x.grad[:, 0], by_hand, rtol=1e-10, atol=1e-12)


def test_soft_dice_of_hard_predictions_is_dice() -> None:
    torch.manual_seed(0)
    predicted, target = torch.randint(3, (2, 4, 9, 9))
    logits = 1000.0 * torch.nn.functional.one_hot(predicted, 3).permute(0, 3, 1, 2).double()
    want = dice_and_iou(predicted, target, 3)[0][:, 1:].mean()
    torch.testing.assert_close(soft_dice(logits, target, smooth=0.0), want, rtol=1e-10, atol=1e-10)


def test_soft_dice_of_an_empty_mask_is_one_when_nothing_is_found() -> None:
    nothing = torch.zeros(1, 4, 4, dtype=torch.long)
    assert float(soft_dice(torch.full((1, 1, 4, 4), -100.0), nothing)) == pytest.approx(1.0)
    assert float(soft_dice(torch.full((1, 1, 4, 4), 100.0), nothing)) == pytest.approx(1 / 17)


def test_nothing_anywhere_has_no_score() -> None:
    got = Segment().evaluate(torch.nn.Identity(), [(torch.full((2, 1, 3, 3), -9.0), torch.zeros(2, 3, 3, dtype=torch.long))])
    assert got["dice"] != got["dice"]
    assert got["iou"] != got["iou"]


@pytest.mark.parametrize("target", [(2, 4, 4), (1, 4, 5), (1, 1, 4, 4)])
def test_targets_of_another_shape_are_refused(target: tuple[int, ...]) -> None:
    for function in (cross_entropy, soft_dice):
        with pytest.raises(ValueError, match=r"got \(1, 2, 4, 4\) and"):
            function(torch.zeros(1, 2, 4, 4), torch.zeros(target, dtype=torch.long))
    with pytest.raises(ValueError, match="expected predictions"):
        dice_and_iou(torch.zeros(1, 4, 4), torch.zeros(target), 2)
