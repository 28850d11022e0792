"""Published weights name what is in real photographs."""

import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from practicum.data import weights
from practicum.errors import PracticumError
from practicum.models.compat.mobilenet import from_peer
from practicum.models.mobilenet import MobileNetV2

CATS, ESPRESSO = range(281, 286), 967  # of ImageNet's classes


def prepared(image: np.ndarray) -> Tensor:
    """The middle 224×224 of an image whose shorter side is scaled to 256, normalised."""
    x_1CHW = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    height, width = x_1CHW.shape[2:]
    scale = 256 / min(height, width)
    x_1CHW = F.interpolate(x_1CHW, (round(height * scale), round(width * scale)), mode="bilinear", antialias=True)
    top, left = ((side - 224) // 2 for side in x_1CHW.shape[2:])
    mean, std = torch.tensor([weights.IMAGENET_MEAN, weights.IMAGENET_STD]).view(2, 1, 3, 1, 1)
    return (x_1CHW[:, :, top : top + 224, left : left + 224] - mean) / std


@pytest.mark.skipif(not os.environ.get("PRACTICUM_DATA"), reason="PRACTICUM_DATA is not set, and the weights may not be packaged")
def test_mobilenet_names_the_cat_and_the_espresso() -> None:
    data = pytest.importorskip("skimage.data")
    model = MobileNetV2().eval()
    model.load_state_dict(from_peer(weights.mobilenet_v2()))
    with torch.no_grad():
        cat, coffee = model(torch.cat([prepared(data.chelsea()), prepared(data.coffee())])).softmax(1)
    assert int(cat.argmax()) in CATS
    assert float(cat[list(CATS)].sum()) > 0.8
    assert int(coffee.argmax()) == ESPRESSO
    assert float(coffee[ESPRESSO]) > 0.5


def test_missing_weights_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(PracticumError, match=r"MobileNetV2's ImageNet weights is not here .* (fetch|download)"):
        weights.mobilenet_v2()
