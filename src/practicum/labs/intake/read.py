"""Reading what a class submitted: one folder with an entry per student, none of it trusted.

An entry is a folder, a `.zip`, a `.tar`, `.tar.gz` or `.tgz`, or, where the lab asks for one file, that file alone. A
student's folder may hold several submissions, each a folder or an archive called by its time. How entries are named, also
by learning platforms, stands in `practicum.labs.intake.names`.

Only the files that the lab asks for are taken, wherever in the entry they lie; everything else is ignored. Whatever goes
wrong becomes a note for the student, and the others are read all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Literal

from practicum.course.roster import Student
from practicum.course.roster.spelling import folded
from practicum.errors import PracticumError
from practicum.gradebook.events import Timing
from practicum.labs.content_hash import ContentHash, sha256_of
from practicum.labs.intake.archive import list_archive
from practicum.labs.intake.archive_files import Listing, Member, Unreadable, in_mib, list_file, list_folder, some
from practicum.labs.intake.choose import choose, is_sibling
from practicum.labs.intake.entries import Part, parts_of
from practicum.labs.intake.names import ARCHIVES, shown
from practicum.labs.intake.times import TIMES_FILE, Sheet, Times, read_times, worksheet_times, worksheets
from practicum.labs.intake.who import Refused, Submitters
from practicum.labs.lab import Lab

LARGEST = {".py": 4 << 20, ".ipynb": 64 << 20}
LARGEST_OTHER = 32 << 20
LARGEST_TOTAL = 128 << 20
_MOST_OTHERS = 100  # further files of one submission
_ARCHIVES_READ = 4  # of those that lie in one student's folder
_UNREAD = (".rar", ".7z", ".gz", ".bz2", ".xz", ".zst", ".tbz2", ".txz")
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_LAST_SECOND = 253_402_214_400  # a day before the year 10000, where `datetime` ends


@dataclass(frozen=True)
class SubmissionFiles:
    """One submission of one student, as it was read.

    `files` holds what was found of the files the lab asks for, by their names there; a missing file is not in it. Further
    files are in it, by their paths, where the reader asked for such (`also`).
    `sha256` is the hash of those names and contents alone, so what is submitted twice unchanged has the same hash.
    `timing` tells whether `at` is when it was submitted (`stated`), or only when it was read.
    """

    student: str
    at: datetime
    files: dict[str, bytes]
    sha256: ContentHash
    notes: tuple[str, ...] = ()
    timing: Timing = "stated"


@dataclass(frozen=True)
class _Moment:
    """When something was submitted that is not dated by its name: as a file of times says, else by the files or not at all."""

    stated: datetime | None
    by_file: bool
    read: datetime


_Group = tuple[str, str]  # a student, and what tells their submissions apart


def read_submissions(
    folder: Path,
    lab: Lab,
    zone: tzinfo,
    also: tuple[str, ...] = (),
    *,
    roster: Sequence[Student] | None = None,
    teams: Mapping[str, Sequence[str]] | None = None,
    times: Path | Literal["file"] | None = None,
    siblings: Collection[str] = (),
    refused: list[str] | None = None,
) -> Iterator[SubmissionFiles]:
    """Read a folder of submissions, or a single entry, one submission at a time.

    Args:
        folder: The folder with an entry per student, or one student's archive or file.
        lab: The lab; only the files in its `submit` are taken.
        zone: The course's time zone, for stamps without one and for the dates of files.
        also: Endings, in lower case, of further files to take, under their paths in the submission.
        roster: The students, by whose ids everybody is then called. Without it they are called what the entries say.
        teams: The ids of the members, by the team's name: what a team submitted, each of them has.
        times: A file that says when work was submitted, or `file`: when the files were changed last.
        siblings: The files of the other labs of the item, where an entry holds the work for all of them.
        refused: Gets a line for each entry that was not read, because it is nobody's or could be more than one student's.

    Yields:
        Submissions, by student and then by time of the entry's name.

    Raises:
        PracticumError: `folder` is not there, or a file with times is wrong.
    """
    folder = Path(folder)
    if folder.is_dir():
        paths = sorted(folder.iterdir())
    elif folder.is_file():
        paths = [folder]
    else:
        raise PracticumError(f"{folder}: expected a folder of submissions, got nothing there")
    sheets = worksheets(folder, paths) if roster is not None else {}
    persons = {number: person for sheet in sheets.values() for number, person in sheet.items()}
    submitters = Submitters(roster, teams or {}, persons)
    said = _times(folder, times, zone, submitters, sheets)
    groups: dict[tuple[str, str], list[Part]] = {}
    for path in paths:
        if path.name.startswith(".") or path.name in ("__MACOSX", TIMES_FILE) or path in sheets:
            continue
        try:
            for part in parts_of(path, zone, submitters):
                # A platform keeps the files of one submission side by side; anything else is a submission by itself.
                entry = part.entry
                key = f"{entry.platform} {entry.attempt}" if entry.platform else str(part.path)
                for student in part.students:
                    groups.setdefault((student, key), []).append(part)
        except Refused as reason:
            if refused is not None:
                refused.append(f"{shown(path.name)} {reason}")
    order = sorted(groups, key=lambda group: (group[0], groups[group][0].entry.stamp or _END_OF_TIME, group[1]))
    dated = _dated(order, groups, said)
    now = datetime.now(UTC)
    for number, group in enumerate(order):
        moment = _Moment(dated.get(group), times == "file", now + timedelta(microseconds=number))
        submission = _read(group[0], groups[group], moment, lab, zone, also, siblings)
        if submission is not None:
            yield submission


def _times(
    folder: Path, times: Path | Literal["file"] | None, zone: tzinfo, submitters: Submitters, sheets: Mapping[Path, Sheet]
) -> Times:
    """Return what files say of times: the one that was named, else the one in the folder, and worksheets."""
    said: Times = {}
    for path, sheet in sheets.items():
        said |= worksheet_times(sheet, zone, str(path))
    beside = folder / TIMES_FILE
    if isinstance(times, Path):
        said |= read_times(times, zone, submitters.find)
    elif times is None and beside.is_file():
        said |= read_times(beside, zone, submitters.find)
    return said


def _dated(order: Sequence[_Group], groups: Mapping[_Group, Sequence[Part]], said: Times) -> dict[_Group, datetime]:
    """Return the times that files state, the last of a student's for the last submission whose name has none."""
    undated: dict[str, list[_Group]] = {}
    for group in order:
        if not groups[group][0].entry.stamp:
            undated.setdefault(group[0], []).append(group)
    dated: dict[_Group, datetime] = {}
    for student, own in undated.items():
        parts = groups[own[-1]]
        # What one member of a team submitted, all have.
        keys = [f"student {folded(each)}" for each in (student, *parts[0].students, parts[0].entry.student)]
        if parts[0].entry.kind == "participants":
            keys.insert(0, f"participant {parts[0].entry.student}")
        times = next((said[key] for key in keys if key in said), [])
        dated |= dict(zip(reversed(own), reversed(times), strict=False))
    return dated


