"""Runs of recipes: find one, run it, keep its result, and carry results over to new code."""
