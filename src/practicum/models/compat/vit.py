"""Weights of `ViT` from and to Hugging Face's `ViTForImageClassification` and `ViTModel`.

They keep W_Q, W_K and W_V apart; ours are one matrix. Files on the Hub have older names than transformers 5 has in memory:
both are read, and `to_peer` writes either.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_OUTER = {
    "embeddings.cls_token": "class_token",
    "embeddings.position_embeddings": "position_embedding",
    "embeddings.patch_embeddings.projection": "patch_embedding",
    "layernorm": "final_norm",
}
_LAYER = {
    "layernorm_before": "attention_norm",
    "layernorm_after": "mlp_norm",
    "attention.o_proj": "attention.out",
    "mlp.fc1": "up",
    "mlp.fc2": "down",
}
_HUB_TO_NEW = {
    "attention.attention.query": "attention.q_proj",
    "attention.attention.key": "attention.k_proj",
    "attention.attention.value": "attention.v_proj",
    "attention.output.dense": "attention.o_proj",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
}


def from_peer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights for `ViT`; a pooler is left out, and without a classifier so is the head.

    Raises:
        ValueError: an unknown name.
    """
    ours: dict[str, Tensor] = {}
    parts: dict[str, dict[str, Tensor]] = {}
    for key, tensor in state.items():
        name = key.removeprefix("vit.")
        if name.startswith("pooler."):
            continue
        if found := re.fullmatch(r"(?:encoder\.layer|layers)\.(\d+)\.(.+)\.(weight|bias)", name):
            block, inner, kind = found.groups()
            inner = _HUB_TO_NEW.get(inner, inner)
            if part := re.fullmatch(r"attention\.([qkv])_proj", inner):
                parts.setdefault(f"blocks.{block}.attention.qkv.{kind}", {})[part[1]] = tensor
                continue
            if inner in _LAYER:
                ours[f"blocks.{block}.{_LAYER[inner]}.{kind}"] = tensor
                continue
        elif name in _OUTER:
            ours[_OUTER[name]] = tensor
            continue
        elif (stem := name.rpartition(".")[0]) in _OUTER or stem == "classifier":
            ours[f"{_OUTER.get(stem, 'head')}.{name.rpartition('.')[2]}"] = tensor
            continue
        raise ValueError(f"expected a name of ViT, got {key!r}")
    return ours | {name: torch.cat([three[part] for part in "qkv"]) for name, three in parts.items()}


def to_peer(state: Mapping[str, Tensor], *, hub: bool = False) -> dict[str, Tensor]:
    """Return weights for `ViTForImageClassification`.

    Args:
        state: of a `ViT`.
        hub: with the names that files on the Hub have, instead of those of transformers 5.
    """
    outer = {ours: theirs for theirs, ours in _OUTER.items()}
    layer = {ours: theirs for theirs, ours in _LAYER.items()} | {f"attention.{part}": f"attention.{part}_proj" for part in "qkv"}
    hub_names = {new: old for old, new in _HUB_TO_NEW.items()} if hub else {}
    theirs: dict[str, Tensor] = {}
    for key, tensor in state.items():
        found = re.fullmatch(r"blocks\.(\d+)\.(.+)\.(weight|bias)", key)
        if not found:
            stem, _, kind = key.rpartition(".")
            theirs[
                f"vit.{outer[key]}" if key in outer else f"classifier.{kind}" if stem == "head" else f"vit.{outer[stem]}.{kind}"
            ] = tensor
            continue
        block, inner, kind = found.groups()
        rows = dict(zip("qkv", tensor.chunk(3), strict=True)) if inner == "attention.qkv" else {"": tensor}
        for part, value in rows.items():
            name = layer[f"attention.{part}" if part else inner]
            theirs[f"vit.{'encoder.layer' if hub else 'layers'}.{block}.{hub_names.get(name, name)}.{kind}"] = value.clone()
    return theirs
