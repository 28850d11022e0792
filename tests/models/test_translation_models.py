"""What holds for every model that translates: padding, teacher forcing, and going step by step."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.models.seq2seq import GlobalAttention, Seq2Seq, Seq2SeqConfig
from practicum.models.transformer import Transformer, TransformerConfig

SOURCE, TARGET = 9, 11


def make(name):
    torch.manual_seed(3)
    if name.startswith("transformer"):
        config = TransformerConfig(
            SOURCE, TARGET, 8, 2, 12, encoder_layers=2, decoder_layers=2, norm_first=name.endswith("pre"), max_length=16
        )
        return Transformer(config).double().eval()
    config = Seq2SeqConfig(SOURCE, TARGET, width=6, hidden=8, num_layers=2, attention=name == "attention")
    return Seq2Seq(config).double().eval()


MODELS = ["attention", "no attention", "transformer post", "transformer pre"]
every_model = pytest.mark.parametrize("name", MODELS)


@every_model
@settings(max_examples=8, deadline=None)
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4), extra=st.integers(0, 3), seed=st.integers(0, 99))
def test_padding_changes_nothing(name, lengths, extra, seed):
    """A sentence's logits are the same alone and in a batch with longer ones."""
    model = make(name)
    torch.manual_seed(seed)
    sources = [torch.randint(1, SOURCE, (n,)) for n in lengths]
    targets = [torch.randint(1, TARGET, (7 - n,)) for n in lengths]
    source, target = torch.zeros(2, len(lengths), 6 + extra, dtype=torch.long)
    for row, (s, t) in enumerate(zip(sources, targets, strict=True)):
        source[row, : len(s)], target[row, : len(t)] = s, t
    together = model(source, target)
    for row, (s, t) in enumerate(zip(sources, targets, strict=True)):
        alone = model(s[None], t[None])[0]
        torch.testing.assert_close(together[row, : len(t)], alone, rtol=1e-10, atol=1e-10)


@every_model
def test_gradients_do_not_reach_padding(name):
    model = make(name)
    source, target = torch.tensor([[1, 2, 3], [4, 0, 0]]), torch.tensor([[1, 2], [3, 0]])
    model(source, target)[1, 0].sum().backward()
    touched = set(model.source_embedding.weight.grad.abs().sum(1).nonzero().flatten().tolist())
    assert touched == {4}


@every_model
@settings(max_examples=8, deadline=None)
@given(length=st.integers(2, 7), seed=st.integers(0, 99), data=st.data())
def test_the_future_never_matters(name, length, seed, data):
    """Teacher forcing shows a place no later word: changing it leaves the logits before it exactly as they were."""
    model = make(name)
    torch.manual_seed(seed)
    source, target = torch.randint(1, SOURCE, (2, 5)), torch.randint(1, TARGET, (2, length))
    place = data.draw(st.integers(1, length - 1))
    changed = target.clone()
    changed[:, place] = (changed[:, place] % (TARGET - 1)) + 1
    before, after = model(source, target), model(source, changed)
    torch.testing.assert_close(before[:, :place], after[:, :place], rtol=0, atol=1e-12)
    assert (before[:, place:] - after[:, place:]).abs().max() > 1e-6


@every_model
def test_every_source_word_matters(name):
    model = make(name)
    source, target = torch.tensor([[1, 2, 3, 4]]), torch.tensor([[1, 2, 3]])
    for place in range(4):
        changed = source.clone()
        changed[0, place] = 7
        assert (model(source, target) - model(changed, target)).abs().max() > 1e-6


