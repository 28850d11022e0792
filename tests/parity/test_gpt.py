"""GPT against `transformers.GPT2LMHeadModel` and `OpenAIGPTLMHeadModel`."""

import pytest
import torch
import torch.nn.functional as F

from practicum.methods.generate import generate
from practicum.models.compat import gpt as compat
from practicum.models.gpt import CONFIGS, GPT, GPTConfig

SMALL = GPTConfig(vocab_size=31, context=12, width=24, num_layers=3, num_heads=4, dropout=0.0)
DEEP = GPTConfig(vocab_size=17, context=9, width=10, num_layers=5, num_heads=5, dropout=0.0)
FIRST = GPTConfig(vocab_size=23, context=8, width=12, num_layers=2, num_heads=3, dropout=0.0, norm="post")
CASES = [SMALL, DEEP, FIRST]
NAMES = ["small", "deep", "gpt-1"]


def peer(config, seed=0):
    from transformers import GPT2Config, GPT2LMHeadModel, OpenAIGPTConfig, OpenAIGPTLMHeadModel

    torch.manual_seed(seed)
    sizes = {"vocab_size": config.vocab_size, "n_positions": config.context, "n_embd": config.width, "n_layer": config.num_layers,
             "n_head": config.num_heads, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "resid_pdrop": 0.0}  # fmt: skip
    if config.norm == "pre":
        model = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=None))
    else:
        model = OpenAIGPTLMHeadModel(OpenAIGPTConfig(**sizes))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)  # biases and norms too
    return model.eval()


def twins(config, dtype=torch.float64, seed=0):
    theirs = peer(config, seed).to(dtype)
    ours = GPT(config).to(dtype)
    ours.load_state_dict(compat.from_peer(theirs.state_dict()))
    return ours.eval(), theirs


def tokens(config, batch, length, seed=0):
    return torch.randint(config.vocab_size, (batch, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("config", CASES, ids=NAMES)
@pytest.mark.parametrize(("batch", "length"), [(1, 1), (2, 3), (3, 8), (1, 7), (5, 2)])
def test_logits_loss_and_gradients(config, batch, length):
    ours, theirs = twins(config)
    x = tokens(config, batch, length)
    logits, expected = ours(x), theirs(x).logits
    torch.testing.assert_close(logits, expected, rtol=1e-10, atol=1e-10)
    if length == 1:
        return
    loss, published = F.cross_entropy(logits[:, :-1].flatten(0, 1), x[:, 1:].flatten()), theirs(x, labels=x).loss
    torch.testing.assert_close(loss, published.double(), rtol=1e-6, atol=1e-6)  # theirs takes the loss in single precision
    probe = torch.randn_like(logits)
    logits.backward(probe)
    expected.backward(probe)
    gradients = compat.from_peer({name: p.grad for name, p in theirs.named_parameters()})
    assert gradients.keys() == dict(ours.named_parameters()).keys()
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], rtol=1e-10, atol=1e-10, msg=name)


@pytest.mark.parametrize("config", [SMALL, FIRST], ids=["small", "gpt-1"])
def test_single_precision_and_training_mode(config):
    ours, theirs = twins(config, torch.float32)
    x = tokens(config, 4, 8)
    torch.testing.assert_close(ours(x), theirs(x).logits, rtol=1e-5, atol=1e-5)
    ours.train()
    theirs.train()  # no dropout: the same
    torch.testing.assert_close(ours(x), theirs(x).logits, rtol=1e-5, atol=1e-5)


def test_ten_steps_of_training_stay_together():
    ours, theirs = twins(SMALL, torch.float32)
    x = tokens(SMALL, 4, 10)
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9) for model in (ours, theirs)]
    for _ in range(10):
        losses = [F.cross_entropy(logits[:, :-1].flatten(0, 1), x[:, 1:].flatten()) for logits in (ours(x), theirs(x).logits)]
        torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-4)
        for loss, optimizer in zip(losses, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    state = compat.from_peer(theirs.state_dict())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.data, state[name], rtol=1e-4, atol=1e-4, msg=name)


def test_bfloat16_stays_near():
    ours, _ = twins(SMALL, torch.float32)
    x = tokens(SMALL, 2, 12)
    exact = ours(x)
    error = (ours.bfloat16()(x).float() - exact).abs().max() / exact.abs().max()
    assert error < 0.05


