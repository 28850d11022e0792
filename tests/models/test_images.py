"""The networks for images: what they refuse, small stems, initialisation, half precision."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from practicum.models.alexnet import AlexNet, AlexNetConfig
from practicum.models.googlenet import GoogLeNet, GoogLeNetConfig, Inception, Scores
from practicum.models.layers.initialise import he_, initialise
from practicum.models.mobilenet import MobileNetV2, MobileNetV2Config, rounded
from practicum.models.resnet import BasicBlock, ResNet, ResNetConfig
from practicum.models.vgg import SMALL_VGG, VGG

SMALL: dict[str, Callable[[], nn.Module]] = {
    "alexnet": lambda: AlexNet(AlexNetConfig(10, in_channels=1, stem="small", width=16, hidden=64)),
    "vgg": lambda: VGG(SMALL_VGG),
    "googlenet": lambda: GoogLeNet(GoogLeNetConfig(10, in_channels=1, width=0.125, stem="small")),
    "resnet": lambda: ResNet(ResNetConfig((1, 1, 1), num_classes=10, in_channels=1, stem="cifar", width=8)),
    "mobilenet": lambda: MobileNetV2(MobileNetV2Config(10, in_channels=1, width=0.25, stem="small")),
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 29, 35)])
def test_small_network_scores_each_image_by_itself(name: str, shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    model = SMALL[name]().eval()
    images = torch.randn(shape[0], 1, *shape[1:])
    scores = model(images)
    assert scores.shape == (shape[0], 10)
    torch.testing.assert_close(scores, torch.cat([model(image[None]) for image in images]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_small_network_runs_in_bfloat16_and_stays_near(name: str) -> None:
    torch.manual_seed(0)
    model, images = SMALL[name](), torch.randn(4, 1, 28, 28)
    for module in model.modules():
        if isinstance(module, nn.Linear):  # GoogLeNet's and VGG's start near 0 and would hide what the layers before do
            nn.init.xavier_normal_(module.weight)
    model.train()(images)  # batch norms away from the identity
    model.eval()
    exact, rough = model(images), model.bfloat16()(images.bfloat16())
    assert rough.dtype == torch.bfloat16
    assert 0 < (rough.float() - exact).norm() / exact.norm() < 0.05


@pytest.mark.parametrize("name", SMALL)
def test_network_states_which_images_it_expects(name: str) -> None:
    model = SMALL[name]()
    with pytest.raises(ValueError, match=r"expected images of shape \(B, 1, H, W\).*got \(2, 3, 28, 28\)"):
        model(torch.zeros(2, 3, 28, 28))
    with pytest.raises(ValueError, match=r"got \(28, 28\)"):
        model(torch.zeros(28, 28))


@pytest.mark.parametrize(
    ("build", "smallest"), [(SMALL["alexnet"], 15), (SMALL["vgg"], 8), (lambda: AlexNet(AlexNetConfig(2, width=4, hidden=8)), 63)]
)
def test_smallest_image_is_as_stated(build: Callable[[], nn.Module], smallest: int) -> None:
    model = build().eval()
    channels = next(model.parameters()).shape[1]
    assert model(torch.zeros(1, channels, smallest, smallest)).isfinite().all()
    with pytest.raises(ValueError, match=f"at least {smallest}"):
        model(torch.zeros(1, channels, smallest, smallest - 1))


@pytest.mark.parametrize(("config", "windows"), [({}, 3), ({"last_pooling": 2}, 2)])
def test_googlenets_last_pooling_has_the_windows_of_table_1_or_those_of_the_published_weights(config: Any, windows: int) -> None:
    model, seen = GoogLeNet(GoogLeNetConfig(10, 1, 0.125, "small", **config)).eval(), []
    model.inception4e.register_forward_hook(lambda block, inputs, out: seen.append(out))
    model.inception5a.register_forward_hook(lambda block, inputs, out: seen.append(inputs[0]))
    model(torch.randn(2, 1, 28, 28))
    before, after = seen
    # Two apart on maps of 7×7; windows of 2×2 reach over the edge once more.
    assert after.shape[2:] == ((3, 3) if windows == 3 else (4, 4))
    torch.testing.assert_close(after[:, :, 1, 0], before[:, :, 2 : 2 + windows, :windows].amax((2, 3)), rtol=0, atol=0)


def test_googlenet_gives_three_scores_while_it_trains() -> None:
    model, images = SMALL["googlenet"](), torch.randn(2, 1, 28, 28)
    scores = model.train()(images)
    assert isinstance(scores, Scores)
    assert [tuple(head.shape) for head in scores] == [(2, 10)] * 3
    assert isinstance(model.eval()(images), torch.Tensor)
    with pytest.raises(ValueError, match="3 channels for transform_input, got in_channels=1"):
        GoogLeNet(GoogLeNetConfig(in_channels=1, transform_input=True))


def test_inception_block_with_the_papers_kernel_has_the_papers_size() -> None:
    # Table 1, inception (3a): 28×28×256 and 159K parameters, which is 159 · 1024 and a half, convolutions alone.
    block = Inception(192, (64, 96, 128, 16, 32, 32))
    assert block(torch.zeros(2, 192, 28, 28)).shape == (2, 256, 28, 28)
    assert sum(p.numel() for p in block.parameters() if p.ndim == 4) // 1024 == 159


def test_zero_initialised_residual_blocks_are_the_identity_on_positive_input() -> None:
    model = ResNet(ResNetConfig((2,), num_classes=3, stem="cifar", width=8, zero_init_residual=True)).train()
    blocks = [module for module in model.modules() if isinstance(module, BasicBlock)]
    x = torch.rand(2, 8, 5, 5)
    assert len(blocks) == 2
    assert all(torch.equal(block(x), x) for block in blocks)


@pytest.mark.parametrize("bottleneck", [False, True])
def test_of_a_block_the_last_norm_alone_starts_at_zero(bottleneck: bool) -> None:
    """Goyal et al. 2017, section 5.1. A zero in an earlier norm makes it the identity too, and lets no gradient through."""
    config = ResNetConfig((2, 1), bottleneck=bottleneck, num_classes=3, stem="cifar", width=8, zero_init_residual=True)
    model = ResNet(config)
    last = "bn3" if bottleneck else "bn2"
    norms = {name: module.weight for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)}
    assert [name for name, weight in norms.items() if not weight.any()] == [name for name in norms if name.endswith(last)]
    assert all((weight == 1).all() for name, weight in norms.items() if not name.endswith(last))
    model(torch.randn(4, 3, 8, 8)).sum().backward()
    assert all(norms[name].grad.abs().sum() > 0 for name in norms if name.endswith(last))


def test_he_initialisation_keeps_the_gradients_size() -> None:
    torch.manual_seed(0)
    layers = [nn.Sequential(nn.Conv2d(64, 64, 3, padding=1, padding_mode="circular"), nn.ReLU()) for _ in range(8)]
    model = nn.Sequential(*layers)
    initialise(model, partial(he_, fan="out"), (nn.Conv2d,))
    assert all(not layer[0].bias.any() for layer in layers)
    x = torch.randn(2, 64, 8, 8, requires_grad=True)
    upstream = torch.randn(2, 64, 8, 8)
    model(x).backward(upstream)
    assert x.grad is not None
    assert 0.5 < float(x.grad.std() / upstream.std()) < 2  # PyTorch's own initialisation leaves 0.03


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(32 * 0.35, 16), (24 * 0.5, 16), (16 * 0.35, 8), (24 * 1.3, 32), (320, 320), (12, 16), (9.5, 16), (8.5, 8)],
)
def test_widths_are_multiples_of_eight(channels: float, expected: int) -> None:
    assert rounded(channels) == expected
    assert rounded(channels) >= 0.9 * channels
