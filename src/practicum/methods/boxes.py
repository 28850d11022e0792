r"""Boxes: intersection over union, its generalisation, distances to the sides, and non-maximum suppression.

    IoU = |A ∩ B| / |A ∪ B|        GIoU = IoU - |C \\ (A ∪ B)| / |C|,   C the smallest box around both

Symbols: N and M boxes, each (x0, y0, x1, y1) with x0 ≤ x1 and y0 ≤ y1, in pixels; P points (x, y).
Sources: GIoU is Rezatofighi et al. 2019, algorithm 1; distances are Tian et al. 2019 (FCOS), eq. 1.
Areas and quotients are computed in at least single precision, those of integers in double precision, where no product overflows.
Departs from the papers: where a union or C has no area, its quotient is 0.
"""

import torch
from torch import Tensor

from practicum.precision import wide


def area(boxes: Tensor) -> Tensor:
    """Return the boxes' areas, shape (...) for boxes of shape (..., 4)."""
    boxes = _exact(boxes)
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Return the intersection over union of boxes in pairs.

    Shapes:
        a and b: (..., 4), broadcast against each other. Returns (...).
    """
    return _iou_and_union(a, b)[0]


def pairwise_iou(a_N4: Tensor, b_M4: Tensor) -> Tensor:
    """Return the intersection over union of each box with each other, shape (N, M); no boxes may also have the shape (0,)."""
    return iou(a_N4.reshape(-1, 1, 4), b_M4.reshape(-1, 4))


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Return the generalised intersection over union of boxes in pairs, in [-1, 1]; it has a gradient even where they are apart.

    Shapes:
        a and b: (..., 4), broadcast against each other. Returns (...).
    """
    a, b = _exact(a), _exact(b)
    overlap, union = _iou_and_union(a, b)
    low, high = torch.minimum(a[..., :2], b[..., :2]), torch.maximum(a[..., 2:], b[..., 2:])
    around = (high - low).prod(-1)
    return overlap - _quotient(around - union, around)


def _iou_and_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    a, b = _exact(a), _exact(b)
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    both = (high - low).clamp(min=0).prod(-1)
    union = area(a) + area(b) - both
    return _quotient(both, union), union


def _exact(boxes: Tensor) -> Tensor:
    return wide(boxes) if boxes.is_floating_point() else boxes.double()


def _quotient(part: Tensor, whole: Tensor) -> Tensor:
    return part / whole.where(whole > 0, torch.ones_like(whole))


def encode(boxes: Tensor, points: Tensor) -> Tensor:
    """Return the distances (left, top, right, bottom) from points to the sides of boxes; negative where a point is outside.

    Shapes:
        boxes: (..., 4). points: (..., 2), broadcast against the boxes. Returns (..., 4).

    Source: Tian et al. 2019, eq. 1.
    """
    boxes, points = _exact(boxes), _exact(points)
    return torch.cat(torch.broadcast_tensors(points - boxes[..., :2], boxes[..., 2:] - points), -1)


def decode(distances: Tensor, points: Tensor) -> Tensor:
    """Return the boxes with these distances around these points: the inverse of `encode`, of the same shapes."""
    distances, points = _exact(distances), _exact(points)
    return torch.cat(torch.broadcast_tensors(points - distances[..., :2], points + distances[..., 2:]), -1)


def nms(boxes_N4: Tensor, scores_N: Tensor, threshold: float, labels_N: Tensor | None = None) -> Tensor:
    """Return greedy non-maximum suppression: from the highest score down, a box stays unless a box that stayed overlaps it too
    much.

    Args:
        boxes_N4: boxes.
        scores_N: their scores; of equal ones the earlier goes first.
        threshold: a box goes if its IoU with a better one is larger than this.
        labels_N: classes; a box is only suppressed by boxes of its own class. None: one class.

    Returns:
        The indices of the boxes that stay, best first, int64.

    Shapes:
        boxes_N4: (N, 4). scores_N: (N,). labels_N: (N,). Returns at most (N,).

    Raises:
        ValueError: the numbers of boxes, scores and labels differ.
    """
    if boxes_N4.shape == (0,):
        boxes_N4 = boxes_N4.reshape(0, 4)
    if boxes_N4.shape != (len(scores_N), 4) or (labels_N is not None and labels_N.shape != scores_N.shape):
        got = [tuple(t.shape) for t in (boxes_N4, scores_N, labels_N) if t is not None]
        raise ValueError(f"expected boxes (N, 4), scores (N,) and labels (N,), got {got}")
    order = scores_N.argsort(descending=True, stable=True)
    boxes = boxes_N4[order]
    suppresses = pairwise_iou(boxes, boxes) > threshold
    if labels_N is not None:
        suppresses &= labels_N[order, None] == labels_N[order]
    stays = torch.ones(len(order), dtype=torch.bool, device=order.device)
    for i in range(len(order)):
        if stays[i]:
            stays[i + 1 :] &= ~suppresses[i, i + 1 :]
    return order[stays]