@pytest.mark.parametrize("seed", range(5))
def test_greedy_tokens(seed):
    ours, theirs = twins(SMALL, seed=seed)
    x = tokens(SMALL, 2, 3, seed)
    expected = theirs.generate(x, attention_mask=torch.ones_like(x), max_new_tokens=9, do_sample=False, pad_token_id=0)
    assert torch.equal(generate(ours, x, 9, temperature=0), expected)


@pytest.mark.parametrize("config", CASES, ids=NAMES)
@pytest.mark.parametrize("pieces", [[1] * 8, [3, 5], [7, 1]])
def test_cache_equals_no_cache(config, pieces):
    ours, _ = twins(config)
    x, caches = tokens(config, 2, 8), ours.caches()
    parts = [ours(piece, caches) for piece in x.split(pieces, 1)]
    torch.testing.assert_close(torch.cat(parts, 1), ours(x), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("config", CASES, ids=NAMES)
def test_weights_there_and_back(config):
    theirs = peer(config)
    state = theirs.state_dict()
    ours = compat.from_peer(state)
    GPT(config).load_state_dict(ours)
    back = compat.to_peer(ours)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], state[key]) for key in state)
    bare = compat.to_peer(ours, prefix="")
    assert bare.keys() == theirs.transformer.state_dict().keys()
    again = compat.from_peer(bare)
    assert again.keys() == ours.keys()
    assert all(torch.equal(again[key], ours[key]) for key in ours)


def test_weights_of_old_files_and_of_other_models():
    state = peer(SMALL).transformer.state_dict()
    old = state | {"h.0.attn.bias": torch.ones(1, 1, 12, 12).tril(), "h.0.attn.masked_bias": torch.tensor(-1e4)}
    assert compat.from_peer(old).keys() == compat.from_peer(state).keys()
    with pytest.raises(ValueError, match=r"got 'h\.0\.attn\.q_proj\.weight'"):
        compat.from_peer(state | {"h.0.attn.q_proj.weight": torch.zeros(1)})
    untied = peer(SMALL).state_dict()
    with pytest.raises(ValueError, match="tied"):
        compat.from_peer(untied | {"lm_head.weight": untied["lm_head.weight"] + 1})


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gpt", 116_534_784),
        ("gpt2", 124_439_808),
        ("gpt2-medium", 354_823_168),
        ("gpt2-large", 774_030_080),
        ("gpt2-xl", 1_557_611_200),
    ],
)
def test_published_sizes(name, parameters):
    with torch.device("meta"):
        assert sum(p.numel() for p in GPT(CONFIGS[name]).parameters()) == parameters


def test_gpt3_has_175_billion_parameters():
    config = CONFIGS["gpt3"]
    per_block = 12 * config.width**2 + 13 * config.width
    total = config.num_layers * per_block + (config.vocab_size + config.context + 2) * config.width
    assert round(total / 1e9) == 175


def test_initialisation():
    torch.manual_seed(0)
    model = GPT(GPTConfig(vocab_size=200, context=100, width=128, num_layers=8, num_heads=4))
    deviations = {name: float(p.std()) for name, p in model.named_parameters() if p.ndim == 2}
    for name, deviation in deviations.items():
        residual = name.endswith(("attention.out.weight", "down.weight"))
        expected = 0.02 / 4 if residual else 0.01 if name.startswith("position") else 0.02
        assert deviation == pytest.approx(expected, rel=0.03), name
    assert all((p == 0).all() for name, p in model.named_parameters() if name.endswith("bias"))
    logits = model.eval()(tokens(model.config, 4, 100))
    assert float(F.cross_entropy(logits.flatten(0, 1), tokens(model.config, 4, 100, 1).flatten())) == pytest.approx(5.3, abs=0.1)


def test_too_many_tokens_are_refused():
    model = GPT(SMALL)
    with pytest.raises(ValueError, match=r"\(batch, at most 12\), got \(1, 13\)"):
        model(tokens(SMALL, 1, 13))
    caches = model.caches()
    model(tokens(SMALL, 1, 10), caches)
    with pytest.raises(ValueError, match=r"\(batch, at most 2\), got \(1, 3\)"):
        model(tokens(SMALL, 1, 3), caches)
    with pytest.raises(ValueError, match=r"got \(3,\)"):
        model(torch.zeros(3, dtype=torch.long))
