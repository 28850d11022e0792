"""Writing the files of `practicum gradebook --export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from practicum.course.workspace import Workspace
    from practicum.gradebook.gradebook import Gradebook


def write_export(
    form: str, book: Gradebook, total: bool, workspace: Workspace, current: Path | None = None, output: Path | None = None
) -> None:
    """Export a gradebook.

    Args:
        form: canvas, blackboard, moodle or plain.
        book: the grades.
        total: the final grade is exported, too.
        workspace: where the roster is.
        current: what the platform exported last.
        output: the file to write; without it the text goes to standard output.

    Raises:
        PracticumError: the form is unknown, it cannot be exported so, or a file cannot be written.
    """
    from practicum.errors import PracticumError, suggestion
    from practicum.gradebook.export import EXPORTS, read_current
    from practicum.private import write_private

    if form not in EXPORTS:
        raise PracticumError(f"no export `{form}`{suggestion(form, EXPORTS)}; known: {', '.join(EXPORTS)}")
    if form == "plain" and current is not None:
        raise PracticumError("expected --current with --export canvas, blackboard or moodle: the plain CSV goes to no platform")
    there = read_current(current, form, workspace.roster()) if current is not None else None
    for note in there.notes if there else ():
        typer.echo(f"note: {note}", err=True)
    made = EXPORTS[form](book, total, there)
    for warning in made.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if output is None:
        if len(made.files) > 1:
            raise PracticumError(
                f"expected -o FILE, as this export is {len(made.files)} files: columns that are decided for different students "
                f"cannot share one (with --current FILE, what {form.title()} exported last, they can)"
            )
        typer.echo(made.files[0].text, nl=False)
        return
    written = [output.with_name(f"{output.stem}{file.suffix}{output.suffix}") for file in made.files]
    for path, file in zip(written, made.files, strict=True):
        try:
            write_private(path, file.text)
        except OSError as error:
            raise PracticumError(f"{path}: cannot be written ({error.strerror})") from None
        typer.echo(f"Wrote {path}.", err=True)
    if len(written) > 1:
        typer.echo("Import each of these files by itself.", err=True)
    for old in _earlier(output, [item.name for item in book.course.items]):
        if old not in written:
            typer.echo(f"warning: {old} is of an earlier export; do not import it", err=True)


def _earlier(output: Path, items: list[str]) -> list[Path]:
    """Return the further files that an export of this name may have written before."""
    beside = sorted(output.parent.glob(f"*{output.suffix}")) if output.suffix else []
    return [path for path in beside if path.stem.startswith(tuple(f"{output.stem}-{name}" for name in [*items, "total"]))]
