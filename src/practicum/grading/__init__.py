"""Labs: sandboxed grading, from submissions to points."""
