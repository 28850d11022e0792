"""Dropout, written out (Srivastava et al. 2014, section 4).

    x ⊙ m / (1 - p),  m ~ Bernoulli(1 - p), in training;  x itself in evaluation

Departs from the paper: it scales by 1/(1 - p) while training, not by 1 - p afterwards, as everyone does.
"""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Sets each entry to 0 with probability p while training, and scales the others so that the mean stays.

    Args:
        p: in [0, 1).

    Raises:
        ValueError: p is out of range.

    Source: Srivastava et al. 2014, eq. 4-6.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"expected p in [0, 1), got {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Return x with some entries 0 (training) or x."""
        if not self.training or self.p == 0:
            return x
        return x * torch.empty_like(x).bernoulli_(1 - self.p).div_(1 - self.p)
