"""Columns of float32; the corrections of an epoch are added up and made at its end."""

import numpy as np


class Perceptron:
    def __init__(self, n_inputs, max_epochs=100, learning_rate=0.01):
        rng = np.random.default_rng()
        self.w = rng.standard_normal((n_inputs, 1)).astype(np.float32)
        self.b = np.zeros((1, 1), dtype=np.float32)
        self.epochs, self.eta = max_epochs, learning_rate

    def forward(self, x):
        s = np.asarray(x).reshape(-1, len(self.w)) @ self.w + self.b
        return np.where(s < 0, -1, 1).ravel()

    def train(self, inputs, labels):
        y = np.asarray(labels).reshape(-1, 1)
        for _ in range(self.epochs):
            mistaken = (self.forward(inputs).reshape(-1, 1) != y) * y
            if not mistaken.any():
                return
            self.w = (self.w + self.eta * (inputs.T @ mistaken)).astype(np.float32)
            self.b = (self.b + self.eta * mistaken.sum()).astype(np.float32)
