"""What an author looks at after `practicum lab verify`: every answer, what it earned, and what is not as it must be.

And the table of proofs that is kept beside the labs: which lab, as it was to the last byte, was proven when and with what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from practicum.grading.verify import LabReport


KINDS = ("mutant", "alternative", "cheat")


def render_report(report: LabReport, console: Console) -> None:
    """Print a lab's proof as a table, then its problems."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from practicum.cli.tables import print_table

    lab = report.lab
    title = f"{lab.title} · {lab.name} · {_count(len(report.seeds), 'seed')}"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    table.add_column("answer")
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("loses")
    table.add_column("s", justify="right", no_wrap=True)
    for verdict in report.verdicts:
        if verdict.most is not None and verdict is next(v for v in report.verdicts if v.most is not None):
            table.add_section()
        low, high = verdict.points
        span = f"{low:g}" if low == high else f"{low:g}–{high:g}"
        lost = "all" if verdict.kind == "handout" and set(verdict.lost) == set(verdict.loses) else ", ".join(sorted(verdict.lost))
        if verdict.kind == "cheat":  # what it is paid for says more
            names = {name.partition("[")[0] for name in report.checks}
            kept = sorted(name for name in names if len(verdict.seeds.get(name, ())) < verdict.runs)
            lost = f"all but {', '.join(kept)}" if kept else "all"
        sign = "[red]✗[/]" if verdict.problems else "[green]✓[/]"
        table.add_row(
            f"{sign} {verdict.kind} [bold]{escape(verdict.name)}[/]\n  [dim]{escape(verdict.title)}[/]"
            if verdict.kind in KINDS
            else f"{sign} {verdict.name}",
            f"{span} / {lab.points:g}" + ("" if verdict.most is None else f"\n[dim]at most {verdict.most:g}[/]"),
            escape(lost) or "–",
            f"{verdict.seconds / verdict.runs:.2f}",
        )
    print_table(table, console)
    shown = sum(points for name, points in report.checks.items() if name not in report.hidden)
    kinds = ", ".join(_count(sum(v.kind == kind for v in report.verdicts), kind) for kind in KINDS)
    console.print(
        f"{_count(len(report.checks), 'check')}, {len(report.checks) - len(report.hidden)} of them public "
        f"({shown:g} of {lab.points:g} points); "
        f"{kinds}. The solution in {_count(report.solution_seeds, 'seed')}."
    )
    for note in report.notes:
        console.print(f"[yellow]note:[/] {escape(note)}")
    for problem in report.problems:
        console.print(f"[red]problem:[/] {escape(problem)}")
    console.print("[red]not proven[/]" if report.problems else "[green]proven[/]")


PROOF = ("lab", "sha256", "seeds", "checks", "mutants", "alternatives", "cheats", "solution_seeds", "minutes", "date", "versions")
"""The columns of the table of proofs; `sha256` is of what the proof is about."""


def keep_proof(report: LabReport, file: Path) -> None:
    """Put a proof into the table, in place of an earlier one of the same lab.

    Raises:
        PracticumError: the file is no such table, or cannot be written.
    """
    from datetime import date

    from practicum.csvfile import decode, parse_table, read_bytes, write_table
    from practicum.errors import PracticumError
    from practicum.labs.lab import files_in
    from practicum.labs.lab_hash import proof_hash
    from practicum.store.provenance import libraries_of, versions

    table = parse_table(decode(read_bytes(file), str(file)), str(file)) if file.exists() else None
    if table and not {"lab"} <= set(table.header) <= set(PROOF):
        raise PracticumError(f"{file}:1: expected the columns {', '.join(PROOF)}, got {', '.join(table.header)}")
    lab = report.lab
    # A table kept by an earlier version has fewer columns; what it does not say stays empty.
    kept = [dict(zip(table.header, row, strict=True)) for row in table.rows] if table else []
    rows = {row["lab"]: [row.get(column, "") for column in PROOF] for row in kept}
    rows[lab.name] = [
        lab.name,
        proof_hash(files_in(lab.folder)),
        str(len(report.seeds)),
        str(len(report.checks)),
        *(str(sum(verdict.kind == kind for verdict in report.verdicts)) for kind in KINDS),
        str(report.solution_seeds),
        f"{sum(verdict.seconds for verdict in report.verdicts) / 60:.1f}",
        date.today().isoformat(),
        ", ".join(f"{name} {version}" for name, version in versions(libraries_of(lab)).items()),
    ]
    try:
        file.write_text(write_table([PROOF, *(rows[name] for name in sorted(rows))]), encoding="utf-8", newline="")
    except OSError as error:
        raise PracticumError(f"{file}: cannot be written ({error.strerror})") from None


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
