"""Attention against `F.scaled_dot_product_attention` and `nn.MultiheadAttention`."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from practicum.models.layers.attention import (
    KVCache,
    MultiHeadAttention,
    attention,
    attention_maps,
    attention_weights,
    fused_attention,
)

SHAPES = [(1, 1, 1, 1, 1), (2, 3, 5, 5, 4), (3, 2, 7, 4, 8), (1, 4, 1, 9, 3), (2, 1, 6, 6, 16), (4, 2, 3, 11, 5)]  # B, H, T, S, D


def inputs(B, H, T, S, D, heads=None):
    torch.manual_seed(B * 1000 + T * 10 + S)
    shapes = [(B, H, T, D), (B, heads or H, S, D), (B, heads or H, S, D)]
    return [torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


def with_gradients(function, tensors):
    out = function(*tensors)
    torch.manual_seed(0)
    return [out, *torch.autograd.grad(out, tensors, torch.randn_like(out))]


def close(ours, theirs, tolerance=1e-10):
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("attend", [attention, fused_attention])
def test_without_mask(shape, attend):
    close(with_gradients(attend, inputs(*shape)), with_gradients(F.scaled_dot_product_attention, inputs(*shape)))
    scaled = with_gradients(lambda *t: attend(*t, scale=0.3), inputs(*shape))
    close(scaled, with_gradients(lambda *t: F.scaled_dot_product_attention(*t, scale=0.3), inputs(*shape)))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("attend", [attention, fused_attention])
def test_with_mask(shape, attend):
    B, _, T, S, _ = shape
    mask = torch.rand(B, 1, T, S, generator=torch.Generator().manual_seed(1)) < 0.6
    mask[..., 0] = True
    ours = with_gradients(lambda *t: attend(*t, mask=mask), inputs(*shape))
    close(ours, with_gradients(lambda *t: F.scaled_dot_product_attention(*t, attn_mask=mask), inputs(*shape)))


@pytest.mark.parametrize("size", [1, 2, 5, 13])
@pytest.mark.parametrize("attend", [attention, fused_attention])
def test_causal(size, attend):
    tensors = inputs(2, 2, size, size, 4)
    theirs = with_gradients(lambda *t: F.scaled_dot_product_attention(*t, is_causal=True), tensors)
    close(with_gradients(lambda *t: attend(*t, causal=True), tensors), theirs)


@pytest.mark.parametrize("attend", [attention, fused_attention])
@pytest.mark.parametrize(("T", "S"), [(1, 6), (2, 6), (5, 6), (6, 6)])
def test_a_causal_query_counts_from_the_end(attend, T, S):
    """The last T queries of S tokens get what they get when all S ask."""
    query, key, value = inputs(2, 2, S, S, 4)
    whole = attend(query, key, value, causal=True)
    close([attend(query[:, :, S - T :], key, value, causal=True)], [whole[:, :, S - T :]])


@pytest.mark.parametrize("attend", [attention, fused_attention])
@pytest.mark.parametrize("heads", [1, 2, 3])
@pytest.mark.parametrize("causal", [False, True])
def test_shared_key_heads(attend, heads, causal):
    query, key, value = inputs(2, 6, 5, 5, 4, heads=heads)
    many = [tensor.detach().repeat_interleave(6 // heads, 1).requires_grad_() for tensor in (key, value)]
    ours = with_gradients(lambda *t: attend(*t, causal=causal), [query, key, value])
    theirs = with_gradients(lambda *t: F.scaled_dot_product_attention(*t, is_causal=causal), [query, *many])
    theirs[2:] = [grad.unflatten(1, (heads, -1)).sum(2) for grad in theirs[2:]]
    close(ours, theirs)


@pytest.mark.parametrize("attend", [attention, fused_attention])
def test_a_query_without_keys_gets_zeros_and_zero_gradients(attend):
    tensors = inputs(2, 2, 4, 5, 3)
    mask = torch.ones(2, 1, 4, 5, dtype=torch.bool)
    mask[0, 0, 2] = False
    out, query, key, value = with_gradients(lambda *t: attend(*t, mask=mask), tensors)
    assert (out[0, :, 2] == 0).all()
    assert (query[0, :, 2] == 0).all()
    assert all(torch.isfinite(t).all() for t in (out, query, key, value))
    rows = attention_weights(tensors[0], tensors[1], mask=mask).sum(-1)
    expected = torch.ones(2, 2, 4, dtype=torch.float64)
    expected[0, :, 2] = 0
    torch.testing.assert_close(rows, expected)


@given(st.tuples(*[st.integers(1, n) for n in (3, 3, 9, 9, 6)]), st.booleans(), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_plain_equals_fused(sizes, causal, seed):
    B, H, T, S, D = sizes
    random = torch.Generator().manual_seed(seed)
    query, key, value = (torch.randn(B, H, n, D, generator=random, dtype=torch.float64) * 5 for n in (T, S, S))
    mask = torch.rand(B, 1, T, S, generator=random) < 0.5
    plain, fused = (attend(query, key, value, mask=mask, causal=causal) for attend in (attention, fused_attention))
    close([plain], [fused])


def test_empty_inputs():
    for attend in (attention, fused_attention):
        assert attend(torch.zeros(0, 2, 3, 4), torch.zeros(0, 2, 5, 4), torch.zeros(0, 2, 5, 4)).shape == (0, 2, 3, 4)
        assert attend(torch.zeros(1, 2, 0, 4), torch.zeros(1, 2, 5, 4), torch.zeros(1, 2, 5, 4)).shape == (1, 2, 0, 4)


def test_dropout_drops_weights_and_scales_the_rest():
    torch.manual_seed(0)
    query, key, value = torch.randn(1, 1, 200, 4), torch.randn(1, 1, 50, 4), torch.eye(50).view(1, 1, 50, 50)
    for attend in (attention, fused_attention):
        ratio = attend(query, key, value, dropout=0.25) / attention_weights(query, key)
        kept = ratio > 0
        torch.testing.assert_close(ratio[kept], torch.full_like(ratio[kept], 1 / 0.75))
        assert abs(kept.float().mean() - 0.75) < 4 * math.sqrt(0.75 * 0.25 / ratio.numel())


def test_wrong_masks_are_refused():
    tensors = inputs(1, 1, 2, 2, 2)
    for attend in (attention, fused_attention):
        with pytest.raises(TypeError, match=r"boolean mask.*float64"):
            attend(*tensors, mask=torch.zeros(2, 2, dtype=torch.float64))
    with pytest.raises(TypeError, match=r"key padding mask.*int64"):
        MultiHeadAttention(4, 2)(torch.zeros(1, 3, 4), key_padding_mask=torch.zeros(1, 3, dtype=torch.long))


# --- multi-head ---


def twins(width, heads, bias=True, dtype=torch.float64, **kwargs):
    torch.manual_seed(width + heads)
    theirs = nn.MultiheadAttention(width, heads, bias=bias, batch_first=True, dtype=dtype)
    ours = MultiHeadAttention(width, heads, bias=bias, **kwargs).to(dtype)
    if bias:
        nn.init.normal_(theirs.in_proj_bias)
        nn.init.normal_(theirs.out_proj.bias)
    state = theirs.state_dict()
    ours.load_state_dict({key.replace("in_proj_", "qkv.").replace("out_proj", "out"): state[key] for key in state})
    return ours, theirs


def parameter_gradients(module):
    return [p.grad for p in module.parameters()]


def agree(ours, theirs, x, memory, ours_kwargs, theirs_kwargs, tolerance=1e-10, gradient=1e-10):
    other = x if memory is None else memory
    a = ours(x, memory, **ours_kwargs)
    b, weights = theirs(x, other, other, average_attn_weights=False, **theirs_kwargs)
    close([a], [b], tolerance)
    close([ours.weights(x, memory, **ours_kwargs)], [weights], tolerance)
    probe = torch.randn_like(a)
    wanted = [t for t in (x, memory) if t is not None]
    close(*(torch.autograd.grad(out, wanted, probe, retain_graph=True) for out in (a, b)), gradient)
    a.backward(probe)
    b.backward(probe)
    close(parameter_gradients(ours), parameter_gradients(theirs), gradient)


@pytest.mark.parametrize("attend", [attention, fused_attention])
@pytest.mark.parametrize("shape", [(1, 1, 1, 2, 1), (2, 5, 3, 12, 3), (3, 4, 7, 8, 8), (1, 9, 2, 6, 2), (2, 3, 6, 20, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_multi_head_equals_torch(attend, shape, bias):
    B, T, S, width, heads = shape
    x, memory = (torch.randn(B, n, width, dtype=torch.float64, requires_grad=True) for n in (T, S))
    padding = torch.arange(S) >= torch.randint(1, S + 1, (B, 1))
    ours, theirs = twins(width, heads, bias, attend=attend)
    agree(ours, theirs, x, None, {}, {})
    agree(ours, theirs, x, memory, {}, {})
    agree(ours, theirs, x, memory, {"key_padding_mask": padding}, {"key_padding_mask": padding})
    causal, _ = twins(width, heads, bias, attend=attend, causal=True)
    later = torch.ones(T, T, dtype=torch.bool).triu(1)
    _, theirs = twins(width, heads, bias)
    agree(causal, theirs, x, None, {}, {"attn_mask": later})
    mask = torch.rand(T, S) < 0.5
    mask[:, 0] = True
    _, theirs = twins(width, heads, bias)
    agree(twins(width, heads, bias, attend=attend)[0], theirs, x, memory, {"mask": mask}, {"attn_mask": ~mask})


def test_multi_head_in_single_precision():
    ours, theirs = twins(32, 4, dtype=torch.float32)
    agree(ours, theirs, torch.randn(3, 17, 32, requires_grad=True), None, {}, {}, 1e-5, 1e-4)


def test_multi_head_in_bfloat16_stays_near():
    ours, _ = twins(32, 4, dtype=torch.float32, causal=True)
    x = torch.randn(2, 9, 32)
    exact = ours(x)
    near = ours.bfloat16()(x.bfloat16())
    assert near.dtype == torch.bfloat16
    torch.testing.assert_close(near.float(), exact, rtol=0.05, atol=0.05)


def test_ten_steps_of_training_stay_together():
    ours, theirs = twins(12, 3, dtype=torch.float32)
    x, y = torch.randn(4, 6, 12), torch.randn(4, 6, 12)
    # Not Adam: the keys' biases have gradient zero, and Adam would blow the rounding up to full steps.
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9) for m in (ours, theirs)]
    for _ in range(10):
        losses = [F.mse_loss(ours(x), y), F.mse_loss(theirs(x, x, x)[0], y)]
        for loss, optimizer in zip(losses, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-4)
    close([p.data for p in ours.parameters()], [p.data for p in theirs.parameters()], 1e-4)


def test_dropout_only_in_training():
    ours, _ = twins(8, 2, dropout=0.5)
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    assert not torch.equal(ours(x), ours(x))
    ours.eval()
    close([ours(x)], [twins(8, 2)[0](x)])


@pytest.mark.parametrize("pieces", [[1] * 7, [3, 4], [2, 1, 4], [7]])
def test_cache_equals_no_cache(pieces):
    ours, _ = twins(12, 3, causal=True)
    x = torch.randn(2, 7, 12, dtype=torch.float64)
    cache = KVCache(7)
    close([torch.cat([ours(piece, cache=cache) for piece in x.split(pieces, 1)], 1)], [ours(x)])
    with pytest.raises(ValueError, match=r"at most 7 keys.*7 \+ 1"):
        ours(x[:, :1], cache=cache)


def test_cache_of_a_memory_is_filled_once():
    ours, _ = twins(12, 3)
    x, memory = torch.randn(2, 4, 12, dtype=torch.float64), torch.randn(2, 6, 12, dtype=torch.float64)
    cache = KVCache(6)
    parts = [ours(piece, memory, cache=cache) for piece in x.split(1, 1)]
    assert cache.length == 6
    close([torch.cat(parts, 1)], [ours(x, memory)])


def test_cache_selects_rows():
    ours, _ = twins(12, 3, causal=True)
    x, cache, rows = torch.randn(3, 5, 12, dtype=torch.float64), KVCache(5), torch.tensor([2, 0, 2])
    ours(x[:, :4], cache=cache)
    cache.select(rows)
    close([ours(x[rows, 4:], cache=cache)], [ours(x[rows])[:, 4:]])


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"3 heads divide, got 8"):
        MultiHeadAttention(8, 3)
    with pytest.raises(ValueError, match=r"\(batch, tokens, 8\), got \(2, 5, 6\)"):
        MultiHeadAttention(8, 2)(torch.zeros(2, 5, 6))
    with pytest.raises(ValueError, match=r"\(batch, tokens, 8\), got \(5, 8\)"):
        MultiHeadAttention(8, 2)(torch.zeros(2, 5, 8), torch.zeros(5, 8))
    with pytest.raises(ValueError, match="empty one"):
        KVCache(3).all()


def test_attention_maps_of_a_model():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = MultiHeadAttention(8, 2, causal=True), MultiHeadAttention(8, 4)

        def forward(self, x):
            return self.second(self.first(x), x[:, :2])

    net, x = Net(), torch.randn(3, 5, 8)
    maps = attention_maps(net, x)
    assert list(maps) == ["first", "second"]
    torch.testing.assert_close(maps["first"], net.first.weights(x))
    torch.testing.assert_close(maps["second"], net.second.weights(net.first(x), x[:, :2]))
    assert not net.first._forward_pre_hooks
