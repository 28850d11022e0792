"""What one sees of grading in a terminal: the progress, the table of results, and what a regrade changes."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.table import Table

from practicum.cli.tables import print_table
from practicum.grading.grade import GradingPlanned, SubmissionGraded, SubmissionRead
from practicum.reports.pages import WORDS, plain_points, tone

if TYPE_CHECKING:
    from practicum.grading.grade import Progress, ProgressEvent, Report
    from practicum.grading.regrade import CheckChange, Preview
    from practicum.labs.lab import Lab
    from practicum.store.results import CheckResult, GradedSubmission

ROWS = 100
"""A class with more submissions gets only those in the table that had trouble."""

_MARKS = {"good": "[green]●[/]", "part": "[yellow]◐[/]", "bad": "[red]○[/]"}
_WHY = "what failed, and why"
_ORDINARY = ("passed", "partial", "failed")


class GradingProgress:
    """A progress bar over a run; `done` of `todo` are graded. Entered, it gives what hears of progress."""

    def __init__(self, console: Console, lab: str) -> None:
        what, left = TextColumn("{task.description}"), TimeRemainingColumn(elapsed_when_finished=True)
        tally = TextColumn("{task.fields[tally]}")
        self._bar = Bar(what, BarColumn(), MofNCompleteColumn(), left, tally, console=console, transient=True)
        self._task: TaskID = self._bar.add_task(f"{lab}: reading", total=None, tally="")
        self._lab = lab
        self._full = self._none = 0
        self.done = self.todo = self._read = 0

    def __enter__(self) -> Progress:
        self._bar.start()
        return self._hear

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def _hear(self, event: ProgressEvent) -> None:
        if isinstance(event, SubmissionRead):
            self._read += 1
            self._bar.update(self._task, completed=self._read)
        elif isinstance(event, GradingPlanned):
            self.todo = event.todo
            self._bar.reset(self._task, total=event.todo, description=f"{self._lab}: grading", tally="")
        elif isinstance(event, SubmissionGraded):
            self.done = event.done
            result = event.result
            self._full += result.points == result.out_of
            self._none += not result.points
            tally = f"[green]{self._full} full[/] [red]{self._none} none[/] [dim]last {escape(result.student)}[/]"
            self._bar.update(self._task, completed=event.done, tally=tally)


def print_report(lab: Lab, report: Report, console: Console) -> None:
    """Print a table of what everyone got, what failed and why."""
    results = report.results
    if len(results) > ROWS:
        results = [r for r in results if any(check.outcome not in _ORDINARY for check in r.graded.checks)]
        console.print(f"{len(report.results)} submissions; the {len(results)} with trouble are shown, the class report has all.")
    if results:
        table = Table(title=f"{lab.title} · {lab.name}", title_justify="left", box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("student", no_wrap=True)
        table.add_column("points", justify="right", no_wrap=True)
        table.add_column("checks")
        table.add_column(_WHY)
        for stored in results:
            graded = stored.graded
            glyphs = "".join(_MARKS[tone(check)] for check in graded.checks)
            table.add_row(escape(graded.student), _of(graded), glyphs, escape(_why(graded)))
        print_table(table, console, cut=_WHY)
    for note in report.notes:
        console.print(f"[yellow]note:[/] {escape(clean(note))}")
    broken = sorted({check.name for r in report.results for check in r.graded.checks if check.outcome == "broken"})
    if broken:
        console.print(f"[red]could not judge:[/] {escape(', '.join(broken))} (the class report says why)")
    for submission in report.ungraded:
        console.print(f"[red]not graded:[/] {escape(submission.student)}; --resume tries again")
    seconds = sum(r.graded.seconds for r in report.results)
    console.print(
        f"{report.graded} graded now, {report.reused} had a result before; "
        f"{len({r.submission.student for r in report.results})} students, {seconds:.1f} s of checks.",
        highlight=False,
    )


def print_concerns(lab: Lab, report: Report, strangers: list[str], console: Console) -> None:
    """Print loudly what the teacher must look at: whose work it is not known to be, and when it was submitted."""
    for line in report.refused:
        console.print(f"[bold red]NOT TAKEN:[/] {escape(clean(line))}", highlight=False)
    for line in strangers:
        console.print(f"[bold red]UNKNOWN:[/] {escape(clean(line))}", highlight=False)
    timings = [stored.submission.timing for stored in report.results]
    how = f"say when with: practicum grade {lab.name} --times FILE (a CSV with the columns student and submitted)"
    if late := timings.count("late"):
        console.print(
            f"[bold red]LATE, time unknown:[/] {many(late)} by the platform's word, which does not say when: counted as late by "
            f"the least there is; {how}",
            highlight=False,
        )
    if unknown := timings.count("unknown"):
        console.print(f"[yellow]time unknown: counted as on time:[/] {many(unknown)}; {how}", highlight=False)


def many(count: int) -> str:
    """Return a number of submissions in words."""
    return f"{count} submission{'s' * (count != 1)}"


def print_preview(preview: Preview, console: Console, published: bool) -> None:
    """Print whose points change, by how much, where and why."""
    if preview.changes:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("student", no_wrap=True)
        table.add_column("points", no_wrap=True)
        table.add_column("by", justify="right", no_wrap=True)
        table.add_column("submitted (UTC)", no_wrap=True)
        table.add_column("at")
        for change in preview.changes:
            style = "green" if change.by > 0 else "red" if change.by < 0 else "dim"
            table.add_row(
                escape(change.submission.student),
                f"{_of(change.before)} → {_of(change.after)}",
                f"[{style}]{'+' * (change.by > 0)}{plain_points(change.by)}[/]",
                f"{change.submission.at:%Y-%m-%d %H:%M}",
                escape("; ".join(map(_moved, change.checks))),
            )
        print_table(table, console)
    for reason in preview.reasons:
        console.print(f"[dim]differs:[/] {escape(reason)}", highlight=False)
    for note in preview.notes:
        console.print(f"[yellow]note:[/] {escape(clean(note))}")
    for submission in preview.lacking:
        console.print(f"[yellow]not regraded:[/] {escape(submission.student)} keeps the published points")
    changed = len(preview.changes)
    if published:
        console.print(f"Published: {changed} submissions have new points, {preview.same} have the same.", highlight=False)
    else:
        console.print(f"{changed} submissions would change, {preview.same} would not. Nothing is published.", highlight=False)
        if changed and preview.run is not None:
            console.print(f"To publish this: practicum regrade {escape(preview.run.lab)} --publish", highlight=False)


def clean(text: str) -> str:
    """Return a student's text on one line of a terminal: nothing in it moves the cursor."""
    return "".join(c if c.isprintable() else " " for c in text)


def _why(graded: GradedSubmission) -> str:
    lost = [check for check in graded.checks if tone(check) != "good"]
    if len(lost) == len(graded.checks) > 1 and len({_reason(check) for check in lost}) == 1:
        return f"all: {_reason(lost[0])}"
    return "; ".join(f"{check.name.removeprefix('test_')}: {_reason(check)}" for check in lost)


def _reason(check: CheckResult) -> str:
    first = clean((check.message or check.private).strip().partition("\n")[0])[:80]
    word = WORDS[check.outcome]
    return f"{word} ({first})" if first and check.outcome in ("failed", "raised", "missing", "partial") else word


def _moved(change: CheckChange) -> str:
    old, new = change.before, change.after
    if old is not None and new is not None and old.out_of == new.out_of:
        return f"{change.name.removeprefix('test_')} {plain_points(old.points)} → {plain_points(new.points)}"
    before = f"{plain_points(old.points)}/{plain_points(old.out_of)}" if old else "new"
    after = f"{plain_points(new.points)}/{plain_points(new.out_of)}" if new else "gone"
    return f"{change.name.removeprefix('test_')} {before} → {after}"


def _of(graded: GradedSubmission) -> str:
    return f"{plain_points(graded.points)}/{plain_points(graded.out_of)}"
