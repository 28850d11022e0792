"""Masked language modelling: what is hidden, and the loss written out."""

import math

import pytest
import torch

from practicum.methods.masked_lm import MaskedLM
from practicum.models.bert import BERTConfig, BERTForMaskedLM

METHOD = MaskedLM(vocab_size=50, mask=4, special=(0, 2, 3))
CONFIG = BERTConfig(50, 16, 12, 1, 2, dropout=0.0)


def tokens(rows=3, length=10):
    made = torch.randint(5, 50, (rows, length))
    made[:, 0], made[:, -1] = 2, 3
    made[0, -3:] = 0
    return made


def test_shares_of_what_is_hidden():
    torch.manual_seed(0)
    given = torch.randint(5, 50, (400, 250))
    given[:, ::10] = 2
    hidden, asked = METHOD.hide(given)
    free = given != 2
    assert not asked[~free].any()
    assert torch.equal(hidden[~asked], given[~asked])
    count = int(asked.sum())
    assert count / int(free.sum()) == pytest.approx(0.15, abs=0.005)
    masked, kept = (hidden == 4) & asked, (hidden == given) & asked
    assert int(masked.sum()) / count == pytest.approx(0.8 + 0.1 / 50, abs=0.015)
    assert int(kept.sum()) / count == pytest.approx(0.1 + 0.1 / 50, abs=0.015)
    other = hidden[asked & ~masked & ~kept]
    assert torch.bincount(other, minlength=50).count_nonzero() == 49  # every token but the mask


@pytest.mark.parametrize("rate", [0.3, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_loss_is_the_mean_over_the_tokens_asked_for(rate, seed):
    method, model, given = MaskedLM(50, 4, (0, 2, 3), rate), BERTForMaskedLM(CONFIG).eval(), tokens()
    torch.manual_seed(seed)
    loss = float(method.loss(model, (given, torch.zeros(3))))
    torch.manual_seed(seed)
    hidden, asked = method.hide(given)
    shares = model(hidden).log_softmax(-1).detach()
    wanted = [-float(shares[b, t, given[b, t]]) for b, t in asked.nonzero().tolist()]
    assert loss == pytest.approx(sum(wanted) / len(wanted), rel=1e-5)


def test_nothing_asked_for_costs_nothing():
    model = BERTForMaskedLM(CONFIG)
    loss = METHOD.loss(model, (torch.tensor([[2, 3, 0]]),))
    loss.backward()
    assert float(loss.detach()) == 0
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_evaluation_repeats_and_weighs_by_tokens():
    model = BERTForMaskedLM(CONFIG).eval()
    batches = [(tokens(4, 12),), (tokens(1, 6),)]
    with torch.no_grad():
        first, again = METHOD.evaluate(model, batches), METHOD.evaluate(model, batches)
    assert first == again
    assert first["perplexity"] == pytest.approx(math.exp(first["loss"]))
    assert first["loss"] == pytest.approx(math.log(50), abs=0.3)
