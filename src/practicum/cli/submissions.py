"""`practicum submissions`: who submitted what and when; put right what names nobody; register work that no check grades."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from practicum.cli.submissions_term import Term
    from practicum.labs.intake.read import SubmissionFiles
    from practicum.store.store import Store

ItemName = Annotated[str, typer.Argument(metavar="ITEM", help="A lab of the course, or an item such as a report.")]
SubmitterName = Annotated[
    str, typer.Argument(metavar="SUBMITTER", help="The name under which it was submitted, as `submissions list` shows it.")
]
ForLab = Annotated[str, typer.Option("--lab", metavar="LAB", help="Only for this lab or item; by default for all.")]
Note = Annotated[str, typer.Option("--note", help="Why, for whoever reads the gradebook.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    about = "Who submitted what and when; put right what names nobody; register work that no check grades."
    submissions = typer.Typer(help=about, no_args_is_help=True)
    submissions.command("list")(show)
    submissions.command()(assign)
    submissions.command()(forget)
    submissions.command()(undo)
    submissions.command()(add)
    submissions.command()(read)
    app.add_typer(submissions, name="submissions")


def show(
    lab: Annotated[str, typer.Argument(metavar="[LAB]", help="Only this lab or item; by default all.")] = "",
) -> None:
    """Show who submitted what and when. What nobody on the roster submitted stands on top.

    \b
    practicum submissions list
    practicum submissions list perceptron
    """
    from practicum.cli.submissions_term import read_term
    from practicum.cli.submissions_view import submissions_view, unknown_view
    from practicum.cli.tables import print_table, terminal
    from practicum.store.look import readable
    from practicum.store.store import Store

    term = read_term(lab)
    console, found = terminal(), term.about(lab)
    if not found:
        typer.echo(f"Nothing was submitted yet{f' for {lab}' if lab else ''}; `practicum grade` and `submissions read` read it.")
        return
    with readable(term.workspace.database) as path, Store(path) as store:
        sizes = store.file_sizes(lab or None)
    for view in unknown_view(term, found):
        console.print(view, highlight=False)
    print_table(submissions_view(term, found, sizes), console)


def assign(
    submitter: SubmitterName,
    student: Annotated[
        str, typer.Argument(metavar="STUDENT", help="Whose work it is: an id, login, e-mail or name on the roster.")
    ],
    lab: ForLab = "",
    note: Note = "",
) -> None:
    """Say whose work it is that a submitter submitted. A row in submitters.csv, which `undo` takes back.

    \b
    practicum submissions assign 40013 s001
    practicum submissions assign hw1-final s002 --lab perceptron --note "told me by mail"
    """
    from practicum.cli.submissions_term import find_student, read_term

    term = read_term(lab)
    who = find_student(term.roster, student)
    _correct(term, submitter, who.id, lab, note, f"counts for {who.id} {who.name}".rstrip())


def forget(submitter: SubmitterName, lab: ForLab = "", note: Note = "") -> None:
    """Let what a submitter submitted count for nobody. It stays in the store, and `undo` takes this back.

    \b
    practicum submissions forget test-upload
    practicum submissions forget 40013 --lab backprop --note "an auditor"
    """
    from practicum.cli.submissions_term import read_term

    _correct(read_term(lab), submitter, "", lab, note, "counts for nobody")


def undo() -> None:
    """Take back the last row of submitters.csv, and show it.

    \b
    practicum submissions undo
    """
    from practicum.course.workspace import find
    from practicum.csvfile import unguard
    from practicum.gradebook.submitters_file import undo_submitter

    row = {name: unguard(cell.strip()) for name, cell in undo_submitter(find().submitters_file).items()}
    to = f"assigned to {row['student']}" if row.get("student") else "forgotten"
    note = f" ({row['note']})" if row.get("note") else ""
    typer.echo(f"Taken back: {row.get('submitter', '')} {to} for {row.get('lab') or 'every lab'}{note}.")


def add(
    item: ItemName,
    student: Annotated[
        str, typer.Argument(metavar="STUDENT", help="An id, login, e-mail or name on the roster; of a team any member.")
    ],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What was submitted: files, archives or folders.")],
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="When, such as `2027-03-19 23:59:59`; without it, it counts as on time.")
    ] = "",
) -> None:
    """Register one student's work by hand, also for an item without checks, such as a project's report.

    \b
    practicum submissions add project s001 report.pdf code.zip --at "2027-05-07 18:30"
    practicum submissions add perceptron s002 ~/Downloads/perceptron.py
    """
    from practicum.cli.submissions_reading import read_by_hand
    from practicum.cli.submissions_term import find_student, read_term, time_of, work_named

    term = read_term("")
    who, lab = find_student(term.roster, student), work_named(term, item)
    when = time_of(term, at) if at else None
    submitted = read_by_hand(lab, who.id, files, when or datetime.now(term.course.term.zone), stated=when is not None)
    with _store(term) as store:
        _, new = store.register(lab.name, submitted)
    _say(submitted)
    when_words = f"{submitted.at.astimezone(term.course.term.zone):%Y-%m-%d %H:%M:%S %Z}" if when else "no time stated: on time"
    before = "" if new else "; it was there before"
    kept = f"{len(submitted.files)} file{'s' * (len(submitted.files) != 1)}"
    typer.echo(f"{lab.name}: {kept} of {who.id} {who.name}".rstrip() + f" ({when_words}){before}.")
    if lab.submit:
        typer.echo(f"Grade it with: practicum grade {lab.name}")


def read(
    item: ItemName,
    folder: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the hint at run time
        typer.Argument(
            help="What was submitted: an entry per student, a platform's download, or repositories; by default submissions/ITEM."
        ),
    ] = None,
    times: Annotated[
        str, typer.Option("--times", metavar="FILE|file", help="A CSV with the times, or `file`: the dates of the files count.")
    ] = "",
) -> None:
    """Register what a class submitted, without grading: for reports and talks, or to see who submitted before a lab is graded.

    Of an item without checks every file is kept, also PDFs, up to 100 files of 32 MiB each and 128 MiB in all from each student.

    \b
    practicum submissions read project
    practicum submissions read project ~/Downloads/submissions
    practicum submissions read project repositories.csv
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from practicum.cli.grade_inbox import deadlines, teams_of, times_of
    from practicum.cli.grade_view import clean
    from practicum.cli.submissions_reading import EVERY_FILE
    from practicum.cli.submissions_term import read_term, work_named
    from practicum.cli.submissions_view import unknown_view
    from practicum.cli.tables import terminal
    from practicum.errors import PracticumError
    from practicum.labs.inbox import Inbox

    term = read_term("")
    lab = work_named(term, item)
    source = folder or term.workspace.submissions(lab.name)
    refused: list[str] = []
    if not source.exists():
        raise PracticumError(f"{source}: expected a folder of submissions, got nothing there")
    fed = term.course.labs.get(lab.name) or term.item(lab.name)
    teams, due = teams_of(term.workspace, term.course, fed), deadlines(term.workspace, fed)
    inbox = Inbox(source, None, term.roster, teams, times_of(times or None), due=due)
    also = () if lab.submit else EVERY_FILE
    console, new, known, empty = Console(stderr=True), 0, 0, 0
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"))
    with _store(term) as store, Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{lab.name}: reading", total=None)
        for submitted in inbox.read(lab, term.course.term.zone, refused, also):
            bar.advance(task)
            _say(submitted)
            if not submitted.files:
                empty += 1
                continue
            _, is_new = store.register(lab.name, submitted)
            new, known = new + is_new, known + (not is_new)
        term = replace(term, submissions=store.submissions())
    for line in refused:
        typer.echo(f"NOT READ: {clean(line)}", err=True)
    for view in unknown_view(term, term.about(lab.name)):
        terminal().print(view, highlight=False)
    left = f", {empty} without a file that is kept (not registered)" if empty else ""
    typer.echo(f"{lab.name}: {new} new, {known} known before{left}. `practicum submissions list {lab.name}` shows them.")


