"""Random changes to images: what may come out, how often, and that the generator decides."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from practicum.data.augment import cut_out, mirrored, shifted


def images(batch: int, channels: int, height: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(batch, channels, height, width, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)),
    pixels=st.integers(0, 3),
    seed=st.integers(0, 999),
)
def test_shifted_image_is_a_crop_of_the_bordered_one(shape: tuple[int, int, int, int], pixels: int, seed: int) -> None:
    x = images(*shape, seed=seed)
    out = shifted(x, torch.Generator().manual_seed(seed), pixels, fill=-0.5)
    bordered, (_, _, height, width) = F.pad(x, (pixels,) * 4, value=-0.5), shape
    for image, moved in zip(bordered, out, strict=True):
        places = [(y, x) for y in range(2 * pixels + 1) for x in range(2 * pixels + 1)]
        assert any(torch.equal(image[:, y : y + height, x : x + width], moved) for y, x in places)
    assert out.shape == x.shape


def test_shifts_in_every_direction_are_equally_likely() -> None:
    x = torch.zeros(9000, 1, 5, 5, dtype=torch.uint8)
    x[:, :, 2, 2] = 1
    counts = shifted(x, torch.Generator().manual_seed(1), 1).sum(0)[0]
    assert counts[1:4, 1:4].sum() == 9000
    assert ((counts[1:4, 1:4] - 1000).abs() < 150).all()  # five standard deviations of a ninth of 9000
    assert shifted(x, torch.Generator(), 1).dtype == torch.uint8
    assert shifted(images(2, 3, 5, 5), torch.Generator(), 1).is_contiguous(memory_format=torch.channels_last)


def test_half_of_the_images_are_mirrored_and_the_others_are_not() -> None:
    x = images(1000, 2, 3, 4)
    out = mirrored(x, torch.Generator().manual_seed(2))
    same, swapped = (out == x).flatten(1).all(1), (out == x.flip(3)).flatten(1).all(1)
    assert (same ^ swapped).all()
    assert 420 < int(swapped.sum()) < 580


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_one_square_is_cut_out_and_the_rest_stays(size: int) -> None:
    x = 1 + images(400, 2, 8, 6).abs()
    out = cut_out(x, torch.Generator().manual_seed(3), size)
    gone = (out == 0).all(1)
    assert torch.equal(out[~gone[:, None].expand_as(out)], x[~gone[:, None].expand_as(x)])
    rows, columns = gone.any(2).sum(1), gone.any(1).sum(1)
    assert (gone.sum((1, 2)) == rows * columns).all()
    assert int(rows.min()) >= (size + 1) // 2 or size > 8
    assert int(rows.max()) == min(size, 8)
    assert int(columns.max()) == min(size, 6)
    assert gone.any(0).all()  # everywhere, given enough images


def test_the_generator_decides() -> None:
    x = images(50, 1, 6, 6)
    for change in (lambda g: shifted(x, g, 2), lambda g: mirrored(x, g), lambda g: cut_out(x, g, 3)):
        first, again, other = (change(torch.Generator().manual_seed(seed)) for seed in (4, 4, 5))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)


def test_shift_states_what_it_expects() -> None:
    with pytest.raises(ValueError, match="at least 0, got -1"):
        shifted(images(1, 1, 4, 4), torch.Generator(), -1)
