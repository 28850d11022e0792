"""`practicum check`: the public checks on a student's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    lab: Annotated[Path, typer.Argument(help="The folder of the handout, with your files in it.")] = Path("."),
    show_output: Annotated[bool, typer.Option("--show-output", "-s", help="Show what your code prints.")] = False,
) -> None:
    """Run a lab's public checks on your own files: what was expected, what was got, a hint."""
    import sys

    from practicum.grading.local import check_folder

    def warn(line: str) -> None:
        print(f"note: {line}\n", file=sys.stderr, flush=True)

    def show(text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)

    report = check_folder(lab, show=show if show_output else None, warn=warn)
    print(report)  # `typer.echo` would write UTF-8 to a stream that says it is ASCII
    got, most = report.points
    raise typer.Exit(0 if got == most else 1)
