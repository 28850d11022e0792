"""The Transformer, encoder and decoder (Vaswani et al. 2017, "Attention is all you need").

    x = √C·E[token] + PE                                 PE[t, 2i] = sin(t / 10000^(2i/C)), PE[t, 2i+1] = cos(the same)
    encoder layer:  x = LN(x + SelfAttention(x));  x = LN(x + FFN(x))
    decoder layer:  y = LN(y + CausalSelfAttention(y));  y = LN(y + Attention(y, memory));  y = LN(y + FFN(y))
    FFN(x) = max(0, x W₁ + b₁) W₂ + b₂                   eq. 2
    p(next token) = softmax(y Eᵀ)                        section 3.4: the target's embedding is also the last layer

Symbols: B sentences, S source tokens, T target tokens, C width, V target words. `x_BSC` has shape (B, S, C).
A padding mask is True where a token is padding. A target needs none: it is padded at the end, and no token looks ahead.
Departs from the paper: source and target have embeddings of their own (their vocabularies differ); `norm_first` puts LN in front
of each sublayer (Xiong et al. 2020), which trains without warm-up; as in `torch.nn.Transformer`, a LayerNorm follows each stack.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.models.layers.attention import KVCache, MultiHeadAttention


@dataclass(frozen=True)
class TransformerConfig:
    """The paper's base model, but for the vocabularies.

    Attributes:
        source_size: words of the source vocabulary.
        target_size: V, words of the target vocabulary.
        width: C, even.
        num_heads: divides the width.
        hidden: units inside FFN.
        encoder_layers: number of layers in the encoder.
        decoder_layers: number of layers in the decoder.
        dropout: on embeddings, attention weights, inside FFN and on each sublayer's output.
        norm_first: LayerNorm in front of each sublayer rather than behind.
        max_length: the most tokens a sentence may have.
        pad: the token that is padding.
    """

    source_size: int
    target_size: int
    width: int = 512
    num_heads: int = 8
    hidden: int = 2048
    encoder_layers: int = 6
    decoder_layers: int = 6
    dropout: float = 0.1
    norm_first: bool = False
    max_length: int = 512
    pad: int = 0


class Residual(nn.Module):
    """A sublayer's surroundings: LN(x + f(x)), or x + f(LN(x)) with `norm_first`. Source: Vaswani et al. 2017, section 3.1."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.norm, self.dropout, self.norm_first = nn.LayerNorm(config.width), nn.Dropout(config.dropout), config.norm_first

    def forward(self, x: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        """Apply the sublayer; shapes stay."""
        return x + self.dropout(sublayer(self.norm(x))) if self.norm_first else self.norm(x + self.dropout(sublayer(x)))


def _feed_forward(config: TransformerConfig) -> nn.Sequential:
    expand, contract = nn.Linear(config.width, config.hidden), nn.Linear(config.hidden, config.width)
    return nn.Sequential(expand, nn.ReLU(), nn.Dropout(config.dropout), contract)


class EncoderLayer(nn.Module):
    """Self-attention and FFN. Source: Vaswani et al. 2017, figure 1, left."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(config.width, config.num_heads, dropout=config.dropout)
        self.feed_forward = _feed_forward(config)
        self.residuals = nn.ModuleList(Residual(config) for _ in range(2))

    def forward(self, x_BSC: Tensor, padding_BS: Tensor | None = None) -> Tensor:
        """Return shape (B, S, C), as the input."""
        x_BSC = self.residuals[0](x_BSC, lambda x: self.attention(x, key_padding_mask=padding_BS))
        return self.residuals[1](x_BSC, self.feed_forward)


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the encoder's output, and FFN. Source: Vaswani et al. 2017, figure 1, right."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(config.width, config.num_heads, dropout=config.dropout, causal=True)
        self.cross_attention = MultiHeadAttention(config.width, config.num_heads, dropout=config.dropout)
        self.feed_forward = _feed_forward(config)
        self.residuals = nn.ModuleList(Residual(config) for _ in range(3))

    def forward(
        self, y_BTC: Tensor, memory_BSC: Tensor, padding_BS: Tensor | None = None, caches: tuple[KVCache, KVCache] | None = None
    ) -> Tensor:
        """Return shape (B, T, C), as `y_BTC`; the caches hold the keys of earlier tokens and of the memory."""
        own, memory = caches or (None, None)
        y_BTC = self.residuals[0](y_BTC, lambda y: self.attention(y, cache=own))
        y_BTC = self.residuals[1](y_BTC, lambda y: self.cross_attention(y, memory_BSC, key_padding_mask=padding_BS, cache=memory))
        return self.residuals[2](y_BTC, self.feed_forward)


class Encoder(nn.Module):
    """A stack of encoder layers and a LayerNorm, on embedded tokens."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, x_BSC: Tensor, padding_BS: Tensor | None = None) -> Tensor:
        """Return shape (B, S, C), as the input."""
        for layer in self.layers:
            x_BSC = layer(x_BSC, padding_BS)
        return self.norm(x_BSC)


class Decoder(nn.Module):
    """A stack of decoder layers and a LayerNorm, on embedded tokens."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(
        self,
        y_BTC: Tensor,
        memory_BSC: Tensor,
        padding_BS: Tensor | None = None,
        caches: list[tuple[KVCache, KVCache]] | None = None,
    ) -> Tensor:
        """Return shape (B, T, C), as `y_BTC`."""
        for number, layer in enumerate(self.layers):
            y_BTC = layer(y_BTC, memory_BSC, padding_BS, caches[number] if caches else None)
        return self.norm(y_BTC)


@dataclass
class Decoding:
    """Where the decoder stands in a batch of translations.

    Attributes:
        memory_BSC: the encoder's output.
        padding_BS: where the source is padding.
        caches: per layer, the keys of the target's tokens and of the memory.
        length: tokens of the target so far.
    """

    memory_BSC: Tensor
    padding_BS: Tensor
    caches: list[tuple[KVCache, KVCache]] = field(default_factory=list)
    length: int = 0


def positions(length: int, width: int) -> Tensor:
    """Return the sinusoidal position encoding PE, shape (length, width); in single precision right to 3e-5 up to place 512, to
    6e-3 up to place 100,000. Source: Vaswani et al. 2017, section 3.5.
    """
    angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(0, width, 2) / width)
    # (length, C/2, 2) -> (length, C): sines at even places, cosines at odd ones
    return torch.stack([angle.sin(), angle.cos()], 2).flatten(1)


class Transformer(nn.Module):
    """Maps a source sentence and the beginning of its translation to the logits of the next word.

    Args:
        config: sizes; see `TransformerConfig`.

    Raises:
        ValueError: the width is odd, or no multiple of `num_heads`.

    Example:
        >>> config = TransformerConfig(20, 30, width=8, num_heads=2, hidden=16, encoder_layers=1, decoder_layers=1)
        >>> Transformer(config)(torch.ones(2, 5, dtype=torch.long), torch.ones(2, 4, dtype=torch.long)).shape
        torch.Size([2, 4, 30])

    Source: Vaswani et al. 2017, figure 1.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        if config.width % 2:
            raise ValueError(f"expected an even width (sines and cosines), got {config.width}")
        self.config = config
        self.source_embedding = nn.Embedding(config.source_size, config.width)
        self.target_embedding = nn.Embedding(config.target_size, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.register_buffer("positions", positions(config.max_length, config.width), persistent=False)
        for weight in self.parameters():
            if weight.ndim > 1:
                nn.init.xavier_uniform_(weight)
        # So that √C·E has unit variance, and y Eᵀ too.
        for embedding in (self.source_embedding, self.target_embedding):
            nn.init.normal_(embedding.weight, std=config.width**-0.5)

    def forward(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        """Return the logits of each token's successor.

        Args:
            source_BS: tokens, padded at the end.
            target_BT: tokens, the first one the start of a sentence, padded at the end.

        Shapes:
            source_BS: (B, S). target_BT: (B, T). Returns (B, T, V).

        Raises:
            ValueError: the batches differ, or a sentence is longer than `max_length`.
        """
        if len(source_BS) != len(target_BT):
            raise ValueError(f"expected as many targets as sources, got {tuple(target_BT.shape)} and {tuple(source_BS.shape)}")
        state = self.start(source_BS)
        y_BTC = self._embed(self.target_embedding, target_BT, 0)
        return F.linear(self.decoder(y_BTC, state.memory_BSC, state.padding_BS), self.target_embedding.weight)

    def start(self, source_BS: Tensor) -> Decoding:
        """Encode the sources; the state that `step` starts from."""
        padding_BS = source_BS == self.config.pad
        return Decoding(self.encoder(self._embed(self.source_embedding, source_BS, 0), padding_BS), padding_BS)

    def step(self, token_B: Tensor, state: Decoding) -> tuple[Tensor, Decoding]:
        """Take one more token per row.

        Returns:
            The logits of the next one, shape (B, V), and the new state; the old one may no longer be used.
        """
        if not state.caches:
            source_length = state.memory_BSC.shape[1]
            state.caches = [(KVCache(self.config.max_length), KVCache(source_length)) for _ in self.decoder.layers]
        y_B1C = self._embed(self.target_embedding, token_B[:, None], state.length)
        y_B1C = self.decoder(y_B1C, state.memory_BSC, state.padding_BS, state.caches)
        state.length += 1
        return F.linear(y_B1C[:, 0], self.target_embedding.weight), state

    def select(self, state: Decoding, rows: Tensor) -> Decoding:
        """Return the state of these rows, in this order and as often as they are named; the old one may no longer be used."""
        for caches in state.caches:
            for cache in caches:
                cache.select(rows)
        return Decoding(state.memory_BSC[rows], state.padding_BS[rows], state.caches, state.length)

    def _embed(self, embedding: nn.Embedding, token_BT: Tensor, start: int) -> Tensor:
        if token_BT.ndim != 2 or start + token_BT.shape[1] > self.config.max_length:
            got = f"{tuple(token_BT.shape)} from place {start} on"
            raise ValueError(f"expected tokens of shape (batch, length up to {self.config.max_length}), got {got}")
        place_TC = self.positions[start : start + token_BT.shape[1]]
        # section 3.4: √C brings embeddings to the size of the positions
        return self.dropout(embedding(token_BT) * self.config.width**0.5 + place_TC)
