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
    "Module", "ModuleList", "Sequential", "Parameter", "Buffer", "init", "functional", "Linear", "Conv2d", "MaxPool2d",
    "AvgPool2d", "BatchNorm1d", "BatchNorm2d", "LayerNorm", "Dropout", "Embedding", "Flatten", "Identity", "ReLU", "Tanh",
    "Sigmoid", "GELU", "Softmax", "CrossEntropyLoss", "MSELoss", "BCEWithLogitsLoss", "RNN", "LSTM", "GRU", "RNNCell",
    "LSTMCell", "GRUCell",
]  # fmt: skip
