"""Scaled dot-product attention and multi-head attention (Vaswani et al. 2017, eq. 1 and section 3.2.2).

    Attention(Q, K, V) = softmax(Q Kᵀ / √D) V
    MultiHead(X, M) = [head₁; …; head_H] W_O,   head_h = Attention(X W_Q^h, M W_K^h, M W_V^h);   M = X is self-attention

Symbols: B rows of a batch, T queries, S keys, C width, H heads, D = C/H width of a head. `x_BTC` has shape (B, T, C).
A mask is boolean, True where a query may look at a key (as in `F.scaled_dot_product_attention`); a key padding mask is True where
a key is padding (as in `nn.MultiheadAttention`). A query that may look at nothing gets zeros, and zero gradients. A causal query
looks at keys up to its own place, counted from the end: the last one sees every key, so S - T cached keys may lie in front.
Departs from the paper: projections may have biases, all three are one matrix (`qkv`), and where there are fewer key heads than
query heads, neighbouring query heads share one (Ainslie et al. 2023).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.precision import as_written, wide


def attention_weights(
    query: Tensor, key: Tensor, *, mask: Tensor | None = None, causal: bool = False, scale: float | None = None
) -> Tensor:
    """Return softmax(Q Kᵀ · scale): how much each query takes from each key.

    Args:
        query: what asks.
        key: what is looked at; with fewer heads than `query` in the third dimension from the end, each is shared.
        mask: boolean, True where a query may look at a key.
        causal: a query sees no later keys.
        scale: 1/√D if None.

    Returns:
        Weights in the queries' dtype; rows sum to 1, or to 0 where everything is masked. Scores are in at least single precision.

    Shapes:
        query: (…, T, D). key: (…, S, D). mask: broadcast to (…, T, S). Returns (…, T, S).

    Raises:
        TypeError: the mask is not boolean.
    """
    if key.ndim > 2 and key.shape[-3] != query.shape[-3]:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], dim=-3)
    with as_written(query):
        # The scale comes first, so that products are no larger than they have to be.
        scores = wide(query) * (query.shape[-1] ** -0.5 if scale is None else scale) @ wide(key).mT
    allowed = _allowed(mask, causal, query, key)
    if allowed is None:
        return scores.softmax(-1).to(query.dtype)
    # The smallest number in place of -∞, and a zero afterwards: a row without any key stays finite, backward too.
    scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    return scores.softmax(-1).masked_fill(~allowed, 0.0).to(query.dtype)


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    mask: Tensor | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    scale: float | None = None,
) -> Tensor:
    """Return Attention(Q, K, V), written out.

    Args:
        query: what asks.
        key: what is looked at; with fewer heads than `query` in the third dimension from the end, each is shared.
        value: what is taken, with as many heads as `key`.
        mask: boolean, True where a query may look at a key.
        causal: a query sees no later keys.
        dropout: share of the weights that are dropped.
        scale: 1/√D if None.

    Shapes:
        query: (…, T, D). key: (…, S, D). value: (…, S, E). mask: broadcast to (…, T, S). Returns (…, T, E).

    Source: Vaswani et al. 2017, eq. 1.
    """
    weights = F.dropout(attention_weights(query, key, mask=mask, causal=causal, scale=scale), dropout)
    if value.ndim > 2 and value.shape[-3] != query.shape[-3]:
        value = value.repeat_interleave(query.shape[-3] // value.shape[-3], dim=-3)
    return weights @ value


def fused_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    mask: Tensor | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    scale: float | None = None,
) -> Tensor:
    """Return what `attention` returns, by PyTorch's fused kernel: the (T, S) weights are never written to memory."""
    triangle = causal and mask is None and query.shape[-2] == key.shape[-2]  # elsewhere the kernel's flag counts from the start
    allowed = None if triangle else _allowed(mask, causal, query, key)
    shared = key.ndim > 2 and key.shape[-3] != query.shape[-3]
    return F.scaled_dot_product_attention(
        query, key, value, attn_mask=allowed, dropout_p=dropout, is_causal=triangle, scale=scale, enable_gqa=shared
    )


