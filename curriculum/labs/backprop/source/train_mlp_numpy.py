"""Trains the NumPy MLP on two moons with gradient descent: on all examples at once, on mini-batches, or on one at a time.

python train_mlp_numpy.py --dnn_hidden_units 20 --learning_rate 1e-2 --max_steps 1500 --eval_freq 10
python train_mlp_numpy.py --batch_size 1 --max_steps 50
"""

import argparse

import numpy as np
from mlp_numpy import MLP
from modules import CrossEntropy
from moons import make_moons
from trainable import trainable_layers


def accuracy(predictions, targets):
    """The share of examples whose largest probability is at the right class.

    Args:
        predictions: Probabilities, shape (N, C).
        targets: One-hot labels, shape (N, C).

    Returns:
        A number from 0 to 1.
    """
    # BEGIN SOLUTION
    return float(np.mean(predictions.argmax(axis=1) == targets.argmax(axis=1)))
    # END SOLUTION


def make_data(seed=0):
    """Draw 1000 points with `make_moons` (noise 0.1) and split them at random into 800 to train on and 200 to test on.

    Args:
        seed: Of the points and the split.

    Returns:
        x_train, shape (800, 2); one-hot y_train, shape (800, 2); x_test, shape (200, 2); one-hot y_test, shape (200, 2).
    """
    # BEGIN SOLUTION
    x, labels = make_moons(n_samples=1000, noise=0.1, random_state=seed)
    y = np.eye(2)[labels]
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:800], order[800:]
    return x[train], y[train], x[test], y[test]
    # END SOLUTION


def train(
    dnn_hidden_units="20",
    learning_rate=1e-2,
    max_steps=1500,
    eval_freq=10,
    batch_size=None,
    seed=0,
    data=None,
):
    """Train an MLP with gradient descent and evaluate it on the way.

    Args:
        dnn_hidden_units: Units of each hidden layer, a string of integers with commas between them; "" for none.
        learning_rate: What the gradient of a batch is multiplied by.
        max_steps: Epochs, that is, passes over the training set.
        eval_freq: Evaluate before the first epoch and after every `eval_freq` epochs.
        batch_size: Examples per update; None for the whole training set. Each epoch visits the examples in a new random
            order, and each of them once; the last batch may be smaller.
        seed: Of the data, the initial weights and the order.
        data: x_train, y_train, x_test, y_test to use instead of `make_data(seed)`.

    Returns:
        The trained `MLP`, and a dictionary of lists with one entry per evaluation: `step` (epochs done so far),
        `train_loss`, `train_accuracy`, `test_loss`, `test_accuracy`.
    """
    # BEGIN SOLUTION
    np.random.seed(seed)
    x_train, y_train, x_test, y_test = make_data(seed) if data is None else data
    hidden = [int(units) for units in dnn_hidden_units.split(",") if units.strip()]
    model, loss = MLP(x_train.shape[1], hidden, y_train.shape[1]), CrossEntropy()
    layers = trainable_layers(model)
    size = len(x_train) if batch_size is None else batch_size
    history = {name: [] for name in ("step", "train_loss", "train_accuracy", "test_loss", "test_accuracy")}

    def evaluate(step):
        history["step"].append(step)
        for name, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
            probabilities = model.forward(x)
            history[f"{name}_loss"].append(loss.forward(probabilities, y))
            history[f"{name}_accuracy"].append(accuracy(probabilities, y))

    evaluate(0)
    for step in range(1, max_steps + 1):
        order = np.random.permutation(len(x_train))
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            probabilities = model.forward(x_train[batch])
            model.backward(loss.backward(probabilities, y_train[batch]))
            for layer in layers:
                for name, gradient in layer.grads.items():
                    layer.params[name] -= learning_rate * gradient
        if step % eval_freq == 0:
            evaluate(step)
    return model, history
    # END SOLUTION


def main():
    """Read the options, train, and print the curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dnn_hidden_units", default="20", help="units of each hidden layer, with commas between them")
    parser.add_argument("--learning_rate", type=float, default=1e-2)
    parser.add_argument("--max_steps", type=int, default=1500, help="epochs")
    parser.add_argument("--eval_freq", type=int, default=10, help="epochs between two evaluations")
    parser.add_argument("--batch_size", type=int, default=None, help="examples per update; all of them if not given")
    parser.add_argument("--seed", type=int, default=0)
    _, history = train(**vars(parser.parse_args()))
    print("epoch   train loss   accuracy    test loss   accuracy")
    for row in zip(*history.values(), strict=True):
        print("{:5d}   {:10.4f}   {:8.3f}   {:10.4f}   {:8.3f}".format(*row))


if __name__ == "__main__":
    main()
