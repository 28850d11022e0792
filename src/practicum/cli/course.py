"""`practicum init`, `course`, `gradebook` and `status`: a term from the course file to the grades.

Heavy imports stand inside the functions: `practicum --help` must not wait for them.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from practicum.course.model import Course
    from practicum.course.workspace import Workspace
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
        typer.Option(formats=["%Y-%m-%d"], help="First day of the term; all weeks in course.toml follow it."),
    ] = None,
    term: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="NAME", help="What the term is called; with --start by default its season and year."),
    ] = None,
) -> None:
    """Make a workspace: the course file to edit, the roster, and folders for a term's work."""
    from practicum.course.calendar import fixed_dates
    from practicum.course.workspace import init as make
    from practicum.toml import Document

    workspace = make(course, folder, start.date() if start else None, term)
    plan = workspace.course()
    typer.echo(f"Made {folder} for {plan.title}.")
    if start is not None:
        document = Document.read(workspace.course_file)
        for line in sorted({document.line(*path) for path in fixed_dates(plan)}):
            typer.echo(f"warning: {folder}/course.toml:{line}: a date, which did not move with the start of the term", err=True)
    typer.echo(f"Next: set the term ({plan.term.name}, week 1 from {plan.term.start}) in {folder}/course.toml,")
    typer.echo(f"      and the students in {folder}/roster.csv. Then, inside it: practicum course check")


@course_app.command("list")
def list_courses() -> None:
    """List the courses that come with Practicum."""
    from rich.table import Table

    from practicum.course.load import load_course
    from practicum.course.workspace import course_path, courses
    from practicum.curriculum import curriculum

    curriculum()  # or say that it is missing
    table = Table(box=None)
    for heading in ("course", "title", "weeks", "items", "labs", "topics"):
        table.add_column(heading, no_wrap=heading != "title")
    for name in courses():
        course = load_course(course_path(name))
        counts = (course.term.weeks, len(course.items), len(course.labs), len(course.taught()))
        table.add_row(name, course.title, *map(str, counts))
    _print(table)


@course_app.command("check")
def check(
    course: MaybeCourse = None,
    on: Annotated[
        Optional[datetime],  # noqa: UP045
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Check as of this day, by which every lab that is handed out must exist; by default today, "
            "and for a course that comes with Practicum the first day of its term.",
        ),
    ] = None,
) -> None:
    """Check a course file, and in a workspace the roster and every CSV file too. Exit code 1: there is a mistake."""
    from practicum.cli.context import gradebook_of
    from practicum.course.roster import read_roster
    from practicum.course.workspace import course_path, courses

    plan, workspace = _course(course)
    first = plan.term.start if course in courses() else _now().astimezone(plan.term.zone).date()
    path = workspace.course_file if workspace is not None else course_path(str(course))
    students, without = 0, set[str]()
    problems: tuple[str, ...] = ()
    if workspace is not None:
        file = read_roster(workspace.roster_file)
        book = gradebook_of(workspace, plan, list(file.students), _now())
        students, problems = len(book.students), (*file.notes, *book.problems)
        without = set(plan.labs).difference(book.unwritten)
    warnings, mistakes = _findings(plan, path, on.date() if on else first, without)
    warnings += problems
    for warning in warnings:
        typer.echo(f"warning: {warning}")
    for mistake in mistakes:
        typer.echo(mistake, err=True)
    if mistakes:
        raise typer.Exit(1)
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
    current: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="What the platform exported just now: what is undecided here is repeated from it."),
    ] = None,
) -> None:
    """Show everyone's grades, explain one student's, or export them.

    An export takes nothing away from a platform: columns in which nothing is decided are left out, and a column that is
    decided for some students alone goes into a file of its own with these, unless --current says what the others have.
    """
    from practicum.cli.context import gradebook_of
    from practicum.cli.export import write_export
    from practicum.errors import PracticumError

    if export is None and (output is not None or current is not None):
        raise PracticumError(f"{'-o' if output else '--current'} needs --export, which says in which form to write")
    plan, workspace = _course(None)
    assert workspace is not None
    book = gradebook_of(workspace, plan, workspace.roster(), _now())
    for problem in book.problems:
        typer.echo(f"warning: {problem}", err=True)
    if export is not None:
        write_export(export, book, total, workspace, current, output)
    elif student is not None:
        _explain(book, student)
    else:
        from practicum.cli.course_view import grades_view

        _print(grades_view(book))


def status() -> None:
    """Show where each lab stands: submitted, graded, late, missing."""
    from practicum.cli.context import gradebook_of
    from practicum.cli.course_view import status_view, timing_notes

    plan, workspace = _course(None)
    assert workspace is not None
    for warning in workspace.exposed():
        typer.echo(f"warning: {warning}", err=True)
    book = gradebook_of(workspace, plan, workspace.roster(), _now())
    _print(status_view(book, _now()))
    for line in timing_notes(book):
        _print(line)
    for problem in book.problems:
        typer.echo(f"warning: {problem}", err=True)


def _course(name: str | None) -> tuple[Course, Workspace | None]:
    from practicum.course.load import load_course
    from practicum.course.workspace import course_path, find

    if name is not None:
        return load_course(course_path(name)), None
    workspace = find()
    return workspace.course(), workspace


def _now() -> datetime:
    from datetime import UTC

    return datetime.now(UTC)


def _findings(plan: Course, path: Path, on: date, without: set[str]) -> tuple[list[str], list[str]]:
    """Return what looks wrong in a sound course file and what is wrong there, a line each, by file and line."""
    from practicum.course.calendar import date_mistakes, date_warnings, lab_findings
    from practicum.course.topics import load_topics
    from practicum.course.workspace import curriculum
    from practicum.toml import Document

    document = Document.read(path)
    mistakes = list(date_mistakes(plan))
    warnings = list(date_warnings(plan))
    for place, sentence, wrong in lab_findings(plan, _labs(), on, without):
        (mistakes if wrong else warnings).append((place, sentence))
    lines = [
        [str(document.error([each])) for each in sorted(found, key=lambda each: document.line(*each[0]))]
        for found in (warnings, mistakes)
    ]
    topics = load_topics(curriculum() / "topics.toml")
    lines[0] += [f"topic {topic} is not in topics.toml" for topic in plan.taught() if topic not in topics]
    return lines[0], lines[1]


def _labs() -> list[str]:
    """Return the names of the labs that exist."""
    from practicum.labs.lab import lab_folders

    return list(lab_folders())


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
    """Print a table or a text."""
    from rich.table import Table

    from practicum.cli.tables import print_table, terminal

    if isinstance(thing, Table):
        print_table(thing, terminal())
    else:
        terminal().print(thing, highlight=False, markup=False)
