"""Average precision of detections, as COCO computes it (Lin et al. 2014; Everingham et al. 2010, section 4.2).

For one class and one IoU threshold: in every image, from the highest score down, a detection takes the free true box that it
overlaps most, if their IoU reaches the threshold; it is right if it found one. Over all images, from the highest score down,

    precision = right so far / detections so far,   recall = right so far / true boxes
    AP = mean over r ∈ {0, 0.01, …, 1} of the largest precision at any recall ≥ r

mAP is the mean over the classes that have true boxes; mAP@[.5:.95] is also the mean over ten thresholds.

Symbols: N images, D detections and G true boxes in one of them, T thresholds, K classes.
Departs from COCO: no crowd regions and no ranges of area.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from practicum.methods.boxes import pairwise_iou

# COCO's numbers to the last bit, for which it takes NumPy: recalls and IoUs often fall on one of them.
THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
RECALLS = torch.from_numpy(np.linspace(0, 1, 101))


@dataclass(frozen=True)
class Detections:
    """What was found in one image.

    Attributes:
        boxes: shape (D, 4), (x0, y0, x1, y1), in pixels; (0,) where there are none.
        scores: shape (D,).
        labels: shape (D,), int64.
    """

    boxes: Tensor
    scores: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Truth:
    """What is in one image.

    Attributes:
        boxes: shape (G, 4), (x0, y0, x1, y1), in pixels; (0,) where there are none.
        labels: shape (G,), int64.
    """

    boxes: Tensor
    labels: Tensor


@dataclass(frozen=True)
class AveragePrecision:
    """Precisions of all detections over all images.

    Attributes:
        ap: shape (T, K), float64; NaN for classes without true boxes.
        precision: shape (T, K, 101), the largest precision at or beyond recall 0, 0.01, …, 1; NaN as above.
        recall: shape (T, K), the recall of all detections together; NaN as above.
    """

    ap: Tensor
    precision: Tensor
    recall: Tensor

    def mean(self, threshold: int | None = None) -> float:
        """Return mAP over all thresholds, or at one of them, by its index; NaN if there are no true boxes at all."""
        return float((self.ap if threshold is None else self.ap[threshold]).nanmean())


def average_precision(
    detections: Sequence[Detections],
    truths: Sequence[Truth],
    num_classes: int,
    thresholds: Sequence[float] = THRESHOLDS,
    most: int = 100,
) -> AveragePrecision:
    """Compute the average precision of every class at every threshold.

    Args:
        detections: of every image.
        truths: of every image, in the same order.
        num_classes: K.
        thresholds: T IoUs from which on a detection is right.
        most: detections of a class that count in an image, the best ones.

    Raises:
        ValueError: the numbers of images differ.
    """
    if len(detections) != len(truths):
        raise ValueError(f"expected as many detections as truths, got {len(detections)} and {len(truths)} images")
    # Thousands of small steps: they are quicker on the CPU, wherever the detections were made.
    found_all = [tuple(part.cpu() for part in (each.boxes.reshape(-1, 4), each.scores, each.labels)) for each in detections]
    true_all = [tuple(part.cpu() for part in (each.boxes.reshape(-1, 4), each.labels)) for each in truths]
    limits = torch.tensor(thresholds, dtype=torch.float64)
    ap = torch.full((len(limits), num_classes), float("nan"), dtype=torch.float64)
    recall, precision = ap.clone(), ap[..., None].repeat(1, 1, len(RECALLS))
    for k in range(num_classes):
        scores, right, count = [], [], 0
        for (found_D4, score_D, label_D), (true_G4, label_G) in zip(found_all, true_all, strict=True):
            mine, true = label_D == k, true_G4[label_G == k]
            # Stable, so that equal scores keep their order, as in pycocotools.
            best = score_D[mine].argsort(descending=True, stable=True)[:most]
            scores.append(score_D[mine][best])
            right.append(match(found_D4[mine][best], true, limits))
            count += len(true)
        if count:
            # Detections of all images compete in one ranking.
            order = torch.cat(scores).argsort(descending=True, stable=True)
            precision[:, k], recall[:, k] = _curve(torch.cat(right, 1)[:, order], count)
            ap[:, k] = precision[:, k].mean(1)
    return AveragePrecision(ap, precision, recall)


def match(boxes_D4: Tensor, true_G4: Tensor, limits_T: Tensor) -> Tensor:
    """Tell which detections are right.

    Args:
        boxes_D4: detections of one class in one image, best first.
        true_G4: true boxes of this class in this image.
        limits_T: IoU thresholds.

    Returns:
        True where a detection is right, at each threshold.

    Shapes:
        boxes_D4: (D, 4). true_G4: (G, 4). limits_T: (T,). Returns (T, D).
    """
    right = torch.zeros(len(limits_T), len(boxes_D4), dtype=torch.bool)
    if not len(true_G4):
        return right
    iou_DG = pairwise_iou(boxes_D4.double(), true_G4.double())
    free = torch.ones(len(limits_T), len(true_G4), dtype=torch.bool)
    at = torch.arange(len(limits_T))
    for d, iou_G in enumerate(iou_DG):
        left_TG = iou_G.where(free, -torch.ones(()).double())
        # Of equally good true boxes COCO takes the last, hence the flips.
        best_T = len(iou_G) - 1 - left_TG.flip(1).argmax(1)
        right[:, d] = left_TG[at, best_T] >= limits_T.clamp(max=1 - 1e-10)
        free[at[right[:, d]], best_T[right[:, d]]] = False
    return right


def _curve(right_TD: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return precision at the 101 recalls, and the last recall, for detections from the best score down."""
    hits_TD = right_TD.double().cumsum(1)
    if not hits_TD.shape[1]:
        return torch.zeros(len(right_TD), len(RECALLS), dtype=torch.float64), torch.zeros(len(right_TD), dtype=torch.float64)
    recall_TD = hits_TD / count
    precision_TD = hits_TD / torch.arange(1, hits_TD.shape[1] + 1)
    envelope_TD = precision_TD.flip(1).cummax(1).values.flip(1)
    # Beyond the largest recall the precision is 0.
    padded = torch.cat([envelope_TD, envelope_TD.new_zeros(len(envelope_TD), 1)], 1)
    places = torch.searchsorted(recall_TD, RECALLS.expand(len(recall_TD), -1).contiguous())
    return padded.gather(1, places), recall_TD[:, -1]
