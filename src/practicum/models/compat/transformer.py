"""Weights of our `Transformer` from and to `torch.nn.Transformer`, which has an encoder and a decoder but no embeddings."""

from collections.abc import Mapping

from torch import Tensor

_LAYER = {
    "self_attn.in_proj_": "attention.qkv.",
    "self_attn.out_proj.": "attention.out.",
    "multihead_attn.in_proj_": "cross_attention.qkv.",
    "multihead_attn.out_proj.": "cross_attention.out.",
    "linear1.": "feed_forward.0.",
    "linear2.": "feed_forward.3.",
    "norm1.": "residuals.0.norm.",
    "norm2.": "residuals.1.norm.",
    "norm3.": "residuals.2.norm.",
}


def from_peer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename a state of `nn.Transformer` (or of anything with its `encoder.` and `decoder.`); embeddings are not in it."""
    return {_rename(name, _LAYER): value for name, value in state.items()}


def to_peer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename ours; our embeddings have no counterpart and are left out."""
    back = {ours: theirs for theirs, ours in _LAYER.items()}
    return {_rename(name, back): value for name, value in state.items() if name.startswith(("encoder.", "decoder."))}


def _rename(name: str, table: Mapping[str, str]) -> str:
    stack, layers, rest = name.partition(".layers.")
    if not layers:
        return name
    number, _, rest = rest.partition(".")
    for old, new in table.items():
        if rest.startswith(old):
            return f"{stack}{layers}{number}.{new}{rest[len(old) :]}"
    raise ValueError(f"expected a weight of an encoder or decoder layer, got {name}")
