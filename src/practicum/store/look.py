"""Looking at a store that cannot be written: on a read-only disk, or somebody else's."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from practicum.errors import PracticumError


@contextmanager
def readable(where: Path | str) -> Iterator[Path | str]:
    """Give the path or URL at which a store can be opened to read it: its own or, where it cannot be written, a copy's.

    SQLite writes also to read: its log of changes lies beside the file. What is written to a copy is lost.

    Raises:
        PracticumError: it cannot be read either.
    """
    if (isinstance(where, str) and "://" in where) or _writable(path := Path(where)):
        yield where
        return
    with tempfile.TemporaryDirectory(prefix="practicum-") as folder:
        copy = Path(folder) / path.name
        try:
            for ending in ("", "-wal"):  # the log may hold what is not yet in the file
                if ending == "" or path.with_name(path.name + ending).exists():
                    shutil.copyfile(path.with_name(path.name + ending), f"{copy}{ending}")
        except OSError as error:
            raise PracticumError(f"{path}: the store cannot be read ({error.strerror})") from None
        yield copy


def _writable(path: Path) -> bool:
    return all(os.access(each, os.W_OK) for each in (path, path.parent))
