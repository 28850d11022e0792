"""A process that has the heavy libraries imported and forks for each run of tests, so that no run waits for `import torch`.

It is started in a copy of the tree, `python -P warm.py MODULE …`, with what to import, and knows nothing of mutants. It reads
lines of JSON, `{"tests": […], "seconds": …}`, and answers each with `{"code": …, "red": …, "why": …, "passed": …, "seconds": …}`:
pytest's exit code (or "time"), the first red test and the end of its message, and how many were green. It ends with its input.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

OPTIONS = ("-x", "-q", "--strict-markers", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist")


def main() -> None:
    """Import, then serve until the input ends."""
    copy = Path.cwd()
    scratch = copy / "scratch"  # what a test that was killed leaves behind goes with the copy
    scratch.mkdir(exist_ok=True)
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{copy / 'src'}", "MPLBACKEND": "agg", "TMPDIR": str(scratch)}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the library's tests need no plugin, and loading them takes time
    # The copy's `practicum` and `tests` come before those that the environment has.
    sys.path[:0] = [str(copy / "src"), str(copy)]
    sys.dont_write_bytecode = True
    for name in sys.argv[1:]:
        importlib.import_module(name)
    answers, requests = os.fdopen(os.dup(1), "w"), sys.stdin.fileno()
    _silence()
    waiting = b""
    while True:
        while b"\n" not in waiting:
            if not (more := os.read(requests, 1 << 16)):
                return
            waiting += more
        line, waiting = waiting.split(b"\n", 1)
        answers.write(json.dumps(_forked(requests, **json.loads(line))) + "\n")
        answers.flush()


def _silence() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


def _forked(requests: int, tests: list[str], seconds: float) -> dict[str, Any]:
    """Run the tests in a child with a session of its own, which is killed with all it started when the time is over."""
    began = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(reading)
        found = _run(tests)
        os.write(writing, json.dumps(found).encode())
        os._exit(0)
    os.close(writing)
    ready, _, _ = select.select([reading, requests], [], [], seconds)
    # One write of less than PIPE_BUF bytes comes whole. Waiting for the end of the pipe would wait for the child's children too.
    answer = os.read(reading, select.PIPE_BUF) if reading in ready else b""
    os.close(reading)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not ready:
        found = {"code": "time", "red": f"no end in {seconds:.0f} s", "why": "", "passed": 0}
    elif not answer:  # the child died, or the one who asked is gone
        found = {"code": "died", "red": "the process died", "why": "", "passed": 0}
    else:
        found = json.loads(answer)
    return found | {"seconds": time.monotonic() - began}


class _FirstRed:
    """A pytest plugin that notes the first red test or collection, and counts the green ones."""

    def __init__(self) -> None:
        self.red, self.why, self.passed = "", "", 0

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.passed += report.passed and report.when == "call"
        self._note(report)

    def pytest_collectreport(self, report: Any) -> None:
        self._note(report)

    def _note(self, report: Any) -> None:
        if report.failed and not self.red:
            self.red, self.why = report.nodeid[:500], " ".join(report.longreprtext.split())[-300:]


def _run(tests: list[str]) -> dict[str, Any]:
    import pytest

    first = _FirstRed()
    code = int(pytest.main([*OPTIONS, "-m", "not thorough", *tests], plugins=[first]))
    ours = Path(sys.modules["practicum"].__file__ or "") if "practicum" in sys.modules else Path.cwd() / "src"
    if not ours.is_relative_to(Path.cwd()):
        return {"code": "wrong tree", "red": "", "why": f"practicum came from {ours}", "passed": 0}
    return {"code": code, "red": first.red, "why": first.why, "passed": first.passed}


if __name__ == "__main__":
    main()
