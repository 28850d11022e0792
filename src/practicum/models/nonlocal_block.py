"""Non-local block (Wang et al. 2018, eq. 1-6).

    z_i = W_z y_i + x_i,   y_i = 1/𝒞(x) Σ_j f(x_i, x_j) g(x_j),   g(x) = W_g x

    embedded Gaussian    f = exp(θ(x_i)ᵀ φ(x_j)),   𝒞 = Σ_j f        (self-attention without 1/√D)
    dot product          f = θ(x_i)ᵀ φ(x_j),        𝒞 = N

Symbols: B images or clips, C channels, N = H·W (or T·H·W, or T) places, D inner channels. `x_BCS` has shape (B, C, …): whatever
lies behind the channels counts as places.
Departs from the paper: W_z itself starts at zero, instead of the scale of a batch norm behind it, so that the block starts as the
identity; keys are not max-pooled.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from practicum.models.layers.attention import attention_weights, fused_attention


class NonLocalBlock(nn.Module):
    """Lets every place of a feature map look at every other one, with a residual connection around.

    Args:
        channels: C.
        inner_channels: D; half of the channels if None (the paper's bottleneck).
        pairwise: `"embedded_gaussian"` or `"dot_product"`.

    Raises:
        ValueError: `pairwise` is neither.

    Source: Wang et al. 2018, figure 2.
    """

    def __init__(
        self,
        channels: int,
        inner_channels: int | None = None,
        *,
        pairwise: Literal["embedded_gaussian", "dot_product"] = "embedded_gaussian",
    ) -> None:
        super().__init__()
        if pairwise not in ("embedded_gaussian", "dot_product"):
            raise ValueError(f"expected pairwise 'embedded_gaussian' or 'dot_product', got {pairwise!r}")
        inner = inner_channels or max(1, channels // 2)
        self.channels, self.pairwise = channels, pairwise
        self.theta, self.phi, self.g = (nn.Linear(channels, inner) for _ in range(3))
        self.out = nn.Linear(inner, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x_BCS: Tensor) -> Tensor:
        """Return z, of the same shape as x.

        Args:
            x_BCS: shape (B, C, …), at least one dimension behind the channels.

        Raises:
            ValueError: there are not C channels, or there is nothing behind them.
        """
        x_BNC = self._places(x_BCS)
        theta, phi, g = self.theta(x_BNC), self.phi(x_BNC), self.g(x_BNC)
        if self.pairwise == "embedded_gaussian":
            y_BND = fused_attention(theta, phi, g, scale=1.0)
        else:  # (θ φᵀ) g = θ (φᵀ g): no N×N matrix, cost linear in N; the sum over N places is divided before it is made
            y_BND = theta @ (phi.mT @ (g / g.shape[1]))
        return x_BCS + self.out(y_BND).mT.reshape(x_BCS.shape)

    @torch.no_grad()
    def weights(self, x_BCS: Tensor) -> Tensor:
        """Return f(x_i, x_j) / 𝒞(x), for pictures; shape (B, N, N)."""
        x_BNC = self._places(x_BCS)
        theta, phi = self.theta(x_BNC), self.phi(x_BNC)
        return attention_weights(theta, phi, scale=1.0) if self.pairwise == "embedded_gaussian" else theta / phi.shape[1] @ phi.mT

    def _places(self, x_BCS: Tensor) -> Tensor:
        if x_BCS.ndim < 3 or x_BCS.shape[1] != self.channels:
            raise ValueError(f"expected shape (batch, {self.channels}, places…), got {tuple(x_BCS.shape)}")
        return x_BCS.flatten(2).mT
