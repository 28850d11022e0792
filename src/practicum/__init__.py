"""Practicum runs a deep-learning course: hand out labs, grade them out of the student's reach, keep the grades."""

__version__ = "0.1.0"
