"""Pictures that several recipes draw."""

from pathlib import Path

import torch
from PIL import Image

from practicum.training.plots.images import draw_images


def test_signed_images_have_white_at_zero(tmp_path: Path) -> None:
    image = torch.zeros(1, 4, 4)
    image[0, 0, 0], image[0, 0, 3] = 1.0, -0.25
    draw_images(image, tmp_path / "signed.png", columns=1, signed=True)
    pixels = Image.open(tmp_path / "signed.png").convert("RGB")
    height, width = pixels.size[1], pixels.size[0]
    red, white, blue = (pixels.getpixel((int(width * x), int(height * y))) for x, y in ((0.15, 0.15), (0.5, 0.5), (0.85, 0.15)))
    assert min(white) > 235
    assert red[0] > red[2] + 50
    assert blue[2] > blue[0] + 10
