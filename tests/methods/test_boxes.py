"""Boxes: brute force over pixels and pairs, and what must hold of any boxes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from practicum.methods.boxes import area, decode, encode, giou, iou, nms, pairwise_iou

whole = st.integers(-20, 20)
sides = st.tuples(whole, whole, st.integers(0, 15), st.integers(0, 15)).map(lambda s: (s[0], s[1], s[0] + s[2], s[1] + s[3]))


def boxes(least: int = 0, most: int = 12) -> st.SearchStrategy[Tensor]:
    return st.lists(sides, min_size=least, max_size=most).map(lambda rows: torch.tensor(rows, dtype=torch.float64).reshape(-1, 4))


def pixels(box: Tensor) -> set[tuple[int, int]]:
    x0, y0, x1, y1 = (int(side) for side in box)
    return {(x, y) for x in range(x0, x1) for y in range(y0, y1)}


@settings(max_examples=60, deadline=None)
@given(boxes(1, 4), boxes(1, 4))
def test_iou_and_giou_count_pixels(a: Tensor, b: Tensor) -> None:
    for i, first in enumerate(a):
        for j, second in enumerate(b):
            one, two = pixels(first), pixels(second)
            want = len(one & two) / max(len(one | two), 1)
            assert pairwise_iou(a, b)[i, j].item() == pytest.approx(want, abs=1e-12)
            around = pixels(torch.cat([torch.minimum(first, second)[:2], torch.maximum(first, second)[2:]]))
            want -= (len(around) - len(one | two)) / max(len(around), 1)
            assert giou(first, second).item() == pytest.approx(want, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(boxes(), boxes())
def test_iou_is_symmetric_and_between_0_and_1_and_giou_below_it(a: Tensor, b: Tensor) -> None:
    overlap = pairwise_iou(a, b)
    assert overlap.shape == (len(a), len(b))
    assert overlap.equal(pairwise_iou(b, a).T)
    assert ((overlap >= 0) & (overlap <= 1)).all()
    general = giou(a[:, None], b)
    assert ((general >= -1) & (general <= overlap + 1e-12)).all()
    alone = iou(a, a)
    assert alone.equal((area(a) > 0).double())


def test_giou_has_a_gradient_where_boxes_are_apart_and_iou_has_none() -> None:
    a = torch.tensor([0.0, 0, 1, 1], requires_grad=True)
    b = torch.tensor([5.0, 0, 6, 1])
    assert torch.autograd.grad(iou(a, b), a)[0].abs().sum() == 0
    assert torch.autograd.grad(giou(a, b), a)[0][2] > 0  # moving the right side to the right, towards b, helps
    assert giou(a, b).item() == pytest.approx(-4 / 6)


def test_giou_s_gradient_is_the_numeric_one() -> None:
    torch.manual_seed(0)
    a, b = torch.rand(2, 9, 4, dtype=torch.float64) * 4
    a[:, 2:], b[:, 2:] = a[:, 2:] + a[:, :2] + 0.1, b[:, 2:] + b[:, :2] + 0.1
    assert torch.autograd.gradcheck(giou, (a.requires_grad_(), b.requires_grad_()))


def test_boxes_without_area_give_no_nan() -> None:
    point = torch.tensor([3.0, 3, 3, 3], requires_grad=True)
    for function in (iou, giou):
        value = function(point, point.detach())
        value.backward()
        assert value == 0
        assert point.grad.isfinite().all()


@settings(max_examples=60, deadline=None)
@given(boxes(1), st.tuples(whole, whole))
def test_decoding_undoes_encoding(a: Tensor, point: tuple[int, int]) -> None:
    points = torch.tensor([point], dtype=torch.float64) + 0.5
    assert decode(encode(a, points), points).equal(a)
    distances = encode(a, points)
    inside = (distances > 0).all(1)
    x, y = point[0] + 0.5, point[1] + 0.5
    assert inside.tolist() == [bool(b[0] < x < b[2] and b[1] < y < b[3]) for b in a]


def test_distances_are_left_top_right_bottom() -> None:
    assert encode(torch.tensor([10.0, 20, 40, 80]), torch.tensor([15.0, 30])).tolist() == [5, 10, 25, 50]


def brute(a: Tensor, scores: Tensor, threshold: float, labels: Tensor | None) -> list[int]:
    """The definition, with pixel counts for IoU."""
    kept: list[int] = []
    for i in sorted(range(len(a)), key=lambda i: (-float(scores[i]), i)):
        beaten = False
        for j in kept:
            one, two = pixels(a[i]), pixels(a[j])
            same = labels is None or labels[i] == labels[j]
            beaten |= bool(same) and len(one & two) / max(len(one | two), 1) > threshold
        if not beaten:
            kept.append(i)
    return kept


@settings(max_examples=80, deadline=None)
@given(boxes(), st.data(), st.sampled_from([0.0, 0.25, 0.5, 0.7, 1.0]))
def test_nms_is_the_definition(a: Tensor, data: st.DataObject, threshold: float) -> None:
    a = a.remainder(14).sort(0).values if len(a) > 4 and data.draw(st.booleans()) else a  # crowd them
    a[:, 2:] = torch.maximum(a[:, 2:], a[:, :2])
    scores = torch.tensor(data.draw(st.lists(st.integers(0, 5), min_size=len(a), max_size=len(a)))).double() / 5
    labels = torch.tensor(data.draw(st.lists(st.integers(0, 2), min_size=len(a), max_size=len(a))), dtype=torch.long)
    for classes in (None, labels):
        kept = nms(a, scores, threshold, classes)
        assert kept.tolist() == brute(a, scores, threshold, classes)
        # Of any two that stay and have one class, none suppresses the other; and a second pass changes nothing.
        overlap = pairwise_iou(a[kept], a[kept]).fill_diagonal_(0)
        if classes is not None:
            overlap *= classes[kept, None] == classes[kept]
        assert (overlap <= threshold).all()
        assert nms(a[kept], scores[kept], threshold, None if classes is None else classes[kept]).tolist() == list(
            range(len(kept))
        )
    apart = torch.cat([nms(a[labels == k], scores[labels == k], threshold).new_tensor(
        (labels == k).nonzero()[nms(a[labels == k], scores[labels == k], threshold), 0].tolist()) for k in range(3)])  # fmt: skip
    assert sorted(nms(a, scores, threshold, labels).tolist()) == sorted(apart.tolist())


def test_nms_of_nothing_is_nothing() -> None:
    assert nms(torch.zeros(0, 4), torch.zeros(0), 0.5).shape == (0,)


def test_nms_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"got \[\(3, 4\), \(2,\)\]"):
        nms(torch.zeros(3, 4), torch.zeros(2), 0.5)
    with pytest.raises(ValueError, match=r"\(1,\)\]"):
        nms(torch.zeros(3, 4), torch.zeros(3), 0.5, torch.zeros(1))
