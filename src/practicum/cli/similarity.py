"""`practicum similarity`: which submissions share more than the class does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from practicum.cli.context import course_zone, refuse_file, short, submissions_folder, workspace_here
from practicum.cli.grade import LabName

if TYPE_CHECKING:
    from practicum.course.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(similarity)


def similarity(
    lab: LabName,
    folder: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the hint at run time
        typer.Argument(help="What was submitted, an entry per student; by default submissions/LAB of the workspace."),
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
    from practicum.integrity.reading import read_baseline
    from practicum.integrity.run import compare_folders
    from practicum.labs.lab import find_lab

    found, workspace = find_lab(lab), workspace_here()
    submitted = submissions_folder(folder, workspace, found.name)
    for each in (submitted, *(archive or [])):
        if not each.is_dir():
            there = "a file" if each.exists() else "nothing there"
            raise PracticumError(f"{each}: expected a folder of submissions, got {there}")
    beside = workspace.root if workspace and folder is None else submitted.absolute().parent
    report = out or beside / "similarity" / found.name
    refuse_file(report, "the report")
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)
        outcome = compare_folders(
            found,
            {"": submitted, **_terms(archive or [])},
            course_zone(workspace),
            report,
            baseline=read_baseline(baseline or []),
            teams=_teams(workspace, found.name),
            threshold=threshold,
            progress=lambda what, count: bar.update(task, description=what, completed=count),
        )
    flagged = outcome.flagged()
    pairs, groups = len(flagged), len(outcome.comparison.clusters)
    typer.echo(
        f"{len(outcome.submissions)} submissions compared: "
        f"{pairs} pair{'s' * (pairs != 1)} flagged, in {groups} group{'s' * (groups != 1)}"
    )
    for one in flagged[:20]:
        also = f"; {'; '.join(one.traces)}" if one.traces else ""
        typer.echo(f"  {outcome.students(one)}: evidence {one.pair.evidence:.0f}, p = {one.pair.p:.1g}{also}")
    if outcome.comparison.cohort.honest is None:
        typer.echo("the class is too small to say what is ordinary in it; the pairs are only ranked")
    typer.echo(f"report: {short(outcome.report)}")


def _teams(workspace: Workspace | None, lab: str) -> dict[str, str]:
    """Return who works together on a lab, by student."""
    from practicum.gradebook.event_csv import read_events
    from practicum.gradebook.events import Team

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
    """Return a name for each earlier term: its folder's, with its parent's where two are called alike."""
    names = [path.resolve().name for path in archives]
    return {
        name if names.count(name) == 1 else f"{path.resolve().parent.name}/{name}": path
        for name, path in zip(names, archives, strict=True)
    }
