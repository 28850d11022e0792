"""Detection: the losses from their equations, decoding, what perfect and wrong outputs are worth, and that it learns."""

from math import exp, isnan, log, sqrt

import pytest
import torch
from torch import Tensor, nn

from practicum.methods.assign import assign, centerness
from practicum.methods.average_precision import Detections, Truth, average_precision
from practicum.methods.boxes import encode, giou, pairwise_iou
from practicum.methods.detect import Detect, focal_loss
from practicum.models.detector import Detector, DetectorConfig, points

METHOD = Detect(classes=("cat", "dog"))


class Given(nn.Module):
    """A model that knows its output."""

    def __init__(self, output: dict[str, Tensor]) -> None:
        super().__init__()
        self.output = output

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return self.output


def perfect(boxes_BG4: Tensor, labels_BG: Tensor, sure: float = 12.0) -> dict[str, Tensor]:
    """What a perfect model says about images of 64 × 64 pixels."""
    points_P2, strides_P = points(16, 16, 4), torch.full((256,), 4.0)
    targets = assign(points_P2, strides_P, boxes_BG4, labels_BG)
    middle = torch.where(targets.labels_BP >= 0, centerness(targets.distances_BP4.clamp(min=1e-3)), 1e-4)
    onehot = targets.labels_BP[..., None] == torch.arange(2)
    return {
        "class_logits": (2 * sure * onehot - sure).float(),
        "distances": targets.distances_BP4,
        "centerness": torch.logit(middle, 1e-5),
        "points": points_P2,
        "strides": strides_P,
    }


BOXES = torch.tensor([[[4.0, 4, 24, 20], [30, 10, 60, 50], [6, 40, 20, 60]], [[10, 10, 50, 50], [0, 0, 0, 0], [0, 0, 0, 0]]])
LABELS = torch.tensor([[0, 1, 0], [1, -1, -1]])
IMAGES = torch.zeros(2, 3, 64, 64)


def test_a_perfect_output_has_map_1_and_almost_no_loss() -> None:
    output = perfect(BOXES, LABELS)
    metrics = METHOD.evaluate(Given(output), [(IMAGES, BOXES, LABELS)])
    assert metrics == {"map_50": 1.0, "map": 1.0, "ap_50 cat": 1.0, "ap_50 dog": 1.0}
    sums, count = METHOD.sums(output, BOXES, LABELS)
    assert count > 30
    assert sums["class"] < 1e-4 * count
    assert sums["box"] < 1e-6 * count


def test_detections_are_the_boxes_with_their_scores() -> None:
    first, second = METHOD.detections(perfect(BOXES, LABELS), (64, 64))
    kept = first.scores > 0.6
    order = first.boxes[kept][:, 0].argsort()
    torch.testing.assert_close(first.boxes[kept][order], BOXES[0, [0, 2, 1]])
    assert first.labels[kept][order].tolist() == [0, 0, 1]
    assert first.scores.equal(first.scores.sort(descending=True).values)
    assert second.labels[0] == 1
    # A point right at the centre: √(probability · centerness).
    nearest = points(16, 16, 4) - 30
    best = int(nearest.square().sum(1).argmin())
    middle = centerness(encode(BOXES[1, 0], points(16, 16, 4)[best]))
    assert second.scores[0].item() == pytest.approx(sqrt(middle / (1 + exp(-12.0))), abs=1e-5)


def test_boxes_end_at_the_image() -> None:
    output = perfect(BOXES, LABELS) | {"distances": torch.full((2, 256, 4), 500.0)}
    for found in METHOD.detections(output, (40, 64)):
        assert (found.boxes == torch.tensor([0.0, 0, 64, 40])).all()


def test_classes_do_not_suppress_each_other_and_low_scores_go() -> None:
    output = {
        "class_logits": torch.tensor([[[3.0, 2.0], [2.5, -9.0], [-9.0, -9.0]]]),
        "distances": torch.full((1, 3, 4), 10.0),
        "centerness": torch.full((1, 3), 30.0),
        "points": torch.tensor([[20.0, 20], [21, 20], [50, 50]]),
        "strides": torch.full((3,), 8.0),
    }
    (found,) = METHOD.detections(output, (64, 64))
    assert found.labels.tolist() == [0, 1]
    torch.testing.assert_close(found.scores, torch.tensor([3.0, 2.0]).sigmoid().sqrt())
    (found,) = Detect(classes=("cat", "dog"), most=1).detections(output, (64, 64))
    assert found.labels.tolist() == [0]


