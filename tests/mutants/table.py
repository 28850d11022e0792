"""What is kept of the trials: `results.csv`, a row per mutant, and RESULTS.md, a row per folder of the library."""

from __future__ import annotations

import csv
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from practicum.errors import PracticumError
from tests.mutants.mutant import HERE, KINDS

ROWS = HERE / "results.csv"
PAGE = HERE / "RESULTS.md"

FLOOR = 0.97
MOST_SURVIVORS = 1


@dataclass(frozen=True)
class Row:
    """What became of a mutant.

    Attributes:
        name: folder and name.
        kind: `by_hand` or `generated`.
        outcome: `seen` or `survived`.
        by: the first red test.
        fingerprint: of what the outcome depends on.
        date: of the trial.
    """

    name: str
    kind: str
    outcome: str
    by: str
    fingerprint: str
    date: str

    @property
    def folder(self) -> str:
        """Return the library's folder that the bug is in."""
        return self.name.partition("/")[0]


def read_rows(path: Path = ROWS) -> dict[str, Row]:
    """Return the rows by the mutants' names; none where there is no file.

    Raises:
        PracticumError: the file is not such a table.
    """
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        try:
            return {row["name"]: Row(**row) for row in csv.DictReader(stream)}
        except (TypeError, KeyError) as error:
            raise PracticumError(f"{path}: expected an earlier run's table, got something else ({error}). Delete it.") from None


def write_rows(rows: dict[str, Row], path: Path = ROWS) -> None:
    """Write the rows, by name, all at once."""
    temporary = path.with_name(f".{path.name}")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        out = csv.DictWriter(stream, fieldnames=list(Row.__dataclass_fields__), lineterminator="\n")
        out.writeheader()
        out.writerows(asdict(rows[name]) for name in sorted(rows))
    os.replace(temporary, path)


def today() -> str:
    """Return the date, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def by_folder(rows: Sequence[Row]) -> list[tuple[str, int, int, list[str]]]:
    """Return folder, mutants, seen ones, and the survivors' names, for each folder and then for all."""
    folders = sorted({row.folder for row in rows})
    table = []
    for name in (*folders, "all"):
        chosen = [row for row in rows if name in ("all", row.folder)]
        survivors = [row.name for row in chosen if row.outcome == "survived"]
        table.append((name, len(chosen), len(chosen) - len(survivors), survivors))
    return table


def faults(rows: Sequence[Row]) -> list[str]:
    """Say in sentences where the tests see too little; nothing where they see enough."""
    *folders, (_, count, seen, _) = by_folder(rows)
    found = [
        f"{folder}: expected at most {MOST_SURVIVORS} survivor, got {len(survivors)}: {', '.join(survivors)}"
        for folder, _, _, survivors in folders
        if len(survivors) > MOST_SURVIVORS
    ]
    if seen < FLOOR * count:
        found.append(f"all: expected at least {FLOOR:.0%} seen, got {seen} of {count} ({seen / count:.1%})")
    return found


def write_page(rows: Sequence[Row], waiting: int, seed: int, path: Path = PAGE) -> None:
    """Write RESULTS.md.

    Args:
        rows: of the mutants that were tried.
        waiting: how many have not been tried since they, their source or their test changed.
        seed: of the generator.
        path: of the page.
    """
    made = ", ".join(f"{sum(row.kind == kind for row in rows)} {kind.replace('_', ' ')}" for kind in KINDS)
    versions = ", ".join(f"{package} {version(package).split('+')[0]}" for package in ("torch", "numpy", "pytest"))
    lines = [
        "# Planted bugs, and whether the tests see them",
        "",
        "Written by `make mutants`; `results.csv` says for each bug which test saw it. "
        "A folder may have one survivor, and all together 3 %.",
        "",
        "| folder | planted | seen | survived |",
        "|---|---|---|---|",
        *(f"| {name} | {count} | {seen} | {', '.join(survivors) or '–'} |" for name, count, seen, survivors in by_folder(rows)),
        "",
        f"Made {made} (generator's seed {seed}). Python {platform.python_version()}, {versions}. "
        f"Trials of {min(row.date for row in rows)} to {max(row.date for row in rows)}; "
        f"{waiting or 'none'} of today's bugs wait{'s' * (waiting == 1)} for a trial with today's source and tests.",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
