"""A dataclass with slots and einsum; the best weights seen so far are kept (the pocket algorithm, Gallant 1990)."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class Perceptron:
    n_inputs: int
    max_epochs: int = 100
    learning_rate: float = 0.01
    theta: np.ndarray = field(init=False)

    def __post_init__(self):
        self.theta = np.zeros(self.n_inputs + 1)

    @staticmethod
    def _with_one(x):
        return np.concatenate([np.asarray(x, dtype=float), np.ones((*np.shape(x)[:-1], 1))], axis=-1)

    def forward(self, x):
        label = np.sign(np.einsum("...d,d->...", self._with_one(x), self.theta))
        return label.tolist()

    def train(self, inputs, labels):
        z = self._with_one(inputs)
        theta, best = self.theta.copy(), -1
        for _ in range(self.max_epochs):
            for i in np.random.default_rng(len(z)).permutation(len(z)):
                if labels[i] * (z[i] @ theta) <= 0:
                    theta += self.learning_rate * labels[i] * z[i]
            right = np.count_nonzero(labels * (z @ theta) > 0)
            if right > best:
                self.theta, best = theta.copy(), right
