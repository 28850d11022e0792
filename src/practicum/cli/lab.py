"""`practicum lab`: list, start, build and verify labs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from practicum.cli.context import short

if TYPE_CHECKING:
    from practicum.course.workspace import Workspace

LabName = Annotated[str, typer.Argument(metavar="LAB", help="A lab's name, or the path to its folder.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    labs = typer.Typer(help="Write labs, hand them out, prove their checks.", no_args_is_help=True)
    labs.command("list")(show)
    labs.command()(new)
    labs.command()(copy)
    labs.command()(build)
    labs.command()(verify)
    app.add_typer(labs, name="lab")


def show() -> None:
    """List the labs: those of the workspace, then those of the curriculum."""
    from practicum.cli.context import workspace_here
    from practicum.curriculum import MISSING, find_curriculum
    from practicum.errors import PracticumError
    from practicum.labs.lab import lab_folders, load_lab

    workspace = workspace_here()
    rows, broken = [("LAB", "POINTS", "HANDS IN", "TITLE")], []
    for folder in sorted(lab_folders().values(), key=lambda path: (not _own(path, workspace), path.name)):
        try:
            lab = load_lab(folder)
            own = " (of this workspace)" * _own(folder, workspace)
            rows.append((lab.name, f"{lab.points:f}", ", ".join(lab.submit), f"{lab.title}{own}"))
        except PracticumError as error:
            broken.append(str(error))
    if len(rows) == 1 and find_curriculum() is None:
        broken.append(MISSING)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if broken:
        raise PracticumError("\n".join(broken))


def new(
    name: Annotated[str, typer.Argument(help="The new lab's name, like `my-lab`.")],
    notebook: Annotated[bool, typer.Option("--notebook", help="Students submit a notebook, not a module.")] = False,
    into: Annotated[
        Path | None, typer.Option("-o", "--into", help="The folder of labs for it; by default labs/ of the workspace.")
    ] = None,
) -> None:
    """Start a lab: a small one that works, with comments on what to write where."""
    from practicum.labs.skeleton import write_skeleton

    shown = short(write_skeleton(name, _home_of_labs(into, name), notebook=notebook))
    typer.echo(f"{shown}: a small working lab. Edit it, then prove it with `practicum lab verify {shown}`.")


def copy(
    lab: LabName,
    name: Annotated[
        str, typer.Argument(metavar="[NEW]", help="The copy's name; by default the same, and then it comes first.")
    ] = "",
    into: Annotated[
        Path | None, typer.Option("-o", "--into", help="The folder of labs for it; by default labs/ of the workspace.")
    ] = None,
) -> None:
    """Copy a lab to change it: one that comes with Practicum into the workspace, where it is found first.

    \b
    practicum lab copy perceptron
    practicum lab copy perceptron perceptron-2027
    """
    from practicum.labs.lab import find_lab
    from practicum.labs.skeleton import copy_lab

    found = find_lab(lab)
    shown = short(copy_lab(found, name or found.name, _home_of_labs(into, found.name)))
    typer.echo(f"{shown}: a copy of {found.name}. Change it, then prove it with `practicum lab verify {shown}`.")


def build(
    lab: LabName,
    into: Annotated[
        Path | None, typer.Option("-o", "--into", help="The folder for it; by default the workspace's handouts.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a folder that is no handout.")] = False,
) -> None:
    """Build a lab's handout: a folder and a zip, without solutions and hidden checks."""
    from practicum.grading.lint import refuse_broken
    from practicum.labs.handout import build_handout
    from practicum.labs.lab import find_lab

    found = find_lab(lab)
    refuse_broken(found)
    folder = (into or _handouts()) / found.name
    zipped = build_handout(found, folder, force=force)
    typer.echo(f"{short(folder)}\n{short(zipped)}")


def verify(
    labs: Annotated[list[str], typer.Argument(metavar="LAB...", help="Names of labs, or paths to their folders.")],
    seeds: Annotated[int, typer.Option(min=1, help="In how many seeds each answer is graded.")] = 5,
    solution_seeds: Annotated[
        int, typer.Option(min=0, help="In how many seeds the solution is graded; checks marked @trains in 20 at most.")
    ] = 1000,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes; by default one per core.")] = None,
    keep: Annotated[Path | None, typer.Option("--keep", metavar="FILE", help="Put what is proven into this CSV table.")] = None,
) -> None:
    """Prove a lab: the solution earns all, the handout nothing, mutants lose just where they say, no cheat earns too much."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from practicum.cli.tables import terminal
    from practicum.cli.verify_table import keep_proof, render_report
    from practicum.grading.verify import verify_lab
    from practicum.labs.lab import find_lab

    found = [find_lab(lab) for lab in labs]  # a wrong name is told before the work begins
    console, proven = terminal(), True
    for lab in found:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(lab.name, total=None)

            def progress(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total)  # noqa: B023 - called within the loop

            workers = jobs or os.cpu_count() or 1
            report = verify_lab(lab, seeds=seeds, jobs=workers, progress=progress, solution_seeds=solution_seeds)
        render_report(report, console)
        proven = proven and not report.problems
        if keep and not report.problems:
            keep_proof(report, keep)
    raise typer.Exit(0 if proven else 1)


def _home_of_labs(into: Path | None, name: str) -> Path:
    """Return the folder of labs in which a new one goes: the one given, or the workspace's; never what is installed.

    Raises:
        PracticumError: there is neither, or it is part of an installation.
    """
    from practicum.cli.context import workspace_here
    from practicum.errors import PracticumError

    workspace = workspace_here()
    if into is None and workspace is None:
        raise PracticumError(f"expected a folder of labs for {name}: run this in a workspace, or give one with `-o DIR`")
    home = into if into is not None or workspace is None else workspace.labs
    assert home is not None
    if {"site-packages", "dist-packages"} & set(home.resolve().parts):
        raise PracticumError(
            f"{home}: expected a folder of your own, got part of an installation, which the next upgrade replaces"
        )
    return home


def _own(folder: Path, workspace: Workspace | None) -> bool:
    return workspace is not None and folder.parent == workspace.labs


def _handouts() -> Path:
    """Return the workspace's handouts, or a folder of that name here."""
    from practicum.cli.context import workspace_here

    workspace = workspace_here()
    return workspace.handouts if workspace else Path("handouts")
