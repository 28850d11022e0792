"""What every test starts with."""

from __future__ import annotations

import os
import sys
import zlib

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.budget"]

# Tests compute on small tensors: a second thread would only wait, and make two runs differ in the last bits.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is no failure.
settings.register_profile("practicum", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("practicum")


def _seed_torch(item: pytest.Item) -> None:
    """Do for torch what pytest-randomly does for `random` and numpy: a seed of the run's and the test's own."""
    torch, seed = sys.modules.get("torch"), item.config.getoption("randomly_seed", 0)
    if torch is not None and isinstance(seed, int):
        torch.manual_seed(seed + zlib.crc32(item.nodeid.encode()))


def pytest_runtest_setup(item: pytest.Item) -> None:
    _seed_torch(item)


def pytest_runtest_call(item: pytest.Item) -> None:
    _seed_torch(item)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say the seed, which `-q` keeps quiet about: it repeats the order and the numbers."""
    seed = terminalreporter.config.getoption("randomly_seed", None)
    terminalreporter.write_line(f"order and random numbers: --randomly-seed={seed}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what runs longest, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)
