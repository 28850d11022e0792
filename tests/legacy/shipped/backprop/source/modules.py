"""The parts of a multi-layer perceptron, each with a forward and a backward pass (Rumelhart, Hinton & Williams 1986).

`forward` computes the output and keeps what `backward` will need. `backward` takes dL/d(output), `dout`, and returns
dL/d(input); a layer with parameters also leaves dL/d(parameter) in `grads`. L is the loss.

Symbols: N examples in a batch, D inputs and M outputs of a layer, C classes. A suffix is a shape: x_ND is (N, D).
"""

import numpy as np


class Linear:
    """y = x W + b.

    Attributes:
        params: `weight`, shape (D, M), and `bias`, shape (M,).
        grads: The gradients of the last backward pass under the same keys and in the same shapes.

    Source:
        The random start is that of He et al. (2015), eq. 10: variance 2 / D keeps the signal's size through ReLUs.
    """

    def __init__(self, in_features, out_features):
        # BEGIN SOLUTION
        weight = np.random.normal(0.0, np.sqrt(2.0 / in_features), size=(in_features, out_features))
        self.params = {"weight": weight, "bias": np.zeros(out_features)}
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        # END SOLUTION

    def forward(self, x):
        """Takes x, shape (N, D), and returns y, shape (N, M)."""
        # BEGIN SOLUTION
        self.x_ND = x
        return x @ self.params["weight"] + self.params["bias"]
        # END SOLUTION

    def backward(self, dout):
        """Takes dL/dy, shape (N, M), fills `grads`, and returns dL/dx, shape (N, D)."""
        # BEGIN SOLUTION
        self.grads["weight"] = self.x_ND.T @ dout
        self.grads["bias"] = dout.sum(axis=0)
        return dout @ self.params["weight"].T
        # END SOLUTION


class ReLU:
    """y = max(x, 0), entry by entry."""

    def forward(self, x):
        """Takes x of any shape and returns y of the same."""
        # BEGIN SOLUTION
        self.positive = x > 0
        return np.where(self.positive, x, 0.0)
        # END SOLUTION

    def backward(self, dout):
        """Takes dL/dy and returns dL/dx, both in the shape of x."""
        # BEGIN SOLUTION
        return np.where(self.positive, dout, 0.0)
        # END SOLUTION


class SoftMax:
    """p_i = exp(x_i) / Σ_j exp(x_j) in every row.

    Together with `CrossEntropy`, `backward` gives the gradient of the loss with respect to the logits x. Here it is the
    product with the softmax's own Jacobian, dp_i/dx_j = p_i (δ_ij - p_j).
    """

    def forward(self, x):
        """Takes logits, shape (N, C), and returns probabilities, shape (N, C)."""
        # BEGIN SOLUTION
        e_NC = np.exp(x - x.max(axis=1, keepdims=True))  # the largest exponent is 0: nothing overflows
        self.p_NC = e_NC / e_NC.sum(axis=1, keepdims=True)
        return self.p_NC
        # END SOLUTION

    def backward(self, dout):
        """Takes dL/dp, shape (N, C), and returns dL/dx, shape (N, C)."""
        # BEGIN SOLUTION
        return self.p_NC * (dout - (dout * self.p_NC).sum(axis=1, keepdims=True))
        # END SOLUTION


class CrossEntropy:
    """L = -(1/N) Σ_n Σ_c y_nc log p_nc for probabilities p and one-hot labels y."""

    smallest = 1e-12  # a probability of zero counts as this much

    def forward(self, x, y):
        """Takes probabilities x and one-hot labels y, both of shape (N, C), and returns the loss, a number."""
        # BEGIN SOLUTION
        return float(-np.sum(y * np.log(np.maximum(x, self.smallest))) / len(x))
        # END SOLUTION

    def backward(self, x, y):
        """Takes what `forward` took and returns the gradient that `SoftMax.backward` expects, shape (N, C)."""
        # BEGIN SOLUTION
        return -y / np.maximum(x, self.smallest) / len(x)
        # END SOLUTION
