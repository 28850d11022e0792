"""Another method in mixed precision (Micikevicius et al. 2018): products in bfloat16, weights, sums and losses in float32.

bfloat16 has float32's range, so that no loss scaling is needed. Processors with AVX512-BF16 or AMX multiply it faster.
Departs from the paper: bfloat16 in place of float16.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class MixedPrecision:
    """A method whose passes run under autocast on the CPU.

    Attributes:
        method: has `loss` and `evaluate`.
    """

    method: Any

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        """Returns the method's loss."""
        with torch.autocast("cpu", torch.bfloat16):
            loss: Tensor = self.method.loss(model, batch)
        return loss

    def evaluate(self, model: nn.Module, batches: Iterable[Any]) -> dict[str, float]:
        """Returns the method's metrics, also of passes in bfloat16."""
        with torch.autocast("cpu", torch.bfloat16):
            metrics: dict[str, float] = self.method.evaluate(model, batches)
        return metrics
