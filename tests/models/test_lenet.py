"""LeNet-5 against SciPy's correlation and finite differences."""

from typing import Literal

import numpy as np
import pytest
import torch
from scipy.signal import correlate
from torch import nn

from practicum.models.lenet import LeNet5, ScaledTanh


def by_hand(model: LeNet5, image: np.ndarray, activation: str, pooling: str) -> np.ndarray:
    """The scores of one image, written as in figure 2 and without PyTorch."""
    weights = {name: value.detach().numpy() for name, value in model.named_parameters()}
    squash = (lambda a: np.maximum(a, 0)) if activation == "relu" else (lambda a: 1.7159 * np.tanh(2 * a / 3))
    reduce = np.max if pooling == "max" else np.mean
    maps = np.pad(image, ((0, 0), (2, 2), (2, 2)))
    for layer in (0, 3):
        kernels, bias = weights[f"features.{layer}.weight"], weights[f"features.{layer}.bias"]
        maps = np.stack([correlate(maps, kernel, mode="valid")[0] + b for kernel, b in zip(kernels, bias, strict=True)])
        channels, height, width = maps.shape
        maps = squash(reduce(maps.reshape(channels, height // 2, 2, width // 2, 2), axis=(2, 4)))
    units = maps.reshape(-1)
    for layer in (1, 3, 5):
        units = weights[f"classifier.{layer}.weight"] @ units + weights[f"classifier.{layer}.bias"]
        if layer != 5:
            units = squash(units)
    return units


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_scores_equal_those_by_hand(seed: int, activation: Literal["relu", "tanh"], pooling: Literal["max", "average"]) -> None:
    torch.manual_seed(seed)
    model = LeNet5(2 + seed, activation=activation, pooling=pooling).double()
    images = torch.randn(1 + seed, 1, 28, 28, dtype=torch.float64)
    expected = np.stack([by_hand(model, image, activation, pooling) for image in images.numpy()])
    np.testing.assert_allclose(model(images).detach().numpy(), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_gradients_equal_finite_differences(activation: Literal["relu", "tanh"]) -> None:
    torch.manual_seed(1)
    model = LeNet5(3, activation=activation, pooling="average").double()
    images = torch.randn(2, 1, 28, 28, dtype=torch.float64)
    model(images).square().sum().backward()
    for parameter in model.parameters():
        direction = torch.randn_like(parameter)
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter += sign * 1e-6 * direction
                values.append(float(model(images).square().sum()))
                parameter -= sign * 1e-6 * direction
        assert parameter.grad is not None
        assert (values[0] - values[1]) / 2e-6 == pytest.approx(float((parameter.grad * direction).sum()), rel=1e-5, abs=1e-6)


def test_has_the_papers_layers() -> None:
    # 60,000 trainable parameters in the paper (section II.B), with 36 of C3's connections left out and trainable pooling.
    sizes = {name: value.numel() for name, value in LeNet5().named_parameters()}
    c1, c3, c5, f6 = (
        sizes[f"{layer}.weight"] + sizes[f"{layer}.bias"]
        for layer in ("features.0", "features.3", "classifier.1", "classifier.3")
    )
    assert (c1, c5, f6) == (156, 48_120, 10_164)
    assert c3 - 36 * 25 == 1_516


def test_squashing_function_passes_through_plus_and_minus_one() -> None:
    squash = ScaledTanh()
    torch.testing.assert_close(squash(torch.tensor([-1.0, 0.0, 1.0])), torch.tensor([-1.0, 0.0, 1.0]), rtol=0, atol=1e-4)


def test_runs_in_bfloat16_and_stays_near() -> None:
    torch.manual_seed(0)
    model, images = LeNet5(), torch.randn(8, 1, 28, 28)
    exact, rough = model(images), model.bfloat16()(images.bfloat16())
    assert 0 < (rough.float() - exact).norm() / exact.norm() < 0.03


@pytest.mark.parametrize("shape", [(2, 1, 32, 32), (2, 3, 28, 28), (28, 28), (1, 28, 28)])
def test_refuses_other_images(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(B, 1, 28, 28\), got"):
        LeNet5()(torch.zeros(shape))


def test_refuses_unknown_variants() -> None:
    with pytest.raises(ValueError, match=r"expected activation .*'gelu'"):
        LeNet5(activation="gelu")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"expected pooling .*'min'"):
        LeNet5(pooling="min")  # type: ignore[arg-type]


def test_learns_a_batch_by_heart() -> None:
    torch.manual_seed(0)
    model, images, targets = LeNet5(activation="tanh", pooling="average"), torch.randn(10, 1, 28, 28), torch.arange(10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), targets).backward()
        optimizer.step()
    assert (model(images).argmax(1) == targets).all()


@pytest.mark.parametrize("squash", [nn.ReLU(), ScaledTanh()])
def test_max_pooling_and_squashing_commute(squash: nn.Module) -> None:
    torch.manual_seed(2)
    x, pool = torch.randn(3, 4, 8, 8, dtype=torch.float64, requires_grad=True), nn.MaxPool2d(2)
    upstream = torch.randn(3, 4, 4, 4, dtype=torch.float64)
    (first,), (second,) = (torch.autograd.grad(out, x, upstream) for out in (squash(pool(x)), pool(squash(x))))
    assert torch.equal(squash(pool(x)), pool(squash(x)))
    assert torch.equal(first, second)
