"""Looks from outside at what a submission has: its processes, their memory and sockets; and ends them all."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection
from functools import cache

_STREAM_EXTRA = 64 << 10  # bytes by which the last message may exceed a socket's buffer, with what the kernel notes beside
_EXITING = 4  # PF_EXITING, of the flags in /proc/PID/stat (proc_pid_stat(5), field 9)
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def content(path: str) -> str:
    """Return what a file of /proc says. It is asked hundreds of times a second, so it is read without ceremony.

    Raises:
        OSError: it is not there any more.
    """
    parts = []
    fd = os.open(path, os.O_RDONLY)
    try:
        while part := os.read(fd, 1 << 16):
            parts.append(part)
    finally:
        os.close(fd)
    return b"".join(parts).decode(errors="replace")


def pid_of(pidfd: int) -> int:
    """Return the process that a descriptor stands for.

    Raises:
        OSError: this kernel does not tell.
    """
    for line in content(f"/proc/self/fdinfo/{pidfd}").splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise OSError("this kernel does not tell the pid of a pidfd")


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
                children += map(int, content(f"/proc/{pid}/task/{task}/children").split())
    return children


def is_ending(pid: int) -> bool:
    """Return whether a process has ended, or is on its way there and runs no code of its own any more."""
    try:
        state, *rest = content(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except OSError:
        return True
    return state in "ZX" or bool(int(rest[5]) & _EXITING)


def usage(pid: int, members: Collection[int] = ()) -> tuple[int, int]:
    """Return resident private and shared-memory bytes of a process tree with its page tables, and how many threads it has.

    Pages that a fork shares with its parent count once for each: an upper bound, and cheap. See `exact_memory`.

    Args:
        pid: the process.
        members: the tree, where it is known already.
    """
    memory = threads = 0
    for member in members or process_tree(pid):
        try:
            resident, shared = (int(n) for n in content(f"/proc/{member}/statm").split()[1:3])
            memory += (resident - shared) * PAGE + _kib(f"/proc/{member}/status", "RssShmem:", "VmPTE:")
            threads += len(os.listdir(f"/proc/{member}/task"))
        except (OSError, ValueError):
            continue  # ended meanwhile
    return memory, threads


def socket_bytes(pid: int) -> int:
    """Return what the sockets of a process's network namespace may hold, in bytes, as if every buffer was full.

    No process shows what lies in its sockets. This counts also those without a descriptor: sent to another process, or waiting
    to be accepted.
    """
    try:
        words = content(f"/proc/{pid}/net/sockstat").split()
        return int(words[words.index("used") + 1]) * (_socket_buffer() + _STREAM_EXTRA)
    except (OSError, ValueError):
        return 0  # ended meanwhile


@cache
def _socket_buffer() -> int:
    return int(content("/proc/sys/net/core/wmem_default"))


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
        maps = content(f"/proc/{pid}/maps")
    except OSError:
        return False
    shared = any(line.split(" ", 2)[1][1::2] == "ws" for line in maps.splitlines())
    return len(threads) == 1 and not children_of(pid) and opened <= set(descriptors) and not shared


def _kib(path: str, *fields: str) -> int:
    return sum(int(line.split()[1]) << 10 for line in content(path).splitlines() if line.startswith(fields))


def limit_own_memory(more: int) -> None:
    """Let this process take so many bytes of private memory beyond what it has: past that an allocation raises MemoryError.

    It is for the grader, in which a check may compute with an array of unexpected shape.
    """
    import resource  # here, since it needs Unix, and what looks at processes is also of use at home, on any system

    data = int(content("/proc/self/statm").split()[5]) * PAGE
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = data + more if most == resource.RLIM_INFINITY else min(data + more, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


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
