"""U-Net against its arithmetic written out, convolution by convolution, with the net's own weights."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from practicum.models.unet import UNet

SHAPES = [(2, 3, 16, 16), (1, 3, 17, 16), (2, 3, 19, 23), (3, 3, 4, 7), (1, 3, 33, 5), (2, 3, 30, 31)]


def two_levels(x: Tensor, w: dict[str, Tensor], norm: bool, train: bool) -> Tensor:
    """Figure 1 of the paper with two halvings."""

    def convolve(x: Tensor, block: str, at: int) -> Tensor:
        step = 3 if norm else 2  # a convolution, perhaps a batch norm, a ReLU
        x = F.conv2d(x, w[f"{block}.{at * step}.weight"], None if norm else w[f"{block}.{at * step}.bias"], padding=1)
        if norm:
            name = f"{block}.{at * step + 1}"
            if train:
                mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            else:
                mean, var = w[f"{name}.running_mean"], w[f"{name}.running_var"]
            x = (x - mean[:, None, None]) / (var[:, None, None] + 1e-5).sqrt()
            x = x * w[f"{name}.weight"][:, None, None] + w[f"{name}.bias"][:, None, None]
        return x.clamp(min=0)

    def block(x: Tensor, name: str) -> Tensor:
        return convolve(convolve(x, name, 0), name, 1)

    def pool(x: Tensor) -> Tensor:
        height, width = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
        return torch.stack([x[:, :, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]).amax(0)

    def widen(x: Tensor, like: Tensor, level: int) -> Tensor:
        x = F.conv_transpose2d(x, w[f"upsample.{level}.weight"], w[f"upsample.{level}.bias"], stride=2)
        if like.shape[2] > x.shape[2]:
            x = torch.cat([x, x[:, :, -1:]], 2)
        if like.shape[3] > x.shape[3]:
            x = torch.cat([x, x[:, :, :, -1:]], 3)
        return torch.cat([like, x], 1)

    d0 = block(x, "down.0")
    d1 = block(pool(d0), "down.1")
    d2 = block(pool(d1), "down.2")
    u1 = block(widen(d2, d1, 1), "up.1")
    u0 = block(widen(u1, d0, 0), "up.0")
    return F.conv2d(u0, w["out.weight"], w["out.bias"])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("train", [True, False])
def test_values_and_gradients_are_those_of_the_written_out_net(shape: tuple[int, ...], norm: bool, train: bool) -> None:
    torch.manual_seed(sum(shape))
    model = UNet(3, 2, width=3, depth=2, norm=norm).double().train(train)
    for value in model.state_dict().values():
        if value.is_floating_point() and value.ndim == 1:
            value.copy_(0.5 + torch.rand_like(value))
    weights = {
        name: value.detach().clone().requires_grad_(value.is_floating_point()) for name, value in model.state_dict().items()
    }
    ours = torch.randn(shape, dtype=torch.float64).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    got, want = model(ours), two_levels(theirs, weights, norm, train)
    assert got.shape == (shape[0], 2, *shape[2:])
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-10)
    (got * got.detach().cos()).sum().backward()
    (want * want.detach().cos()).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-8, atol=1e-10)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(
            parameter.grad, weights[name].grad, rtol=1e-8, atol=1e-10, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_ten_steps_of_training_follow_the_written_out_net() -> None:
    torch.manual_seed(1)
    model = UNet(3, 1, width=2, depth=2)
    weights = {
        name: value.detach().clone().requires_grad_(value.is_floating_point()) for name, value in model.state_dict().items()
    }
    x, y = torch.randn(2, 3, 13, 12), torch.randint(2, (2, 1, 13, 12)).float()
    ours = torch.optim.SGD(model.parameters(), lr=0.1)
    theirs = torch.optim.SGD([weights[name] for name, _ in model.named_parameters()], lr=0.1)
    first = None
    for _ in range(10):
        losses = []
        for optimizer, output in ((ours, model(x)), (theirs, two_levels(x, weights, True, True))):
            loss = F.binary_cross_entropy_with_logits(output, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[0] == pytest.approx(losses[1], abs=1e-4)
        first = first or losses[0]
    assert losses[0] < first


def test_the_paper_s_size() -> None:
    """Figure 1 gives 23 convolutions; their weights and biases add up to the well-known 31 million."""
    with torch.device("meta"):
        model = UNet(1, 2, norm=False)
    convolutions = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    assert len(convolutions) == 23
    widths, total = [64, 128, 256, 512, 1024], 0
    for inputs, outputs in zip([1, *widths], widths):  # noqa: B905
        total += 9 * inputs * outputs + outputs + 9 * outputs * outputs + outputs
    for outputs in widths[:-1]:
        total += 4 * 2 * outputs * outputs + outputs + 9 * 2 * outputs * outputs + outputs + 9 * outputs * outputs + outputs
    assert sum(p.numel() for p in model.parameters()) == total + 64 * 2 + 2 == 31_030_658