def test_losses_are_the_equations() -> None:
    torch.manual_seed(0)
    output = perfect(BOXES, LABELS)
    output["class_logits"] = torch.randn(2, 256, 2, dtype=torch.float64)
    output["distances"] = torch.rand(2, 256, 4, dtype=torch.float64) * 30
    output["centerness"] = torch.randn(2, 256, dtype=torch.float64)
    targets = assign(output["points"], output["strides"], BOXES, LABELS)
    focal = box = center = 0.0
    positive = 0
    for b in range(2):
        for p in range(256):
            label = int(targets.labels_BP[b, p])
            for k in range(2):
                probability = 1 / (1 + exp(-float(output["class_logits"][b, p, k])))
                if k == label:
                    focal -= 0.25 * (1 - probability) ** 2 * log(probability)
                else:
                    focal -= 0.75 * probability**2 * log(1 - probability)
            if label < 0:
                continue
            positive += 1
            left, top, right, bottom = targets.distances_BP4[b, p].tolist()
            c = sqrt(min(left, right) / max(left, right) * min(top, bottom) / max(top, bottom))
            x, y = output["points"][p].tolist()
            a = output["distances"][b, p]
            found = torch.stack([x - a[0], y - a[1], x + a[2], y + a[3]])
            box += 1 - float(giou(found, targets.boxes_BP4[b, p]))
            said = 1 / (1 + exp(-float(output["centerness"][b, p])))
            center -= c * log(said) + (1 - c) * log(1 - said)
    assert positive > 30
    sums, count = METHOD.sums(output, BOXES, LABELS)
    assert count == positive
    assert sums["class"].item() == pytest.approx(focal, rel=1e-10)
    assert sums["box"].item() == pytest.approx(box, rel=1e-6)
    assert sums["centerness"].item() == pytest.approx(center, rel=1e-6)
    loss = METHOD.loss(Given(output), (IMAGES, BOXES, LABELS)).item()
    assert loss == pytest.approx((focal + box + center) / positive, rel=1e-6)


def test_batches_with_few_and_many_boxes_weigh_by_their_positive_points() -> None:
    """Image by image, sums and counts add up to the loss over both images; the mean of the two losses is another number."""
    torch.manual_seed(0)
    output = perfect(BOXES, LABELS)
    output |= {"class_logits": torch.randn(2, 256, 2), "distances": torch.rand(2, 256, 4) * 30}
    whole = METHOD.loss(Given(output), (IMAGES, BOXES, LABELS)).item()
    parts = []
    for b in (0, 1):
        one = {name: value if name in ("points", "strides") else value[b : b + 1] for name, value in output.items()}
        parts.append(METHOD.sum_and_count(Given(one), (IMAGES[:1], BOXES[b : b + 1], LABELS[b : b + 1])))
    totals, counts = zip(*parts, strict=True)
    assert float(sum(totals) / sum(counts)) == pytest.approx(whole, rel=1e-6)
    assert float(sum(total / count for total, count in parts) / 2) != pytest.approx(whole, rel=0.01)


