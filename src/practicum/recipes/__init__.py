"""Experiments, one per file: model, method, data and target."""
