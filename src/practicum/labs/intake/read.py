"""Reading what a class submitted: one folder with an entry per student, none of it trusted.

An entry is a folder, a `.zip`, a `.tar`, `.tar.gz` or `.tgz`, or, where the lab asks for one file, that file alone. A
student's folder may hold several submissions, each a folder or an archive called by its time. How entries are named, also
by learning platforms, stands in `practicum.labs.intake.names`.

Only the files that the lab asks for are taken, wherever in the entry they lie; everything else is ignored. Whatever goes
wrong becomes a note for the student, and the others are read all the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import NewType

from practicum.errors import PracticumError
from practicum.gradebook.events import Timing
from practicum.labs.intake.archive import list_archive
from practicum.labs.intake.archive_files import MOST_ENTRIES, Listing, Member, Unreadable, in_mib, list_file, list_folder, some
from practicum.labs.intake.names import ARCHIVES, Entry, parse_entry, parse_stamp, shown, without_ending
from practicum.labs.lab import Lab

ContentHash = NewType("ContentHash", str)
"""The hash of what was submitted, by which a submission is known when it comes again."""

LARGEST = {".py": 4 << 20, ".ipynb": 64 << 20}
LARGEST_OTHER = 32 << 20
LARGEST_TOTAL = 128 << 20
_MOST_OTHERS = 100  # further files of one submission
_ARCHIVES_READ = 4  # of those that lie in one student's folder
_UNREAD = (".rar", ".7z", ".gz", ".bz2", ".xz", ".zst", ".tbz2", ".txz")
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


def read_submissions(folder: Path, lab: Lab, zone: tzinfo, also: tuple[str, ...] = ()) -> Iterator[SubmissionFiles]:
    """Read a folder of submissions, or a single entry, one submission at a time.

    Args:
        folder: The folder with an entry per student, or one student's archive or file.
        lab: The lab; only the files in its `submit` are taken.
        zone: The course's time zone, for stamps without one and for the dates of files.
        also: Endings, in lower case, of further files to take, under their paths in the submission.

    Yields:
        Submissions, by student and then by time of the entry's name.

    Raises:
        PracticumError: `folder` is not there.
    """
    folder = Path(folder)
    if folder.is_dir():
        paths = sorted(folder.iterdir())
    elif folder.is_file():
        paths = [folder]
    else:
        raise PracticumError(f"{folder}: expected a folder of submissions, got nothing there")
    groups: dict[tuple[str, str], list[tuple[Entry, Path]]] = {}
    for path in paths:
        if path.name.startswith(".") or path.name == "__MACOSX":
            continue
        for entry, part in _submissions_in(path, lab, zone):
            # A platform keeps the files of one student side by side; anything else is a submission by itself.
            key = (entry.student, "" if entry.platform else str(part))
            groups.setdefault(key, []).append((entry, part))
    for _, parts in sorted(groups.items(), key=lambda group: group[0]):
        yield _read(parts, lab, zone, also)


def sha256_of(files: dict[str, bytes]) -> ContentHash:
    """Return the hash of what was submitted: sorted names and contents, each with its length."""
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(f"{len(name.encode())}:{name}{len(data)}:".encode())
        digest.update(data)
    return ContentHash(digest.hexdigest())


def _submissions_in(path: Path, lab: Lab, zone: tzinfo) -> Iterator[tuple[Entry, Path]]:
    """Yield the submissions in one entry: itself, or those in it that are called by their time."""
    is_folder = path.is_dir() and not path.is_symlink()
    entry = parse_entry(path.name, is_folder=is_folder, zone=zone)
    stamped: dict[Path, datetime] = {}
    others: list[str] = []
    # An entry that says its time itself is not searched: what is in it may all be the student's own.
    for inner in _inside(path) if is_folder and not entry.platform and not entry.stamp else ():
        dated = inner.is_dir() or inner.name.lower().endswith((*ARCHIVES, *_alone(lab)))
        stamp = parse_stamp(inner.name if inner.is_dir() else without_ending(inner.name), zone) if dated else None
        if stamp:
            stamped[inner] = stamp
        elif not inner.name.startswith("."):
            others.append(inner.name)
    beside = (f"ignored beside the submissions: {some(others)}",) if others else ()
    for inner, stamp in stamped.items():
        yield Entry(entry.student, stamp, notes=entry.notes + beside), inner
    if not stamped:
        yield entry, path


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(islice(folder.iterdir(), MOST_ENTRIES))
    except OSError:  # noted when the folder is listed
        return []


def _alone(lab: Lab) -> tuple[str, ...]:
    """Return the file ending that a submission of a single file has, if the lab asks for one file."""
    return (Path(lab.submit[0]).suffix,) if len(lab.submit) == 1 else ()


def _read(parts: list[tuple[Entry, Path]], lab: Lab, zone: tzinfo, also: tuple[str, ...]) -> SubmissionFiles:
    entry, first = parts[0]
    notes = [note for each, _ in parts for note in each.notes]
    listing = Listing()
    with ExitStack() as open_archives:
        for each, part in parts:
            # Called by its student, a single file stands for the one asked for.
            alone = not each.platform and part.name.lower().endswith(_alone(lab) or "/")
            _list(part, each.file or (lab.submit[0] if alone else part.name), listing, open_archives)
        by_itself = len(parts) == 1 and bool(entry.file) and not first.name.lower().endswith(ARCHIVES)
        chosen = _choose(listing, lab, by_itself, notes)
        taken = set(map(id, chosen.values()))
        others = [member for member in listing.members if id(member) not in taken and member.name.lower().endswith(also or "/")]
        for member in others[:_MOST_OTHERS]:
            chosen.setdefault("/".join(member.path), member)
        files = _read_members(chosen, notes)
    used = set(map(id, chosen.values()))
    ignored = sorted("/".join(member.path) for member in listing.members if id(member) not in used)
    notes += listing.notes
    if ignored:
        notes.append(f"ignored {len(ignored)} other file{'s' * (len(ignored) > 1)}: {some(ignored)}")
    if not files:
        notes.append(f"no file of the lab was found (expected {', '.join(lab.submit)})")
    at = entry.stamp
    if not at:
        changed = [member.changed for member in chosen.values() or listing.members] or [first.lstat().st_mtime]
        at = datetime.fromtimestamp(min(max(int(max(changed)), 0), _LAST_SECOND), zone)
        notes.append(f"the name holds no time; the newest file is of {at.isoformat()}")
    return SubmissionFiles(entry.student, at, files, sha256_of(files), tuple(dict.fromkeys(notes)))


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


def _choose(listing: Listing, lab: Lab, by_itself: bool, notes: list[str]) -> dict[str, Member]:
    """Return the member to take for each file of the lab; `notes` gets what the student should know of the choice.

    A file that a student uploaded by itself stands for the one asked for, whatever it is called.
    """
    exact: dict[str, list[Member]] = {}
    for member in sorted(listing.members, key=lambda member: (len(member.path), member.path)):
        exact.setdefault(member.name, []).append(member)
    spoken_for = {name.lower() for name in lab.submit}
    chosen: dict[str, Member] = {}
    for name in lab.submit:
        found = exact.get(name) or []
        if not found:
            near = [each for each in exact if _stands_for(each, name, spoken_for)]
            # The spelling in another case before copies, and of copies the one numbered last.
            near.sort(key=lambda each: (each.lower() != name.lower(), -_number(each), each))
            if not near and by_itself:
                near = [each for each in exact if each.lower().endswith(_alone(lab) or "/")]
            if near:
                found = exact[near[0]]
                others = f" (and not {some(near[1:])})" if near[1:] else ""
                notes.append(f"{shown(near[0])} was taken as {name}{others}")
        if found:
            chosen[name] = found[0]
            if others_there := ["/".join(member.path) for member in found[1:]]:
                notes.append(f"{'/'.join(map(shown, found[0].path))} was taken, and not {some(others_there)}")
    return chosen


def _stands_for(found: str, name: str, spoken_for: set[str]) -> bool:
    """Return whether a file is the one asked for in another case, or a copy as browsers and systems name them."""
    if not found.isascii():  # where one letter passes for another
        return False
    if found.lower() == name.lower():
        return True
    stem, _, ending = name.rpartition(".")
    copy = rf"{re.escape(stem)}([ _]?\(\d{{1,4}}\)|[-_ ]\d{{1,4}}|[-_ ]+copy([-_ ]?\(?\d{{1,4}}\)?)?)\.{ending}"
    return found.lower() not in spoken_for and re.fullmatch(copy, found, re.IGNORECASE) is not None


def _number(name: str) -> int:
    return int((re.findall(r"\d+", name) or ["0"])[-1])


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
