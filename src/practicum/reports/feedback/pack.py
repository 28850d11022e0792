"""A pack of feedback: files to give back, and who gets none and why."""

from __future__ import annotations

import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.private import write_private
from practicum.reports.feedback.item import ItemFeedback
from practicum.reports.feedback.words import ZIPPED_AT

_MOST_NAMES = 100_000
_DEPTH = 3  # what lies deeper in a download is the students' own


@dataclass
class Pack:
    """Files by their paths in the pack, and a line for each student who has feedback and gets none of it."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Addressed:
    """A student with the feedback, and the members of the team that submitted together, the student included."""

    student: Student
    told: ItemFeedback
    members: tuple[str, ...] = ()


Feedback = Mapping[str, Addressed]
"""By the roster's id. Whoever has nothing to be told is not in it."""

Names = Sequence[tuple[str, ...]]
"""The paths in a download, in their parts."""


def download_names(path: Path) -> list[tuple[str, ...]]:
    """Return the paths in a platform's download: a zip, or the folder into which it was unpacked, its upper floors only.

    Raises:
        PracticumError: it is neither, or holds too many files.
    """
    names: dict[tuple[str, ...], None] = {}
    try:
        path.stat()
        for parts in _zipped(path) if path.is_file() else _unpacked(path):
            if "__MACOSX" in parts:
                continue
            names[parts[:_DEPTH]] = None
            if len(names) > _MOST_NAMES:
                raise PracticumError(f"{path}: expected at most {_MOST_NAMES} files, got more")
    except (OSError, zipfile.BadZipFile) as error:
        why = getattr(error, "strerror", None) or "not a zip"
        raise PracticumError(f"{path}: expected the platform's download, a zip or a folder; it cannot be read ({why})") from None
    return sorted(names)


def _zipped(path: Path) -> Iterator[tuple[str, ...]]:
    with zipfile.ZipFile(path) as archive:
        yield from (tuple(name.strip("/").split("/")) for name in archive.namelist())


def _unpacked(path: Path) -> Iterator[tuple[str, ...]]:
    for place, folders, files in os.walk(path):
        parts = Path(place).relative_to(path).parts
        yield from ((*parts, name) for name in (*folders, *files))
        if len(parts) + 1 >= _DEPTH:
            folders.clear()


def labelled(student: Student) -> str:
    """Return how a student is called in messages."""
    return f"{student.id} {student.name}".strip()


def write_zip(pack: Pack, path: Path) -> None:
    """Write a pack as a zip, whole or not at all, for its owner alone to read.

    Raises:
        PracticumError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        own = os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
        with own as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in sorted(pack.files.items()):
                packed.writestr(zipfile.ZipInfo(name, ZIPPED_AT), data, zipfile.ZIP_DEFLATED)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise PracticumError(f"{path}: cannot be written ({error.strerror})") from None


def write_folder(pack: Pack, path: Path) -> None:
    """Write a pack as a folder, whole or not at all, for its owner alone to read.

    Raises:
        PracticumError: there is something in the folder already, or it cannot be written.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise PracticumError(f"{path} already exists and is not an empty folder; nothing was changed")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.mkdir(mode=0o700, parents=True)
        for name, data in pack.files.items():
            (draft / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(draft / name, data)
        if path.exists():
            path.rmdir()
        draft.rename(path)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise PracticumError(f"{path}: cannot be written ({error.strerror})") from None
