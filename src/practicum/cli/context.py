"""Where a command is run: the workspace around it, the submissions of a lab there, its time zone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from practicum.course.model import Course
    from practicum.course.roster import Student
    from practicum.course.workspace import Workspace
    from practicum.gradebook.gradebook import Gradebook


def workspace_here() -> Workspace | None:
    """Return the workspace that the current folder is in, if it is in one.

    Raises:
        PracticumError: it is in one that lacks its roster or its course file.
    """
    from practicum.course.workspace import NoWorkspace, find

    try:
        return find()
    except NoWorkspace:
        return None


def course_zone(workspace: Workspace | None) -> tzinfo:
    """Return the course's time zone; outside of a workspace, the machine's."""
    from datetime import UTC, datetime

    return workspace.course().term.zone if workspace else datetime.now().astimezone().tzinfo or UTC


def gradebook_of(workspace: Workspace, course: Course, roster: list[Student], now: datetime) -> Gradebook:
    """Return the gradebook that a workspace's CSV files and store make. A lab that does not exist is nobody's to miss."""
    from practicum.gradebook.event_csv import read_events
    from practicum.gradebook.gradebook import gradebook
    from practicum.labs.lab import lab_folders
    from practicum.store.store import events_of

    stored = events_of(workspace.database) if workspace.database.exists() else []
    events = [*read_events(workspace.root, course, roster), *stored]
    return gradebook(course, roster, events, now, unwritten=set(course.labs).difference(lab_folders()))


def names_here(workspace: Workspace | None, lab: str) -> dict[str, str]:
    """Return who submitted for a lab, by the name in the store: the students' names, also where a correction says whose it is."""
    from practicum.gradebook.event_csv import read_submitters
    from practicum.gradebook.submitters import Corrections

    if workspace is None:
        return {}
    names = {student.id: student.name for student in workspace.roster()}
    events = read_submitters(workspace.submitters_file, workspace.course(), names)
    for correction in Corrections(events):
        if correction.lab in ("", lab):
            whose = f"{correction.student} {names[correction.student]}".strip() if correction.student else "counts for nobody"
            names[correction.submitter] = f"→ {whose}"
    return names


def refuse_file(folder: Path, what: str) -> None:
    """Refuse a path to write a folder to where it, or what it would lie in, is a file.

    Raises:
        PracticumError: it is.
    """
    from practicum.errors import PracticumError

    for part in (folder, *folder.absolute().parents):
        if part.exists() and not part.is_dir():
            raise PracticumError(f"{part}: expected a folder for {what}, got a file")


def short(path: Path) -> Path:
    """Return a path as short as it can be typed from here."""
    here, path = Path.cwd(), path.absolute()
    return path.relative_to(here) if path.is_relative_to(here) else path
