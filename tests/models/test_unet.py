"""U-Net: sizes, depths, errors, lower precision, and that it learns."""

import re

import pytest
import torch

from practicum.methods.segment import Segment
from practicum.models.unet import UNet


@pytest.mark.parametrize(("depth", "size"), [(0, (1, 1)), (1, (3, 2)), (3, (8, 8)), (3, (15, 41)), (4, (16, 37))])
def test_scores_have_the_images_size(depth: int, size: tuple[int, int]) -> None:
    model = UNet(2, 5, width=2, depth=depth).eval()
    assert model(torch.randn(1, 2, *size)).shape == (1, 5, *size)


@pytest.mark.parametrize("shape", [(1, 3, 7, 8), (1, 3, 8, 7), (1, 2, 8, 8), (3, 8, 8)])
def test_wrong_images_are_told_with_their_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"(B, 3, ≥ 8, ≥ 8), got {shape}")):
        UNet(3, 1, width=2, depth=3)(torch.zeros(shape))


@pytest.mark.parametrize("arguments", [{"width": 0}, {"depth": -1}, {"in_channels": 0}, {"num_classes": 0}])
def test_wrong_arguments_are_told(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="got"):
        UNet(**arguments)


def test_an_image_alone_scores_as_in_a_batch() -> None:
    torch.manual_seed(0)
    model, images = UNet(3, 2, width=4, depth=2).eval(), torch.randn(3, 3, 21, 18)
    torch.testing.assert_close(model(images)[1:2], model(images[1:2]), rtol=1e-5, atol=1e-5)


def test_bfloat16_stays_near() -> None:
    torch.manual_seed(0)
    model, images = UNet(3, 1, width=8, depth=2).eval(), torch.randn(2, 3, 19, 24)
    exact = model(images)
    with torch.autocast("cpu", torch.bfloat16):
        near = model(images).float()
    assert (near - exact).abs().max() < 0.05 * exact.abs().max()


def test_it_learns_a_shape_that_only_context_gives_away() -> None:
    """Pixels left of a bright column: no single pixel tells."""
    torch.manual_seed(0)
    model, method = UNet(1, 1, width=8, depth=2), Segment()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    columns = torch.randint(2, 14, (32,))
    across = torch.arange(16).expand(32, 16, 16)
    images, masks = (across == columns[:, None, None])[:, None].float(), (across < columns[:, None, None]).long()
    for _ in range(60):
        optimizer.zero_grad()
        method.loss(model, (images[:24], masks[:24])).backward()
        optimizer.step()
    with torch.no_grad():
        assert method.evaluate(model.eval(), [(images[24:], masks[24:])])["dice"] > 0.95
