"""Multi-layer perceptron (Rumelhart, Hinton & Williams 1986).

    h_0 = x,   h_l = dropout(φ(norm(W_l h_{l-1} + b_l))),   logits = W_L h_{L-1} + b_L

Symbols: B rows, D inputs, K outputs, φ the activation. `x_BD`.
Departs from the paper: normalisation (in front of φ, as Ioffe & Szegedy 2015, section 3.2) and dropout are later inventions, off
unless asked for. They are PyTorch's fused ones; `models/layers/` has them written out.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from torch import Tensor, nn

from practicum.models.layers.initialise import he_, initialise, xavier_

ACTIVATIONS: Mapping[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU}
NORMS: Mapping[str, type[nn.Module]] = {"none": nn.Identity, "batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


class MLP(nn.Module):
    """Fully connected layers.

    Args:
        sizes: inputs, hidden units of each layer, outputs: `(784, 256, 10)`.
        activation: `relu`, `tanh`, `sigmoid` or `gelu`.
        norm: `none`, `batch` or `layer`, in front of each activation.
        dropout: probability to drop a hidden unit.

    Raises:
        ValueError: fewer than two sizes, or an unknown activation or norm.

    Example:
        >>> import torch
        >>> MLP((784, 256, 10))(torch.zeros(2, 784)).shape
        torch.Size([2, 10])

    Source: Rumelhart et al. 1986; weights start as He et al. 2015 (ReLU, GELU) or Glorot & Bengio 2010, biases at 0.
    """

    def __init__(self, sizes: Sequence[int], *, activation: str = "relu", norm: str = "none", dropout: float = 0.0) -> None:
        super().__init__()
        if len(sizes) < 2:
            raise ValueError(f"expected at least the numbers of inputs and outputs, got {tuple(sizes)}")
        for name, value, known in (("activation", activation, ACTIVATIONS), ("norm", norm, NORMS)):
            if value not in known:
                raise ValueError(f"expected {name} in {', '.join(known)}, got {value!r}")
        layers: list[nn.Module] = []
        for inputs, units in pairwise(sizes[:-1]):
            layers += [nn.Linear(inputs, units), NORMS[norm](units), ACTIVATIONS[activation](), nn.Dropout(dropout)]
        # No norm, no layer: the numbering of the weights then stays that of the plain network.
        self.layers = nn.Sequential(*(layer for layer in layers if not isinstance(layer, nn.Identity)), nn.Linear(*sizes[-2:]))
        initialise(self, he_ if activation in ("relu", "gelu") else xavier_)

    def forward(self, x_BD: Tensor) -> Tensor:
        """Return logits.

        Args:
            x_BD: shape (B, D), or (B, …) with D entries per row.

        Returns:
            Shape (B, K).

        Raises:
            ValueError: another number of entries.
        """
        inputs = self.layers[0].in_features
        if x_BD[:1].numel() not in (0, inputs) or x_BD.ndim < 2:
            raise ValueError(f"expected rows of {inputs} entries, got shape {tuple(x_BD.shape)}")
        return self.layers(x_BD.flatten(1))
