"""The detector against its arithmetic written out, with the net's own weights: values and gradients."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from practicum.methods.detect import Detect
from practicum.models.detector import Detector, DetectorConfig

CONFIGS = [
    DetectorConfig(3, widths=(4, 6, 8), blocks=1, levels=1, channels=8, tower=1),
    DetectorConfig(2, widths=(3, 4, 5, 6), blocks=2, levels=3, channels=16, tower=2),
]
SHAPES = [(2, 3, 32, 48), (1, 3, 40, 40), (3, 3, 33, 47), (2, 3, 64, 31), (2, 3, 50, 70)]


def written_out(x: Tensor, w: dict[str, Tensor], config: DetectorConfig, train: bool) -> dict[str, Tensor]:
    """FCOS's figure 2 in plain functions."""

    def norm(x: Tensor, name: str) -> Tensor:
        mean, var = (
            (x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0))
            if train
            else (w[f"{name}.running_mean"], w[f"{name}.running_var"])
        )
        x = (x - mean[:, None, None]) / (var[:, None, None] + 1e-5).sqrt()
        return x * w[f"{name}.weight"][:, None, None] + w[f"{name}.bias"][:, None, None]

    def residual(x: Tensor, name: str, stride: int) -> Tensor:
        y = norm(F.conv2d(x, w[f"{name}.body.0.weight"], stride=stride, padding=1), f"{name}.body.1").clamp(min=0)
        y = norm(F.conv2d(y, w[f"{name}.body.3.weight"], padding=1), f"{name}.body.4")
        if stride > 1:
            x = norm(F.conv2d(x, w[f"{name}.shortcut.0.weight"], stride=stride), f"{name}.shortcut.1")
        return (x + y).clamp(min=0)

    def tower(x: Tensor, name: str) -> Tensor:
        for at in range(0, 3 * config.tower, 3):
            x = F.conv2d(x, w[f"{name}.{at}.weight"], padding=1)
            groups = x.reshape(len(x), 8, -1)
            scaled = (groups - groups.mean(2, keepdim=True)) / (groups.var(2, correction=0, keepdim=True) + 1e-5).sqrt()
            x = (
                scaled.view_as(x) * w[f"{name}.{at + 1}.weight"][:, None, None] + w[f"{name}.{at + 1}.bias"][:, None, None]
            ).clamp(min=0)
        return x

    def convolve(x: Tensor, name: str) -> Tensor:
        return F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=w[f"{name}.weight"].shape[2] // 2)

    stages, levels = len(config.widths) - 1, config.levels
    x, maps = norm(F.conv2d(x, w["stem.0.weight"], stride=2, padding=1), "stem.1").clamp(min=0), []
    for stage in range(stages):
        for block in range(config.blocks):
            x = residual(x, f"stages.{stage}.{block}", 2 if block == 0 else 1)
        maps.append(x)
    merged = {}
    for level in reversed(range(levels)):
        y = convolve(maps[stages - levels + level], f"lateral.{level}")
        if level + 1 in merged:
            above = merged[level + 1]  # every cell copied to the finer cells it covers
            rows = torch.arange(y.shape[2]) * above.shape[2] // y.shape[2]
            columns = torch.arange(y.shape[3]) * above.shape[3] // y.shape[3]
            y = y + above[:, :, rows][:, :, :, columns]
        merged[level] = y
    out: dict[str, list[Tensor]] = {"class_logits": [], "distances": [], "centerness": [], "points": [], "strides": []}
    for level in range(levels):
        stride, feature = 4 << (stages - levels + level), convolve(merged[level], f"smooth.{level}")
        classes, boxes = tower(feature, "class_tower"), tower(feature, "box_tower")
        height, width = feature.shape[2:]
        for row in range(height):
            for column in range(width):
                out["points"].append(torch.tensor([(column + 0.5) * stride, (row + 0.5) * stride]))
                out["strides"].append(torch.tensor(float(stride)))
        for name, value in (
            ("class_logits", convolve(classes, "class_logits")),
            ("distances", stride * torch.exp(w["scales"][level] * convolve(boxes, "distances"))),
            ("centerness", convolve(boxes, "centerness")),
        ):
            out[name] += [value[:, :, row, column] for row in range(height) for column in range(width)]
    dims = {"class_logits": 1, "distances": 1, "points": 0, "strides": 0}
    return {name: torch.cat(out[name], 1) if name == "centerness" else torch.stack(out[name], dims[name]) for name in out}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("train", [True, False])
def test_values_and_gradients(shape: tuple[int, ...], config: DetectorConfig, train: bool) -> None:
    torch.manual_seed(sum(shape))
    model = Detector(config).double().train(train)
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.copy_(0.5 + torch.rand_like(value) if value.ndim == 1 else torch.randn_like(value) / value[0].numel() ** 0.5)
        if name == "distances.bias":
            value.sub_(1)
    weights = {
        name: value.detach().clone().requires_grad_(value.is_floating_point()) for name, value in model.state_dict().items()
    }
    ours = torch.randn(shape, dtype=torch.float64).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    got, want = model(ours), written_out(theirs, weights, config, train)
    assert got.keys() == want.keys()
    for name in got:
        torch.testing.assert_close(
            got[name].double(), want[name].double(), rtol=1e-10, atol=1e-10, msg=lambda text, name=name: f"{name}: {text}"
        )
    for output in (got, want):
        sum(
            (output[name] * output[name].detach().cos()).mean() for name in ("class_logits", "distances", "centerness")
        ).backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-7, atol=1e-10)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(
            parameter.grad, weights[name].grad, rtol=1e-7, atol=1e-10, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_ten_steps_of_training_follow_the_written_out_net() -> None:
    torch.manual_seed(1)
    config = CONFIGS[0]
    model = Detector(config)
    weights = {
        name: value.detach().clone().requires_grad_(value.is_floating_point()) for name, value in model.state_dict().items()
    }
    images, boxes, labels = (
        torch.randn(2, 3, 32, 40),
        torch.tensor([[[4.0, 4, 20, 24]], [[8, 2, 30, 20]]]),
        torch.tensor([[0], [2]]),
    )
    method = Detect(classes=("a", "b", "c"))
    ours = torch.optim.SGD(model.parameters(), lr=0.01)
    theirs = torch.optim.SGD([weights[name] for name, _ in model.named_parameters()], lr=0.01)
    losses = []
    for _ in range(10):
        for optimizer, output in ((ours, model(images)), (theirs, written_out(images, weights, config, True))):
            sums, count = method.sums(output, boxes, labels)
            loss = sum(sums.values()) / count
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] == pytest.approx(losses[-2], abs=1e-4)
    assert losses[-1] < losses[0]
