"""One program of the system that parses what students sent, shut in with one folder: no network, no home, no rights."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from practicum.sandbox.bwrap import NoSandbox, find

_LIMITED = 'ulimit -t "$1" 2>/dev/null; ulimit -f "$2" 2>/dev/null; ulimit -v "$3" 2>/dev/null; shift 3; exec "$@"'


def limited(command: list[str], *, seconds: int, file_mib: int, memory_mib: int) -> list[str]:
    """Return a command with limits of processor time, of the size of a file it writes, and of memory."""
    # By way of the shell, because what Python does between fork and exec is not safe where there are threads.
    return ["/bin/sh", "-c", _LIMITED, "sh", str(seconds), str(file_mib << 11), str(memory_mib << 10), *command]


def shut_in(command: list[str], folder: Path) -> list[str]:
    """Return a command that sees the system's programs and one folder, in which it may write, and has no network.

    Where no sandbox can be made, or the program is not one of the system's, the command comes back as it is: it must be
    one that is made for hostile input and only gains a second wall here.

    Args:
        command: a program by its name, and its arguments; paths in them are absolute.
        folder: what it may see.
    """
    program = shutil.which(command[0])
    if program is None or not Path(program).resolve().is_relative_to("/usr") or not _works():
        return command
    return [*_walls(), "--bind", str(folder), str(folder), "--chdir", str(folder), "--", program, *command[1:]]


def _walls() -> list[str]:
    line = [find(), "--die-with-parent", "--new-session", "--unshare-all", "--cap-drop", "ALL", "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            line += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            line += ["--ro-bind", str(path), str(path)]
    return [*line, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--proc", "/proc", "--dev", "/dev"]


@cache
def _works() -> bool:
    try:
        return subprocess.run([*_walls(), "--", "/usr/bin/env", "true"], capture_output=True, timeout=30).returncode == 0
    except (NoSandbox, OSError, subprocess.TimeoutExpired):
        return False
