"""The same training with another loop, another split and curves of NumPy numbers."""

import argparse

import numpy as np
from mlp_numpy import MLP
from modules import CrossEntropy
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split
from trainable import trainable_layers


def accuracy(predictions, targets):
    return np.equal(np.argmax(predictions, 1), np.argmax(targets, 1)).sum() / len(targets)


def make_data(seed=0):
    x, t = make_moons(1000, noise=0.1, random_state=seed)
    onehot = np.zeros((t.size, t.max() + 1))
    onehot[np.arange(t.size), t] = 1
    x_train, x_test, y_train, y_test = train_test_split(x, onehot, test_size=0.2, random_state=seed)
    return [x_train, y_train, x_test, y_test]


def batches(n, size, rng):
    order = list(range(n))
    rng.shuffle(order)
    while order:
        yield order[:size]
        order = order[size:]


def train(dnn_hidden_units="20", learning_rate=0.01, max_steps=1500, eval_freq=10, batch_size=None, seed=0, data=None):
    if data is None:
        data = make_data(seed)
    x_train, y_train, x_test, y_test = data
    rng = np.random.default_rng(seed)
    net = MLP(2, list(map(int, dnn_hidden_units.split(","))) if dnn_hidden_units else [], 2)
    criterion = CrossEntropy()
    curves = {"step": [], "train_loss": [], "train_accuracy": [], "test_loss": [], "test_accuracy": []}
    for epoch in range(max_steps):
        if epoch % eval_freq == 0 or epoch == max_steps - 1:
            curves["step"].append(epoch)
            for name in ("train", "test"):
                x, y = (x_train, y_train) if name == "train" else (x_test, y_test)
                out = net.forward(x)
                curves[name + "_loss"].append(criterion.forward(out, y))
                curves[name + "_accuracy"].append(accuracy(out, y))
        for ids in batches(len(x_train), batch_size or len(x_train), rng):
            out = net.forward(x_train[ids])
            net.backward(criterion.backward(out, y_train[ids]))
            for layer in trainable_layers(net):
                layer.params["weight"] -= learning_rate * layer.grads["weight"]
                layer.params["bias"] -= learning_rate * layer.grads["bias"]
    return [net, curves]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--dnn_hidden_units", default="20")
    print(train(**vars(parser.parse_args()))[1]["test_accuracy"][-1])
