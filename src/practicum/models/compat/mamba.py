"""Weights of `Mamba` from and to Hugging Face's `MambaForCausalLM` and `MambaModel`, and from the authors' files."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

# theirs → ours; the authors' files have `embedding` and Hugging Face `embeddings`
_NAMES = ((r"^embeddings?\.", "embedding."), (r"^layers\.", "blocks."), (r"^norm_f\.", "norm."), (r"\.conv1d\.", ".conv."))
_BACK = ((r"^embedding\.", "embeddings."), (r"^blocks\.", "layers."), (r"^norm\.", "norm_f."), (r"\.conv\.", ".conv1d."))


def from_peer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights for `Mamba`.

    Args:
        state: with or without the prefix `backbone.` and the output layer.

    Raises:
        ValueError: an output layer that is not the embedding.
    """
    ours = {_renamed(name.removeprefix("backbone."), _NAMES): value for name, value in state.items() if name != "lm_head.weight"}
    head = state.get("lm_head.weight")
    if head is not None and not torch.equal(head, ours["embedding.weight"]):
        raise ValueError("expected an output layer tied to the embedding, got one with weights of its own")
    return ours


def to_peer(state: Mapping[str, Tensor], *, prefix: str = "backbone.") -> dict[str, Tensor]:
    """Return weights for `MambaForCausalLM`; with an empty prefix, for `MambaModel`."""
    theirs = {prefix + _renamed(name, _BACK): value for name, value in state.items()}
    return theirs | ({"lm_head.weight": state["embedding.weight"]} if prefix else {})


def _renamed(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in pairs:
        name = re.sub(pattern, replacement, name)
    return name
