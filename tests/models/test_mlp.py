"""The MLP: its layers in order, its derivatives, its modes, and what it refuses."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from practicum.models.layers.dropout import Dropout
from practicum.models.layers.norms import BatchNorm, LayerNorm
from practicum.models.mlp import MLP


@pytest.mark.parametrize("sizes", [(4, 3), (7, 5, 2), (3, 8, 8, 1), (1, 1, 1), (20, 6, 5, 4, 3)])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_equals_the_same_layers_written_out(sizes: tuple[int, ...], activation: str, norm: str) -> None:
    torch.manual_seed(sum(sizes))
    ours = MLP(sizes, activation=activation, norm=norm, dropout=0.3).double()
    peer_layers: list[nn.Module] = []
    for inputs, units in pairwise(sizes[:-1]):
        peer_layers.append(nn.Linear(inputs, units))
        if norm != "none":
            peer_layers.append(BatchNorm(units) if norm == "batch" else LayerNorm(units))
        peer_layers += [{"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU}[activation](), Dropout(0.3)]
    peer = nn.Sequential(*peer_layers, nn.Linear(*sizes[-2:])).double()
    peer.load_state_dict({name.removeprefix("layers."): value for name, value in ours.state_dict().items()})
    for mode in (True, False):
        x, results = torch.randn(6, sizes[0], dtype=torch.float64), []
        for net in (ours.train(mode), peer.train(mode)):
            leaf = x.clone().requires_grad_()
            net.zero_grad()
            torch.manual_seed(1)
            out = net(leaf)
            out.square().sum().backward()
            results.append([out, leaf.grad, *(p.grad for p in net.parameters())])
        torch.testing.assert_close(results[0], results[1], rtol=1e-10, atol=1e-10)


def test_rows_of_any_shape_are_flattened() -> None:
    net = MLP((12, 5, 2)).eval()
    x = torch.randn(3, 1, 4, 3)
    torch.testing.assert_close(net(x), net(x.view(3, 12)))
    assert net(x[:0]).shape == (0, 2)
    assert net.bfloat16()(x.bfloat16()).dtype == torch.bfloat16


def test_it_starts_as_he_and_xavier_say() -> None:
    torch.manual_seed(0)
    assert MLP((500, 800, 10)).layers[0].weight.var().item() == pytest.approx(2 / 500, rel=0.02)
    assert MLP((500, 800, 10), activation="tanh").layers[0].weight.var().item() == pytest.approx(2 / 1300, rel=0.02)


def test_errors_say_what_was_got() -> None:
    with pytest.raises(ValueError, match=r"inputs and outputs, got \(3,\)"):
        MLP((3,))
    with pytest.raises(ValueError, match="norm in none, batch, layer, got 'group'"):
        MLP((3, 2), norm="group")
    with pytest.raises(ValueError, match="activation in relu, tanh, sigmoid, gelu, got 'swish'"):
        MLP((3, 2), activation="swish")
    with pytest.raises(ValueError, match=r"rows of 3 entries, got shape \(2, 4\)"):
        MLP((3, 2))(torch.zeros(2, 4))
