"""Sequence to sequence with attention: Bahdanau et al. 2015's encoder (eq. 7) and Luong et al. 2015's global attention.

    h_s = [GRU→(x)_s ; GRU←(x)_s]                       annotations of the source
    d_0 = tanh(W_b [GRU→(x)_S ; GRU←(x)_1]),  d_t = GRU(y_t, d_{t-1})
    a_ts = softmax_s(d_tᵀ W_a h_s)                      eq. 7 and 8, "general"
    d̃_t = tanh(W_c [Σ_s a_ts h_s ; d_t])                eq. 5
    p(y_{t+1}) = softmax(W_o d̃_t)                       eq. 6

Without attention (Sutskever et al. 2014, Cho et al. 2014) d̃_t = d_t: what the decoder knows of the source passes through d_0.
Symbols: B sentences, S source tokens, T target tokens, E width of embeddings, H hidden units, L layers, V target words.
Departs from the papers: no input feeding (d̃_{t-1} is no input of the GRU), so that the decoder runs over a sentence at once.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from practicum.models.layers.attention import attention_weights

State = tuple[Tensor, Tensor, Tensor]  # decoder's state (B, L, H), annotations (B, S, H), True where the source is real (B, S)


@dataclass(frozen=True)
class Seq2SeqConfig:
    """Sizes.

    Attributes:
        source_size: words of the source vocabulary.
        target_size: V, words of the target vocabulary.
        width: E, of the embeddings.
        hidden: H, of the decoder; each direction of the encoder has half. Even.
        num_layers: L, of encoder and decoder.
        dropout: on embeddings, between layers, and before the last layer.
        attention: look at the source's annotations; without it, only their last state is known.
        pad: the token that is padding.
    """

    source_size: int
    target_size: int
    width: int = 256
    hidden: int = 256
    num_layers: int = 1
    dropout: float = 0.2
    attention: bool = True
    pad: int = 0


class GlobalAttention(nn.Module):
    """d̃ = tanh(W_c [c ; d]) with c the mean of the annotations, weighted by attention.

    Args:
        hidden: H.

    Source: Luong et al. 2015, eq. 5 to 8.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.score = nn.Linear(hidden, hidden, bias=False)
        self.combine = nn.Linear(2 * hidden, hidden, bias=False)

    def forward(self, d_BTH: Tensor, h_BSH: Tensor, real_BS: Tensor) -> Tensor:
        """Return shape (B, T, H)."""
        context_BTH = self.weights(d_BTH, h_BSH, real_BS) @ h_BSH
        return self.combine(torch.cat([context_BTH, d_BTH], 2)).tanh()

    def weights(self, d_BTH: Tensor, h_BSH: Tensor, real_BS: Tensor) -> Tensor:
        """Return how much each target token takes from each source token, shape (B, T, S)."""
        return attention_weights(d_BTH, self.score(h_BSH), mask=real_BS[:, None], scale=1.0)


class Seq2Seq(nn.Module):
    """Maps a source sentence and the beginning of its translation to the logits of the next word.

    Args:
        config: sizes; see `Seq2SeqConfig`.

    Raises:
        ValueError: `hidden` is odd.

    Source: Luong et al. 2015, figure 2; the encoder is Bahdanau et al. 2015, section 3.2.
    """

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        if config.hidden % 2:
            raise ValueError(f"expected an even number of hidden units (half for each direction), got {config.hidden}")
        self.config = config
        between = config.dropout if config.num_layers > 1 else 0.0
        self.source_embedding = nn.Embedding(config.source_size, config.width, padding_idx=config.pad)
        self.target_embedding = nn.Embedding(config.target_size, config.width, padding_idx=config.pad)
        self.encoder = nn.GRU(
            config.width, config.hidden // 2, config.num_layers, batch_first=True, bidirectional=True, dropout=between
        )
        self.bridge = nn.Linear(config.hidden, config.hidden)
        self.decoder = nn.GRU(config.width, config.hidden, config.num_layers, batch_first=True, dropout=between)
        self.attention = GlobalAttention(config.hidden) if config.attention else None
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden, config.target_size)

    def forward(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        """Return the logits of each token's successor.

        Args:
            source_BS: tokens, padded at the end; at least one in each row.
            target_BT: tokens, the first one the start of a sentence, padded at the end.

        Shapes:
            source_BS: (B, S). target_BT: (B, T). Returns (B, T, V).

        Raises:
            ValueError: the batches differ, or a source is empty.
        """
        if len(source_BS) != len(target_BT):
            raise ValueError(f"expected as many targets as sources, got {tuple(target_BT.shape)} and {tuple(source_BS.shape)}")
        return self._decode(target_BT, self.start(source_BS))[0]

    def start(self, source_BS: Tensor) -> State:
        """Encode the sources; the state that `step` starts from."""
        real_BS = source_BS != self.config.pad
        length_B = real_BS.sum(1)
        if source_BS.ndim != 2 or not length_B.all():
            raise ValueError(f"expected at least one token in each source, got lengths {length_B.tolist()}")
        packed = pack_padded_sequence(
            self.dropout(self.source_embedding(source_BS)), length_B.cpu(), batch_first=True, enforce_sorted=False
        )
        annotations, last = self.encoder(packed)
        h_BSH, _ = pad_packed_sequence(annotations, batch_first=True, total_length=source_BS.shape[1])
        last_BLH = last.unflatten(0, (-1, 2)).permute(2, 0, 1, 3).flatten(2)  # (2L, B, H/2) → both directions side by side
        return self.bridge(last_BLH).tanh(), h_BSH, real_BS

    def step(self, token_B: Tensor, state: State) -> tuple[Tensor, State]:
        """Take one more token per row.

        Returns:
            The logits of the next one, shape (B, V), and the new state.
        """
        logits_B1V, state = self._decode(token_B[:, None], state)
        return logits_B1V[:, 0], state

    def select(self, state: State, rows: Tensor) -> State:
        """Return the state of these rows, in this order and as often as they are named."""
        d_BLH, h_BSH, real_BS = state
        return d_BLH[rows], h_BSH[rows], real_BS[rows]

    def alignment(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        """Return the attention weights a_ts, shape (B, T, S).

        Raises:
            ValueError: the model has no attention.
        """
        if self.attention is None:
            raise ValueError("expected a model with attention, got one with attention=False")
        d_BLH, h_BSH, real_BS = self.start(source_BS)
        d_BTH, _ = self._run(target_BT, d_BLH)
        return self.attention.weights(d_BTH, h_BSH, real_BS)

    def _decode(self, target_BT: Tensor, state: State) -> tuple[Tensor, State]:
        d_BLH, h_BSH, real_BS = state
        d_BTH, d_BLH = self._run(target_BT, d_BLH)
        if self.attention is not None:
            d_BTH = self.attention(d_BTH, h_BSH, real_BS)
        return self.head(self.dropout(d_BTH)), (d_BLH, h_BSH, real_BS)

    def _run(self, target_BT: Tensor, d_BLH: Tensor) -> tuple[Tensor, Tensor]:
        d_BTH, d_LBH = self.decoder(self.dropout(self.target_embedding(target_BT)), d_BLH.transpose(0, 1).contiguous())
        return d_BTH, d_LBH.transpose(0, 1)
