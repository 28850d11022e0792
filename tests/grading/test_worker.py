"""What a worker costs before it grades anything."""

from __future__ import annotations

import subprocess
import sys

LOOKS = "import sys\nimport practicum.grading.worker\nprint(*sys.modules)"


def test_a_worker_starts_without_what_it_does_not_need() -> None:
    """Every grading command starts as many as there are cores, and waits for them."""
    done = subprocess.run([sys.executable, "-c", LOOKS], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "practicum.grading.worker" in modules
    assert [each for each in modules if each.startswith(("sqlalchemy", "torch", "rich", "typer", "practicum.course"))] == []
