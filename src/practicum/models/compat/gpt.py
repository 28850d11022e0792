"""Weights of `GPT` from and to Hugging Face's `GPT2LMHeadModel` and `OpenAIGPTLMHeadModel` (the Hub's `gpt2` and `openai-gpt`).

The published layers hold W as (inputs, outputs); ours, as PyTorch, (outputs, inputs).
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

# theirs → ours; names of GPT-1 last
_NAMES = {
    "wte": "token_embedding",
    "wpe": "position_embedding",
    "ln_f": "final_norm",
    "attn.c_attn": "attention.qkv",
    "attn.c_proj": "attention.out",
    "mlp.c_fc": "up",
    "mlp.c_proj": "down",
    "ln_1": "attention_norm",
    "ln_2": "mlp_norm",
}
_GPT1 = {"tokens_embed": "token_embedding", "positions_embed": "position_embedding"}
_TRANSPOSED = re.compile(r"(attention\.qkv|attention\.out|up|down)\.weight$")


def from_peer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights for `GPT`.

    Args:
        state: with or without the prefix `transformer.`, the output layer and the causal masks that old files hold.

    Raises:
        ValueError: an unknown name, or an output layer that is not the token embedding.
    """
    names = _NAMES | _GPT1
    ours = {}
    for key, tensor in state.items():
        name = key.removeprefix("transformer.")
        if name == "lm_head.weight" or re.search(r"\.attn\.(masked_)?bias$", name):
            continue
        block = re.match(r"h\.(\d+)\.", name)
        inner, kind = name[block.end() if block else 0 :].rsplit(".", 1)
        if inner not in names:
            raise ValueError(f"expected a name of GPT-1 or GPT-2, got {key!r}")
        renamed = f"{f'blocks.{block[1]}.' if block else ''}{names[inner]}.{kind}"
        ours[renamed] = tensor.T.contiguous() if _TRANSPOSED.search(renamed) else tensor
    head = state.get("lm_head.weight")
    if head is not None and not torch.equal(head, ours["token_embedding.weight"]):
        raise ValueError("expected an output layer tied to the token embedding, got one with weights of its own")
    return ours


def to_peer(state: Mapping[str, Tensor], prefix: str = "transformer.") -> dict[str, Tensor]:
    """Return weights for `GPT2LMHeadModel`, or for `OpenAIGPTLMHeadModel` where there is no final norm.

    Args:
        state: of a `GPT`.
        prefix: `"transformer."` for the model with its output layer, which is then in it; `""` for the bare transformer.
    """
    names = {ours: theirs for theirs, ours in (_NAMES if "final_norm.weight" in state else _NAMES | _GPT1).items()}
    theirs = {}
    for key, tensor in state.items():
        block = re.match(r"blocks\.(\d+)\.", key)
        inner, kind = key[block.end() if block else 0 :].rsplit(".", 1)
        theirs[f"{prefix}{f'h.{block[1]}.' if block else ''}{names[inner]}.{kind}"] = (
            tensor.T.contiguous() if _TRANSPOSED.search(key) else tensor
        )
    return theirs | ({"lm_head.weight": state["token_embedding.weight"]} if prefix else {})
