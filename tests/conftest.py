"""What every test starts with."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.budget"]

# Tests compute on small tensors: a second thread would only wait, and make two runs differ in the last bits.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How wide the terminal is in which the tests are run is no matter of theirs; GNU readline, too, says it to whatever is started.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# A busy machine is no failure.
settings.register_profile("practicum", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("practicum")


def every_other(names: Iterable[str]) -> list[Any]:
    """Return cases of which every second one is left to `make thorough`: those that differ in form and not in kind."""
    return [pytest.param(name, marks=pytest.mark.thorough) if at % 2 else name for at, name in enumerate(names)]


def _start_anew() -> None:
    """Start the global generators anew, so that no test depends on those before it; nothing is imported for this."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    _start_anew()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call() -> None:
    _start_anew()  # again: a module's fixtures draw numbers only for whichever test comes first


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what repeats the order, which `-q` keeps quiet about."""
    terminalreporter.write_line(f"order: --randomly-seed={terminalreporter.config.getoption('randomly_seed', None)}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what runs longest, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)
