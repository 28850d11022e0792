"""Reading one student's work from files that somebody names."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from practicum.errors import PracticumError
from practicum.labs.intake.read import SubmissionFiles, read_submissions
from practicum.labs.lab import Lab

EVERY_FILE = ("",)  # what any file's name ends with


def read_by_hand(lab: Lab, student: str, files: Sequence[Path], at: datetime, *, stated: bool) -> SubmissionFiles:
    """Read one student's work from files, archives and folders that somebody names.

    Args:
        lab: the lab, or what stands for an item without checks.
        student: whose work it is.
        files: what was submitted; two may not be called alike.
        at: when.
        stated: whether `at` is when it was submitted, and not only when it is read.

    Raises:
        PracticumError: a file is not there, or nothing in them is kept.
    """
    names = [file.expanduser().absolute().name for file in files]
    for name in names:
        if names.count(name) > 1:
            raise PracticumError(f"{name}: expected files of different names, got two of this one")
    with tempfile.TemporaryDirectory() as scratch:
        entry = Path(scratch) / "student"
        entry.mkdir()
        for file, name in zip(files, names, strict=True):
            source = file.expanduser()
            try:
                if source.is_dir():
                    shutil.copytree(source, entry / name, symlinks=True)
                else:
                    shutil.copy(source, entry / name)
            except FileNotFoundError:
                raise PracticumError(f"{file}: no such file") from None
            except (OSError, shutil.Error) as error:
                raise PracticumError(f"{file}: cannot be read ({error})") from None
        also = () if lab.submit else EVERY_FILE
        found = next(read_submissions(Path(scratch), lab, at.tzinfo or UTC, also))
    if not found.files:
        raise PracticumError(f"{', '.join(names)}: nothing in it is kept: {'; '.join(found.notes)}")
    return replace(found, student=student, at=at, timing="stated" if stated else "unknown")
