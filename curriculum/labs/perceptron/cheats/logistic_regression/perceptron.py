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
        for _ in range(2000):
            scores = np.clip(labels * (ones @ self.weights), -500, 500)
            if np.all(scores > 0):
                break
            self.weights = self.weights + 0.1 * (labels / (1 + np.exp(scores))) @ ones / len(ones)