def _alone(lab: Lab) -> tuple[str, ...]:
    """Return the file ending that a submission of a single file has, if the lab asks for one file."""
    return (Path(lab.submit[0]).suffix,) if len(lab.submit) == 1 else ()


def _read(
    student: str,
    parts: Sequence[Part],
    moment: _Moment,
    lab: Lab,
    zone: tzinfo,
    also: tuple[str, ...],
    siblings: Collection[str],
) -> SubmissionFiles | None:
    """Read one submission; None where an entry for several labs holds files of the others only."""
    entry, first = parts[0].entry, parts[0].path
    notes = [note for part in parts for note in part.entry.notes]
    listing = Listing()
    with ExitStack() as open_archives:
        for part in parts:
            if part.entry.typed:
                continue
            # Called by its student, a single file stands for the one asked for.
            alone = not part.entry.platform and part.path.name.lower().endswith(_alone(lab) or "/")
            name = part.entry.file or (lab.submit[0] if alone else part.path.name)
            _list(part.path, name, listing, open_archives)
        files, chosen = take_files(listing, lab, notes, also, siblings)
    if not chosen.keys() & set(lab.submit) and any(is_sibling(member.name, siblings) for member in listing.members):
        return None
    at = entry.stamp or moment.stated
    timing: Timing = "stated"
    if not at and moment.by_file:
        changed = [member.changed for member in chosen.values() or listing.members] or [first.lstat().st_mtime]
        at = datetime.fromtimestamp(min(max(int(max(changed)), 0), _LAST_SECOND), zone)
        notes.append(f"the name holds no time; the newest file is of {at.isoformat()}")
    elif not at:
        at, timing = moment.read, "late" if any(part.entry.late for part in parts) else "unknown"
    return SubmissionFiles(student, at, files, sha256_of(files), tuple(dict.fromkeys(notes)), timing)


