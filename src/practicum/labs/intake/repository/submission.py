"""Which commit of a repository is a student's submission, and when it was made."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from practicum.labs.content_hash import sha256_of
from practicum.labs.intake.archive_files import Listing
from practicum.labs.intake.names import shown
from practicum.labs.intake.read import SubmissionFiles, take_files
from practicum.labs.intake.repository.copy import open_repository
from practicum.labs.intake.repository.objects import Commit, NoSuchObject, Repository
from practicum.labs.lab import Lab

_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a student's repository.

    Attributes:
        student: whose it is.
        where: its URL, or the folder of a clone.
        due: the student's deadline; the last commit before it counts. None: the newest commit counts.
        commit: the hash of the commit that counts, or its first 7 digits or more; it counts whatever its date.
        pushed: when that commit came to the server, if that is known.
    """

    student: str
    where: str | Path
    due: datetime | None = None
    commit: str = ""
    pushed: datetime | None = None


def read_repository(
    wanted: Wanted, lab: Lab, zone: tzinfo, now: datetime, also: tuple[str, ...] = (), siblings: Collection[str] = ()
) -> SubmissionFiles:
    """Read the commit of a repository that counts.

    Args:
        wanted: whose repository, and what of it.
        lab: the lab; only the files in its `submit` are taken.
        zone: the course's time zone, in which notes tell times.
        now: no commit is newer than this, whatever it says.
        also: endings, in lower case, of further files to take, under their paths.
        siblings: the files of the other labs of the item.

    Raises:
        Unreadable: there is no such repository, it is damaged, or it has no commit.
    """
    notes: list[str] = []
    with open_repository(wanted.where) as repository:
        commit, at = _choose(repository, wanted, int(now.timestamp()), zone, notes)
        listing = Listing()
        repository.list_files(commit, listing)
        _keep_lab(listing, lab, notes)
        files, _ = take_files(listing, lab, notes, also, siblings)
    notes += [
        f"{name} is kept in Git LFS, so that the repository holds a pointer and not the file: submit the file itself"
        for name, data in files.items()
        if data.startswith(_LFS)
    ]
    if wanted.pushed:
        at = wanted.pushed
    else:
        notes.append("the time is what the computer of the commit's author showed; when it was pushed is not known")
    return SubmissionFiles(wanted.student, at.astimezone(zone), files, sha256_of(files), tuple(dict.fromkeys(notes)))


def _choose(repository: Repository, wanted: Wanted, now: int, zone: tzinfo, notes: list[str]) -> tuple[Commit, datetime]:
    def clock(seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, zone)

    def told(commit: Commit) -> str:
        return f"commit {commit.oid[:10]} of {clock(min(commit.at, now)).isoformat()}"

    commits, whole = repository.history(repository.head)
    due = int(wanted.due.timestamp()) if wanted.due else now
    chosen = _named(repository, commits, wanted.commit, notes)
    if chosen:
        history, _ = repository.history(chosen.oid)
        at = _made(history, chosen.oid, now)[chosen.oid]
        notes.append(f"{told(chosen)} was read, as the list of repositories says")
    else:
        made = _made(commits, repository.head, now)
        early = [oid for oid in commits if made[oid] <= due]
        chosen, tips = _last(commits, made, early), _tips(commits, early)
        at = made[chosen.oid]
        notes.append(f"{told(chosen)}{f', on the branch {shown(repository.branch)},' * bool(repository.branch)} was read")
        if wanted.due and not early:
            part = "" if whole else ", but the clone holds only a part of the history: clone again without `--depth`"
            notes.append(f"no commit is from before the deadline, so that the newest was taken{part}")
        elif later := [oid for oid in commits if made[oid] > due]:
            first = min(later, key=lambda oid: made[oid])
            notes.append(f"commits after the deadline were not read: {len(later)}, the first of {clock(made[first]).isoformat()}")
        if early and (behind := [oid for oid in commits if commits[oid].at <= due < made[oid]]):
            notes.append(
                f"{told(commits[behind[0]])} was not taken: it follows a commit that is dated after the deadline. "
                "If it is to count, name it in the list of repositories"
            )
        if len(tips) > 1:
            notes.append(
                f"before the deadline there are commits on {len(tips)} branches, which were merged later; the last one was read"
            )
    if chosen.at > now:
        notes.append(f"the commit is dated in the future ({clock(chosen.at).isoformat()}); it was made before now")
    return chosen, clock(at)


def _keep_lab(listing: Listing, lab: Lab, notes: list[str]) -> None:
    """Where a repository holds the work of a whole course, keep the folder that is called as the lab is."""
    asked = [member.path for member in listing.members if member.name in lab.submit]
    folders = sorted({path[0] for path in asked if len(path) > 1 and _plain(path[0]) == _plain(lab.name)})
    if folders and all(len(path) > 1 for path in asked):
        listing.members = [member for member in listing.members if member.path[0] == folders[0]]
        notes.append(f"the folder {shown(folders[0])} of the repository was read")


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]+", "-", name.casefold())


def _named(repository: Repository, commits: dict[str, Commit], start: str, notes: list[str]) -> Commit | None:
    """Return the commit that is asked for by its hash, or nothing, which is noted."""
    if not start:
        return None
    found = [commit for oid, commit in commits.items() if oid.startswith(start.lower())]
    if not found and re.fullmatch("[0-9a-f]{40}", start.lower()):
        try:
            return repository.commit(start.lower())
        except NoSuchObject:
            pass
    if len(found) == 1:
        return found[0]
    many = "is not there" if not found else "is the beginning of several"
    notes.append(
        f"the list of repositories names the commit {shown(start)}, which {many}: the last one before the deadline was taken"
    )
    return None


def _made(commits: dict[str, Commit], start: str, now: int) -> dict[str, int]:
    """Return when each commit was made at the earliest, by its own date and the dates of those that led to it."""
    made: dict[str, int] = {}
    todo = [start]
    while todo:
        commit = commits[todo[-1]]
        before = [parent for parent in commit.parents if parent in commits]
        if waiting := [parent for parent in before if parent not in made]:
            todo += waiting
        else:
            made[todo.pop()] = max([min(commit.at, now), *(made[parent] for parent in before)])
    return made


def _tips(commits: dict[str, Commit], among: list[str]) -> list[str]:
    """Return the commits that lead to no other of them."""
    inner = {parent for oid in among for parent in commits[oid].parents}
    return [oid for oid in among if oid not in inner]


def _last(commits: dict[str, Commit], made: dict[str, int], early: list[str]) -> Commit:
    """Return the last commit before the deadline, or the newest of all; of two with one time, the nearer to the newest."""
    order = list(commits)
    tips = _tips(commits, early) or order[:1]
    return commits[max(tips, key=lambda oid: (made[oid], -order.index(oid)))]
