"""Dataclasses with slots; params and grads are views of fields; weights (D, M), biases (1, M)."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class Linear:
    in_features: int
    out_features: int
    params: dict = field(init=False)
    grads: dict = field(init=False, default_factory=dict)
    x: np.ndarray = field(init=False, default=None)

    def __post_init__(self):
        bound = 1 / np.sqrt(self.in_features)
        self.params = {
            "weight": np.random.uniform(-bound, bound, (self.in_features, self.out_features)),
            "bias": np.random.uniform(-bound, bound, (1, self.out_features)),
        }

    def forward(self, x):
        self.x = x
        return np.matmul(x, self.params["weight"]) + self.params["bias"]

    def backward(self, dout):
        self.grads = {"weight": np.matmul(self.x.T, dout), "bias": np.atleast_2d(dout.sum(0))}
        return np.matmul(dout, self.params["weight"].T)


@dataclass(slots=True)
class ReLU:
    y: np.ndarray = None

    def forward(self, x):
        self.y = np.maximum(0, x)
        return self.y

    def backward(self, dout):
        return dout * np.sign(self.y)


@dataclass(slots=True)
class SoftMax:
    y: np.ndarray = None

    def forward(self, x):
        shifted = x - x.max(axis=1, keepdims=True)
        self.y = np.exp(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
        return self.y

    def backward(self, dout):
        return np.stack([(np.diag(p) - np.outer(p, p)) @ d for p, d in zip(self.y, dout, strict=True)])


@dataclass(slots=True)
class CrossEntropy:
    epsilon: float = 1e-12

    def forward(self, x, y):
        return np.mean(np.sum(-y * np.log(x + self.epsilon), axis=1))

    def backward(self, x, y):
        return -y / (x + self.epsilon) / y.shape[0]
