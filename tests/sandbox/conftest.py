"""A sandbox with small limits, shared by the tests of one module."""

import pytest

from practicum.sandbox.fork_server import Sandbox
from practicum.sandbox.link import Link
from practicum.sandbox.proxy import StudentCode

LIMITS = {
    "cpu_seconds": 5.0,
    "wall_seconds": 60.0,
    "memory_mib": 200.0,
    "processes": 16.0,
    "disk_mib": 16.0,
    "open_files": 64.0,
    "output_kib": 100.0,
    "threads": 1.0,
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(["numpy"], LIMITS) as warm:
        yield warm


@pytest.fixture
def submit(sandbox):
    """Open submissions: `submit("source")` gives a `StudentCode` whose module is `answer`, with its `Link` as `.link`."""
    opened = []

    def open_one(source, cells=None, seconds=60.0, seed=0):
        def start():
            notebooks = {} if cells is None else {"answer": cells}
            opened.append(sandbox.open({"answer.py": source.encode()} if cells is None else {}, notebooks, seed))
            return opened[-1]

        link = Link(start, 300.0, 60.0)
        link.begin(seconds, seed)
        student = StudentCode(link, {})
        student.__dict__["link"] = link
        return student

    yield open_one
    for process in opened:
        process.kill()
