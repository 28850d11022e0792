"""Automatic differentiation in NumPy: tensor, ops, nn, optim."""
