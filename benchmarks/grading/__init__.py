"""The assignment, the submissions and the three graders of `benchmarks/grading.py`."""
