"""Writing with a language model, one token after the other: greedy, temperature, top-k and top-p (nucleus) sampling.

    p ∝ exp(logits / τ), kept where p is among the k largest (Fan et al. 2018, section 5),
    and where the sum of the larger ones is below the share p (Holtzman et al. 2020, eq. 2-3)

Symbols: B rows, T tokens, V vocabulary.
Departs from the papers: top-k and top-p may be combined, top-k first.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from practicum.precision import wide


class Cache(Protocol):
    """A layer's memory of the tokens that it has read."""

    capacity: int

    @property
    def length(self) -> int:
        """How many tokens it holds."""
        ...


class LanguageModel(Protocol):
    """What `generate` needs: `GPT`, `Llama` and `Mamba` have it."""

    training: bool

    def __call__(self, tokens_BT: Tensor, caches: Any = None) -> Tensor:
        """Return logits, shape (B, T, V)."""
        ...

    def caches(self) -> Sequence[Cache]:
        """Return empty caches, one per layer; their capacity is the context."""
        ...


@torch.no_grad()
def generate(
    model: LanguageModel,
    tokens_BT: Tensor,
    steps: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Continue each row by `steps` tokens.

    Each token costs one token's forward pass: keys and values are cached. Where the context is full, the model
    reads the last half of it anew and goes on from there; a prompt longer than the context is read from its end.

    Args:
        model: in eval mode.
        tokens_BT: the prompts, at least one token; shape (B, T).
        steps: tokens to add.
        temperature: τ; 0 takes the likeliest token.
        top_k: keep only this many of the likeliest tokens.
        top_p: keep only the likeliest tokens that make up this share.
        stop: a row is filled up with this token once it has written it; ends early when all have.
        generator: for reproducible samples.

    Returns:
        Prompts and continuations, shape (B, T + steps), shorter where all rows stopped.

    Raises:
        ValueError: no prompt, a model in training mode, or an argument outside its range.
    """
    if tokens_BT.ndim != 2 or tokens_BT.shape[1] == 0:
        raise ValueError(f"expected prompts of shape (batch, at least 1), got {tuple(tokens_BT.shape)}")
    if model.training:
        raise ValueError("expected a model in eval mode, got one in training mode")
    caches = model.caches()
    context = caches[0].capacity
    stopped_B = torch.zeros(len(tokens_BT), dtype=torch.bool, device=tokens_BT.device)
    unread = tokens_BT[:, -context:]
    for _ in range(steps):
        # Half of the context is kept, not all but one token: then only every context/2 tokens cost a full pass.
        if caches[0].length + unread.shape[1] > context:
            caches, unread = model.caches(), tokens_BT[:, -max(1, context // 2) :]
        logits_BV = model(unread, caches)[:, -1]
        unread = sample(logits_BV, temperature=temperature, top_k=top_k, top_p=top_p, generator=generator)[:, None]
        if stop is not None:
            # Rows that have stopped go on with `stop` until the longest is done.
            unread = unread.masked_fill(stopped_B[:, None], stop)
            stopped_B |= unread[:, 0] == stop
        tokens_BT = torch.cat([tokens_BT, unread], 1)
        if stop is not None and stopped_B.all():
            break
    return tokens_BT


def sample(
    logits_BV: Tensor,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw a token from each row of logits.

    Args:
        logits_BV: shape (B, V).
        temperature: τ; 0 takes the likeliest token.
        top_k: keep only this many of the likeliest tokens.
        top_p: keep only the likeliest tokens that make up this share; always at least one.
        generator: for reproducible samples.

    Returns:
        Integers, shape (B,).

    Raises:
        ValueError: an argument is outside its range.
    """
    if temperature < 0 or (top_k is not None and top_k < 1) or (top_p is not None and not 0 < top_p <= 1):
        raise ValueError(f"expected temperature ≥ 0, top_k ≥ 1 and 0 < top_p ≤ 1, got {temperature}, {top_k} and {top_p}")
    if temperature == 0:
        return logits_BV.argmax(-1)
    logits_BV = wide(logits_BV)
    # The largest becomes 0, so that no temperature, however low, makes infinities of them.
    kept_BV = keep((logits_BV - logits_BV.amax(-1, keepdim=True)) / temperature, top_k, top_p)
    return torch.multinomial(kept_BV.softmax(-1), 1, generator=generator)[:, 0]


def keep(logits_BV: Tensor, top_k: int | None, top_p: float | None) -> Tensor:
    """Return the logits with -∞ outside the top k and the nucleus."""
    if top_k is not None and top_k < logits_BV.shape[-1]:
        logits_BV = logits_BV.masked_fill(logits_BV < logits_BV.topk(top_k).values[:, -1:], -torch.inf)
    if top_p is not None and top_p < 1:
        sorted_BV, order_BV = logits_BV.sort(descending=True)
        larger_BV = sorted_BV.softmax(-1).cumsum(-1).roll(1, -1)  # the share of the tokens before this one
        larger_BV[:, 0] = 0
        outside_BV = torch.zeros_like(logits_BV, dtype=torch.bool).scatter(-1, order_BV, larger_BV >= top_p)
        logits_BV = logits_BV.masked_fill(outside_BV, -torch.inf)
    return logits_BV
