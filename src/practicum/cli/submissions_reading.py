"""Reading work that no check grades, or before it is graded: a class's folder, or one student's files given by hand."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from practicum.course.model import Course
from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.labs.intake.read import SubmissionFiles, read_submissions
from practicum.labs.lab import Lab

EVERY_FILE = ("",)  # what any file's name ends with


def read_class(
    lab: Lab,
    folder: Path,
    course: Course,
    roster: Sequence[Student],
    teams: Mapping[str, Sequence[str]],
    times: str,
    refused: list[str],
) -> Iterator[SubmissionFiles]:
    """Yield what a class submitted: the files of a lab, or every file where no lab asks for some.

    Args:
        lab: the lab, or what stands for an item without checks.
        folder: with an entry per student.
        course: for its time zone.
        roster: by whose ids everybody is called.
        teams: the ids of the members, by the team's name.
        times: the path of a file with times, `file` for the dates of the files, or nothing.
        refused: gets a line for each entry that was not read.
    """
    also = () if lab.submit else EVERY_FILE
    said: Path | Literal["file"] | None = "file" if times == "file" else Path(times) if times else None
    zone = course.term.zone
    return read_submissions(folder, lab, zone, also, roster=roster, teams=teams, times=said, refused=refused)


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
