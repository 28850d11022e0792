"""MobileNetV2 weights to and from torchvision's names.

torchvision                                       here
features.0                                        stem
features.{i+1}.conv.0, .1 and .2-3                blocks.i.expand, .depthwise and .project
features.{i+1}.conv.0 and .1-2 (expansion 1)      blocks.i.depthwise and .project
features.18 (the last one)                        head
classifier.1                                      classifier
"""

import re

from torch import Tensor


def from_peer(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return torchvision's weights under our names."""
    return {_ours(name, state): value for name, value in state.items()}


def to_peer(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return our weights under torchvision's names."""
    last = 2 + max(int(name.split(".")[1]) for name in state if name.startswith("blocks."))
    return {_theirs(name, state, last): value for name, value in state.items()}


def _ours(name: str, state: dict[str, Tensor]) -> str:
    if name.startswith("classifier."):
        return name.replace("classifier.1.", "classifier.")
    _, number, *rest = name.split(".")
    if rest[0] != "conv":
        return ".".join(["stem" if number == "0" else "head", *rest])
    # Without an expanding layer the batch norm that ends the block is the block's layer 2, else its layer 3.
    parts = ["expand", "depthwise", "project"] if f"features.{number}.conv.3.weight" in state else ["depthwise", "project"]
    layer = int(rest[1])
    place = [parts[layer], *rest[2:]] if layer < len(parts) - 1 else ["project", str(layer - len(parts) + 1), *rest[2:]]
    return ".".join(["blocks", str(int(number) - 1), *place])


def _theirs(name: str, state: dict[str, Tensor], last: int) -> str:
    if name.startswith("classifier."):
        return name.replace("classifier.", "classifier.1.")
    if not name.startswith("blocks."):
        return re.sub("^stem", "features.0", re.sub("^head", f"features.{last}", name))
    _, block, part, layer, rest = name.split(".")
    before = ["expand", "depthwise"] if f"blocks.{block}.expand.0.weight" in state else ["depthwise"]
    place = f"{before.index(part)}.{layer}" if part in before else str(len(before) + int(layer))
    return f"features.{int(block) + 1}.conv.{place}.{rest}"