def _correct(term: Term, submitter: str, student: str, lab: str, note: str, does: str) -> None:
    """Write a correction down, and say what it changes."""
    from datetime import UTC

    from practicum.course.roster.spelling import folded
    from practicum.errors import PracticumError, suggestion
    from practicum.gradebook.events import Submitter
    from practicum.gradebook.submitters_file import append_submitter

    about = [each for each in term.about(lab) if folded(each.student) == folded(submitter)]
    if not about:
        there = sorted({each.student for each in term.about(lab)}, key=lambda name: (name in term.names, name))
        known = f"; there are: {', '.join(there[:20])}" if there else "; nothing was submitted yet"
        raise PracticumError(f"no submission of `{submitter}`{f' for {lab}' if lab else ''}{suggestion(submitter, there)}{known}")
    name = about[0].student
    append_submitter(term.workspace.submitters_file, Submitter(name, student, lab, datetime.now(UTC), note))
    labs = ", ".join(dict.fromkeys(each.lab for each in about))
    typer.echo(f"What {name} submitted ({len(about)} for {labs}) {does}.")
    if name in term.names and name != student:
        typer.echo(f"Note: {name} {term.names[name]} is on the roster; this takes work from there.", err=True)
    typer.echo("To take this back: practicum submissions undo")


def _store(term: Term) -> Store:
    from practicum.store.store import Store

    return Store(term.workspace.database)


def _say(submitted: SubmissionFiles) -> None:
    from practicum.cli.grade_view import clean

    for note in submitted.notes:
        typer.echo(f"note: {submitted.student}: {clean(note)}", err=True)
