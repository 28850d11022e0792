"""Llama: a GPT with rotary positions, RMSNorm, SwiGLU and shared key heads (Touvron et al. 2023a, section 2.2; 2023b).

    RMSNorm(x) = g ⊙ x / √(mean(x²) + ε)                                       (Zhang & Sennrich 2019, eq. 4)
    SwiGLU(x)  = W_down (SiLU(W_gate x) ⊙ W_up x)                              (Shazeer 2020, eq. 6)
    RoPE:  (x_i, x_j) at position t is turned by the angle t θ^(-2i/D)         (Su et al. 2021, eq. 15 and 34)

Symbols: B rows, T tokens, C width, H heads, G key heads, D width of a head, F hidden units, V vocabulary. `tokens_BT` has shape
(B, T), integers.
Departs from the papers: x_i is turned together with x_{i + D/2}, not with its neighbour, as Hugging Face's weights have it
(`models/compat/llama.py` reorders the others); there is no dropout.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.models.layers.attention import KVCache, fused_attention
from practicum.precision import wide


@dataclass(frozen=True)
class LlamaConfig:
    """Sizes of a Llama; the defaults are Llama 2's with seven billion parameters.

    Attributes:
        vocab_size: V.
        context: the most tokens it can read.
        width: C.
        num_layers: blocks.
        num_heads: H, divides the width.
        num_kv_heads: G, divides H.
        hidden: F.
        rope_theta: θ of the rotary positions.
        eps: ε of the norms.
        tied: whether the output layer is the token embedding.
    """

    vocab_size: int = 32000
    context: int = 4096
    width: int = 4096
    num_layers: int = 32
    num_heads: int = 32
    num_kv_heads: int = 32
    hidden: int = 11008
    rope_theta: float = 10000.0
    eps: float = 1e-5
    tied: bool = False


class RMSNorm(nn.Module):
    """Root-mean-square normalisation of the last dimension, with a gain.

    Args:
        width: of the last dimension.
        eps: ε.

    Source: Zhang & Sennrich 2019, eq. 4.
    """

    def __init__(self, width: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised x, of the same shape; the mean is taken in single precision at least."""
        exact = wide(x)
        return self.weight * (exact * torch.rsqrt(exact.square().mean(-1, keepdim=True) + self.eps)).to(x.dtype)


