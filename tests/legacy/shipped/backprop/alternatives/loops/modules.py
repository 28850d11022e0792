"""Written out with loops over units and examples; weights (D, M), biases (1, M), p - y, loss summed."""

import math

import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        self.params = {}
        self.grads = {}
        self.params["weight"] = np.random.normal(loc=0, scale=0.5, size=(in_features, out_features))
        self.params["bias"] = np.zeros((1, out_features))
        self.grads["weight"] = np.zeros((in_features, out_features))
        self.grads["bias"] = np.zeros((1, out_features))

    def forward(self, x):
        self.x = x
        columns = []
        for j in range(self.params["weight"].shape[1]):
            columns.append(np.dot(x, self.params["weight"][:, j]) + self.params["bias"][0, j])
        return np.stack(columns, axis=1)

    def backward(self, dout):
        for j in range(dout.shape[1]):
            self.grads["weight"][:, j] = np.dot(dout[:, j], self.x)
            self.grads["bias"][0, j] = sum(dout[:, j])
        dx = np.zeros(self.x.shape)
        for i in range(self.x.shape[1]):
            dx[:, i] = np.dot(dout, self.params["weight"][i])
        return dx


class ReLU:
    def forward(self, x):
        self.x = x
        return np.array([[v if v > 0 else 0.0 for v in row] for row in x.tolist()])

    def backward(self, dout):
        dx = dout.copy()
        dx[self.x <= 0] = 0
        return dx


class SoftMax:
    def forward(self, x):
        out = []
        for row in x.tolist():
            top = max(row)
            e = [math.exp(v - top) for v in row]
            out.append([v / sum(e) for v in e])
        return np.array(out)

    def backward(self, dout):
        return dout


class CrossEntropy:
    def forward(self, x, y):
        loss = 0.0
        for row, label in zip(x, y, strict=True):
            loss -= math.log(max(row[label.argmax()], 1e-12))
        return loss

    def backward(self, x, y):
        dx = x.copy()
        for i, label in enumerate(y):
            dx[i, label.argmax()] -= 1
        return dx
