"""`practicum demo`: the main job from end to end, on an invented class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from practicum.gradebook.gradebook import Gradebook


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="The folder to make; an earlier demonstration is replaced.")
    ] = Path("demo"),
    jobs: Annotated[Optional[int], typer.Option(min=1, help="Worker processes; by default one per core.")] = None,  # noqa: UP045
) -> None:
    """Run a course in a minute: hand out labs, let an invented class submit, grade it, look for copies, make the gradebook."""
    import time

    from rich.markup import escape

    from practicum.cli.extras import require
    from practicum.cli.grade_view import GradingProgress
    from practicum.cli.tables import terminal
    from practicum.demo.run import run_demo

    require("teach")
    began = time.perf_counter()
    console = terminal()

    def say(what: str, how: str) -> None:
        console.print(f"[bold green]{what:>24}[/]  {escape(how)}", soft_wrap=True)

    book = run_demo(into, jobs, say, lambda lab: GradingProgress(console, lab))
    _show(into, book, console)
    console.print(f"\nThe whole course ran in {time.perf_counter() - began:.0f} s.")


def _show(into: Path, book: Gradebook, console: Console) -> None:
    from rich.table import Table

    from practicum.cli.course_view import grades_view
    from practicum.cli.tables import print_table
    from practicum.demo.run import LABS

    console.print()
    print_table(grades_view(book), console)
    for problem in book.problems:
        console.print(f"[yellow]note:[/] {problem}")
    table = Table(box=None, show_header=False, padding=(0, 3, 0, 0))
    rows = {
        f"{into}/handouts/LAB.zip": "what students are given",
        f"{into}/submissions/LAB/": "what they submitted",
        f"{into}/class.csv": "what each of them did, and what it earned",
        f"{into}/feedback/LAB/STUDENT.html": "a page for each student",
        f"{into}/feedback/LAB-report.html": "the class report",
        f"{into}/similarity/{LABS[0]}/index.html": "who shares more than the class does, side by side",
        f"{into}/gradebook/FORM.csv": "the gradebook for Canvas, Blackboard, Moodle, and a plain one",
        f"cd {into} && practicum gradebook --student s001": "how a student's numbers came about",
    }
    for where, what in rows.items():
        table.add_row(where, f"[dim]{what}[/]")
    console.print()
    print_table(table, console)
