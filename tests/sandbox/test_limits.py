"""Looking at a process from outside: /proc may lose it between two looks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from practicum.sandbox import limits


@pytest.mark.parametrize(
    "error", [ProcessLookupError(3, "No such process"), FileNotFoundError(2, "No such file"), PermissionError(13, "no")]
)
def test_a_process_that_ends_while_it_is_looked_at_is_no_error(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder in /proc was there a moment ago, and listing it fails: the verdict is the process's end, not ours."""

    def ended(listing):
        def call(path="."):
            if str(path).endswith("/task"):
                raise error
            return listing(path)

        return call

    monkeypatch.setattr(os, "scandir", ended(os.scandir))
    monkeypatch.setattr(os, "listdir", ended(os.listdir))
    assert limits.process_tree(os.getpid()) == [os.getpid()]
    memory, threads = limits.usage(os.getpid())
    assert memory > 0
    assert threads == 0
    assert limits.exact_memory(os.getpid()) > 0


def test_the_tree_has_children_of_all_threads_and_grandchildren() -> None:
    # One write for a line: print() writes the number and its newline apart, and the three would mix.
    code = "import os, time\nif os.fork() == 0:\n    os.fork()\nos.write(1, b'%d\\n' % os.getpid())\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        started = {int(process.stdout.readline()) for _ in range(3)}
        try:
            assert set(limits.process_tree(process.pid)) == started
            assert process.pid in limits.process_tree(os.getpid())
        finally:
            limits.kill_tree(process.pid)


def test_a_process_that_has_ended_uses_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert limits.process_tree(process.pid) == [process.pid]
    assert limits.usage(process.pid) == (0, 0)
    assert limits.exact_memory(process.pid) == 0


HOG = """
import ctypes, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
base = libc.mmap(None, ctypes.c_size_t(1 << 40), 1, 2 | 32 | 0x4000, -1, ctypes.c_size_t(0))
for step in range(20_000):
    ctypes.c_char.from_address(base + step * (2 << 20)).value
print("filled", flush=True)
time.sleep(60)
"""


def test_page_tables_above_the_limit_are_enough_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """To read smaps_rollup walks through all page tables: it takes the longer the faster they grow, and never catches up."""
    with subprocess.Popen([sys.executable, "-c", HOG], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "filled\n"
            tables = 20_000 * limits.PAGE
            assert limits.exact_memory(process.pid) > tables
            real = limits._kib

            def without_walking(path: str, *fields: str) -> int:
                assert "smaps" not in path
                return real(path, *fields)

            monkeypatch.setattr(limits, "_kib", without_walking)
            assert limits.exact_memory(process.pid, enough=tables // 2) > tables
        finally:
            process.kill()
