"""Orders depend on seed and epoch alone, every row comes once, and an epoch can be entered anywhere."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from practicum.data.batches import Batches, Buckets, Crops, Generated, Singles, Whole, generator


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 40), size=st.integers(1, 45), seed=st.integers(0, 2**63), epoch=st.integers(0, 99), drop=st.booleans())
def test_every_row_comes_once(rows: int, size: int, seed: int, epoch: int, drop: bool) -> None:
    x = torch.arange(rows)
    if drop and rows < size:
        with pytest.raises(ValueError, match="rows for a batch with drop_last, got"):
            Batches(x, batch_size=size, drop_last=True)
        return
    batches = Batches(x, -x, batch_size=size, seed=seed, drop_last=drop)
    seen = list(batches.epoch(epoch))
    assert len(seen) == len(batches)
    assert all(torch.equal(a, -b) for a, b in seen)
    flat = torch.cat([a for a, _ in seen]).tolist()
    assert len(set(flat)) == len(flat) == (rows // size * size if drop else rows)
    assert torch.cat([a for a, _ in batches]).tolist() == list(range(len(flat)))


def _kinds() -> dict[str, object]:
    rows = [torch.full((n,), n) for n in (3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8)]
    noisy = lambda random, x: (x + torch.rand(x.shape, generator=random),)  # noqa: E731
    return {
        "Batches": Batches(torch.arange(23.0), batch_size=4, seed=8, transform=noisy),
        "Crops": Crops(torch.arange(50), length=7, batch_size=4, batches=6, seed=8),
        "Buckets": Buckets(rows, torch.arange(12), batch_size=2, seed=8, pool=3),
        "Generated": Generated(lambda random, size: (torch.rand(size, generator=random),), batch_size=4, batches=6, seed=8),
    }


@pytest.mark.parametrize("kind", _kinds())
def test_an_epoch_can_be_entered_anywhere(kind: str) -> None:
    batches, again = _kinds()[kind], _kinds()[kind]
    whole = list(batches.epoch(3))
    assert len(whole) == len(batches) == 6
    torch.randn(5)  # the global generator has no say
    for start in range(7):
        rest = list(again.epoch(3, start))
        assert len(rest) == 6 - start
        for one, other in zip(whole[start:], rest, strict=True):
            assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert any(not torch.equal(a[0], b[0]) for a, b in zip(whole, batches.epoch(4), strict=True) if a[0].shape == b[0].shape)


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: Batches(torch.arange(23.0), batch_size=4, seed=seed),
        lambda seed: Crops(torch.arange(50), length=7, batch_size=4, batches=6, seed=seed),
        lambda seed: Buckets([torch.full((5,), n) for n in range(11)], torch.arange(11), batch_size=2, seed=seed, pool=3),
        lambda seed: Generated(lambda random, size: (torch.rand(size, generator=random),), batch_size=4, batches=6, seed=seed),
    ],
    ids=["Batches", "Crops", "Buckets", "Generated"],
)
def test_seed_and_epoch_make_the_order(make: Any) -> None:
    """Nothing is random here but the order: another seed has another one, and so has another epoch."""
    first, same, other_seed, other_epoch = (
        torch.cat([batch[0].flatten() for batch in make(seed).epoch(epoch)]) for seed, epoch in ((1, 3), (1, 3), (2, 3), (1, 4))
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other_seed)
    assert not torch.equal(first, other_epoch)


def test_rows_of_a_batch_move_in_their_own_ways() -> None:
    """What is walked through for an evaluation is in the order of the rows, and unchanged."""
    batches = Batches(torch.arange(10), batch_size=4, transform=lambda random, x: (x + 1,))
    assert [batch.tolist() for (batch,) in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_crops_are_windows_with_the_next_token() -> None:
    crops = Crops(torch.arange(100), length=9, batch_size=5, batches=30, seed=1)
    starts = set()
    for inputs, targets in crops.epoch(0):
        assert inputs.shape == targets.shape == (5, 9)
        assert torch.equal(targets, inputs + 1)
        assert torch.equal(inputs - inputs[:, :1], torch.arange(9).expand(5, 9))
        starts |= set(inputs[:, 0].tolist())
    assert min(starts) <= 5
    assert max(starts) == 90  # the last window that still has its target
    walked = torch.cat([inputs.flatten() for inputs, _ in Crops(torch.arange(100), length=9, batch_size=5)])
    assert torch.equal(walked, torch.arange(99))
    assert (
        len(list(Crops(torch.arange(100), length=9, batch_size=5))) == len(Crops(torch.arange(100), length=9, batch_size=5)) == 3
    )


def test_buckets_pad_little() -> None:
    lengths = torch.randint(1, 40, (400,), generator=torch.Generator().manual_seed(0))
    rows = [torch.ones(int(n), dtype=torch.long) for n in lengths]
    buckets = Buckets(rows, torch.arange(400), batch_size=16, seed=2, pad=0)
    seen: list[int] = []
    padded = total = 0
    for batch, index in buckets.epoch(0):
        assert batch.shape[1] == int(lengths[index].max())
        assert torch.equal(batch.sum(1), lengths[index])
        padded, total = padded + int((batch == 0).sum()), total + batch.numel()
        seen += index.tolist()
    assert sorted(seen) == list(range(400))
    assert padded / total < 0.05  # unsorted batches of 16 would be about 45 % padding


def test_buckets_come_in_no_order_of_length_and_with_other_company_each_epoch() -> None:
    rows = [torch.ones(1 + n % 40, dtype=torch.long) for n in range(400)]
    buckets = Buckets(rows, torch.arange(400), batch_size=10, seed=2, pool=20)
    longest = [batch.shape[1] for batch, _ in buckets.epoch(0)]
    assert longest != sorted(longest)
    ahead = sum(a < b for a, b in pairwise(longest))
    assert 8 <= ahead <= 28  # of 39 neighbours; 38 rise where two pools of 20 come from the shortest to the longest
    company = [{frozenset(index.tolist()) for _, index in buckets.epoch(epoch)} for epoch in (0, 1)]
    assert len(company[0] & company[1]) <= 2


def test_short_rows_are_filled_with_the_padding_asked_for() -> None:
    rows = [torch.tensor([1, 2, 3]), torch.tensor([4])]
    ((batch,),) = Buckets(rows, batch_size=2, shuffle=False, pad=-7)
    assert batch.tolist() == [[1, 2, 3], [4, -7, -7]]
    assert [batch.tolist() for (batch,) in Buckets(rows, batch_size=2, shuffle=False).epoch(0)] == [[[1, 2, 3], [4, 0, 0]]]


def test_streams_are_unlike() -> None:
    """Neighbouring seeds, epochs and batches draw unlike numbers."""
    paths = [(seed, epoch, index) for seed in range(5) for epoch in range(5) for index in range(5)]
    draws = torch.stack([torch.rand(200, generator=generator(*path)) for path in paths])
    correlation = torch.corrcoef(draws) - torch.eye(len(paths))
    assert correlation.abs().max() < 0.35  # 7,750 pairs of 200 draws: 5 standard deviations


def test_wrong_data_is_refused() -> None:
    with pytest.raises(ValueError, match=r"same number of rows, at least one; got \[\(3,\), \(2,\)\]"):
        Batches(torch.zeros(3), torch.zeros(2), batch_size=1)
    with pytest.raises(ValueError, match="at least one"):
        Batches(torch.zeros(0), batch_size=1)
    with pytest.raises(ValueError, match="batch_size of at least 1, got 0"):
        Batches(torch.zeros(3), batch_size=0)
    with pytest.raises(ValueError, match=r"at least 5 tokens, got shape \(4,\)"):
        Crops(torch.arange(4), length=4, batch_size=1)


def test_whole_is_one_batch() -> None:
    graph: tuple[Tensor, ...] = (torch.eye(2),)
    assert list(Whole(graph).epoch(5)) == list(Whole(graph)) == [graph]
    assert list(Whole(graph).epoch(0, start=1)) == []


def test_singles_are_batches_of_one_row_each() -> None:
    rows = [(torch.rand(3, side, 4), torch.ones(side, 4)) for side in (2, 5, 3)]
    singles = Singles(rows)
    assert (singles.rows, len(singles)) == (3, 3)
    for (image, mask), (one_image, one_mask) in zip(rows, singles, strict=True):
        assert torch.equal(one_image, image[None])
        assert torch.equal(one_mask, mask[None])
    assert [mask.shape[1] for _, mask in singles.epoch(7, start=1)] == [5, 3]


def test_made_batches_count_what_they_are_made_of() -> None:
    assert Generated(lambda random, size: size, batch_size=4, batches=6).rows == 24
    assert Generated(lambda random, size: size, batch_size=4, batches=6, rows=5).rows == 5


def test_every_epoch_is_augmented_anew() -> None:
    batches = Batches(torch.zeros(6), batch_size=6, transform=lambda random, x: (x + torch.rand(6, generator=random),))
    epochs = torch.stack([next(iter(batches.epoch(number)))[0] for number in range(3)])
    assert len(torch.unique(epochs)) == 18


@pytest.mark.parametrize(("rows", "size"), [(9, 4), (5, 2), (3, 2), (2, 1), (1, 4), (1, 1), (8, 4), (10, 4), (5, 4)])
def test_a_last_row_is_not_alone(rows: int, size: int) -> None:
    ragged = [torch.zeros(n % 3 + 1) for n in range(rows)]
    for batches in (Batches(torch.arange(rows), batch_size=size), Buckets(ragged, torch.arange(rows), batch_size=size, pool=2)):
        for walk in (batches.epoch(0), iter(batches)):
            sizes = sorted((len(batch[0]) for batch in walk), reverse=True)
            assert sum(sizes) == rows
            assert len(sizes) == len(batches)
            assert all(n in (size, size + 1) for n in sizes[:-1])
            assert min(sizes) > 1 or size == 1 or rows == 1
    if rows >= size:
        dropped = Batches(torch.arange(rows), batch_size=size, drop_last=True)
        for walk in (dropped.epoch(0), iter(dropped)):
            assert [len(batch[0]) for batch in walk] == [size] * (rows // size)


def test_batch_norm_trains_on_every_batch() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    assert [len(model(x)) for (x,) in Batches(torch.randn(9, 3), batch_size=4).epoch(0)] == [4, 5]


@pytest.mark.parametrize(("tokens", "length", "size"), [(50, 7, 4), (51, 7, 4), (57, 7, 4), (8, 7, 4), (9, 7, 1), (14, 7, 2)])
def test_evaluation_asks_for_every_token(tokens: int, length: int, size: int) -> None:
    crops = Crops(torch.arange(tokens), length=length, batch_size=size)
    walk = list(crops)
    assert torch.cat([targets.flatten() for _, targets in walk]).tolist() == list(range(1, tokens))
    assert torch.cat([inputs.flatten() for inputs, _ in walk]).tolist() == list(range(tokens - 1))
    assert len(walk) == len(crops)
    assert all(len(inputs) <= size and inputs.shape[1] <= length for inputs, _ in walk)
