"""mAP against pycocotools, the official evaluation: ties, empty images, no predictions, one class or many."""

import contextlib
import io
from typing import Any

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import Tensor

from practicum.methods.average_precision import AveragePrecision, Detections, Truth, average_precision


def scene(seed: int, images: int, classes: int, *, ties: bool) -> tuple[list[Detections], list[Truth]]:
    """Truths; detections that are shifted truths, doubles and inventions; on a grid, so that IoUs are often equal."""
    torch.manual_seed(seed)
    found, truths = [], []
    for _ in range(images):
        count = int(torch.randint(0, 9, ()))
        low = torch.randint(0, 12, (count, 2)).float() * 4
        boxes = torch.cat([low, low + torch.randint(1, 8, (count, 2)).float() * 4], 1)
        labels = torch.randint(classes, (count,))
        truths.append(Truth(boxes, labels))
        copies = torch.randint(0, max(count, 1), (int(torch.randint(0, 14, ())) if count else 0,))
        shifted = boxes[copies] + torch.randint(-1, 2, (len(copies), 4)).float() * 2
        shifted[:, 2:] = torch.maximum(shifted[:, 2:], shifted[:, :2] + 1)
        wild = torch.rand(int(torch.randint(0, 4, ())), 4) * 30
        wild[:, 2:] += wild[:, :2] + 1
        all_boxes = torch.cat([shifted, wild])
        guessed = torch.cat([labels[copies], torch.randint(classes, (len(wild),))])
        scores = torch.rand(len(all_boxes))
        found.append(Detections(all_boxes, (scores * 5).ceil() / 5 if ties else scores, guessed))
    return found, truths


def coco(found: list[Detections], truths: list[Truth], classes: int, most: int = 100) -> tuple[Tensor, Tensor, Tensor]:
    """The official evaluation: ap (T, K), precision (T, K, 101), recall (T, K); NaN in place of its -1."""

    def boxes(rows: Tensor) -> list[list[float]]:
        return torch.cat([rows[:, :2], rows[:, 2:] - rows[:, :2]], 1).double().tolist()

    notes, results = [], []
    for image, (detections, truth) in enumerate(zip(found, truths, strict=True), start=1):
        for box, label in zip(boxes(truth.boxes.double()), truth.labels.tolist(), strict=True):
            notes.append(
                {
                    "id": len(notes) + 1,
                    "image_id": image,
                    "category_id": label,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                }
            )
        rows = zip(boxes(detections.boxes.double()), detections.scores.double().tolist(), detections.labels.tolist(), strict=True)
        results += [{"image_id": image, "category_id": label, "bbox": box, "score": score} for box, score, label in rows]
    with contextlib.redirect_stdout(io.StringIO()):
        truth_set = COCO()
        truth_set.dataset = {
            "info": {}, "images": [{"id": i + 1} for i in range(len(truths))],
            "annotations": notes, "categories": [{"id": k} for k in range(classes)],
        }  # fmt: skip
        truth_set.createIndex()
        evaluation: Any = COCOeval(truth_set, truth_set.loadRes(results) if results else COCO(), "bbox")
        evaluation.params.imgIds, evaluation.params.catIds = list(range(1, len(truths) + 1)), list(range(classes))
        evaluation.params.maxDets = [most]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = torch.from_numpy(np.where(evaluation.eval["precision"] < 0, np.nan, evaluation.eval["precision"]))[:, :, :, 0, 0]
    recall = torch.from_numpy(np.where(evaluation.eval["recall"] < 0, np.nan, evaluation.eval["recall"]))[:, :, 0, 0]
    return precision.mean(1), precision.transpose(1, 2), recall


def check(found: list[Detections], truths: list[Truth], classes: int, most: int = 100) -> AveragePrecision:
    ours = average_precision(found, truths, classes, most=most)
    for got, want in zip((ours.ap, ours.precision, ours.recall), coco(found, truths, classes, most), strict=True):
        torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-10, equal_nan=True)
    return ours


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("images", "classes"), [(1, 1), (1, 4), (3, 2), (8, 3), (20, 1), (30, 5), (2, 20)])
def test_random_scenes(images: int, classes: int, ties: bool) -> None:
    for seed in range(4):
        check(*scene(seed, images, classes, ties=ties), classes)


@pytest.mark.parametrize("most", [1, 3, 10])
def test_only_the_best_detections_count(most: int) -> None:
    check(*scene(5, 10, 2, ties=True), 2, most)


@pytest.mark.parametrize("turned", [False, True])
def test_of_equally_good_boxes_the_last_is_taken(turned: bool) -> None:
    """The first detection lies halfway between two boxes, the second on one of them, and counts where that one is still free."""
    boxes = torch.tensor([[0.0, 0, 10, 10], [4, 0, 14, 10]])
    truth = Truth(boxes.flip(0) if turned else boxes, torch.zeros(2, dtype=torch.long))
    labels = torch.zeros(2, dtype=torch.long)
    found = Detections(torch.tensor([[2.0, 0, 12, 10], [4, 0, 14, 10]]), torch.tensor([0.9, 0.8]), labels)
    assert float(check([found], [truth], 1).recall[0, 0]) == (1.0 if turned else 0.5)


def nothing(count: int) -> list[Detections]:
    return [Detections(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0, dtype=torch.long))] * count


def test_no_predictions_are_worth_nothing() -> None:
    truths = scene(0, 6, 2, ties=False)[1]
    ours = check(nothing(6), truths, 2)
    assert ours.mean() == 0.0


def test_images_and_classes_without_truth() -> None:
    found, truths = scene(1, 6, 3, ties=True)
    empty = Truth(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long))
    check(found, [empty, *truths[1:3], empty, *truths[4:]], 3)
    check(found, [Truth(t.boxes[t.labels != 1], t.labels[t.labels != 1]) for t in truths], 3)
    ours = average_precision(found, [empty] * 6, 3)
    assert ours.ap.isnan().all()
    assert ours.mean() != ours.mean()
