"""Reading what a class submitted by way of git, nbgrader, Gradescope or Otter.

- `git`: a CSV with a student's repository, and maybe commit, in each row, or a folder of clones;
- `nbgrader`: `submitted/STUDENT/ASSIGNMENT/`, with a `timestamp.txt`;
- `gradescope`: the export, folders `submission_1` and a `submission_metadata.yml`;
- `otter`: files side by side, and the `final_grades.csv` that names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Literal

from practicum.errors import PracticumError
from practicum.gradebook.events import Timing
from practicum.labs.intake.archive import list_archive
from practicum.labs.intake.archive_files import Listing, Unreadable, list_file, list_folder
from practicum.labs.intake.names import ARCHIVES, safe_student
from practicum.labs.intake.read import SubmissionFiles, sha256_of, take_files
from practicum.labs.intake.repository.submission import Wanted, read_repository
from practicum.labs.intake.sources.exports import OTTER_GRADES, TIMESTAMP, find_nbgrader, find_otter
from practicum.labs.intake.sources.found import Found
from practicum.labs.intake.sources.git import find_clones, find_listed, is_clone, is_list
from practicum.labs.intake.sources.gradescope import METADATA, find_gradescope
from practicum.labs.lab import Lab

Kind = Literal["git", "nbgrader", "gradescope", "otter"]
Identify = Callable[[tuple[str, ...]], str | None]
"""Says whose id on the roster is meant by what a source calls a person, the most trustworthy name first."""


def read_source(
    path: Path,
    lab: Lab,
    zone: tzinfo,
    problems: list[str],
    *,
    kind: Kind | None = None,
    identify: Identify = lambda ids: None,
    due: Callable[[str], datetime | None] = lambda student: None,
    assignment: str = "",
    also: tuple[str, ...] = (),
    now: datetime | None = None,
) -> Iterator[SubmissionFiles]:
    """Read a source, one submission at a time.

    Args:
        path: the file or folder.
        lab: the lab; only the files in its `submit` are taken.
        zone: the course's time zone, for times without one and for notes.
        problems: gets a line for each submission that is there and could not be read, and for what is odd about the source;
            it is complete once the last submission was read.
        kind: what kind of source it is; by default it is recognised.
        identify: the student's id by what the source calls them; where there is none, the first name is kept in a safe form.
        due: the deadline of a student, by what `identify` said; of a repository, the last commit before it counts.
        assignment: nbgrader's name of the assignment, if it is not the lab's.
        also: endings, in lower case, of further files to take, under their paths.
        now: the time of reading.

    Raises:
        PracticumError: it is none of these sources, or one of its tables is wrong.
    """
    now = now or datetime.now(UTC)
    kind = kind or kind_of(path)
    if kind == "git":
        for each in find_listed(path, zone, problems) if path.is_file() else find_clones(path, lab.name, problems):
            student, odd = _student(each.ids, identify)
            wanted = Wanted(student, each.where, due(student), each.commit, each.pushed)
            try:
                read = read_repository(wanted, lab, zone, now, also)
            except Unreadable as error:
                problems.append(f"{each.source}: the repository of {student} {error}")
            else:
                yield replace(read, notes=(*odd, *read.notes))
        return
    folder = path.parent if path.is_file() else path
    if kind == "nbgrader":
        found = find_nbgrader(folder, assignment or lab.name, problems)
    elif kind == "gradescope":
        found = find_gradescope(folder, problems)
    elif kind == "otter":
        found = find_otter(path, lab, problems)
    else:
        raise PracticumError(
            f"{path}: expected a CSV with a column `repository`, a folder of git clones, nbgrader's `submitted`, "
            f"or a folder with {METADATA} (Gradescope) or {OTTER_GRADES} (Otter)"
        )
    for one in found:
        yield _read(one, lab, now, identify, also)


def kind_of(path: Path) -> Kind | None:
    """Return what kind of source a file or folder is, or None.

    Raises:
        PracticumError: there is nothing there.
    """
    if not path.exists():
        raise PracticumError(f"{path}: expected a file or folder of submissions, got nothing there")
    if path.is_file():
        if path.name in (METADATA, OTTER_GRADES):
            return "gradescope" if path.name == METADATA else "otter"
        return "git" if path.suffix.lower() == ".csv" and is_list(path) else None
    if (path / METADATA).is_file():
        return "gradescope"
    if (path / OTTER_GRADES).is_file():
        return "otter"
    if (path / "submitted").is_dir() or path.name == "submitted":
        return "nbgrader"
    return "git" if any(is_clone(each) for each in sorted(path.iterdir())) else None


def _read(found: Found, lab: Lab, now: datetime, identify: Identify, also: tuple[str, ...]) -> SubmissionFiles:
    student, odd = _student(found.ids, identify)
    notes = [*odd, *found.notes]
    listing = Listing()
    with ExitStack() as open_archives:
        name = found.path.name
        if found.path.is_dir():
            list_folder(found.path, listing)
            listing.members = [member for member in listing.members if member.path != (TIMESTAMP,)]
        elif name.lower().endswith(ARCHIVES):
            try:
                open_archives.enter_context(list_archive(found.path, listing))
            except Unreadable as error:
                listing.refuse(f"the archive {error}", name)
        else:  # called by its student
            alone = len(lab.submit) == 1 and name.lower().endswith(Path(lab.submit[0]).suffix)
            list_file(found.path, listing, lab.submit[0] if alone else name)
        files, _ = take_files(listing, lab, notes, also)
    timing: Timing = "stated" if found.at else "unknown"
    return SubmissionFiles(student, found.at or now, files, sha256_of(files), tuple(dict.fromkeys(notes)), timing)


def _student(ids: tuple[str, ...], identify: Identify) -> tuple[str, tuple[str, ...]]:
    known = identify(ids)
    return (known, ()) if known else safe_student(ids[0])
