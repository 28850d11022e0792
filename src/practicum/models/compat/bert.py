"""Weights of `BERT`, `BERTForMaskedLM` and `BERTClassifier` from and to Hugging Face's `BertModel`, `BertForMaskedLM` and
`BertForSequenceClassification`.

They keep W_Q, W_K and W_V apart; ours are one matrix. `BertModel` is an encoder with a pooler: its weights become `encoder.…` and
`pooler.…`, those of a `BERTClassifier` without a head.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_NAMES = {
    "embeddings.word_embeddings": "token_embedding",
    "embeddings.position_embeddings": "position_embedding",
    "embeddings.token_type_embeddings": "type_embedding",
    "embeddings.LayerNorm": "embedding_norm",
}
_LAYER = {
    "attention.output.dense": "attention.out",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "mlp_norm",
}
_HEADS = {
    "bert.pooler.dense.weight": "pooler.weight",
    "bert.pooler.dense.bias": "pooler.bias",
    "classifier.weight": "head.weight",
    "classifier.bias": "head.bias",
    "cls.predictions.transform.dense.weight": "transform.weight",
    "cls.predictions.transform.dense.bias": "transform.bias",
    "cls.predictions.transform.LayerNorm.weight": "norm.weight",
    "cls.predictions.transform.LayerNorm.bias": "norm.bias",
    "cls.predictions.bias": "bias",
}
_PARTS = ("query", "key", "value")


def from_peer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights for ours.

    Args:
        state: with or without the prefix `bert.`; copies of tied weights, position numbers and the head of next-sentence
            prediction are left out.

    Raises:
        ValueError: an unknown name.
    """
    ours: dict[str, Tensor] = {}
    parts: dict[str, dict[str, Tensor]] = {}
    for key, tensor in state.items():
        name = key if key.startswith(("bert.", "cls.", "classifier.")) else f"bert.{key}"
        name = re.sub(r"LayerNorm\.(gamma|beta)$", lambda old: f"LayerNorm.{'weight' if old[1] == 'gamma' else 'bias'}", name)
        if name.endswith("position_ids") or re.match(r"cls\.(predictions\.decoder|seq_relationship)\.", name):
            continue
        stem, _, kind = name.removeprefix("bert.").rpartition(".")
        block = re.match(r"encoder\.layer\.(\d+)\.(.+)", stem)
        if name in _HEADS:
            ours[_HEADS[name]] = tensor
        elif stem in _NAMES:
            ours[f"encoder.{_NAMES[stem]}.{kind}"] = tensor
        elif block and block[2].removeprefix("attention.self.") in _PARTS:
            parts.setdefault(f"encoder.blocks.{block[1]}.attention.qkv.{kind}", {})[block[2].rpartition(".")[2]] = tensor
        elif block and block[2] in _LAYER:
            ours[f"encoder.blocks.{block[1]}.{_LAYER[block[2]]}.{kind}"] = tensor
        else:
            raise ValueError(f"expected a name of BERT, got {key!r}")
    return ours | {name: torch.cat([three[part] for part in _PARTS]) for name, three in parts.items()}


def to_peer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights for theirs, with the prefix `bert.`; `BertForMaskedLM` gets its tied output layer.

    Args:
        state: of a `BERTForMaskedLM` or a `BERTClassifier`.
    """
    heads = {ours: theirs for theirs, ours in _HEADS.items()}
    names = {ours: theirs for theirs, ours in _NAMES.items()}
    layer = {ours: theirs for theirs, ours in _LAYER.items()}
    theirs: dict[str, Tensor] = {}
    for key, tensor in state.items():
        if key in heads:
            theirs[heads[key]] = tensor
            continue
        stem, _, kind = key.removeprefix("encoder.").rpartition(".")
        block = re.match(r"blocks\.(\d+)\.(.+)", stem)
        if not block:
            theirs[f"bert.{names[stem]}.{kind}"] = tensor
        elif block[2] == "attention.qkv":
            for part, rows in zip(_PARTS, tensor.chunk(3), strict=True):
                theirs[f"bert.encoder.layer.{block[1]}.attention.self.{part}.{kind}"] = rows.clone()
        else:
            theirs[f"bert.encoder.layer.{block[1]}.{layer[block[2]]}.{kind}"] = tensor
    if "bias" in state:
        theirs |= {
            "cls.predictions.decoder.weight": state["encoder.token_embedding.weight"],
            "cls.predictions.decoder.bias": state["bias"],
        }
    return theirs
