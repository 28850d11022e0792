"""Files that nobody but their owner may read: marks, feedback, reports of similarity, the store with its secret."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

FILE, FOLDER = 0o600, 0o700


def write_private(path: Path, data: str | bytes) -> None:
    """Write a file that its owner alone can read, from its first byte on; line ends stay as they are.

    Args:
        path: the file; one that is there is replaced, and closed to others first.
        data: bytes, or text, which becomes UTF-8; what is no text in it is shown as `?`.

    Raises:
        OSError: it cannot be written.
    """
    make_private(path)
    with open(path, "wb") as file:
        file.write(data.encode("utf-8", "replace") if isinstance(data, str) else data)


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone can read; one that is there keeps what it holds, and is closed to others.

    Raises:
        OSError: it can be neither made nor closed.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), FILE)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077:  # not /dev/stdout
            with contextlib.suppress(PermissionError):  # another's file, which is for them to close
                os.chmod(path, FILE)
    finally:
        os.close(descriptor)


def private_folder(path: Path) -> Path:
    """Make a folder that its owner alone can look into, with the folders above it; one that is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=FOLDER, exist_ok=True)
    return path


def open_to_others(path: Path) -> bool:
    """Return whether everyone on this machine may read the file or look into the folder, as far as its own mode says."""
    try:
        return os.name == "posix" and bool(path.stat().st_mode & 0o007)
    except OSError:
        return False
