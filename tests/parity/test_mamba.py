"""`Mamba` against `transformers.MambaForCausalLM` and `MambaModel`, and its two scans against each other."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.methods.generate import generate
from practicum.models.compat import mamba as compat
from practicum.models.layers.selective_scan import chunked_scan, selective_scan
from practicum.models.mamba import CONFIGS, Mamba, MambaConfig

SMALL = MambaConfig(19, 8, 2, states=4)
OTHER = MambaConfig(11, 20, 3, states=3, expand=3, kernel=3, rank=5, bias=True)
CASES, NAMES = [SMALL, OTHER], ["small", "other"]


def peer(config, seed=0):
    from transformers import MambaConfig as PeerConfig
    from transformers import MambaForCausalLM

    torch.manual_seed(seed)
    model = MambaForCausalLM(
        PeerConfig(vocab_size=config.vocab_size, hidden_size=config.width, num_hidden_layers=config.num_layers,
                   state_size=config.states, expand=config.expand, conv_kernel=config.kernel, use_bias=config.bias,
                   time_step_rank=config.rank or "auto", residual_in_fp32=False, pad_token_id=None, bos_token_id=None,
                   eos_token_id=None)
    )  # fmt: skip
    for name, parameter in model.named_parameters():
        if not name.endswith("A_log"):
            torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


@pytest.fixture
def exact(monkeypatch):
    """Takes single precision out of the peer, which rounds norms and rates to it whatever the weights are."""
    from transformers.models.mamba import modeling_mamba

    monkeypatch.setattr(torch.Tensor, "float", lambda tensor: tensor)
    monkeypatch.setattr(
        modeling_mamba.MambaRMSNorm,
        "forward",
        lambda norm, x: F.rms_norm(x, norm.weight.shape, norm.weight, norm.variance_epsilon),
    )


def twins(config, dtype=torch.float64, seed=0):
    theirs = peer(config, seed).to(dtype)
    ours = Mamba(config).to(dtype)
    ours.load_state_dict(compat.from_peer(theirs.state_dict()))
    return ours.eval(), theirs


def tokens(config, batch, length, seed=0):
    return torch.randint(config.vocab_size, (batch, length), generator=torch.Generator().manual_seed(seed))


def with_chunks(config, chunk):
    return MambaConfig(**{**vars(config), "chunk": chunk})


@pytest.mark.parametrize("chunk", [0, 3])
@pytest.mark.parametrize("config", CASES, ids=NAMES)
@pytest.mark.parametrize(("batch", "length"), [(1, 1), (2, 3), (3, 8), (1, 7), (5, 2)])
def test_logits_and_gradients(config, batch, length, chunk, exact):
    ours, theirs = twins(with_chunks(config, chunk))
    x = tokens(config, batch, length)
    logits, expected = ours(x), theirs(x, use_cache=False).logits
    torch.testing.assert_close(logits, expected, rtol=1e-10, atol=1e-10)
    probe = torch.randn_like(logits)
    logits.backward(probe)
    expected.backward(probe)
    gradients = compat.from_peer({name: p.grad for name, p in theirs.named_parameters()})
    assert gradients.keys() == dict(ours.named_parameters()).keys()
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], rtol=1e-10, atol=1e-10, msg=name)


@pytest.mark.parametrize("config", CASES, ids=NAMES)
def test_single_precision_of_the_peer_as_it_is(config):
    ours, theirs = twins(with_chunks(config, 4), torch.float32)
    x = tokens(config, 4, 9)
    for train in (False, True):
        ours.train(train), theirs.train(train)
        torch.testing.assert_close(ours(x), theirs(x, use_cache=False).logits, rtol=1e-5, atol=1e-5)
    hidden = theirs.backbone(x).last_hidden_state
    torch.testing.assert_close(F.linear(hidden, ours.embedding.weight), ours(x), rtol=1e-5, atol=1e-5)


def test_ten_steps_of_training_stay_together():
    ours, theirs = twins(with_chunks(SMALL, 4), torch.float32)
    x = tokens(SMALL, 4, 10)
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9) for model in (ours, theirs)]
    for _ in range(10):
        losses = [F.cross_entropy(y[:, :-1].flatten(0, 1), x[:, 1:].flatten()) for y in (ours(x), theirs(x).logits)]
        torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-4)
        for loss, optimizer in zip(losses, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    state = compat.from_peer(theirs.state_dict())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.data, state[name], rtol=1e-4, atol=1e-4, msg=name)


def test_bfloat16_stays_near():
    ours, _ = twins(with_chunks(SMALL, 4), torch.float32)
    x = tokens(SMALL, 2, 12)
    expected = ours(x)
    error = (ours.bfloat16()(x).float() - expected).abs().max() / expected.abs().max()
    assert error < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_greedy_tokens(seed):
    ours, theirs = twins(SMALL, seed=seed)
    x = tokens(SMALL, 2, 3, seed)
    expected = theirs.generate(x, attention_mask=torch.ones_like(x), max_new_tokens=9, do_sample=False, pad_token_id=0)
    assert torch.equal(generate(ours, x, 9, temperature=0), expected)


@pytest.mark.parametrize("chunk", [0, 2])
@pytest.mark.parametrize("config", CASES, ids=NAMES)
@pytest.mark.parametrize("pieces", [[1] * 8, [3, 5], [7, 1], [1, 2, 5]])
def test_steps_equal_the_scan(config, pieces, chunk):
    ours, _ = twins(with_chunks(config, chunk))
    x, caches = tokens(config, 2, 8), ours.caches()
    parts = [ours(piece, caches) for piece in x.split(pieces, 1)]
    torch.testing.assert_close(torch.cat(parts, 1), ours(x), rtol=1e-10, atol=1e-10)
    assert [cache.length for cache in caches] == [8] * config.num_layers


def scan_arguments(batch, steps, channels, states, seed):
    torch.manual_seed(seed)
    shapes = [(batch, steps, channels)] * 2 + [(channels, states)] + [(batch, steps, states)] * 2 + [(channels,)]
    values = [torch.randn(shape, dtype=torch.float64) for shape in [*shapes, (batch, channels, states)]]
    values[1], values[2] = F.softplus(values[1]), -values[2].exp()
    return [value.requires_grad_() for value in values]


@settings(max_examples=25, deadline=None)
@given(*[st.integers(1, 4)], st.integers(1, 12), *[st.integers(1, 5)] * 2, st.integers(1, 14), st.integers(0, 99))
def test_the_scans_are_equal(batch, steps, channels, states, chunk, seed):
    arguments = scan_arguments(batch, steps, channels, states, seed)
    (y, h), (expected, expected_h) = chunked_scan(*arguments, chunk=chunk), selective_scan(*arguments)
    torch.testing.assert_close(y, expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(h, expected_h, rtol=1e-10, atol=1e-10)
    probes = [torch.randn(value.shape, dtype=value.dtype) for value in (y, h)]
    gradients = torch.autograd.grad([y, h], arguments, probes)
    for gradient, wanted in zip(gradients, torch.autograd.grad([expected, expected_h], arguments, probes), strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-10, atol=1e-10)


def test_numeric_gradient_of_the_chunked_scan():
    arguments = scan_arguments(2, 5, 2, 3, 0)
    assert torch.autograd.gradcheck(lambda *values: chunked_scan(*values, chunk=2), arguments)


def test_the_scan_is_the_exact_solution_of_a_linear_system():
    """With one channel, one state and constant Δ, A, B, C: y_t = C Σ_s exp(ΔA (t - s)) Δ B x_s + D x_t."""
    x, delta, A, B, C, D, _ = (value.detach() for value in scan_arguments(1, 6, 1, 1, 3))
    delta, B, C = delta[:, :1].expand(-1, 6, -1), B[:, :1].expand(-1, 6, -1), C[:, :1].expand(-1, 6, -1)
    y, _ = selective_scan(x, delta, A, B, C, D)
    for t in range(6):
        terms = [math.exp(delta[0, 0] * A[0, 0] * (t - s)) * delta[0, 0, 0] * B[0, 0, 0] * x[0, s, 0] for s in range(t + 1)]
        assert float(y[0, t, 0]) == pytest.approx(float(C[0, 0, 0] * sum(terms) + D[0] * x[0, t, 0]), rel=1e-12)


@pytest.mark.parametrize("config", CASES, ids=NAMES)
def test_weights_there_and_back(config):
    theirs = peer(config)
    state = theirs.state_dict()
    ours = compat.from_peer(state)
    back = compat.to_peer(ours)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], state[name]) for name in state)
    bare = compat.to_peer(ours, prefix="")
    assert bare.keys() == theirs.backbone.state_dict().keys()
    authors = {name.replace("embeddings", "embedding"): value for name, value in state.items()}
    assert compat.from_peer(authors).keys() == compat.from_peer(bare).keys() == ours.keys()
    with pytest.raises(ValueError, match="tied"):
        compat.from_peer(state | {"lm_head.weight": state["lm_head.weight"] + 1})


@pytest.mark.parametrize(
    ("name", "millions"),
    [("mamba-130m", 129), ("mamba-370m", 372), ("mamba-790m", 793), ("mamba-1.4b", 1372), ("mamba-2.8b", 2768)],
)
def test_published_sizes(name, millions):
    with torch.device("meta"):
        assert round(sum(p.numel() for p in Mamba(CONFIGS[name]).parameters()) / 1e6) == millions


def test_initialisation():
    torch.manual_seed(0)
    model = Mamba(MambaConfig(50, 256, 4))
    mixer = model.blocks[0].mixer
    torch.testing.assert_close(mixer.A_log.exp(), torch.arange(1.0, 17).expand(512, 16))
    delta = F.softplus(mixer.dt_proj.bias.detach())
    assert 0.001 <= float(delta.min()) < 0.0012
    assert 0.09 < float(delta.max()) <= 0.1
    assert float(delta.log().mean()) == pytest.approx(math.log(0.01), abs=0.2)
    assert float(mixer.out_proj.weight.detach().abs().max()) == pytest.approx(512**-0.5 / 2, rel=0.01)


def test_no_tokens_are_refused():
    with pytest.raises(ValueError, match=r"\(batch, at least 1\), got \(2, 0\)"):
        Mamba(SMALL)(torch.zeros(2, 0, dtype=torch.long))
