"""LeNet-5 (LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to document recognition", section II.B).

    28×28 → zero-padded to 32×32
    C1  convolution 5×5,  6 maps of 28×28     S2  pooling 2×2,  6 maps of 14×14
    C3  convolution 5×5, 16 maps of 10×10     S4  pooling 2×2, 16 maps of  5×5
    C5  convolution 5×5, 120 maps of 1×1      F6  84 units     output  one score per class

Symbols: B images. `x_BCHW` has shape (B, channels, height, width).
Departs from the paper:
- ReLU and max pooling by default; `activation="tanh", pooling="average"` is the paper's squashing function
  f(a) = 1.7159 tanh(2a/3) (equation 6 and appendix A) and average pooling. The paper's pooling has a trainable coefficient and
  bias per map; here it is the plain mean.
- The squashing function comes after the pooling alone, not also before it. With max pooling that is the same, since both
  functions are increasing, and a quarter of the work.
- Every map of C3 sees all six maps of S2; the paper's table I leaves out 36 of the 96 connections, to break symmetry.
- The output is linear and meant for softmax cross-entropy; the paper's are squared distances to fixed 7×12 bitmaps of the digits.
"""

from typing import Literal

import torch
from torch import Tensor, nn


class ScaledTanh(nn.Module):
    """f(a) = 1.7159 tanh(2a/3): f(±1) = ±1, where its second derivative is largest. Source: LeCun et al. 1998, appendix A."""

    def forward(self, a: Tensor) -> Tensor:
        """f(a), of the same shape."""
        return 1.7159 * torch.tanh(a * (2 / 3))


class LeNet5(nn.Module):
    """LeNet-5 for 28×28 grey images.

    Args:
        num_classes: number of scores.
        activation: `"relu"`, or `"tanh"` for the paper's scaled hyperbolic tangent.
        pooling: `"max"`, or `"average"`.

    Example:
        >>> LeNet5()(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])

    Source: LeCun et al. 1998, figure 2.
    """

    def __init__(
        self, num_classes: int = 10, *, activation: Literal["relu", "tanh"] = "relu", pooling: Literal["max", "average"] = "max"
    ) -> None:
        super().__init__()
        if activation not in ("relu", "tanh"):
            raise ValueError(f'expected activation "relu" or "tanh", got {activation!r}')
        if pooling not in ("max", "average"):
            raise ValueError(f'expected pooling "max" or "average", got {pooling!r}')
        squash = nn.ReLU if activation == "relu" else ScaledTanh
        pool = nn.MaxPool2d if pooling == "max" else nn.AvgPool2d
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), pool(2), squash(),
            nn.Conv2d(6, 16, 5), pool(2), squash(),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            # C5 is a convolution whose kernel covers all of S4: a linear layer over its 16 · 5 · 5 numbers.
            nn.Flatten(), nn.Linear(16 * 5 * 5, 120), squash(),
            nn.Linear(120, 84), squash(),
            nn.Linear(84, num_classes),
        )  # fmt: skip

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Score of every class.

        Args:
            x_BCHW: grey images.

        Shapes:
            x_BCHW: (B, 1, 28, 28). Returns (B, num_classes).

        Raises:
            ValueError: the images are not (B, 1, 28, 28).
        """
        if x_BCHW.shape[1:] != (1, 28, 28):
            raise ValueError(f"expected images of shape (B, 1, 28, 28), got {tuple(x_BCHW.shape)}")
        scores_BK: Tensor = self.classifier(self.features(x_BCHW))
        return scores_BK
