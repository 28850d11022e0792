"""Muon against `torch.optim.Muon` and `torch.optim.AdamW`."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from practicum.methods import muon
from practicum.methods.muon import Muon, matrices_and_others, orthogonalised

SHAPES = [(4, 4), (3, 8), (8, 3), (1, 5), (6, 1), (16, 16)]


def peer_iteration(matrix):
    return torch.optim._muon._zeropower_via_newtonschulz(matrix, muon.COEFFICIENTS, 5, 1e-7)


@pytest.mark.parametrize("settings", [{}, {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.0}])
def test_ten_steps_of_both_parts(settings, monkeypatch):
    """All but the rounding of the iteration, which is compared below."""
    monkeypatch.setattr(muon, "orthogonalised", lambda matrices: torch.stack([peer_iteration(one) for one in matrices]))
    torch.manual_seed(0)
    ours = [nn.Parameter(torch.randn(shape)) for shape in [*SHAPES, *SHAPES, (5,), (2, 3, 2), ()]]
    theirs = [nn.Parameter(p.detach().clone()) for p in ours]
    optimizer = Muon(ours[:12], ours[12:], **settings)
    peers = [
        torch.optim.Muon(theirs[:12], **{"lr": 0.02} | settings),
        torch.optim.AdamW(theirs[12:], lr=3e-3, betas=(0.9, 0.99), weight_decay=0.0),
    ]
    for _ in range(10):
        for p, q in zip(ours, theirs, strict=True):
            p.grad = torch.randn_like(p)
            q.grad = p.grad.clone()
        for one in (optimizer, *peers):
            one.step()
    for p, q in zip(ours, theirs, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_iteration(shape):
    """Both in bfloat16, but with the products in another order: equal up to its rounding."""
    torch.manual_seed(0)
    given = torch.randn(3, *shape)
    torch.testing.assert_close(orthogonalised(given), torch.stack([peer_iteration(one) for one in given]), rtol=0, atol=0.05)


@pytest.mark.parametrize("shape", [*SHAPES, (2, 5, 7), (3, 9, 4)])
def test_singular_values_come_near_one_and_vectors_stay(shape):
    torch.manual_seed(1)
    given = torch.randn(*shape, dtype=torch.float64)
    made = orthogonalised(given, dtype=torch.float64)
    U, S, Vh = torch.linalg.svd(given, full_matrices=False)
    diagonal = U.mT @ made @ Vh.mT
    assert (diagonal - torch.diag_embed(diagonal.diagonal(dim1=-2, dim2=-1))).abs().max() < 1e-10
    values = diagonal.diagonal(dim1=-2, dim2=-1)[S / S.amax(-1, keepdim=True) > 0.05]
    assert values.min() > 0.6
    assert values.max() < 1.25


def test_state_is_saved_and_restored():
    torch.manual_seed(0)
    x, y = torch.randn(8, 4), torch.randn(8, 3)

    def steps(net, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x), y).backward()
            optimizer.step()

    net = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 3))
    optimizer = Muon(*matrices_and_others(net))
    steps(net, optimizer, 3)
    other = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 3))
    other.load_state_dict(net.state_dict())
    resumed = Muon(*matrices_and_others(other))
    resumed.load_state_dict(deepcopy(optimizer.state_dict()))
    steps(net, optimizer, 3)
    steps(other, resumed, 3)
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    ("shape", "memory_format"),
    [
        ((8, 3, 3, 3), torch.contiguous_format),
        ((8, 3, 3, 3), torch.channels_last),
        ((3, 2, 5, 3), torch.channels_last),
        ((4, 8, 1, 1), torch.channels_last),
        ((6, 4, 3), torch.contiguous_format),
    ],
)
def test_filters_step_like_the_matrix_of_their_rows(shape, memory_format):
    torch.manual_seed(2)
    filters = nn.Parameter(torch.randn(shape).contiguous(memory_format=memory_format))
    matrix = nn.Parameter(filters.detach().flatten(1).clone())
    ours, theirs = Muon([filters]), Muon([matrix])
    for _ in range(5):
        filters.grad = torch.randn(shape).contiguous(memory_format=memory_format)
        matrix.grad = filters.grad.flatten(1).clone()
        ours.step()
        theirs.step()
    torch.testing.assert_close(filters.flatten(1), matrix, rtol=0, atol=0)


def test_which_parameters_are_matrices():
    net = nn.ModuleDict({"e": nn.Embedding(5, 4), "l": nn.Linear(4, 4), "n": nn.LayerNorm(4), "c": nn.Conv1d(1, 1, 3)})
    head = nn.Linear(4, 5, bias=False)
    head.weight = net["e"].weight
    net["head"] = head
    matrices, others = matrices_and_others(net)
    assert [tuple(p.shape) for p in matrices] == [(4, 4)]
    assert len(others) == 6
    matrices, others = matrices_and_others(net, heads=[net["l"]])
    assert matrices == []
    assert any(net["l"].weight is parameter for parameter in others)
    with pytest.raises(ValueError, match=r"got shapes \[\(4,\)\]"):
        Muon([net["l"].bias])


def test_parameters_without_a_gradient_stay():
    weight, bias = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    assert Muon([weight], [bias]).step() is None
    assert (weight == 1).all()
    assert (bias == 1).all()
