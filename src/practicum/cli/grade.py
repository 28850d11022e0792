"""`practicum grade` and `practicum regrade`: from a folder of submissions to points, and from a changed lab to changed points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from practicum.cli.context import course_zone, names_here, short, workspace_here

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from rich.console import Console

    from practicum.course.workspace import Workspace
    from practicum.grading.grade import Report
    from practicum.labs.inbox import Inbox
    from practicum.labs.lab import Lab
    from practicum.store.records import StoredResult

LabName = Annotated[str, typer.Argument(metavar="LAB", help="A lab's name, or the path to its folder.")]
Jobs = Annotated[Optional[int], typer.Option(min=1, help="Worker processes; by default one per core.")]  # noqa: UP045
Scheduler = Annotated[
    Optional[str],  # noqa: UP045 - typer reads the hint at run time
    typer.Option(metavar="tcp://HOST:PORT", help="Grade on the cluster of this Dask scheduler instead."),
]
Seed = Annotated[Optional[int], typer.Option(min=0, help="Of the hidden inputs; by default the lab's own in this store.")]  # noqa: UP045
StoreAt = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--store", metavar="FILE|URL", help="By default practicum.db of the workspace, or beside FOLDER."),
]
Unsafe = Annotated[bool, typer.Option("--unsafe", help="Run students' code without a sandbox, as you.")]

INTERRUPTED = 130

UNSAFE = (
    "UNSAFE: there is no sandbox. The students' code runs as you: it can read and change your files, the other submissions, "
    "the points and the checks, and use the network. Do this only with code that you would run yourself."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(grade)
    app.command()(regrade)


def grade(
    lab: LabName,
    folder: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(help="What was submitted: an entry per student, or a platform's download. By default submissions/LAB."),
    ] = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    resume: Annotated[bool, typer.Option("--resume", help="Take up the last run that did not finish.")] = False,
    seed: Seed = None,
    store: StoreAt = None,
    unsafe: Unsafe = False,
    json: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--json", metavar="FILE", help="Write the results as JSON, too."),
    ] = None,
    feedback: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--feedback", metavar="DIR", help="Pages; by default feedback/LAB, in the workspace or beside FOLDER."),
    ] = None,
    no_feedback: Annotated[bool, typer.Option("--no-feedback", help="Write no pages and no class report.")] = False,
    only: Annotated[str, typer.Option("--only", metavar="STUDENT", help="Grade this student only.")] = "",
    times: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="FILE|file",
            help="When it was submitted: a CSV with the columns student and submitted, or a platform's export with times; "
            "the word `file` means the dates of the files. Without it, what states no time counts as on time.",
        ),
    ] = None,
) -> None:
    """Grade what was submitted. What has a result is not graded again; see `regrade` for that.

    LAB may be an item of several labs: then all of them are graded, and submissions/ITEM is read for each.

    \b
    practicum grade perceptron
    practicum grade a1 --times submission-times.csv
    """
    from practicum.cli.extras import require
    from practicum.cli.grade_inbox import labs_and_inboxes, times_of
    from practicum.errors import PracticumError

    require("teach")
    workspace = workspace_here()
    ungraded, records = False, []
    found = list(labs_and_inboxes(lab, folder, workspace, times_of(times)))
    for _, inbox, looked in found:
        if inbox.folder is None and inbox.shared is None and not resume:
            where = " and ".join(map(str, looked))
            raise PracticumError(f"{where}: expected a folder of submissions, got nothing there")
    for each, inbox, looked in found:
        again = " ".join(["practicum grade", lab, *([str(folder)] if folder else []), "--resume"])
        report = _grade(each, inbox, _store(store, workspace, looked[0]), (jobs, scheduler, unsafe), seed, resume, only, again)
        records += report.results
        ungraded = ungraded or bool(report.ungraded or report.refused)
        if not no_feedback:
            beside = looked[0].absolute().parent / "feedback" / each.name
            target = workspace.feedback(each.name) if workspace else beside
            if feedback is not None:
                target = feedback / each.name if len(found) > 1 else feedback
            _write_pages(each, report, target, course_zone(workspace), names_here(workspace, each.name))
    if json is not None:
        _write_json(records, json)
    if ungraded:
        raise typer.Exit(1)


def _grade(
    lab: Lab,
    inbox: Inbox,
    store: str,
    workers: tuple[int | None, str | None, bool],
    seed: int | None,
    resume: bool,
    only: str,
    again: str,
) -> Report:
    """Grade one lab, and show how it goes and what came of it; `again` is the command that takes it up."""
    from rich.console import Console

    from practicum.cli.grade_inbox import strangers, student_meant
    from practicum.cli.grade_view import GradingProgress, print_concerns, print_report
    from practicum.cli.tables import terminal
    from practicum.grading.backends import backends
    from practicum.grading.grade import grade_folder
    from practicum.store.store import Store

    workspace = workspace_here()
    out, err = terminal(), Console(stderr=True)
    _warn(workers[2], err)
    with Store(store) as kept:
        bar = GradingProgress(err, lab.name)
        try:
            with bar as progress:
                report = grade_folder(
                    lab,
                    inbox,
                    kept,
                    course_zone(workspace),
                    backends(*workers, _private(workspace, kept.name, [inbox.folder, inbox.shared])),
                    seed=seed,
                    resume=resume,
                    only=student_meant(inbox, only),
                    progress=progress,
                )
        except KeyboardInterrupt:
            err.print(f"\nStopped. {bar.done} of {bar.todo} graded now, and kept. Go on with: {again}", markup=False)
            raise typer.Exit(INTERRUPTED) from None
        print_report(lab, report, out)
        print_concerns(lab, report, strangers(workspace, [*(r.submission for r in report.everything), *report.ungraded]), out)
    return report


def regrade(
    lab: LabName,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would change, publish nothing; the default.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Publish what the last preview showed.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Grade also what nothing has changed for.")] = False,
    only: Annotated[str, typer.Option("--only", metavar="STUDENT", help="Regrade this student only.")] = "",
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    seed: Seed = None,
    store: StoreAt = None,
    unsafe: Unsafe = False,
) -> None:
    """Show whose points the lab as it is now would change and why; then publish that."""
    from rich.console import Console

    from practicum.cli.grade_view import GradingProgress, print_preview
    from practicum.cli.tables import terminal
    from practicum.errors import PracticumError
    from practicum.grading import regrade as library
    from practicum.grading.backends import backends
    from practicum.labs.lab import find_lab
    from practicum.store.store import Store

    if preview and publish:
        raise PracticumError("expected --preview or --publish, got both: first the one, then the other")
    found, workspace = find_lab(lab), workspace_here()
    where = _store(store, workspace, Path("submissions"))
    if "://" not in where and not Path(where).exists():
        raise PracticumError(f"{where}: expected a store, got nothing there; `practicum grade` makes it")
    out, err = terminal(), Console(stderr=True)
    with Store(where) as kept:
        if publish:
            print_preview(library.publish(found, kept), out, published=True)
            return
        _warn(unsafe, err)
        bar = GradingProgress(err, found.name)
        try:
            with bar as progress:
                graders = backends(jobs, scheduler, unsafe, _private(workspace, where))
                shown = library.preview(found, kept, graders, seed=seed, only=only, again=again, progress=progress)
        except KeyboardInterrupt:
            err.print(f"\nStopped. Nothing is published; what is graded is kept for the next preview of {lab}.", markup=False)
            raise typer.Exit(INTERRUPTED) from None
        print_preview(shown, out, published=False)


def _store(store: str | None, workspace: Workspace | None, folder: Path) -> str:
    return store or str(workspace.database if workspace else folder.absolute().parent / "practicum.db")


def _private(workspace: Workspace | None, store: str, submitted: Sequence[Path | None] = ()) -> list[Path]:
    """Return what no submission may read: the workspace, the store, what others submitted, and the labs."""
    from practicum.curriculum import curriculum
    from practicum.errors import PracticumError

    found = [] if workspace is None else [workspace.root]
    found += [] if "://" in store else [Path(store)]
    found += [path for path in submitted if path is not None]
    try:
        return [*found, curriculum()]
    except PracticumError:  # there is none here
        return found


def _warn(unsafe: bool, console: Console) -> None:
    if unsafe:
        from rich.panel import Panel

        console.print(Panel(UNSAFE, border_style="bold red", style="bold red"))


def _write_json(results: list[StoredResult], file: Path) -> None:
    import msgspec

    from practicum.errors import PracticumError
    from practicum.private import write_private

    records = [
        {"at": r.submission.at, "timing": r.submission.timing, "points": r.graded.points, "result": r.graded} for r in results
    ]
    try:
        write_private(file, msgspec.json.format(msgspec.json.encode(records)) + b"\n")
    except OSError as error:
        raise PracticumError(f"{file}: cannot be written ({error.strerror})") from None


def _write_pages(lab: Lab, report: Report, folder: Path, zone: tzinfo, names: dict[str, str]) -> None:
    from practicum.reports.class_report import write_report
    from practicum.reports.student_page import write_feedback

    students = {r.submission.student for r in report.results}
    if not report.everything:
        return
    own = {student: name for student, name in names.items() if not name.startswith("→")}  # those say who put things right
    pages = write_feedback(lab, [r for r in report.everything if r.submission.student in students], folder, zone, own)
    file = folder.parent / f"{folder.name}-report.html"
    summary = write_report(lab, report.everything, file, zone, names, folder)
    typer.echo(f"feedback: {short(folder)} ({len(pages)} page{'s' * (len(pages) != 1)})")
    typer.echo(f"report:   {short(summary)}")
