import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from practicum.methods.label_tokens import LabelTokens


def test_loss_and_its_gradient_count_only_what_counts():
    torch.manual_seed(0)
    model = nn.Embedding(5, 3).double()
    tokens, target = torch.tensor([[0, 1, 2], [3, 4, 0]]), torch.tensor([[-100, 2, 0], [1, -100, -100]])
    loss = LabelTokens().loss(model, (tokens, target))
    expected = -sum(model.weight.log_softmax(1)[token, label] for token, label in [(1, 2), (2, 0), (3, 1)]) / 3
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-12)
    (gradient,) = torch.autograd.grad(loss, model.weight)
    assert not gradient[[0, 4]].any()
    assert gradient[[1, 2, 3]].any(1).all()


def test_metrics_by_hand():
    logits = {0: [9.0, 0, 0], 1: [0, 9.0, 0], 2: [0, 0, 9.0]}  # every token's label is itself
    model = nn.Embedding.from_pretrained(torch.tensor(list(logits.values())))
    batches = [
        (torch.tensor([[0, 1], [2, 2]]), torch.tensor([[0, 1], [2, 0]])),  # one row right, one half right
        (torch.tensor([[1, 1]]), torch.tensor([[-100, 1]])),  # what does not count is not wrong
    ]
    metrics = LabelTokens().evaluate(model, batches)
    right, wrong = (float(F.cross_entropy(torch.tensor(logits[2]), torch.tensor(label))) for label in (2, 0))
    assert metrics == pytest.approx({"accuracy": 4 / 5, "row_accuracy": 2 / 3, "loss": (4 * right + wrong) / 5})
    assert wrong == pytest.approx(9 + math.log(1 + 2 * math.exp(-9)), rel=1e-5)
