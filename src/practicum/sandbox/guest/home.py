"""The limits that a process can set for itself on a student's own machine, whatever the system: see `confine` for the sandbox."""

from __future__ import annotations

import contextlib
import os
import time

_SLACK = 256 << 20  # as in the sandbox: what is reserved is more than what is used, which is looked at from outside


def set_limits(limits: dict[str, float]) -> None:
    """Limit processor time, memory, files and descriptors from now on, as far as this system knows such limits.

    The limit on processes is left out: at home it would count all that the student runs.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {
        "RLIMIT_CPU": int(time.process_time() + limits["cpu_seconds"]) + 1,
        "RLIMIT_DATA": _data_bytes() + (int(limits["memory_mib"]) << 20) + _SLACK,
        "RLIMIT_FSIZE": int(limits["disk_mib"]) << 20,
        "RLIMIT_NOFILE": int(limits["open_files"]),
        "RLIMIT_CORE": 0,
    }
    for name, soft in wanted.items():
        which: int = getattr(resource, name, -1)
        with contextlib.suppress(ValueError, OSError):  # a system that lacks or refuses one still has the others
            hard = resource.getrlimit(which)[1]
            resource.setrlimit(which, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _data_bytes() -> int:
    """Return the private writable memory of this process so far; 0 where nothing tells."""
    with contextlib.suppress(OSError), open("/proc/self/statm") as f:
        return int(f.read().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    return 0
