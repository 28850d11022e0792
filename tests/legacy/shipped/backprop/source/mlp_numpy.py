"""A multi-layer perceptron: Linear and ReLU for each hidden layer, then Linear and SoftMax."""

from itertools import pairwise

from modules import Linear, ReLU, SoftMax


class MLP:
    """Probabilities of C classes from D inputs.

    Args:
        n_inputs: D.
        n_hidden: The number of units in each hidden layer, a list. `[20]` is one hidden layer; `[]` is none, and the
            model is multinomial logistic regression.
        n_classes: C.
    """

    def __init__(self, n_inputs, n_hidden, n_classes):
        # BEGIN SOLUTION
        sizes = [n_inputs, *n_hidden]
        self.layers = []
        for size_in, size_out in pairwise(sizes):
            self.layers += [Linear(size_in, size_out), ReLU()]
        self.layers += [Linear(sizes[-1], n_classes), SoftMax()]
        # END SOLUTION

    def forward(self, x):
        """Takes inputs, shape (N, D), and returns probabilities, shape (N, C)."""
        # BEGIN SOLUTION
        for layer in self.layers:
            x = layer.forward(x)
        return x
        # END SOLUTION

    def backward(self, dout):
        """Takes what `CrossEntropy.backward` returned, shape (N, C), and fills the `grads` of every layer."""
        # BEGIN SOLUTION
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        # END SOLUTION
