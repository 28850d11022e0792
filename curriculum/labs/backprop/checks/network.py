"""Where a submission keeps its numbers, in which layout, and what a network of such numbers must answer."""

from itertools import pairwise

import numpy as np

from practicum.checks import StudentError, assert_dtype, assert_finite, assert_not_imported, assert_shape, write_array

DIFFERENTIATORS = ("torch", "tensorflow", "jax", "autograd")


def numpy_only(student):
    """The gradients are to be derived: nothing that differentiates by itself may be loaded."""
    assert_not_imported(student, *DIFFERENTIATORS, instead="gradients written in NumPy")


def both(layer, name):
    """`params` or `grads`, with an array under "weight" and one under "bias", or a message that says what is missing."""
    held = getattr(layer, name)
    for key in ("weight", "bias"):
        if not isinstance(held, dict) or not isinstance(held.get(key), np.ndarray):
            raise AssertionError(f"expected a dictionary {name} with an array {key!r}, got {held!r:.80}")
        assert_dtype(held[key], np.floating, what=f"{name}[{key!r}]")
        assert_finite(held[key], what=f"{name}[{key!r}]")
    return held


def as_DM(weight, size_in, size_out, what="params['weight']"):
    """A weight or its gradient in the orientation (in, out), whichever of the two the student chose."""
    if isinstance(weight, np.ndarray) and weight.shape == (size_out, size_in):
        weight = weight.T
    assert_shape(weight, (size_in, size_out), what=what)
    return weight


def as_M(bias, size_out, what="params['bias']"):
    """A bias or its gradient as (M,), from (M,), (1, M) or (M, 1)."""
    if isinstance(bias, np.ndarray) and bias.shape in ((1, size_out), (size_out, 1)):
        bias = bias.reshape(-1)
    assert_shape(bias, (size_out,), what=what)
    return bias


def loss_gradient(student, p, y):
    """`CrossEntropy.backward(p, y)` after `forward(p, y)`; `backward()` if it takes nothing."""
    loss = student.modules.CrossEntropy()
    loss.forward(p, y)
    try:
        return loss.backward(p, y)
    except StudentError as error:
        if error.type != "TypeError" or "argument" not in error.message:
            raise
        try:
            return loss.backward()
        except StudentError:
            raise error from None


class Network:
    """The Linear layers of a model in their order, wherever the model keeps them, and the numbers they begin with.

    The sizes of weight and bias tell the layers apart, so no two layers of a check may have the same.
    """

    def __init__(self, student, model, sizes):
        found = {}
        for layer in student.trainable.trainable_layers(model):
            held = both(layer, "params")
            found[frozenset(held["weight"].shape), held["bias"].size] = layer, held
        if len(found) != len(sizes) - 1:
            raise AssertionError(f"expected {len(sizes) - 1} Linear layers for n_hidden={sizes[1:-1]}, got {len(found)}")
        self.model, self.sizes, self.layers, self.arrays, self.names = model, sizes, [], [], []
        self.held = []  # the same numbers in the student's own layout
        for number, (size_in, size_out) in enumerate(pairwise(sizes), 1):
            if (frozenset((size_in, size_out)), size_out) not in found:
                raise AssertionError(f"expected a Linear layer with {size_in} inputs and {size_out} outputs, got none")
            layer, held = found[frozenset((size_in, size_out)), size_out]
            self.layers.append(layer)
            self.held.append(held)
            self.arrays += [as_DM(held["weight"], size_in, size_out), as_M(held["bias"], size_out)]
            self.names += [f"grads['weight'] of Linear layer {number}", f"grads['bias'] of Linear layer {number}"]

    def read(self, name):
        """What `params` or `grads` hold now: weight (D, M) and bias (M,) of the first layer, of the second, and so on."""
        arrays = []
        for layer, (size_in, size_out) in zip(self.layers, pairwise(self.sizes), strict=True):
            held = both(layer, name)
            arrays.append(as_DM(held["weight"], size_in, size_out, f"{name}['weight']"))
            arrays.append(as_M(held["bias"], size_out, f"{name}['bias']"))
        return arrays

    def write(self, arrays):
        """Put numbers into the model's own arrays, from the first layer on."""
        for layer, held, weight, bias in zip(self.layers, self.held, arrays[::2], arrays[1::2], strict=False):
            write(layer, held, weight, bias)


def write(layer, held, weight, bias):
    """Put a weight (D, M) and a bias (M,) into a Linear layer's own arrays, in the layout of what they held so far."""
    as_DM(held["weight"], *weight.shape)
    as_M(held["bias"], len(bias))
    write_array(layer, "params", "weight", weight if held["weight"].shape == weight.shape else weight.T)
    write_array(layer, "params", "bias", bias.reshape(held["bias"].shape))


def build(student, sizes):
    """A new model and its layers."""
    return Network(student, student.mlp_numpy.MLP(sizes[0], sizes[1:-1], sizes[-1]), sizes)


def softmax(x):
    """The probabilities, row by row."""
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(p, y):
    """The mean over the batch."""
    return -np.mean(np.log(p[y == 1]))


def activations(arrays, x, slope=0.0):
    """What goes into every Linear layer, and the probabilities. Hidden layers multiply negative numbers by `slope`."""
    inputs = [x]
    for weight, bias in zip(arrays[::2], arrays[1::2], strict=True):
        z = inputs[-1] @ weight + bias
        inputs.append(np.where(z > 0, z, slope * z))
    inputs[-1] = softmax(z)
    return inputs


def slope_of(student, arrays, x, p):
    """What the hidden layers of a model multiply negative numbers by: 0 with a ReLU, 1 without one.

    Whoever has a wrong ReLU, or none, loses points for that once. The gradients are those of the model as it was built.
    """
    assert_shape(p, (len(x), np.size(arrays[-1])), what="MLP.forward(x)")
    assert_dtype(np.asarray(p), np.floating, what="MLP.forward(x)")
    assert_finite(p, what="MLP.forward(x)")
    slopes = {0.0: np.abs(p - activations(arrays, x)[-1]).max()}
    if slopes[0.0] > 1e-5:
        negative = student.modules.ReLU().forward(np.array([[-1.0]]))
        assert_shape(negative, (1, 1), what="ReLU().forward(x)")
        assert_dtype(np.asarray(negative), (np.floating, np.integer), what="ReLU().forward(x)")
        for slope in (1.0, -float(np.asarray(negative).item())):
            slopes[slope] = np.abs(p - activations(arrays, x, slope)[-1]).max()
    best = min(slopes, key=slopes.get)
    if slopes[best] < 5e-3:
        return best
    raise AssertionError("expected MLP.forward(x) to be what its layers make of x with their params, got other probabilities")


def own_gradients(student, network, arrays, x, y):
    """What a model with these parameters leaves in `grads`, and the slope of its hidden layers."""
    p = network.model.forward(x)
    slope = slope_of(student, arrays, x, p)
    network.model.backward(loss_gradient(student, p, y))
    return network.read("grads"), slope


def gradients(arrays, x, y, slope=0.0):
    """dL/d(parameter) of the mean cross-entropy, in the order of `arrays`."""
    *inputs, p = activations(arrays, x, slope)
    found, dout = [], (p - y) / len(x)
    for number in reversed(range(len(inputs))):
        found = [inputs[number].T @ dout, dout.sum(axis=0), *found]
        dout = dout @ arrays[2 * number].T * np.where(inputs[number] > 0, 1.0, slope)
    return found
