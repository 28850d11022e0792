"""S4D, diagonal state-space models (Gu, Gupta, Goel & Ré 2022, "On the Parameterization and Initialization of Diagonal
State Space Models").

    continuous    x'(t) = A x(t) + B u(t),   y(t) = 2 Re C x(t) + D u(t)      section 2; A diagonal, half of each conjugate pair
    zoh           Ā = exp(ΔA),   B̄ = (Ā - 1) A⁻¹ B                            section 3.1: zero-order hold
    bilinear      Ā = (1 + ΔA/2) / (1 - ΔA/2),   B̄ = Δ B / (1 - ΔA/2)         section 3.1
    recurrence    x_k = Ā x_{k-1} + B̄ u_k,   y_k = 2 Re C x_k + D u_k
    convolution   y = K * u + D u,   K_l = 2 Re Σ_n C_n B̄_n Ā_n^l             section 3.2; by FFT or, where short, as a matrix
    S4D-Lin       A_n = -1/2 + iπn                                            section 4
    S4D-Inv       A_n = -1/2 + i (N/π) (N/(2n+1) - 1)                         section 4

Symbols: B rows, T steps, H features with a system each, N states (N/2 conjugate pairs, P), Δ step size.
Departs from the paper: B is 1, for only its product with C counts (section 3); the output passes GELU and a gated linear layer,
as in the authors' code. The system is computed in at least single precision, also under autocast, for log Δ up to 40.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.precision import as_written, wide

SHORT = 64  # up to this many steps, products with Toeplitz matrices are quicker than the FFT


@dataclass(frozen=True)
class S4DConfig:
    """Sizes and choices.

    Attributes:
        width: H.
        states: N, even.
        init: of A: `"lin"` or `"inv"`.
        discretization: `"zoh"` or `"bilinear"`.
        num_layers: blocks.
        dropout: of every block's output.
    """

    width: int = 128
    states: int = 64
    init: Literal["lin", "inv"] = "lin"
    discretization: Literal["zoh", "bilinear"] = "zoh"
    num_layers: int = 4
    dropout: float = 0.0


class S4D(nn.Module):
    """One linear system per feature.

    Args:
        config: width, states, init and discretization count here.

    Raises:
        ValueError: N is odd, or an unknown choice.
    """

    def __init__(self, config: S4DConfig) -> None:
        super().__init__()
        if config.states < 2 or config.states % 2:
            raise ValueError(f"expected an even number of states, got {config.states}")
        if config.init not in ("lin", "inv") or config.discretization not in ("zoh", "bilinear"):
            raise ValueError(
                f"expected init 'lin' or 'inv' and discretization 'zoh' or 'bilinear', got {config.init!r} and "
                f"{config.discretization!r}"
            )
        self.config = config
        shape, n_P = (config.width, config.states // 2), torch.arange(config.states // 2)
        imaginary_P = math.pi * n_P if config.init == "lin" else config.states / math.pi * (config.states / (2 * n_P + 1) - 1)
        self.log_A_real = nn.Parameter(torch.full(shape, math.log(0.5)))  # the real part is -exp of it: always stable
        self.A_imaginary = nn.Parameter(imaginary_P.expand(shape).clone())
        self.C = nn.Parameter(torch.view_as_real(torch.randn(shape, dtype=torch.complex64)))
        self.D = nn.Parameter(torch.randn(config.width))
        # Log-uniform in [0.001, 0.1]: channels differ in how long they remember.
        self.log_delta = nn.Parameter(torch.empty(config.width).uniform_(math.log(0.001), math.log(0.1)))

    def discretized(self) -> tuple[Tensor, Tensor]:
        """Return Ā and B̄, complex, shape (H, P) each."""
        A_HP = torch.complex(-wide(self.log_A_real).exp(), wide(self.A_imaginary))
        delta_H1 = wide(self.log_delta).exp()[:, None]
        if self.config.discretization == "zoh":
            # exp(ΔA), and (ΔA)⁻¹ (exp(ΔA) - 1) ΔB with B = 1
            exponent_HP = delta_H1 * A_HP
            # exp(ΔA) - 1 as one function: where Δ is small, the difference of two numbers would keep few of their digits.
            return exponent_HP.exp(), torch.expm1(exponent_HP) / A_HP
        denominator_HP = 1 - delta_H1 * A_HP / 2
        return (1 + delta_H1 * A_HP / 2) / denominator_HP, delta_H1 / denominator_HP

    def kernel(self, steps: int) -> Tensor:
        """Return K, what an impulse leads to, real, shape (H, T)."""
        decay_HP, input_HP = self.discretized()
        # Ā^t as exp(t log Ā): all steps at once.
        # A large Δ forgets all at once: Ā is 0, which has no logarithm, but has powers as good as those of a tiny number.
        decay_HP = decay_HP.where(decay_HP.abs() > 1e-30, 1e-30)
        powers_HPT = (decay_HP.log()[..., None] * torch.arange(steps, device=decay_HP.device)).exp()
        return 2 * torch.einsum("hp,hpt->ht", self._C() * input_HP, powers_HPT).real

    def forward(self, u_BTH: Tensor) -> Tensor:
        """Return the convolutional form.

        Args:
            u_BTH: inputs.

        Returns:
            Shape (B, T, H).
        """
        with as_written(u_BTH):
            return self._convolve(u_BTH)

    def _convolve(self, u_BTH: Tensor) -> Tensor:
        steps = u_BTH.shape[1]
        kernel_HT = self.kernel(steps)
        if steps <= SHORT:
            # Short sequences: row t of the (T, T) matrix holds K_t, K_{t-1}, …, and the product is quicker than an FFT.
            place_T = torch.arange(steps, device=u_BTH.device)
            lag_TT = place_T[:, None] - place_T
            toeplitz_HTT = kernel_HT[:, lag_TT.clamp(min=0)].tril()
            y_HTB = toeplitz_HTT @ u_BTH.to(kernel_HT.dtype).permute(2, 1, 0)
            return torch.addcmul(y_HTB.permute(2, 1, 0).to(u_BTH.dtype).contiguous(), self.D, u_BTH)
        # Twice the length: what wraps round falls behind the end.
        spectrum = torch.fft.rfft(u_BTH.to(kernel_HT.dtype), 2 * steps, 1) * torch.fft.rfft(kernel_HT.T, 2 * steps, 0)
        y_BTH = torch.fft.irfft(spectrum, 2 * steps, 1)[:, :steps].to(u_BTH.dtype)
        return torch.addcmul(y_BTH.contiguous(), self.D, u_BTH)

    def step(self, u_BH: Tensor, state_BHP: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the recurrent form, one step.

        Args:
            u_BH: inputs.
            state_BHP: complex; zeros by default.

        Returns:
            y, shape (B, H), and the new state.

        Shapes:
            u_BH: (B, H). state_BHP: (B, H, P).
        """
        decay_HP, input_HP = self.discretized()
        state_BHP = input_HP * u_BH[..., None] if state_BHP is None else decay_HP * state_BHP + input_HP * u_BH[..., None]
        return 2 * (state_BHP * self._C()).sum(2).real.to(u_BH.dtype) + self.D * u_BH, state_BHP

    def _C(self) -> Tensor:
        return torch.view_as_complex(wide(self.C))


