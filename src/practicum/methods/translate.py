"""Translation: teacher forcing, greedy and beam search.

    L = -(1/N) Σ log p(y_t | y_<t, x)                    N target words; the true y_<t is given (teacher forcing)
    greedy: y_t = argmax p(· | y_<t, x)
    beam:   keep the K beginnings with the largest Σ log p; at the end the largest Σ log p / ((5 + length) / 6)^α

A batch is `(source_BS, target_BT, *further_BT)`: tokens padded at the end; targets begin with `bos` and end with `eos`.
The further columns are other references to the same source, all padding where there are no more; only BLEU looks at them.
A model maps `(source_BS, target_BT)` to logits (B, T, V) and can go step by step: `start(source) → state`,
`step(token_B, state) → (logits_BV, state)`, `select(state, rows) → state`.
Source: Sutskever et al. 2014, section 3.2; α is Wu et al. 2016, eq. 14; label smoothing Szegedy et al. 2016, section 7.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.finite import ratio
from practicum.methods.bleu import bleu
from practicum.precision import wide


@dataclass(frozen=True)
class Translate:
    """Cross-entropy of the next word, and BLEU.

    Attributes:
        bos: token before the first word.
        eos: token after the last word.
        pad: token of padding.
        never: tokens that a translation must not contain: the unknown word, say.
        label_smoothing: in [0, 1).
        beam: K beginnings are kept; 1 is greedy.
        length_penalty: α; 0 compares Σ log p.
        max_length: a translation is cut off after this many words.
        words: maps tokens to the words that BLEU compares; the tokens themselves if None.
    """

    bos: int
    eos: int
    pad: int = 0
    never: tuple[int, ...] = ()
    label_smoothing: float = 0.0
    beam: int = 1
    length_penalty: float = 0.0
    max_length: int = 50
    words: Callable[[Sequence[int]], Sequence[Hashable]] | None = None

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the mean cross-entropy per target word, a scalar; 0 where there is none."""
        source_BS, target_BT = batch[:2]
        return self._cross_entropy(model(source_BS, target_BT[:, :-1]), target_BT[:, 1:], self.label_smoothing, "mean")

    def sum_and_count(self, model: nn.Module, batch: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Return the cross-entropy added up over the target words, and their number (`sums.py`)."""
        source_BS, target_BT = batch[:2]
        total = self._cross_entropy(model(source_BS, target_BT[:, :-1]), target_BT[:, 1:], self.label_smoothing, "sum")
        return total, (target_BT[:, 1:] != self.pad).sum()

    def evaluate(self, model: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> dict[str, float]:
        """Return `bleu` in per cent, against all references, and the `loss` in nats per word, without smoothing."""
        hypotheses: list[Sequence[Hashable]] = []
        references: list[list[Sequence[Hashable]]] = []
        loss = words = 0.0
        for source_BS, target_BT, *further in batches:
            real = int((target_BT[:, 1:] != self.pad).sum())
            loss += float(self._cross_entropy(model(source_BS, target_BT[:, :-1]), target_BT[:, 1:], 0.0, "sum"))
            words += real
            hypotheses += self._cut(self.translate(model, source_BS))
            columns = [self._cut(column[:, 1:]) for column in (target_BT, *further)]
            references += [[columns[0][row], *(c[row] for c in columns[1:] if len(c[row]))] for row in range(len(target_BT))]
        return {"bleu": bleu(hypotheses, references), "loss": ratio(loss, words)}

    @torch.no_grad()
    def translate(self, model: Any, source_BS: Tensor) -> Tensor:
        """Return the best translations found, without `bos`, padded behind their `eos`; shape (B, at most `max_length`)."""
        common: dict[str, Any] = {
            "bos": self.bos,
            "eos": self.eos,
            "pad": self.pad,
            "never": self.never,
            "max_length": self.max_length,
        }
        if self.beam == 1:
            return greedy(model, source_BS, **common)
        return beam_search(model, source_BS, beam=self.beam, length_penalty=self.length_penalty, **common)[0]

    def _cross_entropy(self, logits_BTV: Tensor, target_BT: Tensor, smoothing: float, reduction: str) -> Tensor:
        # Padded places are left out before the softmax rather than after: it is half of the work.
        real = target_BT != self.pad
        if not real.any():
            return logits_BTV.sum() * 0  # a mean over nothing is NaN
        return F.cross_entropy(wide(logits_BTV[real]), target_BT[real], label_smoothing=smoothing, reduction=reduction)

    def _cut(self, token_BT: Tensor) -> list[Sequence[Hashable]]:
        """Return the words before `eos` or padding."""
        rows = []
        for row in token_BT.tolist():
            end = next((place for place, token in enumerate(row) if token in (self.eos, self.pad)), len(row))
            rows.append(tuple(row[:end]) if self.words is None else self.words(row[:end]))
        return rows


@torch.no_grad()
def greedy(
    model: Any, source_BS: Tensor, *, bos: int, eos: int, pad: int = 0, never: Sequence[int] = (), max_length: int = 50
) -> Tensor:
    """Return what follows when each word is the likeliest next one.

    Args:
        model: goes step by step (see above).
        source_BS: tokens.
        bos: first input of the decoder.
        eos: ends a translation.
        pad: stands behind `eos`.
        never: further tokens that are not to come; `pad` and `bos` never do.
        max_length: most words, `eos` counted.

    Returns:
        Tokens without `bos`, shape (B, at most `max_length`).
    """
    state = model.start(source_BS)
    token_B = source_BS.new_full((len(source_BS),), bos)
    done_B = torch.zeros_like(token_B, dtype=torch.bool)
    tokens: list[Tensor] = []
    while len(tokens) < max_length and not done_B.all():
        logits_BV, state = model.step(token_B, state)
        logits_BV[:, [pad, bos, *never]] = -torch.inf
        # A finished row writes padding until the longest is done.
        token_B = logits_BV.argmax(1).masked_fill(done_B, pad)
        done_B = done_B | (token_B == eos)
        tokens.append(token_B)
    return torch.stack(tokens, 1) if tokens else source_BS.new_empty(len(source_BS), 0)


@torch.no_grad()
def beam_search(
    model: Any,
    source_BS: Tensor,
    *,
    bos: int,
    eos: int,
    beam: int,
    length_penalty: float = 0.0,
    pad: int = 0,
    never: Sequence[int] = (),
    max_length: int = 50,
) -> tuple[Tensor, Tensor]:
    """Return the best of the translations that a beam of `beam` beginnings arrives at; a finished one stays in the beam.

    Args:
        model: goes step by step (see above).
        source_BS: tokens.
        bos: first input of the decoder.
        eos: ends a translation.
        beam: K.
        length_penalty: α; applied once, among the K at the end.
        pad: stands behind `eos`.
        never: further tokens that are not to come; `pad` and `bos` never do.
        max_length: most words, `eos` counted.

    Returns:
        Tokens without `bos`, shape (B, at most `max_length`), and their Σ log p without penalty, shape (B,).

    Source: Sutskever et al. 2014, section 3.2.
    """
    B, K = len(source_BS), beam
    rows_B1 = torch.arange(B, device=source_BS.device)[:, None]
    state = model.select(model.start(source_BS), rows_B1.repeat(1, K).flatten())
    score_BK = torch.full((B, K), -torch.inf, device=source_BS.device)
    score_BK[:, 0] = 0.0  # at first all beginnings are the same one
    token_BKT = source_BS.new_full((B, K, 1), bos)
    done_BK = torch.zeros(B, K, dtype=torch.bool, device=source_BS.device)
    while token_BKT.shape[2] <= max_length and not done_BK.all():
        logits, state = model.step(token_BKT[:, :, -1].flatten(), state)
        log_p_BKV = wide(logits).log_softmax(1).view(B, K, -1)
        log_p_BKV[:, :, [pad, bos, *never]] = -torch.inf
        log_p_BKV.masked_fill_(done_BK[:, :, None], -torch.inf)
        log_p_BKV[:, :, pad].masked_fill_(done_BK, 0.0)  # a finished one goes on with padding alone, at no cost
        V = log_p_BKV.shape[2]
        # (B, K, V) -> (B, K·V): all continuations of a sentence compete, whatever they begin with
        score_BK, best_BK = (score_BK[:, :, None] + log_p_BKV).flatten(1).topk(K, dim=1)
        parent_BK, next_BK = best_BK // V, best_BK % V
        token_BKT = torch.cat([token_BKT[rows_B1, parent_BK], next_BK[:, :, None]], 2)
        done_BK = done_BK[rows_B1, parent_BK] | (next_BK == eos)
        state = model.select(state, (rows_B1 * K + parent_BK).flatten())
    token_BKT = token_BKT[:, :, 1:]
    length_BK = (token_BKT != pad).sum(2)
    best_B = (score_BK / ((5 + length_BK) / 6) ** length_penalty).argmax(1)
    return token_BKT[rows_B1[:, 0], best_B], score_BK[rows_B1[:, 0], best_B]