def _allowed(mask: Tensor | None, causal: bool, query: Tensor, key: Tensor) -> Tensor | None:
    """Return where queries may look, or None for everywhere."""
    if mask is not None and mask.dtype != torch.bool:
        raise TypeError(f"expected a boolean mask, True where a query may look; got {mask.dtype}")
    T, S = query.shape[-2], key.shape[-2]
    if not causal or T == 1:
        return mask
    # Query t stands at place S - T + t, behind the cached keys.
    triangle = torch.ones(T, S, dtype=torch.bool, device=query.device).tril(S - T)
    return triangle if mask is None else mask & triangle


class KVCache:
    """Keys and values of what one attention layer has seen, so that generating a token costs one token.

    Args:
        capacity: the most keys it holds.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity, self.length = capacity, 0
        self._keys: Tensor | None = None
        self._values: Tensor | None = None

    def append(self, key_BHTD: Tensor, value_BHTD: Tensor) -> tuple[Tensor, Tensor]:
        """Add keys and values, and returns all of them, shape (B, H, length, D).

        Raises:
            ValueError: they are more than fit, or of another number of rows than those in it.
        """
        B, H, T, D = key_BHTD.shape
        self.check(B)
        if self.length + T > self.capacity:
            raise ValueError(f"expected at most {self.capacity} keys in this cache, got {self.length} + {T}")
        if self._keys is None or self._values is None:
            self._keys = key_BHTD.new_empty(B, H, self.capacity, D)
            self._values = value_BHTD.new_empty(B, H, self.capacity, value_BHTD.shape[-1])
        self._keys[:, :, self.length : self.length + T] = key_BHTD
        self._values[:, :, self.length : self.length + T] = value_BHTD
        self.length += T
        return self.all()

    def check(self, rows: int) -> None:
        """Refuse a batch of another number of rows than the one in it: a single row would be spread over all of them.

        Raises:
            ValueError: the numbers differ.
        """
        if self._keys is not None and len(self._keys) != rows:
            raise ValueError(f"expected a batch of {len(self._keys)} rows, as in this cache, got {rows}; begin with a new cache")

    def all(self) -> tuple[Tensor, Tensor]:
        """Return the keys and the values so far."""
        if self._keys is None or self._values is None:
            raise ValueError("expected a cache with keys in it, got an empty one")
        return self._keys[:, :, : self.length], self._values[:, :, : self.length]

    def select(self, rows: Tensor) -> None:
        """Keep these rows of the batch, in this order and as often as they are named (beam search)."""
        if self._keys is not None and self._values is not None:
            self._keys, self._values = self._keys[rows], self._values[rows]


class MultiHeadAttention(nn.Module):
    """Multi-head attention, of a sequence to itself or to another.

    Args:
        width: C, of inputs and outputs.
        num_heads: H, divides the width.
        causal: a query sees no later keys (self-attention only).
        dropout: share of attention weights dropped in training.
        bias: whether projections have biases.
        attend: `fused_attention`, or `attention` for the one that is written out.

    Raises:
        ValueError: the width is no multiple of `num_heads`.

    Source: Vaswani et al. 2017, section 3.2.2.
    """

    def __init__(
        self,
        width: int,
        num_heads: int,
        *,
        causal: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        attend: Callable[..., Tensor] = fused_attention,
    ) -> None:
        super().__init__()
        if width % num_heads:
            raise ValueError(f"expected a width that {num_heads} heads divide, got {width}")
        self.width, self.num_heads, self.causal, self.dropout, self.attend = width, num_heads, causal, dropout, attend
        self.qkv = nn.Linear(width, 3 * width, bias=bias)  # rows: W_Q, W_K, W_V, each with its heads one after the other
        self.out = nn.Linear(width, width, bias=bias)

    def forward(
        self, x_BTC: Tensor, memory_BSC: Tensor | None = None, *,
        mask: Tensor | None = None, key_padding_mask: Tensor | None = None, cache: KVCache | None = None,
    ) -> Tensor:  # fmt: skip
        """Return what each token takes from the keys.

        Args:
            x_BTC: what asks.
            memory_BSC: what is looked at; `x_BTC` itself if None.
            mask: boolean, True where a query may look at a key.
            key_padding_mask: boolean, True where a key is padding, cached keys included.
            cache: self-attention adds the keys of `x_BTC` to it and looks at all it holds; with `memory_BSC`, the memory's
                keys are computed at the first call and read from it later.

        Shapes:
            x_BTC: (B, T, C). memory_BSC: (B, S, C). mask: broadcast to (B, H, T, S). key_padding_mask: (B, S).
            Returns (B, T, C).

        Raises:
            ValueError: the last dimension is not C.
        """
        query, key, value = self._project(x_BTC, memory_BSC, cache)
        head_BHTD = self.attend(
            query, key, value, mask=_join(mask, key_padding_mask), causal=self.causal and memory_BSC is None,
            dropout=self.dropout if self.training else 0.0,
        )  # fmt: skip
        # (B, H, T, D) -> (B, T, H, D) -> (B, T, C): the heads side by side, then W_O
        return self.out(head_BHTD.transpose(1, 2).flatten(2))

    def weights(
        self,
        x_BTC: Tensor,
        memory_BSC: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
    ) -> Tensor:
        """Return the attention weights for the same arguments, without dropout; shape (B, H, T, S)."""
        query, key, _ = self._project(x_BTC, memory_BSC, None)
        return attention_weights(query, key, mask=_join(mask, key_padding_mask), causal=self.causal and memory_BSC is None)

    def _project(self, x_BTC: Tensor, memory_BSC: Tensor | None, cache: KVCache | None) -> tuple[Tensor, Tensor, Tensor]:
        for given in (x_BTC,) if memory_BSC is None else (x_BTC, memory_BSC):
            if given.ndim != 3 or given.shape[-1] != self.width:
                raise ValueError(f"expected shape (batch, tokens, {self.width}), got {tuple(given.shape)}")
        if memory_BSC is None:
            query, key, value = self._heads(self.qkv(x_BTC), 3)
            return query, *((key, value) if cache is None else cache.append(key, value))
        # The first C rows of the matrix are W_Q, the others W_K and W_V.
        C, bias = self.width, self.qkv.bias
        (query,) = self._heads(F.linear(x_BTC, self.qkv.weight[:C], None if bias is None else bias[:C]), 1)
        # The memory stays the same while a translation grows.
        if cache is not None and cache.length:
            cache.check(len(x_BTC))
            return query, *cache.all()
        key, value = self._heads(F.linear(memory_BSC, self.qkv.weight[C:], None if bias is None else bias[C:]), 2)
        return query, *((key, value) if cache is None else cache.append(key, value))

    def _heads(self, projected: Tensor, parts: int) -> tuple[Tensor, ...]:
        """(B, T, parts·C) → parts × (B, H, T, D)."""
        B, T, _ = projected.shape
        return projected.view(B, T, parts, self.num_heads, self.width // self.num_heads).permute(2, 0, 3, 1, 4).unbind()


def _join(mask: Tensor | None, key_padding_mask: Tensor | None) -> Tensor | None:
    if key_padding_mask is None:
        return mask
    if key_padding_mask.dtype != torch.bool:
        raise TypeError(f"expected a boolean key padding mask, True where a key is padding; got {key_padding_mask.dtype}")
    # (B, S) -> (B, 1, 1, S): the same for all heads and queries
    real = ~key_padding_mask[:, None, None, :]
    return real if mask is None else mask & real


@torch.no_grad()
def attention_maps(model: nn.Module, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
    """Run a model and return the attention weights of each `MultiHeadAttention` inside it, for pictures.

    Args:
        model: any module; its mode is left as it is.
        *args: for the model.
        **kwargs: for the model.

    Returns:
        The layer's name → weights of shape (B, H, T, S), in the order of the calls.
    """
    maps: dict[str, Tensor] = {}

    def keep(name: str, layer: MultiHeadAttention, args: tuple[Any, ...], given: dict[str, Any]) -> None:
        kwargs = dict(given)
        if kwargs.pop("cache", None) is not None:
            raise ValueError("expected a call without caches, whose queries are not here to be drawn, got caches")
        maps[name] = layer.weights(*args, **kwargs)

    hooks = [
        layer.register_forward_pre_hook(partial(keep, name), with_kwargs=True)
        for name, layer in model.named_modules() if isinstance(layer, MultiHeadAttention)
    ]  # fmt: skip
    try:
        model(*args, **kwargs)
    finally:
        for hook in hooks:
            hook.remove()
    return maps
