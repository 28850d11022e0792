"""The transformer block: the first token alone equals the first of all, and what is refused."""

import pytest
import torch

from practicum.models.layers.transformer_block import TransformerBlock


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize(("B", "T", "width", "heads"), [(1, 1, 4, 1), (2, 5, 6, 3), (3, 2, 8, 8), (1, 7, 10, 2), (4, 3, 12, 4)])
@pytest.mark.parametrize("padded", [False, True])
def test_the_first_token_alone_equals_all(norm, B, T, width, heads, padded):
    torch.manual_seed(B * T)
    block = TransformerBlock(width, heads, norm=norm).double()
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    x = torch.randn(B, T, width, dtype=torch.float64, requires_grad=True)
    padding = torch.arange(T) >= torch.randint(1, T + 1, (B, 1)) if padded else None
    alone, of_all = block.first(x, key_padding_mask=padding), block(x, key_padding_mask=padding)[:, :1]
    torch.testing.assert_close(alone, of_all, rtol=1e-10, atol=1e-10)
    probe, wanted = torch.randn_like(alone), [x, *block.parameters()]
    for a, b in zip(*(torch.autograd.grad(out, wanted, probe) for out in (alone, of_all)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def test_dropout_of_both_branches():
    torch.manual_seed(0)
    block, x = TransformerBlock(8, 2, dropout=0.5), torch.randn(2, 3, 8)
    assert not torch.equal(block(x), block(x))
    block.eval()
    assert torch.equal(block(x), block(x))


def test_an_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="'pre' or 'post', got 'both'"):
        TransformerBlock(4, 2, norm="both")
