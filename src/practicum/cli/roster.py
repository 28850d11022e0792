"""`practicum roster`: the class list, from the files that the platforms export.

Heavy imports stand inside the functions: `practicum --help` must not wait for them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

roster_app = typer.Typer(help="The roster: add what the platforms' own files know of the students.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.add_typer(roster_app, name="roster")


@roster_app.command("import")
def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What Canvas, Moodle or Blackboard exported.")],
    preview: Annotated[bool, typer.Option("--preview", help="Show what would change, and write nothing.")] = False,
) -> None:
    """Add students, and the ids they are known by, to the roster of this workspace.

    Takes a Canvas gradebook, Moodle participants, a Moodle grades export, Moodle grading worksheets, a Blackboard
    gradebook, or a roster of the columns of roster.csv, several at once, in any order. Students are joined by any id that both
    sides know (university id, login, number of the platform, participant number, e-mail address). What the roster says
    stays; a file that says something else is refused, and then nothing is written.
    """
    from practicum.course.roster import merge_rosters, read_roster, write_roster
    from practicum.course.workspace import find

    workspace = find()
    there = read_roster(workspace.roster_file)
    students, changed = list(there.students), 0
    for note in there.notes:
        typer.echo(f"note: {note}", err=True)
    for file in files:
        read = read_roster(file, names_suffice=True)
        merged = merge_rosters(students, read)
        students, changed = merged.students, changed + len(merged.changes)
        typer.echo(f"{file} ({read.form.name}, {len(read.students)} students): {len(merged.changes)} changes")
        for change in merged.changes:
            typer.echo(f"  {change}")
        for note in merged.notes:
            typer.echo(f"note: {note}", err=True)
    if not changed or preview:
        typer.echo("Nothing was written." if changed else "The roster knows all this; nothing was written.")
        return
    _replace(workspace.roster_file, write_roster(students))
    typer.echo(
        f"Wrote {workspace.roster_file} ({len(students)} students); the one before it is {workspace.roster_file.name}.bak."
    )


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all, and keep the one that was there."""
    from practicum.errors import PracticumError
    from practicum.private import write_private

    draft, kept = path.with_name(f".{path.name}.new"), path.with_name(f"{path.name}.bak")
    try:
        write_private(draft, text)
        write_private(kept, path.read_bytes())
        draft.replace(path)
    except OSError as error:
        raise PracticumError(f"{path}: cannot be written ({error.strerror})") from None
