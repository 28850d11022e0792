"""`practicum feedback`: what goes back to the students, as pages and as what each platform takes back.

Heavy imports stand inside the functions: `practicum --help` must not wait for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from practicum.course.assessment import Item
    from practicum.course.roster import Student
    from practicum.course.workspace import Workspace
    from practicum.gradebook.gradebook import Gradebook
    from practicum.reports.feedback.pack import Addressed, Pack
    from practicum.store.records import StoredResult

FORMS = ("canvas", "blackboard", "moodle", "mail")

ItemName = Annotated[str, typer.Argument(metavar="ITEM", help="An item of the course file, such as a1.")]
Notes = Annotated[bool, typer.Option("--notes", help="Tell the notes of marks.csv and the reasons of exemptions, too.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    feedback = typer.Typer(
        help="Give feedback back: a page per student and item, and the files each platform takes.", no_args_is_help=True
    )
    feedback.command("pages")(pages)
    feedback.command("pack")(pack)
    app.add_typer(feedback, name="feedback")


def pages(
    item: ItemName,
    output: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the hint at run time
        typer.Option(
            "-o", "--output", metavar="DIR", help="A new or empty folder; by default feedback/items/ITEM of the workspace."
        ),
    ] = None,
    notes: Notes = False,
) -> None:
    """Write a page per student: name, points, late factor, how the grade came about, and all labs of the item."""
    from practicum.cli.context import short
    from practicum.course.workspace import find
    from practicum.reports.feedback.pack import Pack, write_folder
    from practicum.reports.feedback.page import item_page

    workspace = find()
    known = _Known(workspace, item)
    made = Pack({f"{own}.html": item_page(each.told).encode() for own, each in known.feedback(notes).items()})
    target = output or workspace.feedback("items") / known.item.name
    if output is None:
        _make_room(target, made)
    write_folder(made, target)
    typer.echo(f"feedback: {short(target)} ({len(made.files)} pages)")


def pack(
    item: ItemName,
    form: Annotated[str, typer.Option("--for", metavar="FORM", help="canvas, blackboard, moodle or mail.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The zip to write; for mail a new or empty folder.")
    ],
    download: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(metavar="ZIP", help="What was downloaded and graded; by default submissions/ of the workspace."),
    ] = None,
    worksheet: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Moodle's grading worksheet of this assignment, which knows the participant numbers."),
    ] = None,
    current: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Blackboard's gradebook download, which knows usernames and column numbers."),
    ] = None,
    sender: Annotated[str, typer.Option(metavar="ADDRESS", help="From whom mail comes: `Jo Doe <jo@example.org>`.")] = "",
    notes: Notes = False,
) -> None:
    """Pack feedback as a platform takes it back. Nothing is sent or uploaded.

    \b
    canvas      a zip for "Upload Submissions": the names of the download, feedback in the kind of each file
    moodle      a zip for "Upload multiple feedback files in a zip": NAME_NUMBER_assignfeedback_file/feedback.html
    blackboard  a zip with a page in a folder per username, and grades.csv with a line of feedback for upload
    mail        a folder with an .eml per student and feedback.mbox of all; needs --sender

    \b
    practicum feedback pack a1 --for canvas -o a1-feedback.zip --download submissions.zip
    """
    from practicum.cli.context import short
    from practicum.cli.grade_view import clean
    from practicum.course.workspace import find
    from practicum.errors import PracticumError, suggestion
    from practicum.reports.feedback.pack import write_folder, write_zip

    if form not in FORMS:
        raise PracticumError(f"no pack for `{form}`{suggestion(form, FORMS)}; known: {', '.join(FORMS)}")
    for name, given, meant in (
        ("--worksheet", worksheet is not None, ("moodle",)),
        ("--current", current is not None, ("blackboard",)),
        ("--sender", bool(sender), ("mail",)),
        ("--download", bool(download), ("canvas", "moodle")),
    ):
        if given and form not in meant:
            raise PracticumError(f"expected {name} with --for {' or '.join(meant)}, got --for {form}")
    if form == "mail" and not sender:
        raise PracticumError("expected --sender, from whom the mail comes, such as `Jo Doe <jo@example.org>`")
    workspace = find()
    known = _Known(workspace, item)
    made = _pack(known, form, known.feedback(notes), download, worksheet, current, sender)
    for line in made.left_out:
        typer.echo(f"warning: {clean(line)}", err=True)
    if not made.files:
        raise PracticumError(f"nothing to pack for {form}: no student of `{item}` can be given feedback so; nothing was written")
    (write_folder if form == "mail" else write_zip)(made, output)
    typer.echo(f"Wrote {short(output)} ({len(made.files)} files).")


class _Known:
    """The gradebook of a workspace, an item of it, and what was graded."""

    def __init__(self, workspace: Workspace, item: str) -> None:
        from datetime import UTC, datetime

        from practicum.cli.context import gradebook_of
        from practicum.cli.grade_inbox import teams_of
        from practicum.errors import PracticumError

        self.workspace = workspace
        self.course = workspace.course()
        try:
            self.item: Item = self.course.find(item)
        except KeyError as error:
            raise PracticumError(str(error.args[0])) from None
        self.roster = workspace.roster()
        self.now = datetime.now(UTC)
        self.members: dict[str, tuple[str, ...]] = {student.id: (student.id,) for student in self.roster}
        for members in teams_of(workspace, self.course, self.item).values():
            self.members |= dict.fromkeys(members, members)
        self.book: Gradebook = gradebook_of(workspace, self.course, self.roster, self.now)

    def results(self) -> list[StoredResult]:
        """Return the published results of the item's labs."""
        from practicum.store.store import Store

        if not self.workspace.database.exists():
            return []
        with Store(self.workspace.database) as store:
            return [result for lab in self.item.labs() for result in store.results(lab)]

    def titles(self) -> dict[str, str]:
        """Return the titles of the item's labs, as far as they are there."""
        from practicum.errors import PracticumError
        from practicum.labs.lab import find_lab

        titles = {}
        for name in self.item.labs():
            try:
                titles[name] = find_lab(name).title
            except PracticumError:
                titles[name] = name
        return titles

    def feedback(self, notes: bool) -> dict[str, Addressed]:
        """Return what each student is told who is to be told something; say who is not.

        Raises:
            PracticumError: that is nobody.
        """
        from practicum.cli.grade_view import clean
        from practicum.errors import PracticumError
        from practicum.gradebook.export.sheet import some
        from practicum.reports.feedback.item import feedback_of, graded
        from practicum.reports.feedback.pack import Addressed

        results, titles, told = self.results(), self.titles(), {}
        waiting: list[Student] = []
        for row in self.book.students:
            grade = next(grade for grade in row.items if grade.item.name == self.item.name)
            if not graded(grade):
                waiting.append(row.student)
                continue
            zone = self.course.term.zone
            said = feedback_of(self.book, row, self.item.name, results, titles, notes=notes, zone=zone)
            told[row.student.id] = Addressed(row.student, said, self.members[row.student.id])
        if waiting:
            typer.echo(f"note: {self.item.name} is not graded yet for {clean(some(waiting))}", err=True)
        if not told:
            raise PracticumError(f"expected grades of `{self.item.name}`, got none yet: `practicum grade` its labs first")
        return told


