"""Reading what a class submitted by way of git, nbgrader, Gradescope or Otter.

- `git`: a CSV with a student's repository, and maybe commit, in each row, or a folder of clones;
- `nbgrader`: `submitted/STUDENT/ASSIGNMENT/`, with a `timestamp.txt`;
- `gradescope`: the export, folders `submission_1` and a `submission_metadata.yml`;
- `otter`: files side by side, and the `final_grades.csv` that names them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Literal

from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.gradebook.events import Timing
from practicum.labs.content_hash import sha256_of
from practicum.labs.intake.archive import list_archive
from practicum.labs.intake.archive_files import Listing, Unreadable, list_file, list_folder
from practicum.labs.intake.names import ARCHIVES, safe_student, shown
from practicum.labs.intake.read import SubmissionFiles, take_files
from practicum.labs.intake.repository.submission import Wanted, read_repository
from practicum.labs.intake.sources.exports import OTTER_GRADES, TIMESTAMP, find_nbgrader, find_otter
from practicum.labs.intake.sources.found import Found, told
from practicum.labs.intake.sources.git import find_clones, find_listed, is_clone, is_list
from practicum.labs.intake.sources.gradescope import METADATA, find_gradescope
from practicum.labs.intake.who import Refused, Submitters
from practicum.labs.lab import Lab

Kind = Literal["git", "nbgrader", "gradescope", "otter"]


def read_source(
    path: Path,
    lab: Lab,
    zone: tzinfo,
    also: tuple[str, ...] = (),
    *,
    kind: Kind | None = None,
    roster: Sequence[Student] | None = None,
    teams: Mapping[str, Sequence[str]] | None = None,
    due: Callable[[str], datetime | None] = lambda student: None,
    siblings: Collection[str] = (),
    assignment: str = "",
    refused: list[str] | None = None,
    now: datetime | None = None,
) -> Iterator[SubmissionFiles]:
    """Read a source, one submission at a time.

    Args:
        path: The file or folder.
        lab: The lab; only the files in its `submit` are taken.
        zone: The course's time zone, for times without one and for notes.
        also: Endings, in lower case, of further files to take, under their paths in the submission.
        kind: What kind of source it is; by default it is recognised.
        roster: The students, by whose ids everybody is then called. Without it they are called what the source says.
        teams: The ids of the members, by the team's name: what a team submitted, each of them has.
        due: The deadline of a student; of a repository, the last commit before it counts.
        siblings: The files of the other labs of the item.
        assignment: nbgrader's name of the assignment, if it is not the lab's.
        refused: Gets a line for each submission that was not read. It is complete once the last submission was read.
        now: The time of reading.

    Raises:
        PracticumError: It is none of these sources, or one of its tables is wrong.
    """
    now = now or datetime.now(UTC)
    refused = [] if refused is None else refused
    people = _People(roster, teams or {}, zone)
    kind = kind or kind_of(path)
    if kind == "git":
        for each in find_listed(path, zone, refused) if path.is_file() else find_clones(path, lab.name, refused):
            try:
                for student, odd in people.whose(each.ids):
                    wanted = Wanted(student, each.where, due(student), each.commit, each.pushed)
                    read = read_repository(wanted, lab, zone, now, also, siblings)
                    yield replace(read, notes=(*odd, *read.notes))
            except Refused as reason:
                refused.append(f"{each.source}: {shown(each.ids[0])} {reason}")
            except Unreadable as error:
                refused.append(f"{each.source}: the repository of {shown(each.ids[0])} {error}")
        return
    folder = path.parent if path.is_file() else path
    if kind == "nbgrader":
        found = find_nbgrader(folder, assignment or lab.name, refused)
    elif kind == "gradescope":
        found = find_gradescope(folder, refused)
    elif kind == "otter":
        found = find_otter(path, lab, refused)
    else:
        raise PracticumError(
            f"{path}: expected a CSV with a column `repository`, a folder of git clones, nbgrader's `submitted`, "
            f"or a folder with {METADATA} (Gradescope) or {OTTER_GRADES} (Otter)"
        )
    for one in found:
        try:
            for student, odd in people.whose(one.ids):
                yield _read(one, student, odd, lab, now, also, siblings)
        except Refused as reason:
            refused.append(f"{told(one.path)}: {shown(one.ids[0])} {reason}")


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
    if any((path / "submitted").glob("*/*/")) or (path.name == "submitted" and any(path.glob(f"*/*/{TIMESTAMP}"))):
        return "nbgrader"
    # Most of it, because a student of any class may submit a folder that is a repository.
    entries = [each for each in path.iterdir() if not each.name.startswith(".") and each.suffix.lower() != ".csv"]
    return "git" if 2 * sum(map(is_clone, entries)) > len(entries) else None


class _People:
    """A roster with its teams, asked by all that a source calls somebody."""

    def __init__(self, roster: Sequence[Student] | None, teams: Mapping[str, Sequence[str]], zone: tzinfo) -> None:
        self._known = {student.id for student in roster or ()}
        self._submitters = Submitters(roster, teams, {})
        self._zone = zone

    def whose(self, ids: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
        """Return the students, each with notes, by the first of the ids that the roster knows; else what the first id says.

        Raises:
            Refused: an id means more than one student, and no other says which.
        """
        reasons = []
        for text in ids:
            try:
                whose = self._submitters.whose(text, is_folder=True, zone=self._zone)
            except Refused as reason:
                reasons.append(reason)
                continue
            if whose.students and self._known.issuperset(whose.students):
                return [(student, whose.notes) for student in whose.students]
        if reasons:
            raise reasons[0]
        return [safe_student(ids[0])]


def _read(
    found: Found, student: str, odd: Sequence[str], lab: Lab, now: datetime, also: tuple[str, ...], siblings: Collection[str]
) -> SubmissionFiles:
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
        files, _ = take_files(listing, lab, notes, also, siblings)
    timing: Timing = "stated" if found.at else "unknown"
    return SubmissionFiles(student, found.at or now, files, sha256_of(files), tuple(dict.fromkeys(notes)), timing)
