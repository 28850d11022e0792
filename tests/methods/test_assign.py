"""Assignment of boxes to points against its definition, point by point; centerness."""

from math import inf, sqrt

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from practicum.methods.assign import assign, centerness, ranges


def grid(height: int, width: int, stride: int) -> list[tuple[float, float, float]]:
    return [((x + 0.5) * stride, (y + 0.5) * stride, float(stride)) for y in range(height) for x in range(width)]


def brute(places: list[tuple[float, float, float]], boxes: list[list[float]], reach: float, radius: float) -> list[int]:
    """For every point the number of its box, or -1."""
    strides = sorted({stride for _, _, stride in places})
    chosen = []
    for x, y, stride in places:
        level, best, best_area = strides.index(stride), -1, inf
        low = 0 if level == 0 else reach * strides[level - 1]
        high = inf if level == len(strides) - 1 else reach * stride
        for number, (x0, y0, x1, y1) in enumerate(boxes):
            sides = (x - x0, y - y0, x1 - x, y1 - y)
            near = abs(x - (x0 + x1) / 2) < radius * stride and abs(y - (y0 + y1) / 2) < radius * stride
            if min(sides) > 0 and near and low < max(sides) <= high and (x1 - x0) * (y1 - y0) < best_area:
                best, best_area = number, (x1 - x0) * (y1 - y0)
        chosen.append(best)
    return chosen


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(1, 60), st.integers(1, 60)),
        max_size=8,
        unique_by=lambda b: b[2] * b[3],
    ),
    st.sampled_from([1.0, 2.5, 8.0]),
    st.sampled_from([0.8, 1.5, 100.0]),
    st.integers(1, 3),
)
def test_the_assignment_is_the_definition(sides: list[tuple[int, ...]], reach: float, radius: float, levels: int) -> None:
    places = [place for level in range(levels) for place in grid(8 >> level, 10 >> level, 8 << level)]
    boxes = [[float(x), float(y), float(x + w), float(y + h)] for x, y, w, h in sides]
    table = torch.tensor(places, dtype=torch.float64)
    boxes_G4 = torch.tensor(boxes, dtype=torch.float64).reshape(-1, 4)
    labels_G = torch.arange(len(boxes)) % 3
    # The second image has the same boxes and as many rows of padding, the third only padding. The padding of the first would fit.
    padding = torch.full_like(labels_G, -1)
    batch_boxes = torch.stack(
        [torch.cat([boxes_G4, boxes_G4 * 0.999]), torch.cat([boxes_G4 * 0, boxes_G4]), boxes_G4.repeat(2, 1)]
    )
    batch_labels = torch.stack([torch.cat([labels_G, padding]), torch.cat([padding, labels_G]), torch.cat([padding, padding])])
    targets = assign(table[:, :2], table[:, 2], batch_boxes, batch_labels, reach=reach, radius=radius)
    want = brute(places, boxes, reach, radius)
    for image in (0, 1):
        assert targets.labels_BP[image].tolist() == [-1 if number < 0 else number % 3 for number in want]
        for point, number in enumerate(want):
            box = boxes[number] if number >= 0 else [0.0] * 4
            assert targets.boxes_BP4[image, point].tolist() == box
            if number >= 0:
                x, y, _ = places[point]
                assert targets.distances_BP4[image, point].tolist() == [x - box[0], y - box[1], box[2] - x, box[3] - y]
            else:
                assert targets.distances_BP4[image, point].tolist() == [0.0] * 4
    assert (targets.labels_BP[2] == -1).all()


def test_no_columns_at_all_is_all_background() -> None:
    targets = assign(torch.rand(5, 2), torch.full((5,), 8.0), torch.zeros(2, 0, 4), torch.zeros(2, 0, dtype=torch.long))
    assert targets.labels_BP.equal(torch.full((2, 5), -1))
    assert targets.boxes_BP4.shape == targets.distances_BP4.shape == (2, 5, 4)


def test_the_paper_s_ranges() -> None:
    low, high = ranges(torch.tensor([8.0, 16, 32, 64, 128]), reach=8)
    assert low.tolist() == [0, 64, 128, 256, 512]
    assert high.tolist() == [64, 128, 256, 512, inf]


@pytest.mark.parametrize(
    ("distances", "want"), [([5, 7, 5, 7], 1.0), ([1, 2, 4, 8], 0.25), ([1, 5, 4, 5], 0.5), ([3, 1, 3, 9], 1 / 3)]
)
def test_centerness(distances: list[float], want: float) -> None:
    left, top, right, bottom = distances
    assert want == pytest.approx(sqrt(min(left, right) / max(left, right) * min(top, bottom) / max(top, bottom)))
    assert centerness(torch.tensor(distances, dtype=torch.float64)).item() == pytest.approx(want, abs=1e-12)


def test_what_does_not_fit_is_told() -> None:
    fine: list[Tensor] = [torch.zeros(4, 2), torch.ones(4), torch.zeros(2, 3, 4), torch.zeros(2, 3)]
    for at, wrong in ((0, torch.zeros(5, 2)), (2, torch.zeros(2, 2, 4)), (3, torch.zeros(3, 3))):
        given_ = [wrong if i == at else tensor for i, tensor in enumerate(fine)]
        with pytest.raises(ValueError, match="expected points"):
            assign(*given_)
