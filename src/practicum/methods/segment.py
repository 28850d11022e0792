"""Semantic segmentation: cross-entropy plus soft Dice, measured by Dice and IoU.

    L = CE + (1 - D̃),   D̃ = mean over images and classes of (2 Σ p g + ε) / (Σ p + Σ g + ε)
    Dice = 2 |P ∩ G| / (|P| + |G|),   IoU = |P ∩ G| / |P ∪ G|

Sums run over the pixels of one image, p is the predicted probability and g the true 0 or 1, P and G the predicted and true
sets of pixels. Soft Dice weighs a class by its area, so that a small foreground counts as much as a large background
(Milletari, Navab & Ahmadi 2016, section 3; without squares and beside cross-entropy: Isensee et al. 2018, "nnU-Net", eq. 1
and 2).

Symbols: B images, K classes, H × W pixels. A batch is `(*inputs, target_BHW)`, the classes' indices. With K = 1 the model scores
the foreground alone: the classes are 0 and 1, p is a sigmoid instead of a softmax, and cross-entropy is the binary one.
Departs from the papers: soft Dice leaves the background (class 0) out, also where K > 1, as Dice and IoU do.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.finite import ratio
from practicum.precision import wide


@dataclass(frozen=True)
class Segment:
    """Cross-entropy plus soft Dice on logits of shape (B, K, H, W).

    Attributes:
        dice: weight of 1 - D̃ beside cross-entropy.
        smooth: ε, in pixels.
    """

    dice: float = 1.0
    smooth: float = 1.0

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the mean loss of a batch, a scalar."""
        *inputs, target_BHW = batch
        logits_BKHW = model(*inputs)
        return cross_entropy(logits_BKHW, target_BHW) + self.dice * (1 - soft_dice(logits_BKHW, target_BHW, self.smooth))

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> dict[str, float]:
        """Return `dice` and `iou`, means over images (of an image: over the classes in it), and `loss`.

        Images in which neither the truth nor the prediction has anything but background have no score and are left out; NaN where
        that leaves none.
        """
        scores: list[Tensor] = []
        loss, rows = 0.0, 0
        for *inputs, target_BHW in batches:
            logits_BKHW = model(*inputs)
            ce, dice = cross_entropy(logits_BKHW, target_BHW), soft_dice(logits_BKHW, target_BHW, self.smooth)
            loss, rows = loss + len(target_BHW) * float(ce + self.dice * (1 - dice)), rows + len(target_BHW)
            # Class 0 is the background, which would flatter the mean: it is left out below.
            overlap = dice_and_iou(predict(logits_BKHW), target_BHW, max(2, logits_BKHW.shape[1]))
            scores.append(torch.stack([score_BK[:, 1:].nanmean(1) for score_BK in overlap], 1))
        dice_iou = torch.cat(scores).nanmean(0).tolist()
        return {"dice": dice_iou[0], "iou": dice_iou[1], "loss": ratio(loss, rows)}


def cross_entropy(logits_BKHW: Tensor, target_BHW: Tensor) -> Tensor:
    """Return the mean cross-entropy over all pixels; the binary one where K = 1."""
    _check(logits_BKHW, target_BHW)
    logits_BKHW = wide(logits_BKHW)
    if logits_BKHW.shape[1] == 1:
        return F.binary_cross_entropy_with_logits(logits_BKHW[:, 0], target_BHW.to(logits_BKHW.dtype))
    return F.cross_entropy(logits_BKHW, target_BHW)


def soft_dice(logits_BKHW: Tensor, target_BHW: Tensor, smooth: float = 1.0) -> Tensor:
    """Return D̃, the mean over images and foreground classes, a scalar; 1 is perfect."""
    _check(logits_BKHW, target_BHW)
    logits_BKHW = wide(logits_BKHW)
    if logits_BKHW.shape[1] == 1:
        p_BKHW, g_BKHW = logits_BKHW.sigmoid(), target_BHW[:, None].to(logits_BKHW.dtype)
    else:
        p_BKHW = logits_BKHW.softmax(1)[:, 1:]
        g_BKHW = _one_hot(target_BHW, logits_BKHW.shape[1])[:, 1:].to(logits_BKHW.dtype)
    both_BK, sum_BK = (p_BKHW * g_BKHW).sum((2, 3)), (p_BKHW + g_BKHW).sum((2, 3))
    return ((2 * both_BK + smooth) / (sum_BK + smooth)).mean()


def predict(logits_BKHW: Tensor) -> Tensor:
    """Return every pixel's likeliest class, shape (B, H, W), int64."""
    return (logits_BKHW[:, 0] > 0).long() if logits_BKHW.shape[1] == 1 else logits_BKHW.argmax(1)


def dice_and_iou(predicted_BHW: Tensor, target_BHW: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """Return Dice and IoU of every image and class, each of shape (B, num_classes); NaN where a class is in neither.

    Args:
        predicted_BHW: predicted classes.
        target_BHW: true classes.
        num_classes: number of classes, with the background.

    Shapes:
        predicted_BHW: (B, H, W). target_BHW: (B, H, W). Returns (B, num_classes) twice.

    Raises:
        ValueError: the shapes differ, or a target is no class.
    """
    if predicted_BHW.shape != target_BHW.shape:
        raise ValueError(
            f"expected predictions of the target's shape {tuple(target_BHW.shape)}, got {tuple(predicted_BHW.shape)}"
        )
    _check_classes(target_BHW, num_classes)
    p, g = _one_hot(predicted_BHW, num_classes), _one_hot(target_BHW, num_classes)
    both, union = (p & g).sum((2, 3)).double(), (p | g).sum((2, 3)).double()
    return 2 * both / (union + both), both / union


def _one_hot(index_BHW: Tensor, num_classes: int) -> Tensor:
    return index_BHW[:, None] == torch.arange(num_classes, device=index_BHW.device)[:, None, None]


def _check(logits_BKHW: Tensor, target_BHW: Tensor) -> None:
    if logits_BKHW.ndim != 4 or target_BHW.shape != (logits_BKHW.shape[0], *logits_BKHW.shape[2:]):
        raise ValueError(
            f"expected logits (B, K, H, W) and targets (B, H, W), got {tuple(logits_BKHW.shape)} and {tuple(target_BHW.shape)}"
        )
    _check_classes(target_BHW, max(2, logits_BKHW.shape[1]))


def _check_classes(target_BHW: Tensor, num_classes: int) -> None:
    if not target_BHW.numel():
        return
    low, high = int(target_BHW.min()), int(target_BHW.max())
    if low < 0 or high >= num_classes:
        raise ValueError(
            f"expected classes in [0, {num_classes}) as targets, got {low} to {high}; of a mask of 0 and 255 take `mask > 0`"
        )
