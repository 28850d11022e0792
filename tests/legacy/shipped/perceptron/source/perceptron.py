"""The perceptron (Rosenblatt 1958): a linear threshold unit that is corrected whenever it is wrong.

    forward:  f(x) = +1 if w·x + b >= 0, else -1
    train:    for every training point with f(x) != y:   w <- w + η y x,   b <- b + η y

Symbols: N points, D inputs; x has shape (D,), w has shape (D,), y is -1 or +1, η is the learning rate.

If some line separates the classes, the rule makes at most (R / γ)² mistakes, where R is the largest norm of a point and
γ the margin, both measured on inputs that carry a constant 1 for the bias (Novikoff 1962). If none does, it never comes
to rest, and the number of epochs is what ends it.
"""

import numpy as np
from gaussians import split, two_gaussians


class Perceptron:
    """One neuron with D inputs.

    Args:
        n_inputs: D.
        max_epochs: The most passes over the training points.
        learning_rate: η, the size of a correction.
    """

    def __init__(self, n_inputs, max_epochs=100, learning_rate=0.01):
        # BEGIN SOLUTION
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate
        self.weights = np.zeros(n_inputs)
        self.bias = 0.0
        # END SOLUTION

    def forward(self, x):
        """Label one point or a batch of points.

        Args:
            x: Shape (D,) for one point, (N, D) for a batch.

        Returns:
            -1 or +1 for each point: a number for one, shape (N,) for a batch.
        """
        # BEGIN SOLUTION
        score = x @ self.weights + self.bias
        return np.where(score >= 0, 1, -1)
        # END SOLUTION

    def train(self, inputs, labels):
        """Learn from points with known labels, until none is wrong or `max_epochs` have passed.

        Args:
            inputs: Shape (N, D).
            labels: Shape (N,), each -1 or +1.
        """
        # BEGIN SOLUTION
        for _ in range(self.max_epochs):
            mistakes = 0
            for i in np.random.permutation(len(inputs)):
                x, y = inputs[i], labels[i]
                if self.forward(x) != y:
                    self.weights = self.weights + self.learning_rate * y * x
                    self.bias = self.bias + self.learning_rate * y
                    mistakes += 1
            if mistakes == 0:
                break
        # END SOLUTION


def experiment(distance, variance, seed=0):
    """Accuracy on the test set for two round clouds of 100 points, 80 % of them to train on.

    Args:
        distance: Between the two means.
        variance: Of each cloud in every direction.
        seed: Of the points and the split.

    Returns:
        The share of test points labelled right.
    """
    # BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    centre = np.array([distance / 2, 0.0])
    inputs, labels = two_gaussians(centre, -centre, variance * np.eye(2), variance * np.eye(2), rng=rng)
    train_inputs, train_labels, test_inputs, test_labels = split(inputs, labels, rng=rng)
    neuron = Perceptron(2)
    neuron.train(train_inputs, train_labels)
    return float(np.mean(neuron.forward(test_inputs) == test_labels))
    # END SOLUTION


def main():
    """Print a table for the report: accuracy against the distance of the means and the variance."""
    # BEGIN SOLUTION
    variances = (0.25, 1.0, 4.0)
    print("distance  " + "  ".join(f"variance {v:<4}" for v in variances))
    for distance in (0.0, 1.0, 2.0, 4.0, 8.0):
        scores = [[experiment(distance, variance, seed) for seed in range(10)] for variance in variances]
        cells = [f"{np.mean(s):.2f} ± {np.std(s):.2f}  " for s in scores]
        print(f"{distance:8.1f}  " + "  ".join(cells))
    # END SOLUTION


if __name__ == "__main__":
    main()
