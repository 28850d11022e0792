"""`practicum case`: what was decided about copied work, as events that the gradebook honours."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from practicum.course.model import Course
    from practicum.course.workspace import Workspace

DOES = {
    "cleared": "cleared, nothing is held against this work",
    "referred": "referred, the mark is withheld until it is decided",
    "zero": "the work counts 0",
    "fail": "the work counts 0 and the course is failed",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    about = "Integrity cases: record what was decided about copied work. The gradebook honours it."
    case = typer.Typer(help=about, no_args_is_help=True)
    case.command()(decide)
    case.command("list")(show)
    app.add_typer(case, name="case")


def decide(
    lab: Annotated[str, typer.Argument(metavar="LAB", help="A lab of the course, or an item without one, such as a project.")],
    students: Annotated[
        list[str], typer.Argument(metavar="STUDENT...", help="Whose work: ids, logins, e-mails or names on the roster.")
    ],
    outcome: Annotated[str, typer.Option("--outcome", metavar="OUTCOME", help="cleared, referred, zero or fail.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever reads the gradebook.")],
    alone: Annotated[
        bool, typer.Option("--alone", help="Only for the students named; by default for all who submit the item with them.")
    ] = False,
) -> None:
    """Record the outcome of a case: a row for each student in cases.csv. The latest counts, so `cleared` takes one back.

    \b
    cleared   nothing is held against this work
    referred  others decide; the mark is withheld until then
    zero      the work counts 0, whatever is submitted later
    fail      the work counts 0, and the course is failed with a total of 0

    \b
    practicum case decide perceptron s037 s040 --outcome zero --reason "s040 has said so"
    practicum case decide project s001 s014 --outcome fail --reason "minutes of 3 May"
    practicum case decide perceptron s037 --outcome cleared --reason "wrote it first"
    """
    from datetime import UTC

    from practicum.cli.submissions_term import find_student
    from practicum.course.workspace import find
    from practicum.errors import PracticumError, suggestion
    from practicum.gradebook.cases import append_case
    from practicum.gradebook.event_csv import submittable
    from practicum.gradebook.events import OUTCOMES, Case

    known = next((each for each in OUTCOMES if each == outcome), None)
    if known is None:
        raise PracticumError(f"no outcome `{outcome}`{suggestion(outcome, OUTCOMES)}; known: {', '.join(OUTCOMES)}")
    if not reason.strip():
        raise PracticumError("--reason: expected why it was decided so, got nothing")
    workspace = find()
    course, roster = workspace.course(), workspace.roster()
    if lab not in (work := submittable(course)):
        raise PracticumError(f"no lab or item `{lab}`{suggestion(lab, work)}; known: {', '.join(work)}")
    names = {student.id: student.name for student in roster}
    named = [find_student(roster, each).id for each in students]
    about = dict.fromkeys(named if alone else _together(workspace, course, lab, named))
    at = datetime.now(UTC)
    for student in about:
        append_case(workspace.cases_file, Case(student, lab, known, at, reason))
        with_whom = "" if student in named else " (submits with them)"
        typer.echo(f"{lab}: {student} {names[student]}".rstrip() + f"{with_whom}: {DOES[known]}")
    for rule in course.integrity if known != "cleared" else ():
        if rule.consequence:
            whom = f", for {rule.applies_to}" if rule.applies_to else ""
            typer.echo(f"The course's rule: {rule.rule} Otherwise: {rule.consequence}{whom}.")
    if known != "cleared":
        typer.echo(f"To take this back: practicum case decide {lab} {' '.join(about)} --outcome cleared --reason TEXT")


def show() -> None:
    """Show every outcome that was recorded, the latest last, and which of them still hold.

    \b
    practicum case list
    """
    from rich.table import Table
    from rich.text import Text

    from practicum.cli.tables import print_table, terminal
    from practicum.course.calendar import local
    from practicum.course.workspace import find
    from practicum.gradebook.cases import latest_cases
    from practicum.gradebook.event_csv import read_cases

    workspace = find()
    course, names = workspace.course(), {student.id: student.name for student in workspace.roster()}
    cases = read_cases(workspace.cases_file, course, names)
    if not cases:
        typer.echo("No outcome of a case was recorded; `practicum case decide` records one.")
        return
    held = latest_cases(cases)
    table = Table(box=None)
    for head in ("when", "lab", "student", "outcome", "reason", ""):
        table.add_column(head, no_wrap=head in ("when", "lab", "outcome", ""))
    for case in sorted(cases, key=lambda each: each.at):
        holds = "holds" if held[case.student][case.lab] is case else "replaced"
        who = f"{case.student} {names[case.student]}".rstrip()
        table.add_row(*map(Text, (local(course, case.at), case.lab, who, case.outcome, case.reason, holds)))
    print_table(table, terminal())


def _together(workspace: Workspace, course: Course, lab: str, students: list[str]) -> list[str]:
    """Return the students and those who submit the lab's item together with them."""
    from practicum.cli.grade_inbox import teams_of

    item = course.labs.get(lab) or course.find(lab)
    members: dict[str, tuple[str, ...]] = {}
    for team in teams_of(workspace, course, item).values():
        members |= dict.fromkeys(team, team)  # a team for this item alone comes last, and counts
    return [*students, *(member for student in students for member in members.get(student, ()))]
