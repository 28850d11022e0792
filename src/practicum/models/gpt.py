"""GPT: a transformer that predicts the next token (Radford et al. 2018, eq. 2; Radford et al. 2019; Brown et al. 2020).

    h₀ = W_e[u] + W_p,   h_l = block(h_{l-1}),   P(u_{t+1} | u_1 … u_t) = softmax(LN(h_n) W_eᵀ)

Symbols: B rows, T tokens, C width, V vocabulary. `tokens_BT` has shape (B, T), integers; `logits_BTV` shape (B, T, V).
GPT-1 has its layer norms behind the branches and none at the end (`norm="post"`), GPT-2 and GPT-3 in front (`norm="pre"`).
Departs from the papers: GPT-3's layers with banded attention are dense; P comes as logits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.models.layers.attention import KVCache
from practicum.models.layers.transformer_block import Norm, TransformerBlock


@dataclass(frozen=True)
class GPTConfig:
    """Sizes of a GPT; the defaults are the smallest GPT-2's.

    Attributes:
        vocab_size: V.
        context: the most tokens it can read.
        width: C.
        num_layers: blocks.
        num_heads: of attention; divides the width.
        dropout: of the embeddings, the attention weights and both branches of each block.
        norm: `"pre"` (GPT-2, GPT-3) or `"post"` (GPT-1).
    """

    vocab_size: int = 50257
    context: int = 1024
    width: int = 768
    num_layers: int = 12
    num_heads: int = 12
    dropout: float = 0.1
    norm: Norm = "pre"


CONFIGS = {
    "gpt": GPTConfig(vocab_size=40478, context=512, norm="post"),
    "gpt2": GPTConfig(),
    "gpt2-medium": GPTConfig(width=1024, num_layers=24, num_heads=16),
    "gpt2-large": GPTConfig(width=1280, num_layers=36, num_heads=20),
    "gpt2-xl": GPTConfig(width=1600, num_layers=48, num_heads=25),
    "gpt3": GPTConfig(context=2048, width=12288, num_layers=96, num_heads=96),
}


class GPT(nn.Module):
    """A GPT with the token embedding as its output layer too.

    Args:
        config: its sizes.

    Example:
        >>> model = GPT(GPTConfig(vocab_size=50, context=16, width=8, num_layers=1, num_heads=2))
        >>> model(torch.zeros(2, 5, dtype=torch.long)).shape
        torch.Size([2, 5, 50])

    Source: Radford et al. 2019, section 2.3 (initialisation: N(0, 0.02), layers that write to the residual stream scaled by
        1/√(number of them); positions N(0, 0.01) as in the published code).
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.width)
        self.position_embedding = nn.Embedding(config.context, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(
                config.width, config.num_heads, norm=config.norm, causal=True, dropout=config.dropout, approximate="tanh"
            )
            for _ in range(config.num_layers)
        )
        self.final_norm = nn.LayerNorm(config.width) if config.norm == "pre" else nn.Identity()
        self._initialise()

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
        # Behind a cache the first new token is not at place 0.
        positions_T = torch.arange(seen, seen + tokens_BT.shape[1], device=tokens_BT.device)
        x_BTC = self.dropout(self.token_embedding(tokens_BT) + self.position_embedding(positions_T))
        for index, block in enumerate(self.blocks):
            x_BTC = block(x_BTC, cache=caches[index] if caches else None)
        return F.linear(self.final_norm(x_BTC), self.token_embedding.weight)  # the embedding again: logits = LN(h_n) W_eᵀ

    def caches(self) -> list[KVCache]:
        """Return empty caches, one per block, for `generate`."""
        return [KVCache(self.config.context) for _ in self.blocks]

    def _initialise(self) -> None:
        for name, parameter in self.named_parameters():
            if "norm" in name:
                continue  # LayerNorm starts with ones and zeros
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif self.config.norm == "pre" and name.endswith(("attention.out.weight", "down.weight")):
                nn.init.normal_(parameter, std=0.02 * (2 * self.config.num_layers) ** -0.5)
            else:
                nn.init.normal_(parameter, std=0.01 if name.startswith("position") and self.config.norm == "pre" else 0.02)
