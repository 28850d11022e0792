"""What a forked process gives up before it sees a line of the student's code.

The fork server forks; the fork moves into its own user, mount, pid, ipc, net and uts namespaces, forks once more to become
pid 1 there, and that process mounts a private tmpfs over every writable place, drops what rights it has, limits itself and
keeps to the system calls that Python needs (see `system_calls`).
Everything goes through libc by ctypes, since Python 3.11 has no `os.unshare`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import struct
from collections.abc import Iterable
from typing import Any

from . import system_calls

_libc = ctypes.CDLL(None, use_errno=True)

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_NOSUID_NODEV = 2 | 4
_RDONLY, _BIND, _REC, _PRIVATE = 1, 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_PR_SET_CHILD_SUBREAPER = 36
UNPRIVILEGED = 64_000  # where root steps down to: the first of a block of ids that no system account uses
SCRATCH = "/practicum/tmp"  # for temporary files; the fork server has one of its own there
WORK = "/submission"  # a name that no machine uses
WRITABLE = (WORK, SCRATCH, "/tmp", "/dev/shm")


def _check(result: int, what: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def _prctl(option: int, value: int = 0, what: str = "prctl") -> None:
    _check(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), what)


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent ends."""
    _prctl(_PR_SET_PDEATHSIG, 9, "PR_SET_PDEATHSIG")


def adopt_orphans() -> None:
    """Become the parent of what the children of this process leave behind, as process 1 of a namespace is anyway."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, "PR_SET_CHILD_SUBREAPER")


def step_down(slot: int) -> None:
    """Leave root for an unprivileged id of its own; do nothing for an ordinary user.

    A limit on processes does not bind the machine's root, whatever its namespace.
    """
    if os.getuid() != 0 or not _is_real_root():
        return
    uid = UNPRIVILEGED + slot % 1000
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    _prctl(_PR_SET_DUMPABLE, 1, "PR_SET_DUMPABLE")  # else /proc/self/uid_map belongs to root
    die_with_parent()  # cleared by the change of id


def _is_real_root() -> bool:
    with open("/proc/self/uid_map") as f:
        return f.read().split() == ["0", "0", "4294967295"]


def new_namespaces() -> None:
    """Enter fresh user, mount, pid, ipc, net and uts namespaces; children of this process live in the new pid namespace.

    Raises:
        OSError: this kernel does not allow nested user namespaces.
    """
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(NEWUSER | NEWNS | NEWPID | NEWIPC | NEWNET | NEWUTS), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {uid} 1"), ("gid_map", f"1000 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as f:
            f.write(text)


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()), f"mount {target}")


def private_files(disk_bytes: int) -> None:
    """Give this mount namespace one tmpfs for all that can be written, and an empty /proc.

    What already is in /tmp is this very Python (an environment below it): it is shown there again, read-only as it was.
    """
    kept = os.listdir("/tmp")
    _mount("none", "/", "none", _REC | _PRIVATE)
    _mount("tmpfs", WORK, "tmpfs", _NOSUID_NODEV, f"size={disk_bytes},nr_inodes=20000,mode=755")
    for folder in ("tmp", "shm"):
        os.mkdir(f"{WORK}/.{folder}", 0o777)
    for name in kept:
        os.mkdir(f"{WORK}/.tmp/{name}")
        _mount(f"/tmp/{name}", f"{WORK}/.tmp/{name}", "none", _BIND | _REC)
    for folder, target in (("tmp", SCRATCH), ("tmp", "/tmp"), ("shm", "/dev/shm")):
        _mount(f"{WORK}/.{folder}", target, "none", _BIND | _REC)
    _mount("tmpfs", "/proc", "tmpfs", _RDONLY | _NOSUID_NODEV, "size=4k")


def files_in(folders: Iterable[str]) -> set[tuple[str, int, int, int, int]]:
    """Return what tells whether a file in these folders is made, changed or removed; other mounts in them are left out."""
    found = set()
    todo = [(folder, os.lstat(folder).st_dev) for folder in folders]
    while todo:
        folder, device = todo.pop()
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                facts = entry.stat(follow_symlinks=False)
                if facts.st_dev == device:
                    found.add((entry.path, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns))
                    if entry.is_dir(follow_symlinks=False):
                        todo.append((entry.path, device))
    return found


def drop_rights() -> None:
    """Drop every capability for good, and any way to regain one."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) != 0:
            break  # past the last one this kernel knows, or none to drop
    header = struct.pack("Ii", 0x20080522, 0)
    _check(_libc.capset(header, bytes(24)), "capset")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS")


def set_limits(limits: dict[str, Any], data_base: int) -> None:
    """Set the resource limits of this process and its children.

    Processes are one more than the lab says: one waits while its fork answers.

    RLIMIT_AS would break PyTorch, which reserves far more addresses than it touches; RLIMIT_DATA counts private writable memory
    only. It stops a sudden bomb inside the kernel; the exact limit is the grader's (a cgroup, or its watch from outside).
    """
    disk = int(limits["disk_mib"]) << 20
    seconds = max(1, int(limits["cpu_seconds"]))
    memory = data_base + (int(limits["memory_mib"]) << 20) + (256 << 20)
    for what, soft, hard in (
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_FSIZE, disk, disk),
        (resource.RLIMIT_NOFILE, int(limits["open_files"]), int(limits["open_files"])),
        (resource.RLIMIT_NPROC, int(limits["processes"]) + 1, int(limits["processes"]) + 1),
        (resource.RLIMIT_DATA, memory, memory),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 1 << 16, 1 << 16),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
        (resource.RLIMIT_SIGPENDING, 1000, 1000),
    ):
        most = resource.getrlimit(what)[1]
        if most != resource.RLIM_INFINITY:
            hard = min(hard, most)
        resource.setrlimit(what, (min(soft, hard), hard))


def data_bytes() -> int:
    """Return private writable memory of this process, in bytes, as RLIMIT_DATA counts it."""
    with open("/proc/self/statm") as f:
        return int(f.read().split()[5]) * resource.getpagesize()


def enclose(limits: dict[str, Any], data_base: int, nested: bool, confined: bool) -> None:
    """Give up what is left, in the order in which it can be given up.

    Args:
        limits: as in `lab.toml`.
        data_base: bytes of private memory that the fork server had, which count for nobody.
        nested: this process has mounts of its own.
        confined: it loses its rights.
    """
    if nested:
        private_files(int(limits["disk_mib"]) << 20)
    set_limits(limits, data_base)
    if confined:
        drop_rights()
    system_calls.restrict()
