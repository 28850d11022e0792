"""Similarity: which submissions share more than the task and the class explain."""
