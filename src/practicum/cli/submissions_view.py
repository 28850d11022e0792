"""What `practicum submissions` shows: a row per submission, and a loud list of those that nobody on the roster submitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from practicum.cli.grade_view import clean
from practicum.store.records import RowId, StoredSubmission

if TYPE_CHECKING:
    from practicum.cli.submissions_term import Term

_NAMED = 3  # files; of more only the number is shown


def unknown(term: Term, submissions: Sequence[StoredSubmission]) -> list[StoredSubmission]:
    """Return the submissions that count for nobody, although nobody said so."""
    return [submission for submission in submissions if term.owner(submission) is None]


def unknown_view(term: Term, submissions: Sequence[StoredSubmission]) -> Iterator[Text]:
    """Yield who submitted and is nobody on the roster, and how to put that right."""
    found = unknown(term, submissions)
    if not found:
        return
    who: dict[str, list[str]] = {}
    for each in found:
        who.setdefault(each.student, []).append(each.lab)
    submitters = f"{len(who)} submitter{'s' * (len(who) != 1)}"
    yield Text(f"UNKNOWN: {submitters} of nobody on the roster. What they submitted counts for nobody:", style="bold red")
    for name, labs in who.items():
        yield Text(f"  {clean(name)}  {', '.join(dict.fromkeys(labs))}", style="red")
    yield Text(f"Say whose it is: practicum submissions assign {clean(found[0].student)} STUDENT; or forget it.\n")


def submissions_view(term: Term, submissions: Sequence[StoredSubmission], sizes: Mapping[RowId, Mapping[str, int]]) -> Table:
    """Return a row per submission, those of nobody first."""
    names, zone = term.names, term.course.term.zone
    lost = {each.id for each in unknown(term, submissions)}
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("submitted by", "lab", "student", "name", "when", "files"):
        table.add_column(head, no_wrap=head not in ("name", "files"))
    for each in sorted(submissions, key=lambda s: (s.id not in lost, s.lab, s.student, s.at)):
        owner = term.owner(each)
        whose = "[bold red]UNKNOWN[/]" if owner is None else escape(owner) or "[dim]forgotten[/]"
        files = sizes.get(each.id, {})
        shown = ", ".join(f"{clean(name)} ({size_words(size)})" for name, size in files.items())
        if len(files) > _NAMED:
            shown = f"{len(files)} files ({size_words(sum(files.values()))})"
        when = f"{each.at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
        when = {"unknown": "time unknown", "late": "late, time unknown"}.get(each.timing, when)
        name = names.get(owner or "", "")
        table.add_row(*map(escape, (clean(each.student), each.lab)), whose, escape(name), when, escape(shown))
    return table


def size_words(count: int) -> str:
    """Return a number of bytes as people read it."""
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
