"""Next-token prediction against sums written out."""

import math

import pytest
import torch
from torch import nn

from practicum.methods.language_model import LanguageModeling


class Table(nn.Module):
    """Logits that depend on the token alone."""

    def __init__(self, vocabulary):
        super().__init__()
        self.logits = nn.Parameter(torch.randn(vocabulary, vocabulary))

    def forward(self, tokens):
        return self.logits[tokens]


@pytest.mark.parametrize(("B", "T", "V"), [(1, 1, 2), (2, 5, 7), (3, 4, 3), (4, 1, 11), (1, 9, 5)])
@pytest.mark.parametrize("ignored", [False, True])
def test_loss_and_metrics_equal_the_sum(B, T, V, ignored):
    torch.manual_seed(B * T)
    model, x, y = Table(V), torch.randint(V, (B, T)), torch.randint(V, (B, T))
    if ignored:
        y[0, 1:] = -100
    wanted = [-math.log(model.logits.detach()[x[b, t]].softmax(0)[y[b, t]]) for b in range(B) for t in range(T) if y[b, t] >= 0]
    mean = sum(wanted) / len(wanted)
    method = LanguageModeling(tokens_per_character=0.25)
    assert float(method.loss(model, (x, y))) == pytest.approx(mean, rel=1e-5)
    metrics = method.evaluate(model, zip(x.split(1), y.split(1), strict=True))
    assert metrics["loss"] == pytest.approx(mean, rel=1e-5)
    assert metrics["perplexity"] == pytest.approx(math.exp(mean), rel=1e-5)
    assert metrics["bits_per_character"] == pytest.approx(mean / math.log(2) / 4, rel=1e-5)


def test_batches_of_unequal_size_weigh_by_their_targets():
    model, x, y = Table(5), torch.randint(5, (7, 3)), torch.randint(5, (7, 3))
    y[:4, 1:] = -100
    whole = LanguageModeling().evaluate(model, [(x, y)])
    parts = LanguageModeling().evaluate(model, zip(x.split(4), y.split(4), strict=True))
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-6)


def test_a_uniform_model_pays_the_logarithm_of_the_vocabulary():
    model = Table(16)
    nn.init.zeros_(model.logits)
    batch = (torch.zeros(2, 3, dtype=torch.long), torch.ones(2, 3, dtype=torch.long))
    metrics = LanguageModeling().evaluate(model, [batch])
    assert metrics["bits_per_character"] == pytest.approx(4)
    assert metrics["perplexity"] == pytest.approx(16, rel=1e-5)
