"""`practicum init`, `course`, `gradebook` and `status`: a term from the course file to the grades.

Heavy imports stand inside the functions: `practicum --help` must not wait for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from practicum.course.model import Course
    from practicum.course.roster import Student
    from practicum.course.workspace import Workspace
    from practicum.gradebook.events import Event, Result, Submission
    from practicum.gradebook.gradebook import Gradebook, StudentGrade

course_app = typer.Typer(help="Courses: list them, check one, show its plan.", no_args_is_help=True)

CourseName = Annotated[str, typer.Argument(metavar="COURSE", help="A course's name, or the path of a course file.")]
MaybeCourse = Annotated[
    Optional[str],  # noqa: UP045 - typer reads the hint at run time
    typer.Argument(metavar="[COURSE]", help="A course's name or path; by default the course of this workspace."),
]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("init")(init)
    app.add_typer(course_app, name="course")
    app.command("gradebook")(gradebook)
    app.command("status")(status)


def init(
    course: CourseName,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The workspace to make.")],
    start: Annotated[
        Optional[datetime],  # noqa: UP045
        typer.Option(formats=["%Y-%m-%d"], help="First day of the term; written into course.toml."),
    ] = None,
) -> None:
    """Make a workspace: the course file to edit, the roster, and folders for a term's work."""
    from practicum.course.workspace import init as make

    workspace = make(course, folder, start.date() if start else None)
    plan = workspace.course()
    typer.echo(f"Made {folder} for {plan.title}.")
    typer.echo(f"Next: set the term ({plan.term.name}, week 1 from {plan.term.start}) in {folder}/course.toml,")
    typer.echo(f"      and the students in {folder}/roster.csv. Then, inside it: practicum course check")


@course_app.command("list")
def list_courses() -> None:
    """List the courses that come with Practicum."""
    from rich.table import Table

    from practicum.course.load import load_course
    from practicum.course.workspace import course_path, courses

    table = Table("course", "title", "weeks", "items", "labs", "topics", box=None)
    for name in courses():
        course = load_course(course_path(name))
        counts = (course.term.weeks, len(course.items), len(course.labs), len(course.taught()))
        table.add_row(name, course.title, *map(str, counts))
    _print(table)


@course_app.command("check")
def check(course: MaybeCourse = None) -> None:
    """Check a course file, and in a workspace the roster and every CSV file too."""
    plan, workspace = _course(course)
    warnings = list(_warnings(plan))
    students = 0
    if workspace is not None:
        roster = workspace.roster()
        students = len(roster)
        warnings += _compute(workspace, plan, roster).problems
    for warning in warnings:
        typer.echo(f"warning: {warning}")
    enrolled = f", {students} students" if workspace is not None else ""
    typer.echo(f"{plan.name}: the course file is sound ({len(plan.items)} items, {len(plan.labs)} labs{enrolled}).")


@course_app.command("show")
def show(course: MaybeCourse = None) -> None:
    """Show a course: its weeks, what counts how much, when work is due and what late work is worth."""
    from practicum.cli.course_view import course_view

    plan, _ = _course(course)
    for part in course_view(plan):
        _print(part)


def gradebook(
    export: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="FORM", help="canvas, blackboard, moodle or plain: write CSV instead of a table."),
    ] = None,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("-o", "--output", metavar="FILE", help="Where the CSV goes; by default to standard output."),
    ] = None,
    student: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="ID", help="Explain how each of this student's numbers came about."),
    ] = None,
    total: Annotated[bool, typer.Option("--total", help="Export the final grade as a column, too.")] = False,
) -> None:
    """Show everyone's grades, explain one student's, or export them."""
    from practicum.errors import PracticumError, suggestion
    from practicum.gradebook.export import EXPORTS

    if export is not None and export not in EXPORTS:
        raise PracticumError(f"no export `{export}`{suggestion(export, EXPORTS)}; known: {', '.join(EXPORTS)}")
    if output is not None and export is None:
        raise PracticumError("-o needs --export, which says in which form to write")
    plan, workspace = _course(None)
    assert workspace is not None
    book = _compute(workspace, plan, workspace.roster())
    for problem in book.problems:
        typer.echo(f"warning: {problem}", err=True)
    if export is not None:
        _write(EXPORTS[export](book, total), output)
    elif student is not None:
        _explain(book, student)
    else:
        from practicum.cli.course_view import grades_view

        _print(grades_view(book))


def status() -> None:
    """Show where each lab stands: submitted, graded, late, missing."""
    from practicum.cli.course_view import status_view

    plan, workspace = _course(None)
    assert workspace is not None
    for warning in workspace.exposed():
        typer.echo(f"warning: {warning}", err=True)
    _print(status_view(_compute(workspace, plan, workspace.roster()), _now()))


def _course(name: str | None) -> tuple[Course, Workspace | None]:
    from practicum.course.load import load_course
    from practicum.course.workspace import course_path, find

    if name is not None:
        return load_course(course_path(name)), None
    workspace = find()
    return workspace.course(), workspace


def _compute(workspace: Workspace, plan: Course, roster: list[Student]) -> Gradebook:
    from practicum.gradebook.event_csv import read_events
    from practicum.gradebook.gradebook import gradebook as compute

    events: list[Event] = [*read_events(workspace.root, plan, roster), *_stored(workspace)]
    return compute(plan, roster, events, _now())


def _stored(workspace: Workspace) -> list[Submission | Result]:
    if not workspace.database.exists():
        return []
    from practicum.store.store import events_of

    return events_of(workspace.database)


def _now() -> datetime:
    from datetime import UTC

    return datetime.now(UTC)


def _warnings(plan: Course) -> Iterator[str]:
    from practicum.course.calendar import date_warnings
    from practicum.course.topics import load_topics
    from practicum.course.workspace import curriculum

    yield from date_warnings(plan)
    topics = load_topics(curriculum() / "topics.toml")
    for topic in plan.taught():
        if topic not in topics:
            yield f"topic {topic} is not in topics.toml"
    labs = {*plan.labs, *(lab for session in plan.session for lab in session.labs)}
    for lab in sorted(labs):
        if not (curriculum() / "labs" / lab / "lab.toml").is_file():
            yield f"lab {lab} is planned but not written yet"


def _write(text: str, output: Path | None) -> None:
    from practicum.errors import PracticumError
    from practicum.private import write_private

    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        write_private(output, text)
    except OSError as error:
        raise PracticumError(f"{output}: cannot be written ({error.strerror})") from None
    typer.echo(f"Wrote {output}.", err=True)


def _explain(book: Gradebook, student: str) -> None:
    from practicum.cli.course_view import student_view
    from practicum.errors import PracticumError, suggestion

    ids = [row.student.id for row in book.students]
    if student not in ids:
        raise PracticumError(f"no student `{student}` on the roster{suggestion(student, ids)}")
    row: StudentGrade = book.of(student)
    for part in student_view(book, row):
        _print(part)


def _print(thing: object) -> None:
    """Print a table; where nobody watches (a file, a pipe) nothing is cut to the width of a screen."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(thing, highlight=False, markup=False)
