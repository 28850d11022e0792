"""Llama against `transformers.LlamaForCausalLM`."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from practicum.methods.generate import generate
from practicum.models.compat import llama as compat
from practicum.models.llama import Llama, LlamaConfig, RMSNorm, rope_table, rotate

CASES = {
    "plain": LlamaConfig(31, 16, 24, 2, 4, 4, 40),
    "grouped": LlamaConfig(29, 16, 32, 3, 8, 2, 48, rope_theta=500_000.0, tied=True),
    "one key head": LlamaConfig(17, 16, 12, 2, 3, 1, 20, rope_theta=100.0, eps=1e-6),
    "one head": LlamaConfig(11, 16, 6, 1, 1, 1, 7),
}


def twins(config, seed=0):
    from transformers import LlamaConfig as PeerConfig
    from transformers import LlamaForCausalLM

    torch.manual_seed(seed)
    theirs = LlamaForCausalLM(
        PeerConfig(
            vocab_size=config.vocab_size,
            max_position_embeddings=config.context,
            hidden_size=config.width,
            num_hidden_layers=config.num_layers,
            num_attention_heads=config.num_heads,
            num_key_value_heads=config.num_kv_heads,
            intermediate_size=config.hidden,
            rope_parameters={"rope_type": "default", "rope_theta": config.rope_theta},
            rms_norm_eps=config.eps,
            tie_word_embeddings=config.tied,
            eos_token_id=None,
        )
    ).eval()
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.3)
    ours = Llama(config).eval()
    ours.load_state_dict(compat.from_peer(theirs.state_dict()))
    return ours, theirs


def tokens(config, batch, length, seed=0):
    return torch.randint(config.vocab_size, (batch, length), generator=torch.Generator().manual_seed(seed))


def near(a, b, tolerance, name=""):
    """Relative to the largest number."""
    assert float((a - b).abs().max() / b.abs().max().clamp_min(1)) < tolerance, name


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("batch", "length"), [(1, 1), (2, 3), (3, 16), (1, 7), (4, 10)])
def test_logits_and_gradients(case, batch, length):
    ours, theirs = twins(CASES[case])
    x = tokens(CASES[case], batch, length)
    logits, expected = ours(x), theirs(x).logits
    near(logits, expected, 1e-5)
    probe = torch.randn_like(logits)
    logits.backward(probe)
    expected.backward(probe)
    gradients = compat.from_peer({name: p.grad for name, p in theirs.named_parameters()})
    for name, parameter in ours.named_parameters():
        near(parameter.grad, gradients[name], 1e-4, name)


@pytest.mark.parametrize("case", CASES)
def test_loss_and_ten_steps(case):
    ours, theirs = twins(CASES[case])
    x = tokens(CASES[case], 3, 9)
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9) for model in (ours, theirs)]
    for _ in range(10):
        loss, published = F.cross_entropy(ours(x)[:, :-1].flatten(0, 1), x[:, 1:].flatten()), theirs(x, labels=x).loss
        torch.testing.assert_close(loss, published, rtol=1e-4, atol=1e-4)
        for value, optimizer in zip((loss, published), optimizers, strict=True):
            optimizer.zero_grad()
            value.backward()
            optimizer.step()


@pytest.mark.parametrize("case", CASES)
def test_greedy_tokens(case):
    ours, theirs = twins(CASES[case])
    x = tokens(CASES[case], 2, 4)
    expected = theirs.generate(x, attention_mask=torch.ones_like(x), max_new_tokens=12, do_sample=False, pad_token_id=0)
    assert torch.equal(generate(ours, x, 12, temperature=0), expected)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("pieces", [[1] * 8, [3, 5], [7, 1]])
def test_cache_equals_no_cache(case, pieces):
    ours, x = twins(CASES[case])[0].double(), tokens(CASES[case], 2, 8)
    caches = ours.caches()
    torch.testing.assert_close(
        torch.cat([ours(piece, caches) for piece in x.split(pieces, 1)], 1), ours(x), rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("case", CASES)
def test_weights_there_and_back(case):
    ours, theirs = twins(CASES[case])
    state, back = theirs.state_dict(), compat.to_peer(ours.state_dict(), CASES[case])
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], state[key]) for key in state)
    assert (ours.head.weight is ours.token_embedding.weight) == CASES[case].tied
    with pytest.raises(ValueError, match=r"got 'model\.layers\.0\.mlp\.fc1\.weight'"):
        compat.from_peer(state | {"model.layers.0.mlp.fc1.weight": torch.zeros(1)})


def test_bfloat16_stays_near():
    ours, x = twins(CASES["grouped"])[0], tokens(CASES["grouped"], 2, 9)
    exact = ours(x)
    near(ours.bfloat16()(x).float(), exact, 0.1)


@pytest.mark.parametrize("shape", [(1, 3), (2, 5, 8), (4, 1), (1, 1, 7), (3, 2, 2, 4)])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_rms_norm_equals_torch(shape, eps):
    torch.manual_seed(0)
    ours, theirs = RMSNorm(shape[-1], eps).double(), nn.RMSNorm(shape[-1], eps).double()
    nn.init.normal_(ours.weight)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(*shape, dtype=torch.float64, requires_grad=True)
    a, b = ours(x), theirs(x)
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)
    probe = torch.randn_like(x)
    for p, q in zip(*(torch.autograd.grad(out, [x, net.weight], probe) for out, net in ((a, ours), (b, theirs))), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-10, atol=1e-10)


def test_rotated_products_depend_on_the_distance_alone():
    """Su et al. 2021, eq. 16, and the turn written as complex numbers."""
    torch.manual_seed(0)
    query, key = torch.randn(2, 1, 1, 1, 8, dtype=torch.float64)
    cos, sin = (table.double() for table in rope_table(40, 8, 50.0))
    frequencies = 50.0 ** (-torch.arange(4, dtype=torch.float64) / 4)
    for at in (0, 3, 11):
        products = [
            rotate(query, cos[t + at, None], sin[t + at, None]) @ rotate(key, cos[t, None], sin[t, None]).mT for t in (0, 7, 28)
        ]
        z = torch.complex(query[..., :4], query[..., 4:]) * torch.complex(key[..., :4], -key[..., 4:])
        expected = (z * torch.exp(1j * at * frequencies)).real.sum()
        torch.testing.assert_close(torch.stack(products).flatten(), expected.expand(3), rtol=1e-6, atol=1e-6)


def test_llama2c_layout():
    """The rows reordered: what llama2.c computes with neighbours turned together comes out."""
    config = CASES["grouped"]
    ours, _ = twins(config)
    state, D = ours.state_dict(), config.width // config.num_heads
    stacked = {"tok_embeddings": state["token_embedding.weight"], "norm": state["final_norm.weight"]}
    names = {"attn_norm": "attention_norm", "wo": "attention.out", "ffn_norm": "mlp_norm", "w1": "gate", "w2": "down", "w3": "up"}
    for theirs, name in names.items():
        stacked[theirs] = torch.stack([state[f"blocks.{i}.{name}.weight"] for i in range(config.num_layers)])
    qkv = torch.stack([state[f"blocks.{i}.attention.qkv.weight"] for i in range(config.num_layers)])
    neighbours = torch.arange(D).view(2, D // 2).T.flatten()  # 0, D/2, 1, D/2 + 1, …
    sizes = [config.width, config.num_kv_heads * D, config.num_kv_heads * D]
    for theirs, rows in zip(("wq", "wk", "wv"), qkv.split(sizes, 1), strict=True):
        heads = rows.unflatten(1, (-1, D))
        stacked[theirs] = (heads if theirs == "wv" else heads[:, :, neighbours]).flatten(1, 2)
    back = compat.from_llama2c(stacked, config)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], state[key]) for key in state)


def test_wrong_sizes_are_refused():
    for wrong in ((10, 4, 4), (12, 4, 3), (12, 4, 4)):
        with pytest.raises(ValueError, match=f"got width {wrong[0]}, {wrong[1]} heads, {wrong[2]} key heads"):
            Llama(LlamaConfig(5, 4, wrong[0], 1, wrong[1], wrong[2], 6))
    with pytest.raises(ValueError, match=r"\(batch, at most 16\), got \(1, 17\)"):
        Llama(CASES["plain"])(torch.zeros(1, 17, dtype=torch.long))
