import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from practicum.methods.backprop_through_time import TruncatedBPTT, gradient_norms
from practicum.models.rnn import Recurrent, RecurrentConfig


class Tagger(nn.Module):
    """Logits at every step, and the state."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.body = Recurrent(RecurrentConfig(kind, 3, 5))
        self.head = nn.Linear(5, 4)

    def forward(self, x, state):
        y, state = self.body(x, state)
        return self.head(y), state


class Trainer:
    def backward(self, loss):
        loss.backward()


def data(steps=7):
    torch.manual_seed(1)
    return torch.randn(2, steps, 3, dtype=torch.float64), torch.randint(4, (2, steps))


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
@pytest.mark.parametrize("window", [1, 3, 7, 9])
def test_windows_by_hand(kind, window):
    x, target = data()
    ours = Tagger(kind).double()
    plain = copy.deepcopy(ours)
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.5) for model in (ours, plain)]
    mean = TruncatedBPTT(window).step(Trainer(), ours, optimizers[0], (x, target))
    losses, start = [], 0
    state = tuple(torch.zeros(1, 2, 5, dtype=torch.float64) for _ in range(2 if kind == "lstm" else 1))
    while start < 7:
        hidden = []
        for t in range(start, min(start + window, 7)):
            state = plain.body.cells[0](plain.body.cells[0].project(x[:, t]), tuple(part[0] for part in state))
            hidden.append(state[0])
            state = tuple(part[None] for part in state)
        logits = plain.head(torch.stack(hidden, 1))
        loss = F.cross_entropy(logits.flatten(0, 1), target[:, start : start + window].flatten())
        optimizers[1].zero_grad()
        loss.backward()
        optimizers[1].step()
        losses += [loss.item()] * len(hidden)
        state = tuple(part.detach() for part in state)
        start += window
    assert mean == pytest.approx(sum(losses) / 7, rel=1e-12)
    for parameter, expected in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(parameter, expected, rtol=1e-10, atol=1e-10)


def test_one_window_is_the_full_gradient():
    x, target = data()
    model = Tagger("lstm").double()
    expected = torch.autograd.grad(F.cross_entropy(model(x, None)[0].flatten(0, 1), target.flatten()), [*model.parameters()])
    TruncatedBPTT(100).step(Trainer(), model, torch.optim.SGD(model.parameters(), lr=0.0), (x, target))
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-10, atol=1e-10)


def test_evaluation_carries_the_state():
    x, target = data()
    model = Tagger("gru").double()
    with torch.no_grad():
        logits, _ = model(x, None)
        metrics = TruncatedBPTT(2).evaluate(model, [(x[:1], target[:1]), (x[1:], target[1:])])
    assert metrics["loss"] == pytest.approx(float(F.cross_entropy(logits.flatten(0, 1), target.flatten())), rel=1e-12)
    assert metrics["accuracy"] == pytest.approx(float((logits.argmax(2) == target).double().mean()))


def test_a_window_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1 step, got 0"):
        TruncatedBPTT(0).step(Trainer(), Tagger("rnn"), None, data())


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_gradient_norms_are_those_of_a_run_from_that_state_on(kind, layers):
    x, _ = data(6)
    model, weight = Recurrent(RecurrentConfig(kind, 3, 5, layers)).double(), torch.randn(2, 5, dtype=torch.float64)
    norms = gradient_norms(model, x, lambda h: (h * weight).sum())
    assert norms.shape == (6,)
    for t in range(6):
        leaf = tuple(part.detach().requires_grad_() for part in model(x[:, : t + 1])[1])
        h = leaf[0][-1] if t == 5 else model(x[:, t + 1 :], leaf)[1][0][-1]
        gradients = torch.autograd.grad((h * weight).sum(), leaf, allow_unused=True, materialize_grads=True)
        torch.testing.assert_close(norms[t], torch.cat([g.flatten() for g in gradients]).norm(), rtol=1e-10, atol=1e-12)


def test_orthogonal_weights_without_activation_scale_the_gradient_by_their_gain_at_every_step():
    model = Recurrent(RecurrentConfig("rnn-relu", 1, 8)).double()
    nn.init.orthogonal_(model.cells[0].recurrent.weight, gain=0.25)
    model.cells[0].input.bias.data += 100  # every unit stays in the linear half
    norms = gradient_norms(model, torch.zeros(1, 9, 1, dtype=torch.float64), lambda h: h.sum())
    torch.testing.assert_close(norms[1:] / norms[:-1], torch.full((8,), 4.0, dtype=torch.float64), rtol=1e-10, atol=0)
