"""Which labs a name means, and where their submissions lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from practicum.errors import PracticumError

if TYPE_CHECKING:
    from datetime import datetime

    from practicum.course.assessment import Item
    from practicum.course.model import Course
    from practicum.course.workspace import Workspace
    from practicum.gradebook.event_index import EventIndex
    from practicum.labs.inbox import Inbox
    from practicum.labs.lab import Lab
    from practicum.store.records import StoredSubmission

Times = Path | Literal["file"] | None


def labs_and_inboxes(
    name: str, folder: Path | None, workspace: Workspace | None, times: Times
) -> Iterator[tuple[Lab, Inbox, list[Path]]]:
    """Yield the labs that a name means, each with its inbox and where its submissions were looked for.

    Args:
        name: of a lab, or of an item of the course, which means all its labs.
        folder: what was submitted; by default what lies in the workspace under the name of the lab and of its item.
        workspace: the one that the command was called in, if any.
        times: where the times of submissions stand.

    Raises:
        PracticumError: there is no such lab, or no folder is given and there is no workspace.
    """
    from practicum.labs.inbox import Inbox
    from practicum.labs.lab import find_lab

    if workspace is None:
        if folder is None:
            raise PracticumError("expected the FOLDER that was submitted; outside of a workspace there is no default for it")
        yield find_lab(name), Inbox(_there(folder), times=times), [folder]
        return
    course, roster = workspace.course(), workspace.roster()
    item = _item(course, name)
    for lab in [find_lab(each) for each in item.labs()] if item else [find_lab(name)]:
        its = item or course.labs.get(lab.name)
        siblings = tuple(_files(its, lab)) if its else ()
        own = folder if folder and not item else None if folder else workspace.submissions(lab.name)
        shared = folder if folder and item else None if folder or not its else _any_case(workspace.submissions(its.name))
        if shared is not None and own is not None and shared.name == own.name:
            shared = None
        looked = [path for path in (own, shared) if path is not None]
        teams = teams_of(workspace, course, its)
        yield lab, Inbox(_there(own), _there(shared), roster, teams, times, siblings, deadlines(workspace, its)), looked


def deadlines(workspace: Workspace, item: Item | None) -> Callable[[str], datetime | None]:
    """Return what tells a student's deadline of an item, extensions included. The workspace's files are read when it is asked."""
    from functools import cache

    @cache
    def index() -> EventIndex:
        from practicum.gradebook.event_csv import read_events
        from practicum.gradebook.event_index import EventIndex

        course, roster = workspace.course(), workspace.roster()
        return EventIndex(course, roster, read_events(workspace.root, course, roster), None)

    return lambda student: index().rules_for(item, index().members(item, student)).due if item else None


def times_of(text: str | None) -> Times:
    """Return what `--times` says.

    Raises:
        PracticumError: there is no such file.
    """
    if text is None or text == "file":
        return text  # type: ignore[return-value]  # the one text is `file`
    if not Path(text).is_file():
        raise PracticumError(f"--times: expected `file`, or a CSV with the columns student and submitted; got no file at {text}")
    return Path(text)


def student_meant(inbox: Inbox, text: str) -> str:
    """Return the roster's id of a student, whatever id was typed; the text itself where the roster knows nobody."""
    from practicum.course.roster.identities import Identities

    student = Identities(inbox.roster or ()).find(text) if text else None
    return student.id if student else text


def strangers(workspace: Workspace | None, submissions: list[StoredSubmission]) -> list[str]:
    """Return a line for each submitter who is nobody on the roster, and about whom nobody has said anything."""
    from practicum.gradebook.event_csv import read_submitters
    from practicum.gradebook.submitters import Corrections
    from practicum.gradebook.unknown import unknown_submitters

    if workspace is None:
        return []
    roster = workspace.roster()
    ids = {student.id for student in roster}
    corrections = Corrections(read_submitters(workspace.submitters_file, workspace.course(), ids))
    labs: dict[str, set[str]] = {}
    for each in submissions:
        if each.student not in ids and corrections.find(each.lab, each.student) is None:
            labs.setdefault(each.student, set()).add(each.lab)
    return unknown_submitters(labs, roster)


def _files(item: Item, lab: Lab) -> Iterator[str]:
    """Yield the files that the other labs of an item ask for, as far as they are written yet."""
    from practicum.labs.lab import find_lab

    for other in item.labs():
        with suppress(PracticumError):
            yield from find_lab(other).submit if other != lab.name else ()


def _item(course: Course, name: str) -> Item | None:
    """Return the item of this name that labs fill, unless a lab has the name."""
    if name in course.labs:
        return None
    return next((item for item in course.items if item.name == name.lower() and item.labs()), None)


def teams_of(workspace: Workspace, course: Course, item: Item | None) -> dict[str, tuple[str, ...]]:
    """Return the members of each team, by its name, that submits an item together."""
    from practicum.gradebook.event_csv import read_teams

    if item is None or not item.team:
        return {}
    teams = read_teams(workspace.root / "teams.csv", course, workspace.roster())
    for_all = sorted((team for team in teams if team.item in ("", item.name)), key=lambda team: bool(team.item))
    return {team.name: team.members for team in for_all}  # a team for this item comes after one for all, and counts


def _there(folder: Path | None) -> Path | None:
    return folder if folder is not None and folder.exists() else None


def _any_case(folder: Path) -> Path:
    """Return the folder beside others whose name is this one in any case: `A1` for `a1`."""
    if folder.exists() or not folder.parent.is_dir():
        return folder
    return next((path for path in folder.parent.iterdir() if path.name.lower() == folder.name.lower()), folder)
