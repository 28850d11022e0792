"""How many minutes each part of Practicum's tests takes, beside what it may take.

Minutes are test time divided by the number of processes, so that all parts together are about what the clock shows.
Over budget is said, and fails nothing: how long a test takes is the machine's affair as well.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

BUDGET = {"library": 6.0, "grading": 4.0, "exams": 2.0, "projects": 1.5, "site": 1.5}
"""Minutes on two cores: all together the quarter of an hour that `make test` may take."""

PARTS = {
    **dict.fromkeys(("autograd", "classic", "data", "methods", "models", "mutants", "parity", "recipes", "training"), "library"),
    **dict.fromkeys(("test_train_cli.py",), "library"),
    **dict.fromkeys(("exams",), "exams"),
    **dict.fromkeys(("projects",), "projects"),
    **dict.fromkeys(("site", "test_docs.py"), "site"),
}
"""Which folder or file of `tests/` is whose; the rest is the grading side's."""

_spent: dict[str, float] = defaultdict(float)  # part → seconds


def part_of(file: str) -> str:
    """Return the part that a test's file belongs to; the file is as in a node id, with slashes."""
    return next((PARTS[name] for name in reversed(Path(file).parts) if name in PARTS), "grading")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up; with pytest-xdist the controller hears every worker's reports."""
    _spent[part_of(report.nodeid.partition("::")[0])] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, where more than a file or two was run."""
    if sum(_spent.values()) < 60:
        return
    processes = terminalreporter.config.getoption("numprocesses", None) or 1
    terminalreporter.section(f"minutes of tests in {processes} process{'es' * (processes > 1)}")
    for part, budget in BUDGET.items():
        minutes = _spent[part] / 60 / processes
        over = minutes > budget
        loud = "   OVER BUDGET: make its slowest tests smaller (--durations=40)" if over else ""
        terminalreporter.write_line(f"{part:<10}{minutes:6.1f} of {budget:4.1f}{loud}", red=over, bold=over)
    terminalreporter.write_line(f"{'all':<10}{sum(_spent.values()) / 60 / processes:6.1f} of {sum(BUDGET.values()):4.1f}")