def test_images_without_objects_cost_only_false_alarms() -> None:
    output = perfect(BOXES, LABELS)
    output = {name: value.clone().requires_grad_() for name, value in output.items()}
    nothing = torch.full_like(LABELS, -1)
    sums, count = METHOD.sums(output, BOXES, nothing)
    assert count == 0
    assert sums["class"] > 1
    assert sums["box"] == sums["centerness"] == 0
    loss = METHOD.loss(Given(output), (IMAGES, BOXES, nothing))
    assert loss.item() == pytest.approx(sums["class"].item())
    loss.backward()
    assert all(value.grad is None or value.grad.isfinite().all() for value in output.values())
    metrics = METHOD.evaluate(Given(perfect(BOXES, nothing)), [(IMAGES, BOXES, nothing)])
    assert all(isnan(value) for value in metrics.values())  # nothing to find: no score


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("alpha", [0.25, 0.5])
def test_focal_loss_is_its_closed_form(gamma: float, alpha: float) -> None:
    logits = torch.tensor([-3.0, -0.5, 0.0, 1.2, 4.0], dtype=torch.float64)
    for truth in (0.0, 1.0):
        got = focal_loss(logits, torch.full_like(logits, truth), alpha, gamma)
        for logit, value in zip(logits.tolist(), got.tolist(), strict=True):
            p = 1 / (1 + exp(-logit))
            want = -alpha * (1 - p) ** gamma * log(p) if truth else -(1 - alpha) * p**gamma * log(1 - p)
            assert value == pytest.approx(want, abs=1e-12)


def test_focal_loss_of_large_logits_is_finite_and_its_gradient_numeric() -> None:
    logits = torch.tensor([-200.0, 200.0], requires_grad=True)
    loss = focal_loss(logits, torch.tensor([1.0, 0.0]))
    assert loss.tolist() == pytest.approx([50.0, 150.0])
    loss.sum().backward()
    assert logits.grad.isfinite().all()
    torch.manual_seed(0)
    some = torch.randn(12, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: focal_loss(x, (torch.arange(12) % 2).double(), 0.3, 1.7), (some,))


def test_more_classes_than_names_are_refused() -> None:
    with pytest.raises(ValueError, match=r"scores of the 1 classes .* got shape \(2, 256, 2\)"):
        Detect(classes=("cat",)).sums(perfect(BOXES, LABELS), BOXES, LABELS)


def test_average_precision_falls_with_worse_boxes_and_doubles() -> None:
    truth = [Truth(BOXES[0], LABELS[0])]
    right = Detections(BOXES[0], torch.tensor([0.9, 0.8, 0.7]), LABELS[0])
    assert average_precision([right], truth, 2).mean() == 1.0
    shifted = Detections(BOXES[0] + 3, right.scores, right.labels)
    ious = pairwise_iou(shifted.boxes, BOXES[0]).diagonal()
    by_hand = [[float(ious[1] >= t) for t in [0.5 + 0.05 * i for i in range(10)]]]
    assert average_precision([shifted], truth, 2).ap[:, 1].tolist() == by_hand[0]
    # A double with a higher score than the second box: precision 1, 1/2, 2/3; recall 1/2, 1/2, 1; 51 of 101 recalls are ≤ 1/2.
    double = Detections(BOXES[0][[0, 0, 2]], torch.tensor([0.9, 0.8, 0.7]), LABELS[0][[0, 0, 2]])
    assert average_precision([double], truth, 2).ap[0, 0].item() == pytest.approx((51 + 50 * 2 / 3) / 101)
    with pytest.raises(ValueError, match="1 and 2 images"):
        average_precision([right], truth * 2, 2)


def test_it_learns_squares_from_discs() -> None:
    torch.manual_seed(0)
    y, x = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    images, boxes, labels = 0.1 * torch.randn(16, 3, 32, 32), torch.zeros(16, 1, 4), torch.arange(16)[:, None] % 2
    for i in range(16):
        r = int(torch.randint(4, 8, ()))
        cx, cy = torch.randint(r, 32 - r, (2,)).tolist()
        inside = (x - cx).abs().maximum((y - cy).abs()) <= r if labels[i, 0] else (x - cx) ** 2 + (y - cy) ** 2 <= r * r
        images[i] += inside.float()
        boxes[i, 0] = torch.tensor([cx - r, cy - r, cx + r + 1, cy + r + 1])
    method = Detect(classes=("disc", "square"))
    model = Detector(DetectorConfig(2, widths=(8, 12, 16), blocks=1, levels=1, channels=16, tower=1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    before = method.loss(model, (images, boxes, labels)).item()
    for _ in range(60):
        optimizer.zero_grad()
        loss = method.loss(model, (images, boxes, labels))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    assert loss.item() < before / 3
    with torch.no_grad():
        assert method.evaluate(model, [(images, boxes, labels)])["map_50"] > 0.9