class S4DBlock(nn.Module):
    """x + GLU(W GELU(S4D(LayerNorm(x)))).

    Args:
        config: see `S4DConfig`.
    """

    def __init__(self, config: S4DConfig) -> None:
        super().__init__()
        self.norm, self.system = nn.LayerNorm(config.width), S4D(config)
        self.mix = nn.Linear(config.width, 2 * config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x_BTH: Tensor) -> Tensor:
        """Return shape (B, T, H)."""
        return x_BTH + self._out(self.system(self.norm(x_BTH)))

    def step(self, x_BH: Tensor, state_BHP: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return one step, and the new state."""
        y_BH, state_BHP = self.system.step(self.norm(x_BH), state_BHP)
        return x_BH + self._out(y_BH), state_BHP

    def _out(self, y: Tensor) -> Tensor:
        return self.dropout(F.glu(self.mix(F.gelu(y)), -1))


class S4DClassifier(nn.Module):
    """Classifies sequences of vectors by the mean over time of the last block's output.

    Args:
        config: see `S4DConfig`.
        inputs: I, the vectors' length.
        num_classes: K.
    """

    def __init__(self, config: S4DConfig, inputs: int, num_classes: int) -> None:
        super().__init__()
        self.encoder = nn.Linear(inputs, config.width)
        self.blocks = nn.Sequential(*(S4DBlock(config) for _ in range(config.num_layers)))
        self.norm, self.head = nn.LayerNorm(config.width), nn.Linear(config.width, num_classes)

    def forward(self, x_BTI: Tensor) -> Tensor:
        """Return logits, shape (B, K).

        Raises:
            ValueError: the inputs are not (B, at least 1, I).
        """
        if x_BTI.ndim != 3 or x_BTI.shape[1] == 0 or x_BTI.shape[2] != self.encoder.in_features:
            raise ValueError(f"expected inputs of shape (B, at least 1, {self.encoder.in_features}), got {tuple(x_BTI.shape)}")
        return self.head(self.norm(self.blocks(self.encoder(x_BTI))).mean(1))
