"""The training loop, schedules, diagnosis, runs and results."""
