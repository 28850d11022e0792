"""Hidden blocks as objects of their own, the last layer in a dictionary."""

from modules import Linear, ReLU, SoftMax


class Block:
    def __init__(self, size_in, size_out):
        self.linear, self.activation = Linear(size_in, size_out), ReLU()

    def forward(self, x):
        return self.activation.forward(self.linear.forward(x))

    def backward(self, dout):
        return self.linear.backward(self.activation.backward(dout))


class MLP:
    def __init__(self, n_inputs, n_hidden, n_classes):
        self.blocks = ()
        for units in n_hidden:
            self.blocks += (Block(n_inputs, units),)
            n_inputs = units
        self.head = {"linear": Linear(n_inputs, n_classes), "softmax": SoftMax()}

    def forward(self, x):
        for block in self.blocks:
            x = block.forward(x)
        return self.head["softmax"].forward(self.head["linear"].forward(x))

    def backward(self, dout):
        dout = self.head["linear"].backward(self.head["softmax"].backward(dout))
        for block in reversed(self.blocks):
            dout = block.backward(dout)
        return dout