def _pack(
    known: _Known,
    form: str,
    feedback: dict[str, Addressed],
    download: Sequence[Path] | None,
    worksheet: Path | None,
    current: Path | None,
    sender: str,
) -> Pack:
    from practicum.course.roster import merge_rosters, read_roster, worksheet_participants
    from practicum.gradebook.export import read_current
    from practicum.reports.feedback.blackboard import blackboard_pack
    from practicum.reports.feedback.canvas import canvas_pack
    from practicum.reports.feedback.mail import mail_pack
    from practicum.reports.feedback.moodle import moodle_pack

    teams = known.item.team is not None
    if form == "mail":
        return mail_pack(feedback, sender, known.now, known.course.code)
    if form == "blackboard":
        there = read_current(current, form, known.roster) if current else None
        return blackboard_pack(feedback, known.book, known.item.name, there)
    downloads = _downloads(known, download, needed=worksheet is None)
    if form == "canvas":
        return canvas_pack(feedback, known.roster, downloads, teams=teams)
    roster, numbers = known.roster, {}
    if worksheet is not None:
        roster = merge_rosters(roster, read_roster(worksheet, names_suffice=True)).students
        owners = {number: student.id for student in roster for number in student.participants}
        numbers = {number: owners[number] for number in worksheet_participants(worksheet) if number in owners}
    return moodle_pack(feedback, roster, downloads, numbers, teams=teams)


def _downloads(known: _Known, download: Sequence[Path] | None, *, needed: bool) -> list[list[tuple[str, ...]]]:
    """Return the names in each download that was graded: those given, else what lies in the workspace for the item."""
    from practicum.errors import PracticumError
    from practicum.reports.feedback.pack import download_names

    folders = [known.workspace.submissions(name) for name in dict.fromkeys((known.item.name, *known.item.labs()))]
    places = download or [folder for folder in folders if folder.is_dir()]
    if not places and needed:
        where = " or ".join(str(folder) for folder in folders)
        raise PracticumError(f"expected the platform's download in {where}, got nothing there; give it with --download")
    return [download_names(place) for place in places]


def _make_room(target: Path, made: Pack) -> None:
    """Take away the pages of an earlier time, if there is nothing else in the folder."""
    if target.is_dir() and all(path.suffix == ".html" and path.is_file() for path in target.iterdir()):
        for path in target.iterdir():
            path.unlink()
