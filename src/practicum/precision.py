"""Computing in at least single precision, whatever the precision of the inputs.

Sums, squares and products of many numbers do not fit into half precision: float16 ends at 65504, bfloat16 has three digits.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.amp.autocast_mode import is_autocast_available


def wide(x: Tensor) -> Tensor:
    """Return x in at least single precision: half precision and integers become float32, the others stay as they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def as_written(x: Tensor) -> AbstractContextManager[object]:
    """Return a context in which autocast leaves x's device alone, so that products run in the precision they are written in."""
    kind = x.device.type
    return torch.autocast(kind, enabled=False) if is_autocast_available(kind) else nullcontext()
