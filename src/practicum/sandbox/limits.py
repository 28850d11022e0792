"""Holds a submission to its memory and process limits from outside: a cgroup where one can be made, else by looking."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from collections.abc import Collection
from pathlib import Path

_EXITING = 4  # PF_EXITING, of the flags in /proc/PID/stat (proc_pid_stat(5), field 9)
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_numbers = itertools.count(1)


def process_tree(pid: int) -> list[int]:
    """Return the process and all its descendants, as /proc lists them now."""
    tree, at = [pid], 0
    while at < len(tree) and len(tree) < 10_000:
        tree += children_of(tree[at])
        at += 1
    return tree


def children_of(pid: int) -> list[int]:
    """Return the children of all threads of a process; it, or a thread, may end at any moment of this."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                children += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return children


def is_ending(pid: int) -> bool:
    """Return whether a process has ended, or is on its way there and runs no code of its own any more."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return True
    return state in "ZX" or bool(int(rest[5]) & _EXITING)


def usage(pid: int) -> tuple[int, int]:
    """Return resident private and shared-memory bytes of a process tree with its page tables, and how many threads it has.

    Pages that a fork shares with its parent count once for each: an upper bound, and cheap. See `exact_memory`.
    """
    memory = threads = 0
    for member in process_tree(pid):
        try:
            resident, shared = (int(n) for n in Path(f"/proc/{member}/statm").read_text().split()[1:3])
            memory += (resident - shared) * PAGE + _kib(f"/proc/{member}/status", "RssShmem:", "VmPTE:")
            threads += len(os.listdir(f"/proc/{member}/task"))
        except (OSError, ValueError):
            continue  # ended meanwhile
    return memory, threads


def exact_memory(pid: int, enough: float = float("inf")) -> int:
    """Return what `usage` does, with shared pages divided among those that share them; above `enough` it stops counting.

    Page tables come first: to read the rest walks through all of them, and where they are what grows, never catches up.
    """
    members = process_tree(pid)
    total = 0
    for fields in ("status", "VmPTE:"), ("smaps_rollup", "Pss_Anon:", "Pss_Shmem:"):
        for member in members:
            if total > enough:
                return total
            with contextlib.suppress(OSError, ValueError):  # ended meanwhile
                total += _kib(f"/proc/{member}/{fields[0]}", *fields[1:])
    return total


def shares_nothing(pid: int, descriptors: Collection[int]) -> bool:
    """Return whether a fork of the process would have a copy of all that it has: it holds one thread, no child, these
    descriptors at most, and no memory that others can write.

    Whoever may not look, as where the process forbids it, is told no.
    """
    try:
        threads = os.listdir(f"/proc/{pid}/task")
        opened = {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")}
        maps = Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False
    shared = any(line.split(" ", 2)[1][1::2] == "ws" for line in maps.splitlines())
    return len(threads) == 1 and not children_of(pid) and opened <= set(descriptors) and not shared


def _kib(path: str, *fields: str) -> int:
    return sum(int(line.split()[1]) << 10 for line in Path(path).read_text().splitlines() if line.startswith(fields))


def kill_tree(pid: int) -> None:
    """End a process and all its descendants: stopped first, so that none of them can start another meanwhile."""
    stopped: set[int] = set()
    while fresh := set(process_tree(pid)) - stopped:
        for member in fresh:
            with contextlib.suppress(OSError):
                os.kill(member, signal.SIGSTOP)
        stopped |= fresh
    for member in stopped:
        with contextlib.suppress(OSError):
            os.kill(member, signal.SIGKILL)


class Cgroup:
    """A memory cgroup for one submission.

    Args:
        pid: the process to put in it, with all that it will start.
        limit: bytes of memory.

    Raises:
        OSError: none can be made here.
    """

    def __init__(self, pid: int, limit: int) -> None:
        base, self.version = _writable_base()
        self.path = base / f"practicum-{os.getpid()}-{next(_numbers)}"
        self.path.mkdir()
        try:
            limit_file = "memory.max" if self.version == 2 else "memory.limit_in_bytes"
            (self.path / limit_file).write_text(str(limit))
            if self.version == 2 and (self.path / "memory.swap.max").exists():
                (self.path / "memory.swap.max").write_text("0")
            (self.path / "cgroup.procs").write_text(str(pid))
        except OSError:
            self.close()
            raise

    def allow(self, limit: int) -> None:
        """Change the limit; one below what is used now stays above it."""
        with contextlib.suppress(OSError):
            (self.path / ("memory.max" if self.version == 2 else "memory.limit_in_bytes")).write_text(str(limit))

    def out_of_memory(self) -> bool:
        """Return whether the kernel has killed anything in it for memory."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        try:
            lines = (self.path / name).read_text().splitlines()
        except OSError:
            return False
        return any(line.startswith("oom_kill ") and int(line.split()[1]) > 0 for line in lines)

    def close(self) -> None:
        """Remove it; its processes must have ended. A kernel still tearing them down keeps an empty one a little longer."""
        try:
            self.path.rmdir()
        except OSError:
            _leftovers.append(self.path)
        for path in list(_leftovers):
            if path != self.path:
                try:
                    path.rmdir()
                    _leftovers.remove(path)
                except FileNotFoundError:
                    _leftovers.remove(path)
                except OSError:
                    continue


_leftovers: list[Path] = []


def sweep() -> None:
    """Remove the cgroups of graders that were killed."""
    with contextlib.suppress(OSError):
        for path in _writable_base()[0].glob("practicum-*-*"):
            if not Path("/proc", path.name.split("-")[1]).exists():
                with contextlib.suppress(OSError):
                    path.rmdir()


def _writable_base() -> tuple[Path, int]:
    """Return where a memory cgroup may be made.

    Raises:
        OSError: nowhere.
    """
    memory_v1 = Path("/sys/fs/cgroup/memory")
    if (memory_v1 / "memory.limit_in_bytes").exists() and os.access(memory_v1, os.W_OK):
        return memory_v1, 1
    own = next((line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")), None)
    if own is not None:
        for base in (Path("/sys/fs/cgroup" + own), Path("/sys/fs/cgroup" + own).parent):
            control = base / "cgroup.subtree_control"
            if os.access(base, os.W_OK) and control.exists() and "memory" in control.read_text().split():
                return base, 2
    raise OSError("no cgroup can be made here")
