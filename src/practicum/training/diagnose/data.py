"""Faults of the data: labels, and test rows among the training rows."""

from collections import Counter
from typing import Any

import torch
from torch import Tensor

from practicum.training.diagnose.case import Case
from practicum.training.diagnose.finding import Finding
from practicum.training.diagnose.hooks import Pass


def check_labels(passed: Pass) -> list[Finding]:
    """Look for a class without a row, where so many rows have been seen that chance does not explain it."""
    targets = [s.target_N for s in passed.scored if s.target_N is not None and s.kind != "binary" and len(s.shape) == 2]
    classes = {s.logits_NK.shape[1] for s in passed.scored if s.target_N is not None}
    if not targets or len(classes) != 1:
        return []
    size = classes.pop()
    counts = torch.bincount(torch.cat(targets), minlength=size)
    rows = int(counts.sum())
    absent = (counts == 0).nonzero()[:, 0].tolist()
    if len(absent) != 1 or size < 3 or rows < 20 * size or int(counts[counts > 0].min()) < 5:
        return []
    if absent == [0]:
        return [
            Finding(
                "label shift",
                f"none of {rows} rows has label 0, and labels 1 to {size - 1} all occur",
                "Count classes from 0; a model with one output more hides the shift",
            )
        ]
    return [
        Finding(
            "dead class",
            f"none of {rows} rows has label {absent[0]}, and each of the {size - 1} other classes occurs",
            "Look at how rows are chosen and labels made; or drop the output",
        )
    ]


def check_leak(case: Case) -> list[Finding]:
    """Look for test rows that stand among the training rows, more often than training rows repeat each other."""
    train, test = _rows(case.batches), _rows(case.test)
    if len(train) < 8 or len(test) < 8:
        return []
    seen = Counter(train)
    leaked = sum(row in seen for row in test)
    repeated = sum(count - 1 for count in seen.values()) / len(train)
    if leaked < 2 or leaked / len(test) < 0.02 + 3 * repeated:
        return []
    return [
        Finding(
            "data leak",
            f"{leaked} of {len(test)} test rows stand among {len(train)} training rows, {repeated:.1%} of which are repetitions",
            "Split before anything else, and take duplicates out",
        )
    ]


def _rows(batches: list[Any]) -> list[bytes]:
    """Return the rows' inputs as bytes; empty where batches are not rows of tensors, or rows have next to nothing in them."""
    rows: list[bytes] = []
    for batch in batches:
        if not isinstance(batch, tuple | list) or not all(isinstance(part, Tensor) for part in batch):
            return []
        x = batch[0]
        if x.ndim < 2 or any(not part.ndim or len(part) != len(x) for part in batch) or x[0].numel() < 4:
            return []
        raw = x.detach().cpu().contiguous().flatten(1).view(torch.uint8)
        rows += [bytes(row) for row in raw.numpy()]
    return rows
