"""Which true box every point of a detector answers for (Tian et al. 2019, "FCOS", section 3.1 and 3.2).

A point answers for a box if it lies inside the box and near its centre (at most `radius` strides away along x and y), and if
the largest of its four distances to the sides is in the range of the point's level. Of several boxes it takes the smallest.
The ranges are

    (0, reach · s_1], (reach · s_1, reach · s_2], …, (reach · s_{L-1}, ∞)      for levels with the strides s_1 < … < s_L

Centerness says how far in the middle of its box a point is: √( min(l, r)/max(l, r) · min(t, b)/max(t, b) )   (eq. 3).

Symbols: B images, P points, G true boxes (some only padding), (l, t, r, b) distances to the left, top, right and bottom.
Departs from the paper: near its centre only, as in the authors' later version (Tian et al. 2022, section 3.1); the paper's ranges
64, 128, 256, 512 at strides 8, 16, … are `reach` 8.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from practicum.methods.boxes import area, encode
from practicum.precision import wide


@dataclass(frozen=True)
class Targets:
    """What every point should say.

    Attributes:
        labels_BP: the class, -1 for background.
        boxes_BP4: the box; zero for background.
        distances_BP4: the distances to its sides; zero for background.
    """

    labels_BP: Tensor
    boxes_BP4: Tensor
    distances_BP4: Tensor


def assign(
    points_P2: Tensor, strides_P: Tensor, boxes_BG4: Tensor, labels_BG: Tensor, *, reach: float = 8.0, radius: float = 1.5
) -> Targets:
    """Assign true boxes to points.

    Args:
        points_P2: (x, y) in pixels.
        strides_P: pixels between neighbouring points of the same level.
        boxes_BG4: true boxes.
        labels_BG: their classes; -1 for rows that are only padding.
        reach: size of the levels' ranges, in strides.
        radius: of the region around a box's centre, in strides.

    Shapes:
        points_P2: (P, 2). strides_P: (P,). boxes_BG4: (B, G, 4). labels_BG: (B, G).

    Raises:
        ValueError: the shapes do not fit.
    """
    if points_P2.shape != (len(strides_P), 2) or boxes_BG4.shape != (*labels_BG.shape, 4):
        shapes = [tuple(tensor.shape) for tensor in (points_P2, strides_P, boxes_BG4, labels_BG)]
        raise ValueError(f"expected points (P, 2), strides (P,), boxes (B, G, 4) and labels (B, G), got {shapes}")
    points_P2, strides_P, boxes_BG4 = wide(points_P2), wide(strides_P), wide(boxes_BG4)
    low_P1, high_P1 = (bound[:, None] for bound in ranges(strides_P, reach))
    # Every point against every box: (B, 1, G, 4) with (P, 1, 2) gives (B, P, G, 4).
    distances_BPG4 = encode(boxes_BG4[:, None], points_P2[:, None])
    largest_BPG = distances_BPG4.amax(-1)
    centers_BG2 = (boxes_BG4[..., :2] + boxes_BG4[..., 2:]) / 2
    off_BPG = (points_P2[:, None] - centers_BG2[:, None]).abs().amax(-1)
    # Section 3.1 and the centre sampling of the published code: inside the box, near its centre, of this level's size.
    fits_BPG = (
        (distances_BPG4.amin(-1) > 0)
        & (off_BPG < radius * strides_P[:, None])
        & (largest_BPG > low_P1) & (largest_BPG <= high_P1)
        & (labels_BG >= 0)[:, None]
    )  # fmt: skip
    # Where several boxes fit, the smallest is taken.
    areas_BPG = area(boxes_BG4)[:, None].where(fits_BPG, torch.inf)
    if not labels_BG.shape[1]:
        nothing = boxes_BG4.new_zeros(len(boxes_BG4), len(points_P2), 4)
        return Targets(labels_BG.new_full(nothing.shape[:2], -1), nothing, nothing)
    smallest_BP, chosen_BP = areas_BPG.min(-1)
    taken_BP = smallest_BP < torch.inf
    boxes_BP4 = boxes_BG4.gather(1, chosen_BP[..., None].expand(-1, -1, 4)) * taken_BP[..., None]
    return Targets(
        labels_BG.gather(1, chosen_BP).where(taken_BP, -1), boxes_BP4, encode(boxes_BP4, points_P2) * taken_BP[..., None]
    )


def ranges(strides_P: Tensor, reach: float) -> tuple[Tensor, Tensor]:
    """Return the open lower and closed upper end of every point's range of largest distances, each of shape (P,)."""
    strides, level_P = strides_P.unique(return_inverse=True)
    ends = strides * reach
    low, high = ends.new_zeros(1), ends.new_full((1,), torch.inf)
    return torch.cat([low, ends[:-1]])[level_P], torch.cat([ends[:-1], high])[level_P]


def centerness(distances: Tensor) -> Tensor:
    """Return how far in the middle of its box a point is, from 0 at a side to 1 at the centre.

    Shapes:
        distances: (..., 4), positive. Returns (...).

    Source: Tian et al. 2019, eq. 3.
    """
    pairs = wide(distances).unflatten(-1, (2, 2))  # ((l, t), (r, b))
    return (pairs.amin(-2) / pairs.amax(-2)).prod(-1).sqrt()
