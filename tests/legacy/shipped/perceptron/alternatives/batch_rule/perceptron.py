"""All mistakes of an epoch are corrected at once, by their mean (gradient descent on the perceptron criterion)."""

import numpy as np


class Perceptron:
    def __init__(self, n_inputs, max_epochs=1e2, learning_rate=1e-2):
        self.weight = np.random.normal(0, 0.1, (n_inputs, 1))
        self.bias = np.zeros(1)
        self.max_epochs = int(max_epochs)
        self.lr = learning_rate

    def forward(self, x):
        x = np.atleast_2d(x)
        return np.sign(x.dot(self.weight) + self.bias).flatten()

    def train(self, inputs, labels):
        inputs = np.array(inputs)
        labels = np.array(labels).flatten()
        for _ in range(self.max_epochs):
            wrong = self.forward(inputs) * labels <= 0
            if not np.any(wrong):
                return
            step = np.mean(inputs[wrong] * labels[wrong, None], axis=0)
            self.weight = self.weight + self.lr * step.reshape(-1, 1)
            self.bias = self.bias + self.lr * np.mean(labels[wrong])