def take_files(
    listing: Listing, lab: Lab, notes: list[str], also: tuple[str, ...] = (), siblings: Collection[str] = ()
) -> tuple[dict[str, bytes], dict[str, Member]]:
    """Read what a lab asks for out of all that was submitted.

    Args:
        listing: Everything that is there.
        lab: The lab; only the files in its `submit` are taken.
        notes: Gets what the student should know of it.
        also: Endings, in lower case, of further files to take, under their paths.
        siblings: The files of the other labs of the item.

    Returns:
        The contents, and the members that were chosen, by the same names.
    """
    chosen = choose(listing, lab, notes, siblings)
    taken = set(map(id, chosen.values()))
    others = [member for member in listing.members if id(member) not in taken and member.name.lower().endswith(also or "/")]
    for member in others[:_MOST_OTHERS]:
        chosen.setdefault("/".join(member.path), member)
    files = _read_members(chosen, notes)
    used = set(map(id, chosen.values()))
    left = [member for member in listing.members if id(member) not in used and not is_sibling(member.name, siblings)]
    ignored = sorted("/".join(member.path) for member in left)
    notes += listing.notes
    if ignored:
        notes.append(f"ignored {len(ignored)} other file{'s' * (len(ignored) > 1)}: {some(ignored)}")
    if not files:
        expected = f" (expected {', '.join(lab.submit)})" if lab.submit else ""
        notes.append(f"no file of the lab was found{expected}")
    return files, chosen


def _list(path: Path, name: str, into: Listing, open_archives: ExitStack) -> None:
    """List what one part of a submission holds; `name` is what its student called it."""
    if path.is_symlink():
        into.refuse("link, not followed", path.name)
    elif path.is_dir():
        before = len(into.members)
        list_folder(path, into)
        archives = [m for m in into.members[before:] if len(m.path) == 1 and m.name.lower().endswith(ARCHIVES)]
        for member in sorted(archives, key=lambda member: member.name)[:_ARCHIVES_READ]:
            into.members.remove(member)
            _list_archive(path / member.name, into, open_archives, (member.name,))
    elif name.lower().endswith(ARCHIVES):
        _list_archive(path, into, open_archives)
    elif name.lower().endswith(_UNREAD):
        into.refuse("an archive of a kind that is not read here; submit a .zip", name)
    else:
        list_file(path, into, name)


def _list_archive(path: Path, into: Listing, open_archives: ExitStack, prefix: tuple[str, ...] = ()) -> None:
    try:
        open_archives.enter_context(list_archive(path, into, prefix))
    except Unreadable as error:
        into.refuse(f"the archive {error}", path.name)


def _read_members(chosen: dict[str, Member], notes: list[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for name, member in chosen.items():
        left = LARGEST_TOTAL - sum(map(len, files.values()))
        cap = LARGEST.get(Path(name).suffix, LARGEST_OTHER)
        try:
            files[name] = member.read(min(cap, left))
        except Unreadable as error:
            whole = f"; all files together may have {in_mib(LARGEST_TOTAL)}" if left < cap else ""
            notes.append(f"{'/'.join(map(shown, member.path))} {error}{whole}")
    return files
