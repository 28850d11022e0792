"""`Recurrent` against `torch.nn.RNN`, `LSTM` and `GRU`."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from practicum.models.compat import rnn as compat
from practicum.models.rnn import Kind, Recurrent, RecurrentClassifier, RecurrentConfig

KINDS: list[Kind] = ["rnn", "rnn-relu", "lstm", "gru"]
# A kind and how it is run: written out, in PyTorch's kernels, with the derivative by hand.
PLAIN = [(kind, {}) for kind in KINDS] + [("lstm", {"by_hand": True})]
WAYS = PLAIN + [(kind, {"fused": True}) for kind in KINDS]
SHAPES = [(1, 1, 1, 1), (1, 7, 3, 4), (3, 1, 2, 5), (2, 5, 4, 3), (5, 9, 3, 2), (4, 3, 1, 6)]  # batch, steps, inputs, hidden


def name_of(value):
    return value if isinstance(value, str) else "-".join(value) or "plain"


def peer(config: RecurrentConfig) -> nn.Module:
    sizes = {"num_layers": config.num_layers, "bidirectional": config.bidirectional, "dropout": config.dropout}
    if config.kind.startswith("rnn"):
        nonlinearity = "relu" if config.kind == "rnn-relu" else "tanh"
        return nn.RNN(config.input_size, config.hidden_size, batch_first=True, nonlinearity=nonlinearity, **sizes)
    return {"lstm": nn.LSTM, "gru": nn.GRU}[config.kind](config.input_size, config.hidden_size, batch_first=True, **sizes)


def twins(config, dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    theirs = peer(config).to(dtype)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.5)
    ours = Recurrent(config).to(dtype)
    ours.load_state_dict(compat.from_peer(theirs.state_dict()))
    return ours, theirs


def start(ours, batch, dtype=torch.float64):
    config = ours.config
    return tuple(torch.randn(len(ours.cells), batch, config.hidden_size, dtype=dtype) for _ in range(ours.cells[0].states))


def run(theirs, x, state, lengths=None):
    """The peer, with a tuple as state even where it is but one."""
    bare = state if len(state) == 2 else state[0]
    if lengths is None:
        y, last = theirs(x, bare)
    else:
        y, last = theirs(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False), bare)
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    return y, last if isinstance(last, tuple) else (last,)


def compare(ours, theirs, batch, steps, lengths=None, dtype=torch.float64, tolerance=1e-10, gradients=1e-10):
    """Outputs, last state, and the gradients of weights, inputs and first state."""
    inputs = [torch.randn(batch, steps, ours.config.input_size, dtype=dtype), *start(ours, batch, dtype)]
    mine, published = ([value.clone().requires_grad_() for value in inputs] for _ in range(2))
    y, last = ours(mine[0], tuple(mine[1:]), lengths)
    expected, expected_last = run(theirs, published[0], tuple(published[1:]), lengths)
    torch.testing.assert_close(y, expected, rtol=tolerance, atol=tolerance)
    for part, expected_part in zip(last, expected_last, strict=True):
        torch.testing.assert_close(part, expected_part, rtol=tolerance, atol=tolerance)
    probes = [torch.randn_like(value) for value in (y, *last)]
    torch.autograd.backward((y, *last), probes)
    torch.autograd.backward((expected, *expected_last), probes)
    for value, expected_value in zip(mine, published, strict=True):
        torch.testing.assert_close(value.grad, expected_value.grad, rtol=gradients, atol=gradients)
    expected_gradients = compat.from_peer({name: parameter.grad for name, parameter in theirs.named_parameters()})
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, expected_gradients.pop(name), rtol=gradients, atol=gradients, msg=name)
    assert not expected_gradients


@pytest.mark.parametrize(("kind", "way"), WAYS, ids=name_of)
def test_values_and_gradients(kind, way):
    for number, (batch, steps, inputs, hidden) in enumerate(SHAPES):
        for layers, both in [(1, False), (1, True), (3, False), (2, True)]:
            ours, theirs = twins(RecurrentConfig(kind, inputs, hidden, layers, both, **way), seed=number)
            compare(ours, theirs, batch, steps)


@pytest.mark.parametrize(("kind", "way"), WAYS, ids=name_of)
@pytest.mark.parametrize("lengths", [[1], [6], [3, 1, 6], [1, 1], [2, 5, 5, 4], [4, 4]])
def test_lengths(kind, way, lengths):
    for layers, both in [(1, False), (2, True)]:
        ours, theirs = twins(RecurrentConfig(kind, 3, 4, layers, both, **way))
        compare(ours, theirs, len(lengths), 6, torch.tensor(lengths))


@pytest.mark.parametrize(("kind", "way"), PLAIN, ids=name_of)
def test_padding_is_not_read(kind, way):
    ours, _ = twins(RecurrentConfig(kind, 2, 3, 2, True, **way))
    lengths, x = torch.tensor([2, 4]), torch.randn(2, 5, 2, dtype=torch.float64, requires_grad=True)
    y, (h, *_) = ours(x, None, lengths)
    (y.sum() + h.sum()).backward()
    assert not x.grad[0, 2:].any()
    assert not x.grad[1, 4:].any()
    assert x.grad[0, :2].all()
    assert not y[0, 2:].any()
    alone, (h_alone, *_) = ours(x[:1, :2])
    torch.testing.assert_close(y[:1, :2], alone, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(h[:, :1], h_alone, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kind", "way"), WAYS, ids=name_of)
def test_single_precision(kind, way):
    for seed, lengths in enumerate([None, torch.tensor([9, 2, 5])]):
        ours, theirs = twins(RecurrentConfig(kind, 5, 8, 2, **way), torch.float32, seed)
        compare(ours, theirs, 3, 9, lengths, torch.float32, 1e-5, 1e-4)


@pytest.mark.parametrize(("kind", "way"), PLAIN, ids=name_of)
def test_ten_steps_of_training_stay_together(kind, way):
    ours, theirs = twins(RecurrentConfig(kind, 3, 6, 2, **way), torch.float32)
    x, target = torch.randn(4, 7, 3), torch.randn(4, 7, 6).tanh()
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9) for model in (ours, theirs)]
    for _ in range(10):
        for model, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            F.mse_loss(model(x)[0], target).backward()
            optimizer.step()
    expected = compat.from_peer(theirs.state_dict())
    for name, value in ours.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-4, msg=name)


@pytest.mark.parametrize(("kind", "way"), PLAIN, ids=name_of)
def test_bfloat16_stays_near(kind, way):
    ours, _ = twins(RecurrentConfig(kind, 4, 8, **way), torch.float32)
    x = torch.randn(2, 6, 4)
    error = (ours(x)[0] - ours.bfloat16()(x.bfloat16())[0].float()).abs().max()
    assert error < 0.1


@pytest.mark.parametrize(("kind", "way"), PLAIN, ids=name_of)
def test_state_carries_on(kind, way):
    ours, _ = twins(RecurrentConfig(kind, 3, 4, 2, **way))
    x = torch.randn(2, 8, 3, dtype=torch.float64)
    whole, last = ours(x)
    first, state = ours(x[:, :3])
    second, state = ours(x[:, 3:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=1e-12, atol=1e-12)
    for part, expected in zip(state, last, strict=True):
        torch.testing.assert_close(part, expected, rtol=1e-12, atol=1e-12)


def test_dropout_is_between_layers_and_only_in_training():
    ours, theirs = twins(RecurrentConfig("gru", 3, 400, 2, dropout=0.25))
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    seen = []
    ours.cells[1].input.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].detach()))
    ours.eval(), theirs.eval()
    torch.testing.assert_close(ours(x)[0], theirs(x)[0], rtol=1e-10, atol=1e-10)
    ours.train()(x)
    kept = seen[1] != 0
    torch.testing.assert_close(seen[1][kept], (seen[0] / 0.75)[kept])
    assert kept.double().mean() == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize("lengths", [None, torch.tensor([5, 2])])
@pytest.mark.parametrize("train", [False, True])
def test_fused_dropout_draws_what_the_peer_draws(train, lengths):
    ours, theirs = (model.train(train) for model in twins(RecurrentConfig("lstm", 3, 40, 3, True, dropout=0.5, fused=True)))
    x, state = torch.randn(2, 5, 3, dtype=torch.float64), start(ours, 2)
    results = []
    for forward in (lambda: ours(x, state, lengths), lambda: run(theirs, x, state, lengths)):
        torch.manual_seed(7)
        results.append(forward()[0])
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)
    assert torch.equal(ours(x, state, lengths)[0], results[0]) != train


@pytest.mark.parametrize("both", [False, True])
def test_weights_there_and_back(both):
    theirs = nn.LSTM(3, 4, num_layers=3, bidirectional=both).state_dict()
    ours = compat.from_peer(theirs)
    Recurrent(RecurrentConfig("lstm", 3, 4, 3, both)).load_state_dict(ours)
    back = compat.to_peer(ours, bidirectional=both)
    assert back.keys() == theirs.keys()
    assert all(torch.equal(back[name], theirs[name]) for name in theirs)
    with pytest.raises(ValueError, match="got 'weight_hr_l0'"):
        compat.from_peer({"weight_hr_l0": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"got 'cells\.0\.weight'"):
        compat.to_peer({"cells.0.weight": torch.zeros(1)})


def test_initialisation():
    torch.manual_seed(0)
    ours = Recurrent(RecurrentConfig("lstm", 50, 64, forget_bias=1.5))
    cell = ours.cells[0]
    for weight in (part.detach() for part in (cell.input.weight, cell.recurrent.weight, cell.recurrent.bias)):
        assert float(weight.abs().max()) <= 1 / 8
        assert float(weight.std()) == pytest.approx(1 / 8 / 3**0.5, rel=0.1)
    i, f, g, o = cell.input.bias.detach().chunk(4)
    assert float(f.mean()) == pytest.approx(1.5, abs=0.05)
    assert max(float(part.abs().max()) for part in (i, g, o)) <= 1 / 8


def test_classifier_reads_the_last_real_token():
    torch.manual_seed(0)
    for both in (False, True):
        model = RecurrentClassifier(RecurrentConfig("gru", 5, 6, 2, both), vocab_size=9, num_classes=3)
        tokens = torch.randint(9, (2, 7))
        logits = model(tokens, torch.tensor([7, 4]))
        assert logits.shape == (2, 3)
        torch.testing.assert_close(logits[1:], model(tokens[1:, :4]))
        torch.testing.assert_close(logits[:1], model(tokens[:1]))
        y, _ = model.body(model.embedding(tokens))
        if not both:
            torch.testing.assert_close(model(tokens), model.head(y[:, -1]))


def test_wrong_arguments_are_refused():
    model, x = Recurrent(RecurrentConfig("lstm", 3, 4)), torch.zeros(2, 5, 3)
    with pytest.raises(ValueError, match=r"\(B, at least 1, 3\), got \(2, 5, 4\)"):
        model(torch.zeros(2, 5, 4))
    with pytest.raises(ValueError, match=r"got \(2, 0, 3\)"):
        model(x[:, :0])
    with pytest.raises(ValueError, match=r"2 lengths from 1 to 5, got \[0, 5\]"):
        model(x, None, torch.tensor([0, 5]))
    with pytest.raises(ValueError, match=r"got \[6, 5\]"):
        model(x, None, torch.tensor([6, 5]))
    with pytest.raises(ValueError, match=r"2 state\(s\) of shape \(1, 2, 4\), got \[\(1, 2, 4\)\]"):
        model(x, (torch.zeros(1, 2, 4),))
    with pytest.raises(ValueError, match="got 'elman'"):
        Recurrent(RecurrentConfig("elman", 3, 4))
    for config in (RecurrentConfig("gru", 3, 4, by_hand=True), RecurrentConfig("lstm", 3, 4, fused=True, by_hand=True)):
        with pytest.raises(ValueError, match="by_hand with the kind 'lstm' and without fused, got RecurrentConfig"):
            Recurrent(config)
