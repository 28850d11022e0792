"""The detector: points, errors, its start, lower precision."""

import pytest
import torch

from practicum.models.detector import Detector, DetectorConfig, points

SMALL = DetectorConfig(3, widths=(4, 6, 8, 10), blocks=1, channels=8, tower=1)


def test_points_are_the_middles_of_the_cells() -> None:
    assert points(2, 3, 8).tolist() == [[4, 4], [12, 4], [20, 4], [4, 12], [12, 12], [20, 12]]


@pytest.mark.parametrize(
    ("levels", "size", "strides"),
    [(1, (40, 56), {16: 12}), (2, (33, 47), {8: 30, 16: 9}), (3, (64, 70), {4: 288, 8: 72, 16: 20})],
)
def test_every_cell_of_every_level_is_a_point(levels: int, size: tuple[int, int], strides: dict[int, int]) -> None:
    output = Detector(DetectorConfig(3, widths=SMALL.widths, blocks=1, levels=levels, channels=8, tower=1)).eval()(
        torch.zeros(1, 3, *size)
    )
    found, counts = output["strides"].unique(return_counts=True)
    assert dict(zip(found.int().tolist(), counts.tolist(), strict=True)) == strides
    total = sum(strides.values())
    assert output["class_logits"].shape == (1, total, 3)
    assert output["distances"].shape == (1, total, 4)
    assert output["centerness"].shape == (1, total)
    assert output["points"].shape == (total, 2)
    # The points of the coarser levels lie in the image, too, up to the padding of its last row and column.
    assert (output["points"] > 0).all()
    assert (output["points"] < torch.tensor(size[::-1]) + output["strides"][:, None]).all()


def test_an_untrained_net_finds_almost_nothing() -> None:
    """With a prior of 1 % the first steps are not drowned by the background (Lin et al. 2017)."""
    torch.manual_seed(0)
    output = Detector(SMALL).eval()(torch.randn(2, 3, 64, 64))
    torch.testing.assert_close(output["class_logits"].sigmoid(), torch.full((2, 80, 3), 0.01), rtol=0.3, atol=0)
    assert (output["distances"] > 0).all()


@pytest.mark.parametrize("shape", [(1, 1, 32, 32), (3, 32, 32)])
def test_wrong_images_are_told_with_their_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="B, 3, H, W"):
        Detector(SMALL)(torch.zeros(shape))


@pytest.mark.parametrize("settings", [{"levels": 0}, {"levels": 4}, {"widths": (4, 8), "levels": 2}, {"channels": 12}])
def test_wrong_settings_are_told(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="got"):
        DetectorConfig(3, **settings)


def test_an_image_alone_is_seen_as_in_a_batch_and_bfloat16_stays_near() -> None:
    torch.manual_seed(0)
    model, images = Detector(SMALL).eval(), torch.randn(3, 3, 48, 40)
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):  # an untrained net says nearly the same of every picture
            torch.nn.init.xavier_normal_(module.weight)
    together, alone = model(images), model(images[1:2])
    with torch.autocast("cpu", torch.bfloat16):
        near = model(images)
    for name in ("class_logits", "distances", "centerness"):
        torch.testing.assert_close(together[name][1:2], alone[name], rtol=1e-5, atol=1e-5)
        assert (together[name][0] - together[name][1]).norm() > 0.1 * together[name][1].norm(), "another picture's are far off"
        assert (near[name].float() - together[name]).norm() < 0.03 * together[name].norm()
