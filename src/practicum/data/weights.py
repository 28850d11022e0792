"""Published weights of networks, under the names that their authors gave them (`models/compat` has ours)."""

import torch
from torch import Tensor

from practicum.data import store
from practicum.data.store import Dataset, File

MOBILENET_V2 = Dataset(
    name="weights",
    title="MobileNetV2's ImageNet weights",
    licence="BSD-3-Clause",
    source="torchvision's MobileNet_V2_Weights.IMAGENET1K_V1: 71.9 % of ImageNet's validation images right",
    files=(
        File(
            "mobilenet_v2-b0353104.pth",
            "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
            "https://download.pytorch.org/models/mobilenet_v2-b0353104.pth",
            14212972,
        ),
    ),
)
# Of the colour images that ImageNet's networks in torchvision learned from, in [0, 1].
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def mobilenet_v2() -> dict[str, Tensor]:
    """Return the weights of MobileNetV2 for ImageNet's 1,000 classes, float32, under torchvision's names.

    Its images are 224×224 (the middle of one whose shorter side is 256), scaled to [0, 1] and normalised with `IMAGENET_MEAN` and
    `IMAGENET_STD`.

    Raises:
        PracticumError: they are not here.
    """
    state: dict[str, Tensor] = torch.load(store.need(MOBILENET_V2) / MOBILENET_V2.files[0].name, weights_only=True)
    return state
