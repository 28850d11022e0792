"""The loss of several heads, by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.methods.auxiliary_heads import AuxiliaryHeads
from practicum.methods.classify import Classify


class ThreeHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(6, 4) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        scores = tuple(head(x) for head in self.heads)
        return scores if self.training else scores[0]


@pytest.mark.parametrize(("weight", "smoothing"), [(0.3, 0.0), (1.0, 0.1), (0.0, 0.2)])
def test_loss_is_the_weighted_sum(weight: float, smoothing: float) -> None:
    torch.manual_seed(0)
    model, x, y = ThreeHeads().double(), torch.randn(9, 6, dtype=torch.float64), torch.randint(4, (9,))
    targets = (1 - smoothing) * F.one_hot(y, 4).double() + smoothing / 4
    first, second, third = (-(targets * head(x).log_softmax(1)).sum(1).mean() for head in model.heads)
    expected = first + weight * second + weight * third
    actual = AuxiliaryHeads(weight, smoothing).loss(model, (x, y))
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)
    for ours, theirs in zip(
        *(torch.autograd.grad(loss, model.parameters(), allow_unused=True) for loss in (actual, expected)), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_only_the_main_head_is_measured() -> None:
    torch.manual_seed(1)
    model, batches = ThreeHeads().eval(), [(torch.randn(7, 6), torch.randint(4, (7,)))]
    with torch.no_grad():
        assert AuxiliaryHeads().evaluate(model, batches) == Classify().evaluate(model.heads[0], batches)


def test_a_model_without_auxiliary_heads_is_refused() -> None:
    with pytest.raises(TypeError, match=r"expected a tuple of logits.*got Tensor"):
        AuxiliaryHeads().loss(nn.Linear(6, 4), (torch.zeros(2, 6), torch.zeros(2, dtype=torch.long)))
