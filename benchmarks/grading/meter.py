"""Runs a command and says what it cost: wall seconds, CPU seconds of its whole process tree, peak memory of that tree."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36

Watch = Callable[[int], None]


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    wall: float
    cpu: float
    output: str = ""


class CommandFailed(RuntimeError):
    """A grader ended with an error."""


def adopt_orphans() -> None:
    """Make this process the parent of every orphan below it, so that its CPU seconds are counted here as well."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all its descendants, as they are now."""
    waiting = [pid]
    while waiting:
        member = waiting.pop()
        yield member
        try:
            threads = os.listdir(f"/proc/{member}/task")
        except OSError:
            continue  # ended meanwhile
        for thread in threads:
            try:
                waiting += map(int, Path(f"/proc/{member}/task/{thread}/children").read_text().split())
            except OSError:
                continue


def memory(pid: int) -> float:
    """Return MiB of a process tree as PSS: a page that several processes share counts once in all."""
    total = 0
    for member in tree(pid):
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: dict[str, str],
    cores: set[int] | None = None,
    watch: Watch | None = None,
    interval: float = 0.05,
) -> Cost:
    """Run a command to its end; whatever it leaves behind is ended and counted too.

    Args:
        command: and its arguments.
        cwd: where.
        env: its whole environment.
        cores: to keep it on; all if None.
        watch: called with the process id again and again. That costs time, so such a run is not for timing.
        interval: seconds between two calls of `watch`.

    Raises:
        CommandFailed: its exit code is not 0.
    """
    adopt_orphans()
    allowed = os.sched_getaffinity(0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    log = cwd / ".benchmark-output"
    over, problems = threading.Event(), list[BaseException]()
    with log.open("wb") as sink:
        began = time.perf_counter()
        if cores:
            os.sched_setaffinity(0, cores)  # children inherit it
        try:
            process = subprocess.Popen(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True
            )
        finally:
            os.sched_setaffinity(0, allowed)

        def look() -> None:
            try:
                while watch and not over.wait(interval):
                    watch(process.pid)
            except BaseException as error:
                problems.append(error)

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        try:
            code = process.wait()
            wall = time.perf_counter() - began
        finally:
            over.set()
            _end_all()
    watcher.join()
    if problems:
        raise problems[0]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = log.read_text(errors="replace")
    if code != 0:
        raise CommandFailed(f"{' '.join(command)}: exit code {code}\n{output[-4000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, output)


def _end_all(patience: float = 2.0) -> None:
    """Wait for all descendants, and kill those that do not end by themselves."""
    deadline = time.monotonic() + patience
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            if time.monotonic() > deadline:
                for child in list(tree(os.getpid()))[1:]:
                    try:
                        os.kill(child, signal.SIGKILL)
                    except ProcessLookupError:
                        continue
            time.sleep(0.01)
