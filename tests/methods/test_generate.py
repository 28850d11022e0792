"""Sampling against its definitions, and generation past the end of the context."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.methods.generate import generate, keep, sample
from practicum.models.gpt import GPT, GPTConfig

SMALL = GPTConfig(vocab_size=11, context=8, width=16, num_layers=2, num_heads=2)


def model(seed=0):
    torch.manual_seed(seed)
    net = GPT(SMALL).eval().double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return net


def without_cache(net, tokens, steps, temperature):
    """Past the context, the model starts anew from the last half of it."""
    start, random = 0, torch.Generator().manual_seed(0)
    for _ in range(steps):
        if tokens.shape[1] - start > SMALL.context:
            start = tokens.shape[1] - SMALL.context // 2
        new = sample(net(tokens[:, start:])[:, -1], temperature=temperature, generator=random)
        tokens = torch.cat([tokens, new[:, None]], 1)
    return tokens


@pytest.mark.parametrize(("batch", "length", "steps"), [(1, 1, 7), (2, 3, 0), (2, 3, 5), (8, 4, 30), (8, 8, 10)])
@pytest.mark.parametrize("temperature", [0.0, 3.0])
def test_equals_no_cache(batch, length, steps, temperature):
    net, prompt = model(), torch.randint(11, (batch, length))
    made = generate(net, prompt, steps, temperature=temperature, generator=torch.Generator().manual_seed(0))
    assert torch.equal(made, without_cache(net, prompt, steps, temperature))
    if steps == 30 and temperature:
        assert len(made[:, -20:].unique()) > 5


def test_a_long_prompt_is_read_from_its_end():
    net, prompt = model(), torch.randint(11, (2, 30))
    assert torch.equal(generate(net, prompt, 1, temperature=0)[:, -1], net(prompt[:, -8:])[:, -1].argmax(-1))


def test_rows_end_at_the_stop():
    net, prompt = model(), torch.randint(11, (6, 2))
    free = generate(net, prompt, 6, temperature=0)
    stop = int(free[0, 4])
    stopped = generate(net, prompt, 6, temperature=0, stop=stop)
    for row, other in zip(stopped.tolist(), free.tolist(), strict=True):
        written = other[2:]
        length = written.index(stop) + 1 if stop in written else len(written)
        expected = written[:length] + [stop] * (6 - length)
        assert row[2:] == expected[: len(row) - 2]
    alone = generate(net, prompt[:1], 6, temperature=0, stop=stop)
    assert alone.shape[1] == 2 + free[0, 2:].tolist().index(stop) + 1


def test_the_generator_decides():
    net, prompt = model(), torch.randint(11, (2, 2))
    runs = [generate(net, prompt, 20, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


@given(st.integers(1, 12), st.integers(1, 14), st.floats(0.01, 1), st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_top_k_and_top_p_keep_what_their_definitions_say(vocabulary, top_k, top_p, seed):
    logits = torch.randn(3, vocabulary, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 3
    ours = keep(logits, top_k, top_p)
    for row, kept in zip(logits, ours, strict=True):
        order = sorted(range(vocabulary), key=lambda token: -float(row[token]))[:top_k]
        shares = torch.zeros(vocabulary, dtype=torch.float64)
        shares[order] = row[order].softmax(0)
        expected, total = set(), 0.0
        for token in order:
            if total < top_p or top_p == 1:
                expected.add(token)
            total += float(shares[token])
        assert {token for token in range(vocabulary) if kept[token] > -torch.inf} == expected
        assert all(kept[token] == row[token] for token in expected)


def test_keep_equals_transformers():
    from transformers import TopKLogitsWarper, TopPLogitsWarper

    for seed in range(5):
        logits = torch.randn(4, 50, generator=torch.Generator().manual_seed(seed)) * 2
        assert torch.equal(keep(logits, 7, None), TopKLogitsWarper(7)(None, logits))
        assert torch.equal(keep(logits, None, 0.8), TopPLogitsWarper(0.8)(None, logits))
        assert torch.equal(keep(logits, 20, 0.6), TopPLogitsWarper(0.6)(None, TopKLogitsWarper(20)(None, logits)))


def test_frequencies_follow_the_temperature():
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]])
    for temperature in (0.5, 1.0, 2.0):
        drawn = sample(logits.expand(40_000, 4), temperature=temperature, generator=torch.Generator().manual_seed(0))
        shares = torch.bincount(drawn, minlength=4) / 40_000
        torch.testing.assert_close(shares, (logits[0] / temperature).softmax(0), rtol=0, atol=0.01)


def test_wrong_arguments_are_refused():
    net, prompt = model(), torch.zeros(1, 2, dtype=torch.long)
    for wrong in ({"temperature": -1}, {"top_k": 0}, {"top_p": 0}, {"top_p": 1.5}):
        with pytest.raises(ValueError, match="expected temperature ≥ 0"):
            generate(net, prompt, 1, **wrong)
    with pytest.raises(ValueError, match=r"at least 1\), got \(1, 0\)"):
        generate(net, prompt[:, :0], 1)
    with pytest.raises(ValueError, match="eval mode"):
        generate(net.train(), prompt, 1)