@every_model
@pytest.mark.parametrize(("B", "S", "T"), [(1, 1, 1), (2, 3, 5), (3, 6, 2), (4, 2, 7), (1, 5, 9)])
def test_step_by_step_is_teacher_forcing(name, B, S, T):
    model = make(name)
    torch.manual_seed(B + S + T)
    source, target = torch.randint(1, SOURCE, (B, S)), torch.randint(1, TARGET, (B, T))
    source[0, S // 2 + 1 :] = 0
    expected = model(source, target)
    state = model.start(source)
    with torch.no_grad():
        for t in range(T):
            logits, state = model.step(target[:, t], state)
            torch.testing.assert_close(logits, expected[:, t], rtol=1e-10, atol=1e-10)


@every_model
@torch.no_grad()
def test_select_reorders_what_step_knows(name):
    model = make(name)
    source, target = torch.randint(1, SOURCE, (3, 4)), torch.randint(1, TARGET, (3, 3))
    source[1, 2:] = 0
    rows = torch.tensor([2, 0, 0, 1])
    expected = model(source[rows], torch.cat([target[rows], torch.tensor([[5], [6], [7], [8]])], 1))[:, -1]
    state = model.start(source)
    for t in range(3):
        _, state = model.step(target[:, t], state)
    logits, _ = model.step(torch.tensor([5, 6, 7, 8]), model.select(state, rows))
    torch.testing.assert_close(logits, expected, rtol=1e-10, atol=1e-10)


def test_global_attention_by_hand():
    """Luong et al., eq. 5, 7, 8, word for word."""
    torch.manual_seed(0)
    layer = GlobalAttention(4).double()
    d, h = torch.randn(2, 3, 4, dtype=torch.float64), torch.randn(2, 5, 4, dtype=torch.float64)
    real = torch.arange(5) < torch.tensor([[5], [2]])
    got = layer(d, h, real)
    for b in range(2):
        for t in range(3):
            keys = h[b, real[b]]
            a = torch.stack([d[b, t] @ layer.score.weight @ key for key in keys]).softmax(0)
            expected = (layer.combine.weight @ torch.cat([a @ keys, d[b, t]])).tanh()
            torch.testing.assert_close(got[b, t], expected)


@torch.no_grad()
def test_the_decoder_begins_with_both_ends_of_the_encoder():
    """d_0 of each layer is tanh(W_b [last state forwards; last state backwards]) of the encoder's same layer."""
    model = make("attention")
    source = torch.tensor([[1, 2, 3], [4, 5, 0]])
    d_BLH, h_BSH, _ = model.start(source)
    for row, length in ((0, 3), (1, 2)):
        x = model.source_embedding(source[row, :length])
        for layer in range(2):
            ends, states = [], []
            for suffix, order in (("", 1), ("_reverse", -1)):
                cell = torch.nn.GRUCell(x.shape[1], 4, dtype=torch.float64)
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(cell, name).copy_(getattr(model.encoder, f"{name}_l{layer}{suffix}"))
                h, seen = torch.zeros(4, dtype=torch.float64), []
                for word in x if order == 1 else x.flip(0):
                    h = cell(word, h)
                    seen.append(h)
                ends.append(h)
                states.append(torch.stack(seen[::order]))
            x = torch.cat(states, 1)
            torch.testing.assert_close(d_BLH[row, layer], model.bridge(torch.cat(ends)).tanh(), rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(h_BSH[row, :length], x, rtol=1e-10, atol=1e-10)


def test_alignment():
    model = make("attention")
    source, target = torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([[1, 2], [3, 4]])
    weights = model.alignment(source, target)
    assert weights.shape == (2, 2, 3)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 2, dtype=torch.float64))
    assert (weights[1, :, 2] == 0).all()
    with pytest.raises(ValueError, match="attention=False"):
        make("no attention").alignment(source, target)


@every_model
def test_bf16_runs_and_stays_near(name):
    model = make(name).float()
    source, target = torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([[1, 2], [3, 4]])
    expected = model(source, target)
    with torch.autocast("cpu", torch.bfloat16):
        got = model(source, target)
    torch.testing.assert_close(got.float(), expected, rtol=0.1, atol=0.1)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="even number of hidden units"):
        Seq2Seq(Seq2SeqConfig(5, 5, hidden=7))
    model = Seq2Seq(Seq2SeqConfig(5, 5, width=4, hidden=4))
    with pytest.raises(ValueError, match=r"at least one token in each source, got lengths \[2, 0\]"):
        model(torch.tensor([[1, 2], [0, 0]]), torch.tensor([[1], [1]]))
    with pytest.raises(ValueError, match=r"got \(1, 1\) and \(2, 2\)"):
        model(torch.tensor([[1, 2], [1, 0]]), torch.tensor([[1]]))
