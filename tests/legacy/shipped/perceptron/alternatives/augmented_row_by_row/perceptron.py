"""The bias is weight 0, the weights start at random, forward takes one point, and no epoch is skipped."""

import numpy as np


class Perceptron:
    def __init__(self, n_inputs, max_epochs=100, learning_rate=0.01):
        self.n_inputs = n_inputs
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate
        self.w = np.random.randn(n_inputs + 1)

    def forward(self, x):
        if np.ndim(x) != 1:
            raise ValueError("one point at a time")
        return 1 if np.dot(self.w, np.append(1, x)) > 0 else -1

    def train(self, inputs, labels):
        for _ in range(self.max_epochs):
            for x, label in zip(inputs, labels, strict=False):
                error = label - self.forward(x)
                self.w += self.learning_rate * error * np.append(1, x)
