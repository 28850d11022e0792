"""Weights to and from the field's own libraries, one file per family."""
