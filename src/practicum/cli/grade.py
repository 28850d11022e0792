"""`practicum grade` and `practicum regrade`: from a folder of submissions to points, and from a changed lab to changed points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from practicum.cli.context import course_zone, short, submissions_folder, workspace_here

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.console import Console

    from practicum.course.workspace import Workspace
    from practicum.grading.grade import Report
    from practicum.labs.lab import Lab

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
        typer.Argument(help="What was submitted, an entry per student; by default submissions/LAB of the workspace."),
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
) -> None:
    """Grade what was submitted. What has a result is not graded again; see `regrade` for that."""
    from rich.console import Console

    from practicum.cli.grade_view import GradingProgress, print_report
    from practicum.errors import PracticumError
    from practicum.grading.backends import backends
    from practicum.grading.grade import grade_folder
    from practicum.labs.lab import find_lab
    from practicum.store.store import Store

    found, workspace = find_lab(lab), workspace_here()
    submitted = submissions_folder(folder, workspace, found.name)
    if not submitted.exists() and not resume:
        raise PracticumError(f"{submitted}: expected a folder of submissions, got nothing there")
    out, err = Console(), Console(stderr=True)
    _warn(unsafe, err)
    with Store(_store(store, workspace, submitted)) as kept:
        bar = GradingProgress(err, found.name)
        try:
            with bar as progress:
                report = grade_folder(
                    found,
                    submitted if submitted.exists() else None,
                    kept,
                    course_zone(workspace),
                    backends(jobs, scheduler, unsafe, _private(workspace, kept.name, submitted)),
                    seed=seed,
                    resume=resume,
                    only=only,
                    progress=progress,
                )
        except KeyboardInterrupt:
            again = " ".join(["practicum grade", lab, *([str(folder)] if folder else []), "--resume"])
            err.print(f"\nStopped. {bar.done} of {bar.todo} graded now, and kept. Go on with: {again}", markup=False)
            raise typer.Exit(INTERRUPTED) from None
        print_report(found, report, out)
        if json is not None:
            _write_json(report, json)
        if not no_feedback:
            beside = submitted.absolute().parent / "feedback" / found.name
            target = feedback or (workspace.feedback(found.name) if workspace else beside)
            _write_pages(found, report, target, course_zone(workspace))
    if report.ungraded:
        raise typer.Exit(1)


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
    out, err = Console(), Console(stderr=True)
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


def _private(workspace: Workspace | None, store: str, submitted: Path | None = None) -> list[Path]:
    """Return what no submission may read: the workspace, the store, what others submitted, and the labs."""
    from practicum.curriculum import curriculum
    from practicum.errors import PracticumError

    found = [] if workspace is None else [workspace.root]
    found += [] if "://" in store else [Path(store)]
    found += [] if submitted is None else [submitted]
    try:
        return [*found, curriculum()]
    except PracticumError:  # there is none here
        return found


def _warn(unsafe: bool, console: Console) -> None:
    if unsafe:
        from rich.panel import Panel

        console.print(Panel(UNSAFE, border_style="bold red", style="bold red"))


def _write_json(report: Report, file: Path) -> None:
    import msgspec

    from practicum.errors import PracticumError
    from practicum.private import write_private

    records = [{"at": r.submission.at, "points": r.graded.points, "result": r.graded} for r in report.results]
    try:
        write_private(file, msgspec.json.format(msgspec.json.encode(records)) + b"\n")
    except OSError as error:
        raise PracticumError(f"{file}: cannot be written ({error.strerror})") from None


def _write_pages(lab: Lab, report: Report, folder: Path, zone: tzinfo) -> None:
    from practicum.reports.class_report import write_report
    from practicum.reports.student_page import write_feedback

    students = {r.submission.student for r in report.results}
    if not report.everything:
        return
    pages = write_feedback(lab, [r for r in report.everything if r.submission.student in students], folder, zone)
    summary = write_report(lab, report.everything, folder.parent / f"{folder.name}-report.html", zone)
    typer.echo(f"feedback: {short(folder)} ({len(pages)} page{'s' * (len(pages) != 1)})")
    typer.echo(f"report:   {short(summary)}")
