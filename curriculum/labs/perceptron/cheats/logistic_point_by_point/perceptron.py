import numpy as np


class Perceptron:
    def __init__(self, n_inputs, max_epochs=100, learning_rate=0.01):
        self.weights = np.zeros(n_inputs + 1)
        self.learning_rate = learning_rate

    @staticmethod
    def with_one(x):
        return np.concatenate([x, np.ones((*x.shape[:-1], 1))], axis=-1)

    def forward(self, x):
        return np.where(self.with_one(x) @ self.weights >= 0, 1, -1)

    def train(self, inputs, labels):
        ones = self.with_one(inputs)
        for _ in range(20):
            for x, y in zip(ones, labels, strict=True):
                factor = 1 / (1 + np.exp(min(500, y * (x @ self.weights))))
                self.weights = self.weights + self.learning_rate * y * x * factor
