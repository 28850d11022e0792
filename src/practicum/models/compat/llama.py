"""Weights of `Llama` from and to Hugging Face's `LlamaForCausalLM`, and from llama2.c's files.

Hugging Face keeps W_Q, W_K and W_V apart; ours are one matrix. Meta's and llama2.c's RoPE turns neighbours (x_2i, x_2i+1)
together instead of (x_i, x_i+D/2): the rows of W_Q and W_K are put in the other order.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from practicum.models.llama import LlamaConfig

_NAMES = {
    "model.embed_tokens": "token_embedding",
    "model.norm": "final_norm",
    "lm_head": "head",
    "self_attn.o_proj": "attention.out",
    "mlp.gate_proj": "gate",
    "mlp.up_proj": "up",
    "mlp.down_proj": "down",
    "input_layernorm": "attention_norm",
    "post_attention_layernorm": "mlp_norm",
}


def from_peer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights for `Llama`; a tied output layer may be absent.

    Raises:
        ValueError: an unknown name.
    """
    ours: dict[str, Tensor] = {}
    for key, tensor in state.items():
        found = re.fullmatch(r"(?:model\.layers\.(\d+)\.)?(.+)\.weight", key)
        inner = found[2] if found else ""
        block = f"blocks.{found[1]}." if found and found[1] else ""
        if inner == "self_attn.q_proj":
            parts = [state[key.replace("q_proj", f"{part}_proj")] for part in "qkv"]
            ours[f"{block}attention.qkv.weight"] = torch.cat(parts)
        elif inner in _NAMES:
            ours[f"{block}{_NAMES[inner]}.weight"] = tensor
        elif inner not in ("self_attn.k_proj", "self_attn.v_proj") and not key.endswith("rotary_emb.inv_freq"):
            raise ValueError(f"expected a name of Llama, got {key!r}")
    ours.setdefault("head.weight", ours["token_embedding.weight"])
    return ours


def to_peer(state: Mapping[str, Tensor], config: LlamaConfig) -> dict[str, Tensor]:
    """Return weights for `LlamaForCausalLM`.

    Args:
        state: of a `Llama`.
        config: its sizes; they say where W_Q ends.
    """
    names = {ours: theirs for theirs, ours in _NAMES.items()}
    D = config.width // config.num_heads
    theirs = {}
    for key, tensor in state.items():
        block = re.match(r"blocks\.(\d+)\.", key)
        inner = key[block.end() if block else 0 :].removesuffix(".weight")
        layer = f"model.layers.{block[1]}." if block else ""
        if inner == "attention.qkv":
            sizes = [config.num_heads * D, config.num_kv_heads * D, config.num_kv_heads * D]
            for part, rows in zip("qkv", tensor.split(sizes), strict=True):
                theirs[f"{layer}self_attn.{part}_proj.weight"] = rows.clone()
        else:
            theirs[f"{layer}{names[inner]}.weight"] = tensor
    return theirs


def llama2c_config(sizes: Mapping[str, int]) -> LlamaConfig:
    """Return the configuration for llama2.c's header, by its names (`dim`, `hidden_dim`, `n_layers`, …)."""
    return LlamaConfig(
        vocab_size=sizes["vocab_size"],
        context=sizes["max_seq_len"],
        width=sizes["dim"],
        num_layers=sizes["n_layers"],
        num_heads=sizes["n_heads"],
        num_kv_heads=sizes["n_kv_heads"],
        hidden=sizes["hidden_dim"],
        tied=True,
    )


def from_llama2c(state: Mapping[str, Tensor], config: LlamaConfig) -> dict[str, Tensor]:
    """Return weights for `Llama` from llama2.c's, which stack the layers: `wq` has shape (layers, H·D, C).

    Args:
        state: `tok_embeddings`, `attn_norm`, `wq`, `wk`, `wv`, `wo`, `ffn_norm`, `w1`, `w2`, `w3`, `norm`, and `output` where
            it is not tied.
        config: the model's sizes.
    """
    embedding = state["tok_embeddings"]
    ours = {
        "token_embedding.weight": embedding,
        "final_norm.weight": state["norm"],
        "head.weight": state.get("output", embedding),
    }
    names = {"attn_norm": "attention_norm", "wo": "attention.out", "ffn_norm": "mlp_norm", "w1": "gate", "w2": "down", "w3": "up"}
    for layer in range(config.num_layers):
        query, key = (_halves(state[name][layer], config) for name in ("wq", "wk"))
        ours[f"blocks.{layer}.attention.qkv.weight"] = torch.cat([query, key, state["wv"][layer]])
        ours |= {f"blocks.{layer}.{name}.weight": state[theirs][layer] for theirs, name in names.items()}
    return ours


def _halves(weight: Tensor, config: LlamaConfig) -> Tensor:
    """Return rows of each head from (x_0, x_1, x_2, …) to (x_0, x_2, …, x_1, x_3, …)."""
    rows, columns = weight.shape
    D = config.width // config.num_heads
    return weight.view(rows // D, D // 2, 2, columns).transpose(1, 2).reshape(rows, columns)
