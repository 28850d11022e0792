"""BERT: a transformer that reads in both directions (Devlin et al. 2019, sections 3 and 4).

    h₀ = LN(W_e[u] + W_p + W_s[s]),   h_l = block(h_{l-1})                       (post-norm blocks)
    masked token:     logits = LN(GELU(W h_n + b)) W_eᵀ + b_V
    classification:   logits = W_c tanh(W h_n[CLS] + b) + b_c

Symbols: B rows, T tokens, C width, V vocabulary, K classes, N tokens that are asked for. `tokens_BT` has shape (B, T), integers.
Departs from the paper: there is no next-sentence prediction (it does not help: Liu et al. 2019, section 4.2).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.models.layers.transformer_block import TransformerBlock


@dataclass(frozen=True)
class BERTConfig:
    """Sizes of a BERT; the defaults are BERT-base's.

    Attributes:
        vocab_size: V.
        context: the most tokens it can read.
        width: C.
        num_layers: blocks.
        num_heads: of attention; divides the width.
        hidden: units of the blocks' MLP; 4 C if None.
        token_types: kinds of segments.
        dropout: of the embeddings, the attention weights and both branches of each block.
        pad: the token that is padding where no mask is given.
    """

    vocab_size: int = 30522
    context: int = 512
    width: int = 768
    num_layers: int = 12
    num_heads: int = 12
    hidden: int | None = None
    token_types: int = 2
    dropout: float = 0.1
    pad: int = 0


class BERT(nn.Module):
    """BERT's encoder.

    Args:
        config: its sizes.

    Example:
        >>> model = BERT(BERTConfig(vocab_size=50, context=16, width=8, num_layers=1, num_heads=2))
        >>> model(torch.ones(2, 5, dtype=torch.long)).shape
        torch.Size([2, 5, 8])

    Source: Devlin et al. 2019, section 3; matrices start as N(0, 0.02), cut at two standard deviations, as in the published code.
    """

    def __init__(self, config: BERTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.width)
        self.position_embedding = nn.Embedding(config.context, config.width)
        self.type_embedding = nn.Embedding(config.token_types, config.width)
        self.embedding_norm = nn.LayerNorm(config.width, eps=1e-12)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(config.width, config.num_heads, hidden=config.hidden, norm="post", dropout=config.dropout, eps=1e-12)
            for _ in range(config.num_layers)
        )
        self.apply(initialise)

    def forward(self, tokens_BT: Tensor, padding_BT: Tensor | None = None, types_BT: Tensor | None = None) -> Tensor:
        """Return the tokens' representations.

        Args:
            tokens_BT: integers in [0, V).
            padding_BT: boolean, True where a token is padding; if None, where it is `config.pad`.
            types_BT: which segment a token belongs to; all 0 if None.

        Returns:
            What stands at padding means nothing.

        Shapes:
            tokens_BT: (B, T). padding_BT: (B, T). types_BT: (B, T). Returns (B, T, C).

        Raises:
            ValueError: the tokens are not two-dimensional, or more than the context holds.
        """
        x_BTC, padding_BT = self.embed(tokens_BT, padding_BT, types_BT)
        for block in self.blocks:
            x_BTC = block(x_BTC, key_padding_mask=padding_BT)
        return x_BTC

    def first(self, tokens_BT: Tensor, padding_BT: Tensor | None = None, types_BT: Tensor | None = None) -> Tensor:
        """Return what `forward` returns for the first token, shape (B, C): the last block is computed for it alone."""
        x_BTC, padding_BT = self.embed(tokens_BT, padding_BT, types_BT)
        for block in self.blocks[:-1]:
            x_BTC = block(x_BTC, key_padding_mask=padding_BT)
        return self.blocks[-1].first(x_BTC, key_padding_mask=padding_BT)[:, 0]

    def embed(self, tokens_BT: Tensor, padding_BT: Tensor | None, types_BT: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return h₀, shape (B, T, C), and where there is padding, shape (B, T)."""
        if tokens_BT.ndim != 2 or tokens_BT.shape[1] > self.config.context:
            raise ValueError(f"expected tokens of shape (batch, at most {self.config.context}), got {tuple(tokens_BT.shape)}")
        if padding_BT is None:
            padding_BT = tokens_BT == self.config.pad
        if types_BT is None:
            types_BT = torch.zeros_like(tokens_BT)
        positions_TC = self.position_embedding.weight[: tokens_BT.shape[1]]
        # (B, T, C) + (T, C) + (B, T, C)
        x_BTC = self.token_embedding(tokens_BT) + positions_TC + self.type_embedding(types_BT)
        return self.dropout(self.embedding_norm(x_BTC)), padding_BT


class BERTForMaskedLM(nn.Module):
    """BERT with the head that says which token was masked.

    Args:
        config: its sizes.

    Source: Devlin et al. 2019, section 3.1, task 1.
    """

    def __init__(self, config: BERTConfig) -> None:
        super().__init__()
        self.encoder = BERT(config)
        self.transform = nn.Linear(config.width, config.width)
        self.norm = nn.LayerNorm(config.width, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        initialise(self.transform)

    def forward(
        self, tokens_BT: Tensor, padding_BT: Tensor | None = None, types_BT: Tensor | None = None, asked_BT: Tensor | None = None
    ) -> Tensor:
        """Return logits over the vocabulary.

        Args:
            tokens_BT: integers in [0, V).
            padding_BT: boolean, True where a token is padding; if None, where it is `config.pad`.
            types_BT: which segment a token belongs to; all 0 if None.
            asked_BT: boolean, True at the N tokens whose logits are wanted; only these are computed.

        Shapes:
            tokens_BT: (B, T). padding_BT: (B, T). types_BT: (B, T). asked_BT: (B, T). Returns (N, V) in row-major
            order, or (B, T, V) if `asked_BT` is None.
        """
        x = self.encoder(tokens_BT, padding_BT, types_BT)
        if asked_BT is not None:
            x = x[asked_BT]
        return F.linear(self.norm(F.gelu(self.transform(x))), self.encoder.token_embedding.weight, self.bias)


class BERTClassifier(nn.Module):
    """BERT with a classification head on the first token, `[CLS]`.

    Args:
        config: its sizes.
        num_classes: K.
        encoder: a pre-trained one to go on with; a new one if None.

    Source: Devlin et al. 2019, section 4.1.
    """

    def __init__(self, config: BERTConfig, num_classes: int, encoder: BERT | None = None) -> None:
        super().__init__()
        self.encoder = encoder or BERT(config)
        self.pooler = nn.Linear(config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.width, num_classes)
        initialise(self.pooler)
        initialise(self.head)

    def forward(self, tokens_BT: Tensor, padding_BT: Tensor | None = None, types_BT: Tensor | None = None) -> Tensor:
        """Return the classes' logits, shape (B, K); the arguments are `BERT`'s."""
        return self.head(self.dropout(self.pooled(tokens_BT, padding_BT, types_BT)))

    def pooled(self, tokens_BT: Tensor, padding_BT: Tensor | None = None, types_BT: Tensor | None = None) -> Tensor:
        """Return tanh(W h[CLS] + b), shape (B, C)."""
        return torch.tanh(self.pooler(self.encoder.first(tokens_BT, padding_BT, types_BT)))


def initialise(module: nn.Module) -> None:
    """Start a layer as BERT's do."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
