"""S4D: convolution against recurrence, and both against SciPy's discretisation of the same system."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import cont2discrete
from torch import nn

from practicum.models.s4d import S4D, S4DBlock, S4DClassifier, S4DConfig

CHOICES = [(init, way) for init in ("lin", "inv") for way in ("zoh", "bilinear")]


def system(init="lin", way="zoh", width=3, states=4, dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    model = S4D(S4DConfig(width, states, init, way)).to(dtype)
    nn.init.uniform_(model.log_delta, -4, -1)  # large enough that every step counts
    return model


def unrolled(module, u_BTH):
    outputs, state = [], None
    for u_BH in u_BTH.unbind(1):
        y_BH, state = module.step(u_BH, state)
        outputs.append(y_BH)
    return torch.stack(outputs, 1)


@pytest.mark.parametrize(("init", "way"), CHOICES)
@pytest.mark.parametrize(
    ("batch", "steps", "width", "states"),
    [(1, 1, 1, 2), (2, 5, 3, 4), (1, 33, 2, 6), (3, 16, 5, 8), (2, 100, 1, 16), (4, 7, 4, 2)],
)
def test_recurrence_equals_convolution(init, way, batch, steps, width, states):
    model = system(init, way, width, states, seed=steps)
    u = torch.randn(batch, steps, width, dtype=torch.float64, requires_grad=True)
    y, expected = model(u), unrolled(model, u)
    torch.testing.assert_close(y, expected, rtol=1e-10, atol=1e-10)
    probe, variables = torch.randn(y.shape, dtype=y.dtype), [u, *model.parameters()]
    gradients = torch.autograd.grad(y, variables, probe)
    for gradient, wanted in zip(gradients, torch.autograd.grad(expected, variables, probe), strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(("init", "way"), CHOICES)
def test_against_scipy(init, way):
    """The system in real numbers, a 2 × 2 block for each conjugate pair, discretised with a matrix exponential or inverse."""
    model = system(init, way)
    steps = 12
    kernel = model.kernel(steps).detach().numpy()
    for feature in range(3):
        real, imaginary = -model.log_A_real[feature].detach().exp().numpy(), model.A_imaginary[feature].detach().numpy()
        pairs = len(real)
        A, B, C = np.zeros((2 * pairs, 2 * pairs)), np.zeros((2 * pairs, 1)), np.zeros((1, 2 * pairs))
        for n, (c_real, c_imaginary) in enumerate(model.C[feature].detach().numpy()):
            A[2 * n : 2 * n + 2, 2 * n : 2 * n + 2] = [[real[n], -imaginary[n]], [imaginary[n], real[n]]]
            B[2 * n, 0] = 1
            C[0, 2 * n : 2 * n + 2] = 2 * c_real, -2 * c_imaginary
        Ad, Bd, *_ = cont2discrete((A, B, C, np.zeros((1, 1))), math.exp(model.log_delta[feature].detach()), way)
        expected = [(C @ np.linalg.matrix_power(Ad, step) @ Bd).item() for step in range(steps)]
        np.testing.assert_allclose(kernel[feature], expected, rtol=1e-9, atol=1e-11)


def test_initialisation():
    lin, inv = (S4D(S4DConfig(5, 64, init)) for init in ("lin", "inv"))
    assert lin.A_imaginary[0].tolist() == pytest.approx([math.pi * n for n in range(32)])
    assert inv.A_imaginary[0].tolist() == pytest.approx([64 / math.pi * (64 / (2 * n + 1) - 1) for n in range(32)], rel=1e-5)
    for model in (lin, inv):
        assert (-model.log_A_real.exp()).flatten().tolist() == pytest.approx([-0.5] * 160)
        assert math.log(0.001) <= float(model.log_delta.detach().min()) <= float(model.log_delta.detach().max()) <= math.log(0.1)


def test_inv_is_near_the_spectrum_of_hippo():
    """The normal part of HiPPO-LegS has real parts of -1/2, and S4D-Inv follows its imaginary parts (section 4)."""
    N = 128
    root = np.sqrt(2 * np.arange(N) + 1)
    legs = -np.tril(np.outer(root, root), -1) - np.diag(np.arange(N) + 1)
    eigenvalues = np.linalg.eigvals(legs + 0.5 * np.outer(root, root))
    np.testing.assert_allclose(eigenvalues.real, -0.5, atol=1e-6)
    imaginary = np.sort(eigenvalues.imag[eigenvalues.imag > 0])[::-1]
    ours = S4D(S4DConfig(1, N, "inv")).A_imaginary[0].detach().numpy()
    np.testing.assert_allclose(ours[:6], imaginary[:6], rtol=0.08)


def test_causal_and_linear():
    model = system()
    u, v = torch.randn(2, 2, 9, 3, dtype=torch.float64)
    torch.testing.assert_close(model(2 * u - v), 2 * model(u) - model(v), rtol=1e-10, atol=1e-10)
    later = u.clone()
    later[:, 5:] = v[:, 5:]
    torch.testing.assert_close(model(later)[:, :5], model(u)[:, :5], rtol=1e-10, atol=1e-10)
    assert not torch.allclose(model(later)[:, 5:], model(u)[:, 5:])


@pytest.mark.parametrize("train", [False, True])
def test_block_steps_like_it_runs(train):
    torch.manual_seed(0)
    block = S4DBlock(S4DConfig(4, 6)).double().train(train)
    x = torch.randn(2, 8, 4, dtype=torch.float64)
    torch.testing.assert_close(block(x), unrolled(block, x), rtol=1e-10, atol=1e-10)


def test_single_and_half_precision_stay_near():
    model = system(dtype=torch.float32)
    u = torch.randn(2, 20, 3)
    y = model(u)
    exact = model.double()(u.double())
    torch.testing.assert_close(y, exact.float(), rtol=1e-4, atol=1e-5)
    rough = model.bfloat16()(u.bfloat16())
    assert rough.dtype == torch.bfloat16
    assert (rough.double() - exact).abs().max() / exact.abs().max() < 0.05


def test_classifier():
    torch.manual_seed(0)
    model = S4DClassifier(S4DConfig(6, 4, num_layers=2, dropout=0.3), inputs=5, num_classes=3).eval()
    x = torch.randn(4, 7, 5)
    logits = model(x)
    assert logits.shape == (4, 3)
    torch.testing.assert_close(model(x[1:2]), logits[1:2])
    h = model.encoder(x)
    for block in model.blocks:
        h = h + torch.nn.functional.glu(block.mix(torch.nn.functional.gelu(unrolled(block.system, block.norm(h)))), -1)
    torch.testing.assert_close(model.head(model.norm(h).mean(1)), logits, rtol=1e-4, atol=1e-5)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="even number of states, got 3"):
        S4D(S4DConfig(2, 3))
    with pytest.raises(ValueError, match="got 'real' and 'zoh'"):
        S4D(S4DConfig(2, 4, "real"))
    with pytest.raises(ValueError, match=r"\(B, at least 1, 5\), got \(2, 3, 4\)"):
        S4DClassifier(S4DConfig(4, 4), 5, 2)(torch.zeros(2, 3, 4))
