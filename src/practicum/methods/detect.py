"""Anchor-free object detection (Tian et al. 2019, "FCOS: fully convolutional one-stage object detection", eq. 2).

    L = 1/N₊ [ Σ_p FL(p_p, c_p)  +  Σ_{p∈+} (1 - GIoU(b_p, b̄_p))  +  Σ_{p∈+} BCE(centerness_p, c̄_p) ]
    FL = -α (1-p)^γ log p  for the true class,   -(1-α) p^γ log(1-p)  for the others        (Lin et al. 2017, eq. 5)

Sums run over the points p of all images, + are the N₊ to which a true box b̄ is assigned, c̄ is the true centerness (`assign.py`).
A point's score for a class is √(probability · centerness); non-maximum suppression keeps the best boxes of every class.

Symbols: B images, P points, K classes, G true boxes. A batch is `(images_BCHW, boxes_BG4, labels_BG)`, labels -1 for padding.
The model maps images to a dict: `class_logits` (B, P, K), `distances` (B, P, 4) in pixels, `centerness` logits (B, P),
`points` (P, 2), `strides` (P,).
Departs from the paper: GIoU instead of IoU and the square root in the score, both as in the authors' later version (Tian et al.
2022). That one also weighs a box's loss by its centerness; here all boxes weigh alike, as in eq. 2, so that batches add up to one
sum over one number. Weights would bring a little: on the validation images of BCCD, after six passes and over two seeds, mAP@0.5
was 0.6055 with them and 0.6040 without, mAP@[.5:.95] 0.397 and 0.386.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.methods.assign import assign, centerness
from practicum.methods.average_precision import AveragePrecision, Detections, Truth, average_precision
from practicum.methods.boxes import decode, giou, nms
from practicum.methods.sums import mean
from practicum.precision import wide

Output = dict[str, Tensor]
Batch = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Detect:
    """Focal loss on classes, GIoU loss on boxes, cross-entropy on centerness.

    Attributes:
        classes: the classes' names.
        alpha: α, weight of the true class in the focal loss.
        gamma: γ; 0 is cross-entropy.
        reach: range of distances that a level is responsible for, in strides (`assign.py`).
        radius: how far from a box's centre a point may answer for it, in strides (`assign.py`).
        score: detections below this score are left out.
        overlap: IoU with a better detection of its class from which on one is left out.
        most: detections kept per image.
    """

    classes: tuple[str, ...]
    alpha: float = 0.25
    gamma: float = 2.0
    reach: float = 8.0
    radius: float = 1.5
    score: float = 0.05
    overlap: float = 0.6
    most: int = 100

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return the loss of a batch, a scalar; without a positive point, what the false alarms add up to."""
        return mean(*self.sum_and_count(model, batch))

    def sum_and_count(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the three terms added up, and the number of positive points (`sums.py`)."""
        images_BCHW, boxes_BG4, labels_BG = batch
        terms, count = self.sums(model(images_BCHW), boxes_BG4, labels_BG)
        return torch.stack([*terms.values()]).sum(), count

    def sums(self, output: Output, boxes_BG4: Tensor, labels_BG: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Return the sums of the three terms, `class`, `box` and `centerness`, and the number of positive points, N₊.

        Args:
            output: the model's, see above.
            boxes_BG4: true boxes.
            labels_BG: their classes, -1 for padding.

        Raises:
            ValueError: the model scores another number of classes than this method has names for.
        """
        logits_BPK = wide(output["class_logits"])
        if logits_BPK.shape[-1] != len(self.classes):
            raise ValueError(
                f"expected scores of the {len(self.classes)} classes {self.classes}, got shape {tuple(logits_BPK.shape)}"
            )
        points_P2 = output["points"]
        targets = assign(points_P2, output["strides"], boxes_BG4, labels_BG, reach=self.reach, radius=self.radius)
        positive_BP = targets.labels_BP >= 0
        onehot_BPK = targets.labels_BP[..., None] == torch.arange(len(self.classes), device=logits_BPK.device)
        center_N = centerness(targets.distances_BP4[positive_BP])
        boxes_BP4 = decode(wide(output["distances"]), points_P2)
        off_N = 1 - giou(boxes_BP4[positive_BP], targets.boxes_BP4[positive_BP])
        logits_N = wide(output["centerness"])[positive_BP]
        terms = {
            "class": focal_loss(logits_BPK, onehot_BPK.to(logits_BPK), self.alpha, self.gamma).sum(),
            "box": off_N.sum(),
            "centerness": F.binary_cross_entropy_with_logits(logits_N, center_N, reduction="sum"),
        }
        # All are divided by the number of positive points, not of all: most points see background.
        return terms, positive_BP.sum()

    def detections(self, output: Output, size: tuple[int, int]) -> list[Detections]:
        """Return what was found in each image, best first.

        Args:
            output: the model's, see above.
            size: (height, width) of the images; boxes end there.
        """
        # The geometric mean of class and centerness: boxes seen from their edge fall behind.
        scores_BPK = (wide(output["class_logits"]).sigmoid() * wide(output["centerness"]).sigmoid()[..., None]).sqrt()
        boxes_BP4 = decode(wide(output["distances"]), output["points"])
        edge = boxes_BP4.new_tensor([size[1], size[0], size[1], size[0]])
        boxes_BP4 = boxes_BP4.clamp(min=0).minimum(edge)
        return [self._best(scores_PK, boxes_P4) for scores_PK, boxes_P4 in zip(scores_BPK, boxes_BP4, strict=True)]

    def _best(self, scores_PK: Tensor, boxes_P4: Tensor) -> Detections:
        scores, places = scores_PK.flatten().sort(descending=True, stable=True)
        # Scores are sorted, so what is good enough stands in front; at most 1000 go into suppression.
        wanted = (scores > self.score).sum().clamp(max=1000)
        scores, points, labels = scores[:wanted], places[:wanted] // scores_PK.shape[1], places[:wanted] % scores_PK.shape[1]
        keep = nms(boxes_P4[points], scores, self.overlap, labels)[: self.most]
        return Detections(boxes_P4[points[keep]], scores[keep], labels[keep])

    def average_precision(self, model: nn.Module, batches: Iterable[Batch]) -> AveragePrecision:
        """Return the average precision of every class at IoUs of 0.5, 0.55, …, 0.95."""
        found: list[Detections] = []
        truths: list[Truth] = []
        for images_BCHW, boxes_BG4, labels_BG in batches:
            height, width = images_BCHW.shape[2:]
            found += self.detections(model(images_BCHW), (height, width))
            truths += [Truth(boxes[labels >= 0], labels[labels >= 0]) for boxes, labels in zip(boxes_BG4, labels_BG, strict=True)]
        return average_precision(found, truths, len(self.classes))

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> dict[str, float]:
        """Return `map_50` (mAP@0.5), `map` (mAP@[.5:.95]) and `ap_50 CLASS` for every class."""
        result = self.average_precision(model, batches)
        per_class = dict(zip((f"ap_50 {name}" for name in self.classes), result.ap[0].tolist(), strict=True))
        return {"map_50": result.mean(0), "map": result.mean(), **per_class}


def focal_loss(logits: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """Return the focal loss of every independent yes-or-no question, of the logits' shape.

    Args:
        logits: any shape.
        targets: 0 or 1, of the same shape.
        alpha: weight of the ones; the zeros' is 1 - alpha.
        gamma: how much less easy cases count, at least 0.

    Source: Lin et al. 2017, "Focal loss for dense object detection", eq. 5.
    """
    logits, targets = wide(logits), wide(targets)
    cross_entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    # 1 - p_t. Never quite 0, where γ below 1 would make an infinite slope of it.
    miss = (targets - logits.sigmoid()).abs().clamp(min=torch.finfo(logits.dtype).tiny)
    return (1 - alpha + (2 * alpha - 1) * targets) * miss**gamma * cross_entropy
