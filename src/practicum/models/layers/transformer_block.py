"""The transformer block of GPT, BERT and ViT: self-attention, then a two-layer network on each token, each with a residual path.

    pre-norm  (GPT-2, ViT):   y = x + Attention(LN(x)),   z = y + MLP(LN(y))
    post-norm (GPT-1, BERT):  y = LN(x + Attention(x)),   z = LN(y + MLP(y))

    MLP(x) = W₂ GELU(W₁ x + b₁) + b₂

Symbols: B rows, T tokens, C width, F = 4 C hidden units of the MLP.
Source: Vaswani et al. 2017, section 3.1 (post-norm); Radford et al. 2019, section 2.3 (pre-norm); Hendrycks & Gimpel 2016 (GELU).
"""

from typing import Literal

from torch import Tensor, nn

from practicum.models.layers.attention import KVCache, MultiHeadAttention

Norm = Literal["pre", "post"]


class TransformerBlock(nn.Module):
    """Self-attention and an MLP.

    Args:
        width: C.
        num_heads: divides the width.
        hidden: F; 4 C if None.
        norm: where the layer norms stand: `"pre"` or `"post"`.
        causal: tokens see no later tokens.
        dropout: of attention weights and of both branches' outputs.
        approximate: of GELU: `"none"`, or `"tanh"` as in GPT.
        eps: of the layer norms.

    Raises:
        ValueError: `norm` is neither, or the heads do not divide the width.
    """

    def __init__(
        self,
        width: int,
        num_heads: int,
        *,
        hidden: int | None = None,
        norm: Norm = "pre",
        causal: bool = False,
        dropout: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        if norm not in ("pre", "post"):
            raise ValueError(f"expected norm 'pre' or 'post', got {norm!r}")
        self.norm = norm
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width, eps=eps), nn.LayerNorm(width, eps=eps)
        self.attention = MultiHeadAttention(width, num_heads, causal=causal, dropout=dropout)
        self.up, self.down = nn.Linear(width, hidden or 4 * width), nn.Linear(hidden or 4 * width, width)
        self.activation, self.dropout = nn.GELU(approximate), nn.Dropout(dropout)

    def forward(self, x_BTC: Tensor, *, key_padding_mask: Tensor | None = None, cache: KVCache | None = None) -> Tensor:
        """Return the tokens after both branches.

        Args:
            x_BTC: the tokens.
            key_padding_mask: boolean, True where a token is padding, cached tokens included.
            cache: keys and values of earlier tokens; gets those of `x_BTC` too.

        Shapes:
            x_BTC: (B, T, C). key_padding_mask: (B, T). Returns (B, T, C).
        """
        if self.norm == "pre":
            x_BTC = x_BTC + self.attend(self.attention_norm(x_BTC), key_padding_mask, cache)
            return x_BTC + self.mlp(self.mlp_norm(x_BTC))
        x_BTC = self.attention_norm(x_BTC + self.attend(x_BTC, key_padding_mask, cache))
        return self.mlp_norm(x_BTC + self.mlp(x_BTC))

    def first(self, x_BTC: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Return what `forward` returns for the first token, shape (B, 1, C), at its cost: for a last block of which no more is
        asked. Arguments as in `forward`.
        """
        first_B1C = x_BTC[:, :1]
        if self.norm == "pre":
            y_BTC = self.attention_norm(x_BTC)
            taken_B1C = self.dropout(self.attention(y_BTC[:, :1], y_BTC, key_padding_mask=key_padding_mask))
            first_B1C = first_B1C + taken_B1C
            return first_B1C + self.mlp(self.mlp_norm(first_B1C))
        taken_B1C = self.dropout(self.attention(first_B1C, x_BTC, key_padding_mask=key_padding_mask))
        first_B1C = self.attention_norm(first_B1C + taken_B1C)
        return self.mlp_norm(first_B1C + self.mlp(first_B1C))

    def attend(self, x_BTC: Tensor, key_padding_mask: Tensor | None, cache: KVCache | None) -> Tensor:
        """Return the attention branch."""
        return self.dropout(self.attention(x_BTC, key_padding_mask=key_padding_mask, cache=cache))

    def mlp(self, x_BTC: Tensor) -> Tensor:
        """Return the MLP branch."""
        return self.dropout(self.down(self.activation(self.up(x_BTC))))
