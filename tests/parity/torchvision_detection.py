"""torchvision's boxes, focal loss, feature pyramid and FCOS as oracles, in a process of their own (see `torchvision_peer.py`).

`python torchvision_detection.py FOLDER` reads `inputs.safetensors` there and writes `answers.safetensors`.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def answers(given: dict[str, Tensor]) -> dict[str, Tensor]:
    """What torchvision makes of the inputs."""
    from torchvision import ops
    from torchvision.models.detection.fcos import FCOS, FCOSHead
    from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork

    found: dict[str, Tensor] = {}
    a, b = given["a"].requires_grad_(), given["b"]
    found["iou"], found["giou"] = ops.box_iou(a, b), ops.generalized_box_iou(a, b)
    (loss,) = (ops.generalized_box_iou_loss(a, b[: len(a)], reduction="sum"),)
    found["giou loss"], (found["giou gradient"],) = loss, torch.autograd.grad(loss, a)

    logits = given["logits"].requires_grad_()
    for name, alpha, gamma in (("plain", 0.25, 2.0), ("steep", 0.6, 3.5)):
        focal = ops.sigmoid_focal_loss(logits, given["truth"], alpha, gamma)
        found[f"focal {name}"], (found[f"focal {name} gradient"],) = focal, torch.autograd.grad(focal.sum(), logits)

    pyramid = FeaturePyramidNetwork([3, 5, 7], 8).double()
    pyramid.load_state_dict(
        {name.removeprefix("pyramid/"): value for name, value in given.items() if name.startswith("pyramid/")}
    )
    maps = pyramid({str(level): given[f"map/{level}"] for level in range(3)})
    found |= {f"pyramid {level}": maps[str(level)] for level in range(3)}

    return found | fcos(given, FCOS, FCOSHead)


def fcos(given: dict[str, Tensor], model: Any, head: Any) -> dict[str, Tensor]:
    """The assignment of boxes to points, and the losses."""
    found: dict[str, Tensor] = {}

    class Seen(head):
        def compute_loss(self, targets: Any, outputs: Any, anchors: Any, matched: Any) -> Any:
            found["matched"] = torch.stack(matched)
            return super().compute_loss(targets, outputs, anchors, matched)

    model = object.__new__(model)
    torch.nn.Module.__init__(model)
    model.center_sampling_radius, model.head = 1.5, Seen(32, 1, given["class_logits"].shape[-1], 1)
    points, strides, labels = given["points"], given["strides"][:, None], given["labels"]
    anchors = torch.cat([points - strides / 2, points + strides / 2], 1)
    targets = [{"boxes": boxes[row >= 0], "labels": row[row >= 0]} for boxes, row in zip(given["boxes"], labels, strict=True)]
    outputs = {
        "cls_logits": given["class_logits"],
        "bbox_regression": given["distances"] / strides,
        "bbox_ctrness": given["centerness"][..., None],
    }
    per_level = strides[:, 0].unique(return_counts=True)[1].tolist()
    losses = model.compute_loss(targets, outputs, [anchors] * len(labels), per_level)
    return found | {f"loss {name}": value for name, value in losses.items()}


def main(folder: Path) -> None:
    """Answers the inputs of a folder."""
    from safetensors.torch import load_file, save_file
    from torchvision_peer import _import

    library = _import()
    found = answers(load_file(folder / "inputs.safetensors"))
    assert library
    save_file({name: value.detach().contiguous() for name, value in found.items()}, folder / "answers.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
