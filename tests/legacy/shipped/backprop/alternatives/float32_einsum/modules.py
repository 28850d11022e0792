"""Everything in float32, with einsum; weights (M, D), biases (M,), Jacobian by outer products."""

import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        bound = np.sqrt(6 / (in_features + out_features))
        weight = np.random.uniform(-bound, bound, (out_features, in_features)).astype(np.float32)
        self.params = {"weight": weight, "bias": np.zeros(out_features, dtype=np.float32)}
        self.grads = {"weight": None, "bias": None}

    def forward(self, x):
        self.x = np.asarray(x, dtype=np.float32)
        return np.einsum("nd,md->nm", self.x, self.params["weight"]) + self.params["bias"]

    def backward(self, dout):
        dout = np.asarray(dout, dtype=np.float32)
        self.grads["weight"] = np.einsum("nm,nd->md", dout, self.x)
        self.grads["bias"] = np.einsum("nm->m", dout)
        return np.einsum("nm,md->nd", dout, self.params["weight"])


class ReLU:
    def forward(self, x):
        self.x = np.asarray(x, dtype=np.float32)
        return self.x * (self.x > 0)

    def backward(self, dout):
        return np.asarray(dout, dtype=np.float32) * (self.x > 0)


class SoftMax:
    def forward(self, x):
        x = np.asarray(x, dtype=np.float32)
        e = np.exp(x - x.max(1)[:, None])
        self.p = np.einsum("nc,n->nc", e, 1 / e.sum(1))
        return self.p

    def backward(self, dout):
        jacobian = np.einsum("nc,cd->ncd", self.p, np.eye(self.p.shape[1])) - np.einsum("nc,nd->ncd", self.p, self.p)
        return np.einsum("ncd,nc->nd", jacobian, dout)


class CrossEntropy:
    def forward(self, x, y):
        right = np.einsum("nc,nc->n", np.asarray(x, dtype=np.float32), y.astype(np.float32))
        return -np.mean(np.log(right + np.float32(1e-7)))

    def backward(self, x, y):
        return -(y / (x + 1e-7)).astype(np.float32) / np.float32(len(y))
