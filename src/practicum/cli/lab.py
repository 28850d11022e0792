"""`practicum lab`: list, start, build and verify labs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

LabName = Annotated[str, typer.Argument(metavar="LAB", help="A lab's name, or the path to its folder.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    labs = typer.Typer(help="Write labs, hand them out, prove their checks.", no_args_is_help=True)
    labs.command("list")(show)
    labs.command()(new)
    labs.command()(build)
    labs.command()(verify)
    app.add_typer(labs, name="lab")


def show() -> None:
    """List the labs of the curriculum."""
    from practicum.curriculum import MISSING, find_curriculum
    from practicum.errors import PracticumError
    from practicum.labs.lab import lab_folders, load_lab

    rows, broken = [("LAB", "POINTS", "HANDS IN", "TITLE")], []
    for folder in lab_folders().values():
        try:
            lab = load_lab(folder)
            rows.append((lab.name, f"{lab.points:f}", ", ".join(lab.submit), lab.title))
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
        Path | None, typer.Option("-o", "--into", help="The folder for it; by default the curriculum's labs.")
    ] = None,
) -> None:
    """Start a lab: a small one that works, with comments on what to write where."""
    from practicum.labs.skeleton import write_skeleton

    folder = write_skeleton(name, into or _home_of_labs(), notebook=notebook)
    shown = _relative(folder)
    typer.echo(f"{shown}: a small working lab. Edit it, then prove it with `practicum lab verify {shown}`.")


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
    typer.echo(f"{_relative(folder)}\n{_relative(zipped)}")


def verify(
    labs: Annotated[list[str], typer.Argument(metavar="LAB...", help="Names of labs, or paths to their folders.")],
    seeds: Annotated[int, typer.Option(min=1, help="In how many seeds each answer is graded.")] = 5,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes; by default one per core.")] = None,
) -> None:
    """Prove a lab: the solution earns all, the handout nothing, each mutant loses exactly where it says."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from practicum.cli.verify_table import render_report
    from practicum.grading.verify import verify_lab
    from practicum.labs.lab import find_lab

    found = [find_lab(lab) for lab in labs]  # a wrong name is told before the work begins
    console, proven = Console(), True
    for lab in found:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(lab.name, total=None)

            def progress(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total)  # noqa: B023 - called within the loop

            report = verify_lab(lab, seeds=seeds, jobs=jobs or os.cpu_count() or 1, progress=progress)
        render_report(report, console)
        proven = proven and not report.problems
    raise typer.Exit(0 if proven else 1)


def _home_of_labs() -> Path:
    """Return where a new lab goes: to the curriculum in use, but not into the installed package."""
    from practicum.curriculum import PACKAGE, find_curriculum

    home = find_curriculum()
    return home / "labs" if home and home.name != PACKAGE else Path.cwd()


def _handouts() -> Path:
    """Return the workspace's handouts, or a folder of that name here."""
    from practicum.course.workspace import find
    from practicum.errors import PracticumError

    try:
        return find().handouts
    except PracticumError:
        return Path("handouts")


def _relative(path: Path) -> Path:
    """Return a path as short as it can be typed from here."""
    here, path = Path.cwd(), path.absolute()
    return path.relative_to(here) if path.is_relative_to(here) else path
