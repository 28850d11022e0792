"""Modules under the names of `torch.nn`, with PyTorch's arguments, initial weights and state dicts."""

from practicum.autograd import functional
from practicum.autograd.nn import init
from practicum.autograd.nn.layers import (
    GELU,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    BCEWithLogitsLoss,
    Conv2d,
    CrossEntropyLoss,
    Dropout,
    Embedding,
    Flatten,
    Identity,
    LayerNorm,
    Linear,
    MaxPool2d,
    MSELoss,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from practicum.autograd.nn.module import Buffer, Module, ModuleList, Parameter, Sequential
from practicum.autograd.nn.recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell

__all__ = [
    "GELU", "GRU", "LSTM", "RNN", "AvgPool2d", "BCEWithLogitsLoss", "BatchNorm1d", "BatchNorm2d", "Buffer", "Conv2d",
    "CrossEntropyLoss", "Dropout", "Embedding", "Flatten", "GRUCell", "Identity", "LSTMCell", "LayerNorm", "Linear", "MSELoss",
    "MaxPool2d", "Module", "ModuleList", "Parameter", "RNNCell", "ReLU", "Sequential", "Sigmoid", "Softmax", "Tanh",
    "functional", "init",
]  # fmt: skip
