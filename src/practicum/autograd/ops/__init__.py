"""Differentiable operations: values in NumPy, and for each input a rule, itself made of operations, for its gradient."""
