"""Boxes, focal loss, feature pyramid, FCOS's assignment and losses against torchvision."""

import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from practicum.methods.assign import assign
from practicum.methods.boxes import giou, pairwise_iou
from practicum.methods.detect import Detect, focal_loss
from practicum.models.detector import Detector, DetectorConfig, points
from tests.parity import torchvision_detection
from tests.parity.torchvision_peer import HOME

pytestmark = pytest.mark.skipif(not HOME.is_dir(), reason=f"torchvision is not in {HOME}")


def random_boxes(*shape: int, size: float = 100.0) -> Tensor:
    low, extent = (
        torch.rand(*shape, 2, dtype=torch.float64) * 0.7 * size,
        torch.rand(*shape, 2, dtype=torch.float64) ** 2 * 0.8 * size,
    )
    return torch.cat([low, low + extent + 0.5], -1)


def inputs() -> dict[str, Tensor]:
    torch.manual_seed(0)
    given = {"a": random_boxes(30), "b": random_boxes(41)}
    given["b"][:5] = given["a"][:5]  # the same
    given["b"][5:10] = given["a"][5:10] + 500  # far apart
    given |= {"logits": 4 * torch.randn(50, 3, dtype=torch.float64), "truth": (torch.rand(50, 3) < 0.2).double()}
    detector = pyramid()
    for level in range(3):
        given[f"pyramid/inner_blocks.{level}.0.weight"] = detector.lateral[level].weight.detach()
        given[f"pyramid/inner_blocks.{level}.0.bias"] = detector.lateral[level].bias.detach()
        given[f"pyramid/layer_blocks.{level}.0.weight"] = detector.smooth[level].weight.detach()
        given[f"pyramid/layer_blocks.{level}.0.bias"] = detector.smooth[level].bias.detach()
        given[f"map/{level}"] = torch.randn(2, 3 + 2 * level, -(-25 // 2**level), -(-18 // 2**level), dtype=torch.float64)
    grids = [(points(19, 26, 8), 8.0), (points(10, 13, 16), 16.0), (points(5, 7, 32), 32.0)]
    given["points"] = torch.cat([grid for grid, _ in grids]).double()
    given["strides"] = torch.cat([torch.full((len(grid),), stride, dtype=torch.float64) for grid, stride in grids])
    count = len(given["points"])
    given["boxes"], given["labels"] = random_boxes(4, 15, size=200.0), torch.randint(5, (4, 15))
    given["labels"][0, 9:] = given["labels"][1, 3:] = given["labels"][2] = -1
    given["boxes"][0, 9:] = given["boxes"][1, 3:] = given["boxes"][2] = 0
    given["class_logits"] = torch.randn(4, count, 5, dtype=torch.float64)
    given["distances"] = torch.rand(4, count, 4, dtype=torch.float64) * 40
    given["centerness"] = torch.randn(4, count, dtype=torch.float64)
    return given


def pyramid() -> Detector:
    torch.manual_seed(1)
    return Detector(DetectorConfig(2, widths=(4, 3, 5, 7), blocks=1, levels=3, channels=8, tower=0)).double().eval()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs and torchvision's answers."""
    folder, given = tmp_path_factory.mktemp("torchvision"), inputs()
    save_file(given, folder / "inputs.safetensors")
    done = subprocess.run(
        [sys.executable, torchvision_detection.__file__, str(folder)], capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return given, load_file(folder / "answers.safetensors")


def same(got: Tensor, want: Tensor) -> None:
    torch.testing.assert_close(got.detach(), want, rtol=1e-10, atol=1e-10)


def test_iou_and_giou(both: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
    given, want = both
    same(pairwise_iou(given["a"], given["b"]), want["iou"])
    same(giou(given["a"][:, None], given["b"]), want["giou"])


def test_giou_loss_and_its_gradient(both: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
    given, want = both
    a = given["a"].clone().requires_grad_()
    loss = (1 - giou(a, given["b"][: len(a)])).sum()
    loss.backward()
    # Its loss, unlike its GIoU, adds 1e-7 to every denominator.
    torch.testing.assert_close(loss.detach(), want["giou loss"], rtol=1e-6, atol=1e-6)
    apart = slice(5, None)  # where two boxes are the same, a maximum of equals has no one gradient
    torch.testing.assert_close(a.grad[apart], want["giou gradient"][apart], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("name", "alpha", "gamma"), [("plain", 0.25, 2.0), ("steep", 0.6, 3.5)])
def test_focal_loss_and_its_gradient(
    both: tuple[dict[str, Tensor], dict[str, Tensor]], name: str, alpha: float, gamma: float
) -> None:
    given, want = both
    logits = given["logits"].clone().requires_grad_()
    loss = focal_loss(logits, given["truth"], alpha, gamma)
    loss.sum().backward()
    same(loss, want[f"focal {name}"])
    same(logits.grad, want[f"focal {name} gradient"])


def test_feature_pyramid(both: tuple[dict[str, Tensor], dict[str, Tensor]], monkeypatch: pytest.MonkeyPatch) -> None:
    given, want = both
    detector, level = pyramid(), iter(range(3))
    detector.stem = torch.nn.Identity()
    for stage in range(3):
        monkeypatch.setattr(detector.stages[stage], "forward", lambda x: given[f"map/{next(level)}"])
    for number, found in enumerate(detector.pyramid(torch.zeros(2, 3, 50, 36, dtype=torch.float64))):
        same(found, want[f"pyramid {number}"])


def test_boxes_are_assigned_to_the_same_points(both: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
    given, want = both
    targets = assign(given["points"], given["strides"], given["boxes"], given["labels"], reach=8, radius=1.5)
    # torchvision's ranges are 4 to 8 strides, ours end where the level below ends: with doubling strides these are the same.
    labels = given["labels"].gather(1, want["matched"].clamp(min=0)).where(want["matched"] >= 0, -1)
    assert (want["matched"] >= 0).sum() > 100
    assert targets.labels_BP.equal(labels)
    boxes = given["boxes"].gather(1, want["matched"].clamp(min=0)[..., None].expand(-1, -1, 4))
    same(targets.boxes_BP4, boxes * (want["matched"] >= 0)[..., None])


def test_the_three_losses(both: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
    given, want = both
    output = {name: given[name] for name in ("class_logits", "distances", "centerness", "points", "strides")}
    sums, count = Detect(classes=tuple("abcde")).sums(output, given["boxes"], given["labels"])
    for ours, theirs in (("class", "classification"), ("box", "bbox_regression"), ("centerness", "bbox_ctrness")):
        same(sums[ours] / count, want[f"loss {theirs}"])
