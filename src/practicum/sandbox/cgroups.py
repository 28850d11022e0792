"""Cgroups: the kernel holds a submission, with all that it starts, to its memory, its processes and its share of the processors.

Where one can be made:

- version 1: below the root of each controller's own tree, as root;
- version 2: below a cgroup whose `cgroup.subtree_control` already hands memory on, where this user may write;
- version 2 with systemd: in a scope of the fork server's own, which the service manager delegates to it (of the user, or for
  root of the system). The scope belongs to this user, so the grader may make cgroups in it from outside, once the fork server
  has moved into a leaf: a cgroup that hands controllers on may hold no process itself.

Source: Documentation/admin-guide/cgroup-v2.rst, "No Internal Process Constraint" and "Delegation"; systemd.resource-control(5).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import threading
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path("/sys/fs/cgroup")
CONTROLLERS = ("memory", "pids", "cpu")  # the first is needed, the others are taken where they are
_LEAF = "fork-server"
_PERIOD = 100_000  # microseconds over which processor time is shared out: the default of version 1
_MANAGER_SECONDS = 10.0  # for a service manager to answer
_numbers = itertools.count(1)
_leftovers: list[Path] = []
_lock = threading.Lock()  # submissions end in a thread of their own, or here


class Place(NamedTuple):
    """Where a grader makes cgroups: version 1 or 2, and for each controller the folder."""

    version: int
    folders: dict[str, Path]


def find() -> Place:
    """Return where a cgroup may be made as things are.

    Raises:
        OSError: nowhere.
    """
    first = {
        name: ROOT / name for name in CONTROLLERS if (ROOT / name / "cgroup.procs").exists() and os.access(ROOT / name, os.W_OK)
    }
    if CONTROLLERS[0] in first:
        return Place(1, first)
    own = ROOT / _own(os.getpid())
    for base in (own, own.parent):
        handed_on = _words(base / "cgroup.subtree_control")
        if CONTROLLERS[0] in handed_on and os.access(base, os.W_OK):
            return Place(2, {name: base for name in CONTROLLERS if name in handed_on})
    raise OSError("this user may make none")


def scope() -> list[str]:
    """Return what to put before a command to start it in a scope of its own that systemd delegates; nothing without systemd."""
    line = ["systemd-run", *(["--user"] if os.getuid() else []), "--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--"]
    return line if _answers(line[0], tuple(line[1:])) else []


def scope_environment() -> dict[str, str]:
    """Return what `systemd-run` needs to find the service manager."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    bus = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    return {"XDG_RUNTIME_DIR": runtime, **({"DBUS_SESSION_BUS_ADDRESS": bus} if bus else {})}


@cache
def _answers(name: str, arguments: tuple[str, ...]) -> bool:
    program = shutil.which(name)
    if program is None:
        return False
    try:
        trial = subprocess.run(
            [program, *arguments, "true"],
            env={"PATH": os.environ.get("PATH", os.defpath), **scope_environment()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_MANAGER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return trial.returncode == 0


def enter(pid: int) -> Place:
    """Make cgroups possible in the scope that a process was started in: all in it move into a leaf, and controllers go on.

    Args:
        pid: the process that `scope` was put before.

    Raises:
        OSError: it is in no scope of its own, or the scope has no memory controller.
    """
    name = _own(pid)
    base = ROOT / name
    if not name or name == _own(os.getpid()):
        raise OSError("systemd made no scope")
    here = [controller for controller in CONTROLLERS if controller in _words(base / "cgroup.controllers")]
    if CONTROLLERS[0] not in here:
        raise OSError(f"systemd delegates no {CONTROLLERS[0]} controller")
    leaf = base / _LEAF
    leaf.mkdir(exist_ok=True)
    while members := _words(base / "cgroup.procs"):
        for member in members:
            with contextlib.suppress(ProcessLookupError):  # ended meanwhile
                (leaf / "cgroup.procs").write_text(member)
    for controller in here:
        (base / "cgroup.subtree_control").write_text(f"+{controller}")
    return Place(2, dict.fromkeys(here, base))


def _own(pid: int) -> str:
    """Return the cgroup (version 2) that a process is in, as a path below the root; nothing for the root itself."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return next((line[3:].strip("/") for line in lines if line.startswith("0::")), "")


def _words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


class Cgroup:
    """A cgroup for one submission.

    Args:
        place: where it is made.
        pid: the process to put in it, with all that it will start.
        limits: as in `lab.toml`: memory_mib, processes, and threads, which is how many processors it may keep busy.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, place: Place, pid: int, limits: dict[str, float]) -> None:
        self.version = place.version
        name = f"practicum-{os.getpid()}-{next(_numbers)}"
        self.folders = {controller: folder / name for controller, folder in place.folders.items()}
        memory, threads = int(limits["memory_mib"]) << 20, int(limits["threads"])
        tasks = int(limits["processes"]) + 2  # one waits while its fork answers
        try:
            for folder in set(self.folders.values()):
                folder.mkdir()
            if self.version == 2:
                self._set("memory", "memory.swap.max", "0", needed=False)
                self._set("cpu", "cpu.max", f"{threads * _PERIOD} {_PERIOD}")
            else:
                self._set("memory", "memory.swappiness", "0", needed=False)
                self._set("cpu", "cpu.cfs_quota_us", str(threads * _PERIOD), needed=False)
            self._set("memory", self._memory_file, str(memory))
            self._set("pids", "pids.max", str(tasks))
            for folder in set(self.folders.values()):
                (folder / "cgroup.procs").write_text(str(pid))
        except OSError:
            self.close()
            raise

    @property
    def _memory_file(self) -> str:
        return "memory.max" if self.version == 2 else "memory.limit_in_bytes"

    def _set(self, controller: str, file: str, value: str, needed: bool = True) -> None:
        """Write a setting of a controller that is there; what not every kernel has is not needed."""
        path = self.folders.get(controller, Path()) / file
        if controller in self.folders and (needed or path.exists()):
            path.write_text(value)

    def allow(self, memory: int) -> None:
        """Change the limit of memory, in bytes; one below what is used now stays above it."""
        with contextlib.suppress(OSError):
            self._set("memory", self._memory_file, str(memory))

    def out_of_memory(self) -> bool:
        """Return whether the kernel has killed anything in it for memory."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        try:
            lines = (self.folders.get("memory", Path()) / name).read_text().splitlines()
        except OSError:
            return False
        return any(line.startswith("oom_kill ") and int(line.split()[1]) > 0 for line in lines)

    def close(self) -> None:
        """Remove it; its processes must have ended. A kernel still tearing them down keeps an empty one a little longer."""
        with _lock:
            _leftovers[:] = [path for path in {*_leftovers, *self.folders.values()} if not _removed(path)]


def _removed(path: Path) -> bool:
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def sweep(place: Place) -> None:
    """Remove the cgroups of graders that were killed."""
    for base in set(place.folders.values()):
        for path in base.glob("practicum-*-*"):
            if not Path("/proc", path.name.split("-")[1]).exists():
                _removed(path)
