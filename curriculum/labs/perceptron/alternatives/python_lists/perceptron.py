"""Lists and the random module instead of arrays; the start is drawn from a wide range."""

import random


class Perceptron:
    def __init__(self, n_inputs, max_epochs=100, learning_rate=0.01):
        self.parameters = {"w": [random.uniform(-1, 1) for _ in range(n_inputs)], "b": random.uniform(-1, 1)}
        self.settings = max_epochs, learning_rate

    def forward(self, x):
        score = sum(w * float(v) for w, v in zip(self.parameters["w"], x, strict=True)) + self.parameters["b"]
        return -1 if score < 0 else 1

    def train(self, inputs, labels):
        epochs, rate = self.settings
        examples = [([float(v) for v in x], int(y)) for x, y in zip(inputs, labels, strict=True)]
        while epochs:
            random.shuffle(examples)
            mistakes = 0
            for x, y in examples:
                if self.forward(x) == y:
                    continue
                mistakes += 1
                self.parameters["w"] = [w + rate * y * v for w, v in zip(self.parameters["w"], x, strict=True)]
                self.parameters["b"] += rate * y
            epochs = epochs - 1 if mistakes else 0
