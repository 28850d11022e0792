import numpy as np


class Perceptron:
    def __init__(self, n_inputs, max_epochs=100, learning_rate=0.01):
        self.weights = np.random.randn(n_inputs)
        self.bias = np.random.randn()

    def forward(self, x):
        return np.where(x @ self.weights + self.bias >= 0, 1, -1)

    def train(self, inputs, labels):
        self.seen = len(inputs)
