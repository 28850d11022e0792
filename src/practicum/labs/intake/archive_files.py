"""The files of a submission, listed first and read later, none of them trusted.

Links, devices and pipes are never opened. What is read goes into memory, up to a cap, and never to disk.
"""

from __future__ import annotations

import io
import os
import stat
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from practicum.labs.intake.names import shown

MOST_ENTRIES = 10_000
DEEPEST = 8
_CHUNK = 1 << 20

_JUNK = frozenset({"__MACOSX", "__pycache__", "node_modules", "site-packages"})


class Unreadable(Exception):
    """Why a file or an archive could not be read, in words for the student."""


@dataclass(frozen=True)
class Member:
    """One regular file of a submission.

    `read(cap)` returns its bytes, or raises `Unreadable` when there are more than `cap` or they are damaged.
    """

    path: tuple[str, ...]
    changed: float
    read: Callable[[int], bytes]

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path[-1]


@dataclass
class Listing:
    """The members of a submission, and what was refused, by reason."""

    members: list[Member] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    entries: int = 0

    def refuse(self, reason: str, name: str) -> None:
        """Remember that an entry was not taken."""
        self.refused.setdefault(reason, []).append(name)

    def full(self, where: str) -> bool:
        """Count one more entry; true when there are more than are looked at, which is noted."""
        self.entries += 1
        if self.entries > MOST_ENTRIES:
            self.refuse(f"more than {MOST_ENTRIES:,} entries, the rest not looked at", where)
        return self.entries > MOST_ENTRIES

    @property
    def notes(self) -> list[str]:
        """One sentence per reason."""
        return [f"{reason}: {some(names)}" for reason, names in self.refused.items()]


def some(names: list[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(shown(name) for name in names[:4]) + more


def list_file(path: Path, into: Listing, name: str) -> None:
    """Add a single file on disk, under the name the student gave it."""
    state = path.lstat()
    if not stat.S_ISREG(state.st_mode):
        into.refuse("not a regular file, not opened", name)
        return
    into.members.append(Member((name,), state.st_mtime, lambda cap: _read_file(path, cap)))


def list_folder(folder: Path, into: Listing) -> None:
    """Add the files of a folder, the shallowest first."""
    queue: deque[tuple[Path, tuple[str, ...]]] = deque([(folder, ())])
    while queue:
        here, parts = queue.popleft()
        try:
            with os.scandir(here) as found:
                for entry in found:
                    if into.full("the folder"):
                        return
                    _list_entry(entry, parts, queue, into)
        except OSError as error:
            into.refuse(f"cannot be read ({error.strerror})", "/".join(parts) or folder.name)


def _list_entry(
    entry: os.DirEntry[str], parts: tuple[str, ...], queue: deque[tuple[Path, tuple[str, ...]]], into: Listing
) -> None:
    path, inside = Path(entry.path), (*parts, entry.name)
    if is_junk(entry.name):
        return
    if entry.is_symlink():
        into.refuse("link, not followed", "/".join(inside))
    elif entry.is_dir(follow_symlinks=False):
        if len(inside) <= DEEPEST:
            queue.append((path, inside))
        else:
            into.refuse(f"deeper than {DEEPEST} folders, not looked at", "/".join(inside))
    elif entry.is_file(follow_symlinks=False):
        changed = entry.stat(follow_symlinks=False).st_mtime
        into.members.append(Member(inside, changed, lambda cap: _read_file(path, cap)))
    else:
        into.refuse("not a regular file, not opened", "/".join(inside))


def open_regular(path: Path) -> io.FileIO:
    """Open a regular file and nothing else."""
    # Without O_NOFOLLOW a link is followed, without O_NONBLOCK a pipe waits for its writer forever.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        file = io.FileIO(os.open(path, flags), "rb")
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Unreadable("is not a regular file")
    return file


def read_up_to(read: Callable[[int], bytes | None], cap: int) -> bytes:
    """Read in pieces, because a size that is only claimed must not be allocated."""
    pieces, total = [], 0
    while piece := read(_CHUNK):
        pieces.append(piece)
        total += len(piece)
        if total > cap:
            raise Unreadable(f"is larger than {in_mib(cap)}")
    return b"".join(pieces)


def is_junk(name: str) -> bool:
    """Return whether an entry is what systems and tools leave behind: dotfiles, caches, installed packages."""
    return name in _JUNK or name.startswith(".")


def in_mib(count: int) -> str:
    """Return a number of bytes in words."""
    return f"{count >> 20} MiB"


def _read_file(path: Path, cap: int) -> bytes:
    with open_regular(path) as file:
        return read_up_to(file.read, cap)
