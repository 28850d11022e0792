import numpy as np


class Perceptron:
    def __init__(self, n_inputs, max_epochs=100, learning_rate=0.01):
        self.weights = np.ones(n_inputs)

    def forward(self, x):
        return np.where(x @ self.weights >= 0, 1, -1)

    def train(self, inputs, labels):
        self.labels = labels
