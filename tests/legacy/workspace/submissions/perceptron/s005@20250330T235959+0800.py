class Perceptron:
    def __init__(self, n_inputs:
