"""`practicum similarity`: which submissions share more than the class does."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from practicum.cli.grade import LabName
from practicum.cli.here import course_zone, handed_in_folder, short, workspace_here

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from practicum.course.workspace import Workspace
    from practicum.integrity.works import Work


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(similarity)


def similarity(
    lab: LabName,
    folder: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the hint at run time
        typer.Argument(help="What was handed in, an entry per student; by default submissions/LAB of the workspace."),
    ] = None,
    archive: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option("--archive", metavar="FOLDER", help="Submissions of an earlier term, to compare with; may be repeated."),
    ] = None,
    baseline: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option("--baseline", metavar="FILE", help="Code that everybody was given, besides the lab's own; may be repeated."),
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=1e-12, max=1, help="Flag a pair if an honest class has one like it with less probability.")
    ] = 0.01,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", metavar="DIR", help="The report; by default similarity/LAB, in the workspace or beside FOLDER."),
    ] = None,
) -> None:
    """Find pairs and groups of submissions that share more than task and class explain. Nothing is run, nobody is accused."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from practicum.errors import PracticumError
    from practicum.integrity.classes import given_by, read_again, read_baseline, read_class
    from practicum.integrity.report import About, write_report
    from practicum.integrity.similar import compare
    from practicum.labs.lab import find_lab

    found, workspace = find_lab(lab), workspace_here()
    handed_in, zone = handed_in_folder(folder, workspace, found.name), course_zone(workspace)
    for each in (handed_in, *(archive or [])):
        if not each.is_dir():
            raise PracticumError(
                f"{each}: expected a folder of submissions, got {'a file' if each.exists() else 'nothing there'}"
            )
    folders = {"": handed_in, **_terms(archive or [])}
    given = given_by(found) | read_baseline(baseline or [])
    console = Console(stderr=True)
    works: list[Work] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        for term, where in folders.items():
            task = bar.add_task(f"reading {where.name}", total=None)
            works += read_class(where, found, zone, term, partial(_progress, bar, task))
        bar.add_task(f"comparing {len(works)}", total=None)
        comparison = compare(works, list(given.values()), _teams(workspace, found.name), threshold=threshold)
        about = About(found.title, found.name, threshold, tuple(given), tuple(folders)[1:])

        def whole(indices: Collection[int]) -> dict[int, Work]:
            wanted = {(works[index].term, works[index].student): index for index in indices}
            again = [work for term, where in folders.items() for work in read_again(where, found, zone, term, wanted)]
            return {wanted[work.term, work.student]: work for work in again}

        beside = workspace.root if workspace and folder is None else handed_in.absolute().parent
        written = write_report(about, works, comparison, whole, out or beside / "similarity" / found.name)
    flagged = [one for one in comparison.found if one.flagged]
    pairs, groups = len(flagged), len(comparison.clusters)
    typer.echo(
        f"{len(works)} submissions compared: {pairs} pair{'s' * (pairs != 1)} flagged, in {groups} group{'s' * (groups != 1)}"
    )
    for one in flagged[:20]:
        names = " and ".join(works[each].student for each in (one.pair.first, one.pair.second))
        also = f"; {'; '.join(one.traces)}" if one.traces else ""
        typer.echo(f"  {names}: evidence {one.pair.evidence:.0f}, p = {one.pair.p:.1g}{also}")
    if comparison.cohort.honest is None:
        typer.echo("the class is too small to say what is ordinary in it; the pairs are only ranked")
    typer.echo(f"report: {short(written[0])}")


def _progress(bar: Progress, task: TaskID, count: int) -> None:
    bar.update(task, completed=count)


def _teams(workspace: Workspace | None, lab: str) -> dict[str, str]:
    """Who works together on a lab, by student."""
    from practicum.course.events import Team
    from practicum.course.files import read_events

    if workspace is None:
        return {}
    course = workspace.course()
    item = course.labs.get(lab)
    if item is None or item.team is None:
        return {}
    events = read_events(workspace.root, course, workspace.roster())
    teams = [event for event in events if isinstance(event, Team) and event.item in ("", item.name)]
    teams.sort(key=lambda team: bool(team.item))  # a team for this item counts before one for all
    return {student: team.name for team in teams for student in team.members}


def _terms(archives: list[Path]) -> dict[str, Path]:
    """A name for each earlier term: its folder's, with its parent's where two are called alike."""
    names = [path.resolve().name for path in archives]
    return {
        name if names.count(name) == 1 else f"{path.resolve().parent.name}/{name}": path
        for name, path in zip(names, archives, strict=True)
    }
