"""Mamba, a language model without attention (Gu & Dao 2023, section 3).

    block        y = x + Mixer(RMSNorm(x))
    Mixer        [u ; z] = W_in x
                 u_t = SiLU(Σ_k w_k ⊙ u_{t-K+1+k} + b)                     a short causal convolution per channel
                 [δ_t ; B_t ; C_t] = W_x u_t,   Δ_t = softplus(W_Δ δ_t + b_Δ)
                 h_t = exp(Δ_t A) ⊙ h_{t-1} + (Δ_t u_t) B_tᵀ,   v_t = h_t C_t + D ⊙ u_t
                 Mixer(x) = W_out (v ⊙ SiLU(z))
    logits       E RMSNorm(x), with the embeddings E

A = -exp(A_log) begins as -1, -2, … -N in every channel, and b_Δ such that Δ is log-uniform in [0.001, 0.1] (section 3.6).
With a cache the model takes a sequence in pieces, down to one token, at a cost that does not grow with what came before.

Symbols: B rows, T tokens, C width, D = expand · C channels, N states per channel, K width of the convolution, R rank of Δ.
Departs from the paper: residuals have the dtype of the weights. Sums inside the scan are float32 or better, as in its code.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.models.layers.selective_scan import chunked_scan, selective_scan, selective_step
from practicum.precision import wide


@dataclass(frozen=True)
class MambaConfig:
    """Sizes.

    Attributes:
        vocab_size: V.
        width: C.
        num_layers: blocks.
        states: N.
        expand: D / C.
        kernel: K, at least 2.
        rank: R; C/16 rounded up if None.
        bias: of W_in and W_out.
        chunk: steps per piece of `chunked_scan`; 0 scans with the plain loop.
    """

    vocab_size: int
    width: int = 768
    num_layers: int = 24
    states: int = 16
    expand: int = 2
    kernel: int = 4
    rank: int | None = None
    bias: bool = False
    chunk: int = 0


# The published models; every vocabulary is filled up to a multiple of 8.
CONFIGS = {
    "mamba-130m": MambaConfig(50280, 768, 24),
    "mamba-370m": MambaConfig(50280, 1024, 48),
    "mamba-790m": MambaConfig(50280, 1536, 48),
    "mamba-1.4b": MambaConfig(50280, 2048, 48),
    "mamba-2.8b": MambaConfig(50280, 2560, 64),
}


@dataclass
class MambaCache:
    """What a mixer remembers; it has no limit but time.

    Attributes:
        inputs_BKD: the last K - 1 inputs of the convolution.
        state_BDN: h.
        length: tokens seen.
        capacity: tokens it can take.
    """

    inputs_BKD: Tensor | None = None
    state_BDN: Tensor | None = None
    length: int = 0
    capacity: int = 1 << 62


class MambaMixer(nn.Module):
    """Convolution, selective scan, gate.

    Args:
        config: sizes.

    Source: Gu & Dao 2023, figure 3 and algorithm 2.
    """

    def __init__(self, config: MambaConfig) -> None:
        super().__init__()
        self.config = config
        channels, rank = config.expand * config.width, config.rank or math.ceil(config.width / 16)
        self.split = [rank, config.states, config.states]
        self.in_proj = nn.Linear(config.width, 2 * channels, bias=config.bias)
        self.conv = nn.Conv1d(channels, channels, config.kernel, groups=channels)
        self.x_proj = nn.Linear(channels, sum(self.split), bias=False)
        self.dt_proj = nn.Linear(rank, channels)
        # A = -1, …, -N in each channel (S4D-real); its logarithm is what is learned, so that A stays negative.
        self.A_log = nn.Parameter(torch.arange(1.0, config.states + 1).log().repeat(channels, 1))
        self.D = nn.Parameter(torch.ones(channels))
        self.out_proj = nn.Linear(channels, config.width, bias=config.bias)
        with torch.no_grad():
            nn.init.uniform_(self.dt_proj.weight, -(rank**-0.5), rank**-0.5)
            # Step sizes start log-uniform in [0.001, 0.1]: some channels remember for long, others forget fast.
            delta_D = torch.empty(channels).uniform_(math.log(0.001), math.log(0.1)).exp()
            self.dt_proj.bias.copy_(delta_D + (-torch.expm1(-delta_D)).log())  # softplus⁻¹
            self.out_proj.weight /= math.sqrt(config.num_layers)

    def forward(self, x_BTC: Tensor, cache: MambaCache | None = None) -> Tensor:
        """Mix over time.

        Args:
            x_BTC: inputs.
            cache: of what came before; the mixer goes on from it and writes into it.

        Returns:
            Shape (B, T, C).

        Raises:
            ValueError: the cache is of another number of rows.
        """
        cache = cache or MambaCache()
        if cache.state_BDN is not None and len(cache.state_BDN) != len(x_BTC):
            raise ValueError(
                f"expected a batch of {len(cache.state_BDN)} rows, as in this cache, got {len(x_BTC)}; begin with a new cache"
            )
        # (B, T, C) -> 2 × (B, T, D): the path through time, and its gate
        u_BTD, z_BTD = self.in_proj(x_BTC).chunk(2, 2)
        u_BTD = F.silu(self._convolve(u_BTD, cache))
        # The selection, algorithm 2 lines 2-4: Δ, B and C are read off the input itself.
        rank_BTR, B_BTN, C_BTN = self.x_proj(u_BTD).split(self.split, 2)
        # Products of many decays lose too much in half precision.
        delta_BTD = F.softplus(wide(self.dt_proj(rank_BTR)))
        u_BTD, B_BTN, C_BTN, D_D = (wide(part) for part in (u_BTD, B_BTN, C_BTN, self.D))
        A_DN = -wide(self.A_log).exp()
        # One token behind a cache needs no scan: that is what makes generating cheap.
        if x_BTC.shape[1] == 1 and cache.state_BDN is not None:
            v_BD, cache.state_BDN = selective_step(
                u_BTD[:, 0], delta_BTD[:, 0], A_DN, B_BTN[:, 0], C_BTN[:, 0], D_D, cache.state_BDN
            )
            v_BTD = v_BD[:, None]
        elif self.config.chunk:
            v_BTD, cache.state_BDN = chunked_scan(
                u_BTD, delta_BTD, A_DN, B_BTN, C_BTN, D_D, cache.state_BDN, chunk=self.config.chunk
            )
        else:
            v_BTD, cache.state_BDN = selective_scan(u_BTD, delta_BTD, A_DN, B_BTN, C_BTN, D_D, cache.state_BDN)
        cache.length += x_BTC.shape[1]
        return self.out_proj(v_BTD.to(x_BTC.dtype) * F.silu(z_BTD))  # figure 3: the gate multiplies what came through time

    def _convolve(self, u_BTD: Tensor, cache: MambaCache) -> Tensor:
        """Return the convolution over cached and new inputs, as K products: quicker on a CPU than one with a group per
        channel.
        """
        steps, before = u_BTD.shape[1], self.config.kernel - 1
        if cache.inputs_BKD is None:
            cache.inputs_BKD = u_BTD.new_zeros(len(u_BTD), before, u_BTD.shape[2])
        # (B, K-1 + T, D): the last inputs stand in front, so that the convolution sees no later ones
        window_BTD = torch.cat([cache.inputs_BKD, u_BTD], 1)
        cache.inputs_BKD = window_BTD[:, steps:]
        sum_BTD = self.conv.bias
        for k, weight_D in enumerate(self.conv.weight[:, 0].unbind(1)):
            sum_BTD = torch.addcmul(sum_BTD, weight_D, window_BTD[:, k : k + steps])
        return sum_BTD


class MambaBlock(nn.Module):
    """y = x + Mixer(RMSNorm(x)).

    Args:
        config: sizes.
    """

    def __init__(self, config: MambaConfig) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(config.width, eps=1e-5)
        self.mixer = MambaMixer(config)

    def forward(self, x_BTC: Tensor, cache: MambaCache | None = None) -> Tensor:
        """Return shape (B, T, C)."""
        return x_BTC + self.mixer(self.norm(x_BTC), cache)


class Mamba(nn.Module):
    """Maps tokens to the logits of their successors; `methods/generate.py` writes with it.

    Args:
        config: sizes.
    """

    def __init__(self, config: MambaConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.width)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.blocks = nn.ModuleList(MambaBlock(config) for _ in range(config.num_layers))
        self.norm = nn.RMSNorm(config.width, eps=1e-5)

    def caches(self) -> list[MambaCache]:
        """Return empty caches, one per block."""
        return [MambaCache() for _ in self.blocks]

    def forward(self, tokens_BT: Tensor, caches: list[MambaCache] | None = None) -> Tensor:
        """Return logits.

        Args:
            tokens_BT: at least one per row.
            caches: of what came before; the blocks go on from them and write into them.

        Returns:
            Shape (B, T, V).

        Raises:
            ValueError: no tokens.
        """
        if tokens_BT.ndim != 2 or tokens_BT.shape[1] == 0:
            raise ValueError(f"expected tokens of shape (batch, at least 1), got {tuple(tokens_BT.shape)}")
        x_BTC = self.embedding(tokens_BT)
        for block, cache in zip(self.blocks, caches or self.caches(), strict=True):
            x_BTC = block(x_BTC, cache)
        return F.linear(self.norm(x_BTC), self.embedding.weight)
