"""The non-local block against attention, and against its sums written out."""

import pytest
import torch

from practicum.models.layers.attention import attention
from practicum.models.nonlocal_block import NonLocalBlock

SHAPES = [(1, 1, 1), (2, 4, 7), (2, 6, 3, 5), (1, 3, 4, 4), (3, 8, 2, 3, 2), (1, 5, 1, 9)]


def block(channels, pairwise, inner=None):
    torch.manual_seed(channels)
    net = NonLocalBlock(channels, inner, pairwise=pairwise).double()
    torch.nn.init.normal_(net.out.weight)
    torch.nn.init.normal_(net.out.bias)
    return net


def written_out(net, x):
    """Eq. 1 and 6, place by place."""
    places = x.flatten(2)
    z = torch.empty_like(places)
    for b in range(x.shape[0]):
        for i in range(places.shape[2]):
            f = torch.stack([net.theta(places[b, :, i]) @ net.phi(places[b, :, j]) for j in range(places.shape[2])])
            f = f.exp() / f.exp().sum() if net.pairwise == "embedded_gaussian" else f / places.shape[2]
            y = sum(f[j] * net.g(places[b, :, j]) for j in range(places.shape[2]))
            z[b, :, i] = net.out(y) + places[b, :, i]
    return z.view_as(x)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pairwise", ["embedded_gaussian", "dot_product"])
def test_equals_the_sums_written_out(shape, pairwise):
    net, x = block(shape[1], pairwise), torch.randn(*shape, dtype=torch.float64, requires_grad=True)
    ours, theirs = net(x), written_out(net, x)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    probe, wanted = torch.randn_like(x), [x, *net.parameters()]
    for a, b in zip(torch.autograd.grad(ours, wanted, probe), torch.autograd.grad(theirs, wanted, probe), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_embedded_gaussian_is_attention(shape):
    net, x = block(shape[1], "embedded_gaussian", inner=3), torch.randn(*shape, dtype=torch.float64)
    places = x.flatten(2).mT
    y = attention(net.theta(places), net.phi(places), net.g(places), scale=1.0)
    torch.testing.assert_close(net(x), x + net.out(y).mT.reshape(shape), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(net.weights(x) @ net.g(places), y, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("pairwise", ["embedded_gaussian", "dot_product"])
def test_starts_as_the_identity_and_learns(pairwise):
    net, x = NonLocalBlock(6, pairwise=pairwise), torch.randn(2, 6, 3, 3)
    assert torch.equal(net(x), x)
    net(x).square().sum().backward()
    assert net.out.weight.grad.abs().max() > 0


def test_dot_product_weights():
    net, x = block(4, "dot_product"), torch.randn(2, 4, 5, dtype=torch.float64)
    y = net.weights(x) @ net.g(x.mT)
    torch.testing.assert_close(net(x), x + net.out(y).mT, rtol=1e-10, atol=1e-10)


def test_bfloat16_stays_near():
    net, x = block(8, "embedded_gaussian").float(), torch.randn(2, 8, 4, 4)
    near = NonLocalBlock(8).bfloat16()
    near.load_state_dict(net.state_dict())
    torch.testing.assert_close(near(x.bfloat16()).float(), net(x), rtol=0.05, atol=0.05)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="'gaussian'"):
        NonLocalBlock(4, pairwise="gaussian")
    with pytest.raises(ValueError, match=r"\(batch, 4, places…\), got \(2, 3, 5\)"):
        NonLocalBlock(4)(torch.zeros(2, 3, 5))
    with pytest.raises(ValueError, match=r"got \(2, 4\)"):
        NonLocalBlock(4)(torch.zeros(2, 4))
