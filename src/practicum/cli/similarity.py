"""`practicum similarity`: which submissions share more than the class does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from practicum.cli.context import course_zone, refuse_file, short, workspace_here
from practicum.cli.grade import LabName


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(similarity)


def similarity(
    lab: LabName,
    folder: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the hint at run time
        typer.Argument(
            help="What was submitted: an entry per student, a platform's download, or repositories. By default submissions/LAB."
        ),
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

    from practicum.cli.grade_inbox import labs_and_inboxes
    from practicum.cli.grade_view import clean
    from practicum.errors import PracticumError
    from practicum.integrity.reading import read_baseline
    from practicum.integrity.run import compare_folders
    from practicum.labs.intake.sources.read import kind_of

    workspace = workspace_here()
    (found, inbox, looked), *others = labs_and_inboxes(lab, folder, workspace, None)
    if others:
        labs = ", ".join([found.name, *(other.name for other, _, _ in others)])
        raise PracticumError(f"{lab}: expected one lab, got an item of several: {labs}")
    there = [path for path in (inbox.folder, inbox.shared) if path is not None]
    for each in (*(there or looked), *(archive or [])):
        if not each.is_dir() and not (each.is_file() and kind_of(each)):
            what = "a file" if each.exists() else "nothing there"
            raise PracticumError(f"{each}: expected a folder of submissions, got {what}")
    beside = workspace.root if workspace and folder is None else looked[0].absolute().parent
    report = out or beside / "similarity" / found.name
    refuse_file(report, "the report")
    console = Console(stderr=True)
    refused: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)
        outcome = compare_folders(
            found,
            {"": inbox, **_terms(archive or [])},
            course_zone(workspace),
            report,
            baseline=read_baseline(baseline or []),
            teams={student: team for team, members in inbox.teams.items() for student in members},
            refused=refused,
            threshold=threshold,
            progress=lambda what, count: bar.update(task, description=what, completed=count),
        )
    for line in refused:
        typer.echo(f"NOT READ: {clean(line)}", err=True)
    flagged = outcome.flagged()
    pairs, groups = len(flagged), len(outcome.comparison.clusters)
    typer.echo(
        f"{sum(not each.published for each in outcome.submissions)} submissions compared: "
        f"{pairs} pair{'s' * (pairs != 1)} flagged, in {groups} group{'s' * (groups != 1)}"
    )
    for one in flagged[:20]:
        also = f"; {'; '.join(one.traces)}" if one.traces else ""
        typer.echo(f"  {outcome.students(one)}: evidence {one.pair.evidence:.0f}, p = {one.pair.p:.1g}{also}")
    if outcome.comparison.note:
        typer.echo(outcome.comparison.note)
    typer.echo(f"report: {short(outcome.report)}")


def _terms(archives: list[Path]) -> dict[str, Path]:
    """Return a name for each earlier term: its folder's, with its parent's where two are called alike."""
    names = [path.resolve().name for path in archives]
    return {
        name if names.count(name) == 1 else f"{path.resolve().parent.name}/{name}": path
        for name, path in zip(names, archives, strict=True)
    }