def rope_table(length: int, width: int, theta: float = 10000.0) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of the angles for positions 0 … length - 1, shape (length, D/2) each."""
    frequencies = theta ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies)
    return angles.cos().to(torch.get_default_dtype()), angles.sin().to(torch.get_default_dtype())


def rotate(x_BHTD: Tensor, cos_TD: Tensor, sin_TD: Tensor) -> Tensor:
    """Return queries or keys turned by their positions' angles.

    Args:
        x_BHTD: queries or keys, D even.
        cos_TD: of the positions' angles.
        sin_TD: of the positions' angles.

    Shapes:
        x_BHTD: (B, H, T, D). cos_TD: (T, D/2). sin_TD: (T, D/2). Returns (B, H, T, D).

    Source: Su et al. 2021, eq. 34.
    """
    first, second = x_BHTD.chunk(2, dim=-1)
    return torch.cat([first * cos_TD - second * sin_TD, second * cos_TD + first * sin_TD], -1)


class RotaryAttention(nn.Module):
    """Causal self-attention with rotary positions and H/G query heads to each key head.

    Args:
        config: the model's sizes.

    Raises:
        ValueError: the heads do not divide the width, the key heads not the heads, or a head's width is odd.
    """

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        C, H, G = config.width, config.num_heads, config.num_kv_heads
        if C % H or H % G or C // H % 2:
            raise ValueError(
                f"expected heads of even width, and key heads that divide them; got width {C}, {H} heads, {G} key heads"
            )
        self.head_width, self.sizes = C // H, (H * (C // H), G * (C // H), G * (C // H))
        self.qkv = nn.Linear(C, sum(self.sizes), bias=False)  # rows: W_Q, W_K, W_V, each with its heads one after the other
        self.out = nn.Linear(C, C, bias=False)

    def forward(self, x_BTC: Tensor, cos_TD: Tensor, sin_TD: Tensor, cache: KVCache | None = None) -> Tensor:
        """Return what each token takes from those up to it, shape (B, T, C); the tables are for these T positions."""
        # (B, T, H·D) -> (B, T, H, D) -> (B, H, T, D), keys and values with G heads
        query, key, value = (
            part.unflatten(-1, (-1, self.head_width)).transpose(1, 2) for part in self.qkv(x_BTC).split(self.sizes, -1)
        )
        query, key = rotate(query, cos_TD, sin_TD), rotate(key, cos_TD, sin_TD)
        if cache is not None:
            key, value = cache.append(key, value)
        # (B, H, T, D) -> (B, T, H, D) -> (B, T, C)
        return self.out(fused_attention(query, key, value, causal=True).transpose(1, 2).flatten(2))


class LlamaBlock(nn.Module):
    """Attention and SwiGLU, each behind a norm and beside a residual path.

    Args:
        config: the model's sizes.
    """

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.attention_norm, self.mlp_norm = RMSNorm(config.width, config.eps), RMSNorm(config.width, config.eps)
        self.attention = RotaryAttention(config)
        self.gate, self.up = (nn.Linear(config.width, config.hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x_BTC: Tensor, cos_TD: Tensor, sin_TD: Tensor, cache: KVCache | None = None) -> Tensor:
        """Return the tokens after both branches, shape (B, T, C)."""
        x_BTC = x_BTC + self.attention(self.attention_norm(x_BTC), cos_TD, sin_TD, cache)
        y_BTC = self.mlp_norm(x_BTC)
        return x_BTC + self.down(F.silu(self.gate(y_BTC)) * self.up(y_BTC))


class Llama(nn.Module):
    """A Llama.

    Args:
        config: its sizes.

    Example:
        >>> config = LlamaConfig(vocab_size=50, context=16, width=8, num_layers=1, num_heads=2, num_kv_heads=1, hidden=16)
        >>> Llama(config)(torch.zeros(2, 5, dtype=torch.long)).shape
        torch.Size([2, 5, 50])

    Source: Touvron et al. 2023a, section 2.2; matrices start as N(0, 0.02), as published implementations do.
    """

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.width)
        self.blocks = nn.ModuleList(LlamaBlock(config) for _ in range(config.num_layers))
        self.final_norm = RMSNorm(config.width, config.eps)
        self.head = nn.Linear(config.width, config.vocab_size, bias=False)
        for parameter in self.parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.02)
        if config.tied:
            self.head.weight = self.token_embedding.weight
        cos_TD, sin_TD = rope_table(config.context, config.width // config.num_heads, config.rope_theta)
        self.register_buffer("cos_TD", cos_TD, persistent=False)
        self.register_buffer("sin_TD", sin_TD, persistent=False)

    def forward(self, tokens_BT: Tensor, caches: Sequence[KVCache] | None = None) -> Tensor:
        """Return the logits of the token behind each token.

        Args:
            tokens_BT: integers in [0, V), shape (B, T).
            caches: one per block (see `caches`); the tokens stand behind those in it.

        Returns:
            Shape (B, T, V).

        Raises:
            ValueError: the tokens are not two-dimensional, or more than the context holds.
        """
        seen = caches[0].length if caches else 0
        if tokens_BT.ndim != 2 or seen + tokens_BT.shape[1] > self.config.context:
            raise ValueError(
                f"expected tokens of shape (batch, at most {self.config.context - seen}), got {tuple(tokens_BT.shape)}"
            )
        positions = slice(seen, seen + tokens_BT.shape[1])
        x_BTC = self.token_embedding(tokens_BT)
        for index, block in enumerate(self.blocks):
            x_BTC = block(x_BTC, self.cos_TD[positions], self.sin_TD[positions], caches[index] if caches else None)
        return self.head(self.final_norm(x_BTC))

    def caches(self) -> list[KVCache]:
        """Return empty caches, one per block, for `generate`."""
        return [KVCache(self.config.context) for _ in self.blocks]
