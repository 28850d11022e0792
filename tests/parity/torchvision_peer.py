"""torchvision in a process of its own, as the oracle of the vision networks.

No build of it for the CPU torch is on the package index, and transformers breaks beside the one that is; so it lies in
`torchvision/` of the environment, and runs as `python torchvision_peer.py FOLDER`: it reads `cases.json` there, and writes what
every case asked for as safetensors.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

HOME = Path(sys.prefix) / "torchvision"
FAST: dict[str, dict[str, Any]] = {"googlenet": {"init_weights": False}}  # its truncated normals take a second and a warning


@dataclass(frozen=True)
class Case:
    """One network on one batch.

    Attributes:
        name: of the file with the answer.
        builder: function of `torchvision.models`, or `ResNet`, for which `settings` has the numbers of blocks.
        settings: the builder's arguments.
        narrow: every number of channels and hidden units is divided by this.
        stem: "cifar" puts a 3×3 convolution without stride in place of a ResNet's stem.
        channels: of the images.
        shape: (B, H, W).
        dtype: of everything.
        train: in training mode, dropout and batch statistics included.
        steps: of SGD with momentum, after the values and gradients were taken.
    """

    name: str
    builder: str
    settings: dict[str, Any] = field(default_factory=dict)
    narrow: int = 1
    stem: str = "imagenet"
    channels: int = 3
    shape: tuple[int, int, int] = (2, 64, 64)
    dtype: str = "float64"
    train: bool = False
    steps: int = 0

    @property
    def seed(self) -> int:
        """Of the weights, the images and dropout."""
        return sum(map(ord, self.name))


def measure(model: Any, case: Case, images: Tensor) -> dict[str, Tensor]:
    """Returns outputs, gradients, buffers after the pass, and the losses of `steps` steps: the same calls for both sides."""
    model.train(case.train)
    answer: dict[str, Tensor] = {}
    pixels = images.clone().requires_grad_()
    torch.manual_seed(case.seed)
    loss = _loss(model(pixels), answer)
    loss.backward()
    assert pixels.grad is not None
    answer["images.grad"] = pixels.grad
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            answer[f"grad/{name}"] = parameter.grad.clone()
    for name, buffer in model.named_buffers():
        answer[f"buffer/{name}"] = buffer.clone()
    model.eval()  # in training mode batch norm over two values makes rounding grow ten-thousandfold in every step
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    losses = []
    for _ in range(case.steps):
        optimizer.zero_grad()
        loss = _loss(model(images), {})
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    answer["losses"] = torch.stack(losses) if losses else torch.empty(0, dtype=images.dtype)
    return answer


def _loss(output: Any, answer: dict[str, Tensor]) -> Tensor:
    """Cross-entropy with classes 0, 1, 2, …; several heads count with their number."""
    heads = output if isinstance(output, tuple) else (output,)
    answer |= {f"output/{number}": head.detach() for number, head in enumerate(heads)}
    losses = [torch.nn.functional.cross_entropy(head, torch.arange(len(head)) % head.shape[1]) for head in heads]
    return sum(((number + 1) * loss for number, loss in enumerate(losses)), torch.zeros((), dtype=heads[0].dtype))


def ask(cases: list[Case], full: list[str], folder: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, dict[str, list[int]]]]:
    """Returns torchvision's answers.

    Args:
        cases: what to compute: for each `state/…` (the weights), `images`, and what `measure` gives.
        full: functions of `torchvision.models` whose weights' names and shapes to tell, at full width.
        folder: for the exchange.

    Raises:
        RuntimeError: the process failed; with its output.
    """
    from safetensors.torch import load_file

    (folder / "cases.json").write_text(json.dumps({"cases": [asdict(case) for case in cases], "full": full}))
    done = subprocess.run([sys.executable, __file__, str(folder)], capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise RuntimeError(f"torchvision's process ended with {done.returncode}:\n{done.stderr[-3000:]}")
    answers = {case.name: load_file(folder / f"{case.name}.safetensors") for case in cases}
    return answers, json.loads((folder / "full.json").read_text())


def _import() -> Any:
    # The import registers fakes for two compiled operators, which must exist by then; the networks use neither.
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    sys.path.insert(0, str(HOME))
    from torchvision import models

    models.peer_library = library  # it undoes the definitions when it is collected
    return models


def _build(models: Any, case: Case) -> Any:
    settings = dict(case.settings)
    with torch.device("meta"):  # only a plan: every layer with weights is made anew below
        if case.builder == "ResNet":
            block = models.resnet.Bottleneck if settings.pop("bottleneck", False) else models.resnet.BasicBlock
            model = models.resnet.ResNet(block, settings.pop("blocks"), **settings)
        else:
            model = getattr(models, case.builder)(**FAST.get(case.builder, {}), **settings)
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if replaced := _resized(layer, case):
                setattr(parent, name, replaced)
    if case.stem == "cifar":
        model.conv1 = torch.nn.Conv2d(case.channels, model.conv1.out_channels, 3, padding=1, bias=False)
        model.maxpool = torch.nn.Identity()
    return model.to(getattr(torch, case.dtype))


def _resized(layer: Any, case: Case) -> Any:
    """The same layer with fewer channels, and another number of the images'; order, wiring and settings stay torchvision's."""
    from torch import nn

    if isinstance(layer, nn.Conv2d):
        inputs = case.channels if layer.in_channels == 3 else layer.in_channels // case.narrow
        groups = layer.groups if layer.groups == 1 else layer.groups // case.narrow
        outputs, bias = layer.out_channels // case.narrow, layer.bias is not None
        return nn.Conv2d(inputs, outputs, layer.kernel_size, layer.stride, layer.padding, groups=groups, bias=bias)
    if isinstance(layer, nn.BatchNorm2d):
        return nn.BatchNorm2d(layer.num_features // case.narrow, eps=layer.eps, momentum=layer.momentum)
    if isinstance(layer, nn.Linear):
        outputs = layer.out_features if layer.out_features == case.settings["num_classes"] else layer.out_features // case.narrow
        return nn.Linear(layer.in_features // case.narrow, outputs)
    return None


@torch.no_grad()
def _fill(model: Any, generator: torch.Generator) -> None:
    """Weights that keep the signal's size, and batch norms that are not the identity."""
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        noise = torch.randn(value.shape, generator=generator, dtype=torch.float64)
        if value.ndim > 1:
            filled = noise * (2 / value[0].numel()) ** 0.5
        elif name.endswith("running_var"):
            filled = 0.5 + noise.abs()
        elif name.endswith("weight"):
            filled = 1 + 0.1 * noise
        else:
            filled = 0.1 * noise
        value.copy_(filled)


def main(folder: Path) -> None:
    """Answers the cases of a folder."""
    from safetensors.torch import save_file

    models = _import()
    asked = json.loads((folder / "cases.json").read_text())
    with torch.device("meta"):
        full = {name: getattr(models, name)(**FAST.get(name, {})).state_dict() for name in asked["full"]}
    shapes = {name: {key: list(value.shape) for key, value in state.items()} for name, state in full.items()}
    (folder / "full.json").write_text(json.dumps(shapes))
    for fields in asked["cases"]:
        case = Case(**fields)
        generator = torch.Generator().manual_seed(case.seed)
        model = _build(models, case)
        _fill(model, generator)
        batch, height, width = case.shape
        images = torch.randn(batch, case.channels, height, width, generator=generator, dtype=torch.float64)
        images = images.to(getattr(torch, case.dtype))
        answer = {f"state/{name}": value.clone() for name, value in model.state_dict().items()} | {"images": images}
        answer |= measure(model, case, images)
        save_file({name: value.contiguous() for name, value in answer.items()}, folder / f"{case.name}.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
