"""The weakest honest baselines, by kind of data.

Each is a function of a recipe and of its experiment (`build(0)`; None for a study) that returns the value of the target's metric.
"""
