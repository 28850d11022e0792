"""Every optimiser beside PyTorch's: ten steps in float64."""

import numpy as np
import pytest
import torch

from practicum import autograd
from practicum.autograd import Tensor, nn, optim
from practicum.autograd.optim import orthogonalise

SETTINGS = [
    ("SGD", {}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "dampening": 0.3, "weight_decay": 0.01}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.2, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.3}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.9, "momentum": 0.7, "weight_decay": 0.1, "centered": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "betas": (0.5, 0.9), "weight_decay": 0.3}),
]
SHAPES = [(3, 4), (5,), (), (1, 1), (2, 3, 2), (0, 2)]


def race(ours, theirs, make_ours, make_theirs, steps=10, tolerance=1e-12):
    """The same ten steps down a bowl that is no quadratic; one parameter has no gradient at every third step."""
    a, b = make_ours(ours), make_theirs(theirs)
    for step in range(steps):
        for optimizer, parameters in ((a, ours), (b, theirs)):
            optimizer.zero_grad()
            loss = sum(
                ((p * p).sum() + 1) ** 0.5 + 0.05 * (p * (i + 1)).sin().sum() for i, p in enumerate(parameters) if step % 3 or i
            )
            loss.backward()
            optimizer.step()
        for p, q in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=tolerance, atol=tolerance)


def parameters(shapes):
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(shape) for shape in shapes]
    return [nn.Parameter(v.copy()) for v in values], [torch.nn.Parameter(torch.tensor(v)) for v in values]


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=str)
def test_ten_steps(name, settings):
    race(*parameters(SHAPES), lambda p: getattr(optim, name)(p, **settings), lambda p: getattr(torch.optim, name)(p, **settings))


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW", "Muon"])
def test_defaults_are_those_of_torch(name):
    ours, theirs = parameters([(2, 2)])
    own = getattr(optim, name)(ours).param_groups[0]
    peer = getattr(torch.optim, name)(theirs).param_groups[0]
    for key, value in own.items():
        if key != "params":
            assert peer[key] == value, key


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=str)
def test_steps_leave_the_gradient_alone(name, settings):
    """Whoever takes two steps with one gradient, or reads it afterwards, finds what the backward pass left."""
    (p,), _ = parameters([(3, 4)])
    (p * p).sum().backward()
    before, optimizer = p.grad.data.copy(), getattr(optim, name)([p], **settings)
    for _ in range(3):
        optimizer.step()
    np.testing.assert_array_equal(p.grad.data, before)


def test_groups_and_schedules():
    def make(optimizer):
        def build(p):
            return optimizer([{"params": p[:2], "lr": 0.3}, {"params": p[2:], "momentum": 0.5}], lr=0.1, momentum=0.9)

        return build

    ours, theirs = parameters(SHAPES)
    a, b = make(optim.SGD)(ours), make(torch.optim.SGD)(theirs)
    for factor in (1, 0.5, 0.1):
        for optimizer in (a, b):
            for group in optimizer.param_groups:
                group["lr"] *= factor
        race(ours, theirs, lambda p: a, lambda p: b, steps=3)


MATRICES = [(4, 4), (3, 7), (8, 2), (1, 5), (1, 1)]
MUON = [{}, {"lr": 0.1, "momentum": 0.8, "nesterov": False, "weight_decay": 0.0, "ns_steps": 3}]


@pytest.mark.parametrize("settings", MUON, ids=str)
def test_muon_in_double_precision(settings, monkeypatch):
    """PyTorch's own steps, its cast to bfloat16 replaced by none."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda self: self.clone())
    race(*parameters(MATRICES), lambda p: optim.Muon(p, **settings), lambda p: torch.optim.Muon(p, **settings))


@pytest.mark.parametrize("settings", MUON, ids=str)
def test_muon_as_torch_has_it(settings):
    """PyTorch orthogonalises in bfloat16, with 8 bits of mantissa: after ten steps parameters differ by up to 1 % of the path
    of 10 lr."""
    lr = settings.get("lr", 1e-3)
    race(
        *parameters(MATRICES), lambda p: optim.Muon(p, **settings), lambda p: torch.optim.Muon(p, **settings), tolerance=0.15 * lr
    )


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (9, 4), (1, 6), (40, 60)], ids=str)
def test_orthogonalise(shape):
    g = np.random.default_rng(1).standard_normal(shape)
    x = orthogonalise(g, (3.4445, -4.7750, 2.0315), 1e-7, 10)
    s = np.linalg.svd(x, compute_uv=False)
    left, _, right = np.linalg.svd(g, full_matrices=False)
    assert s.min() > 0.6
    assert s.max() < 1.3
    np.testing.assert_allclose(left.T @ x @ right.T, np.diag(np.diag(left.T @ x @ right.T)), atol=1e-6)
    assert (np.diag(left.T @ x @ right.T) > 0).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: optim.SGD([]), "SGD: expected parameters, got none"),
        (lambda p: optim.Adam(p, lr=-1), "Adam: expected lr ≥ 0, got -1"),
        (lambda p: optim.AdamW(p, weight_decay=-0.1), "expected weight_decay ≥ 0, got -0.1"),
        (lambda p: optim.SGD(p, nesterov=True), "momentum=0"),
        (lambda p: optim.Muon(p), r"Muon: expected matrices, got a parameter of shape \(5,\)"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make([nn.Parameter(np.ones(5))])


def test_zero_grad_and_parameters_without_gradient():
    p = nn.Parameter(np.ones(3))
    optimizer = optim.Adam([p])
    optimizer.step()
    np.testing.assert_array_equal(p.data, 1)
    (p * Tensor(np.arange(3.0))).sum().backward()
    optimizer.zero_grad()
    assert p.grad is None
    assert autograd.optim is optim
