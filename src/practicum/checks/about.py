"""What a lab's checks are, without running any: their names, points, titles and hints."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from practicum.checks.mistakes import place_of
from practicum.checks.plugin import RunChecks, mark, run_checks


@dataclasses.dataclass(frozen=True)
class About:
    """A check as its author wrote it.

    Attributes:
        name: of this instance; parametrised checks have several, `test_x[1]`.
        place: file and line.
        points: what it gives.
        title: first line of the docstring, or nothing.
        hint: what a student reads when it fails.
        hidden: whether it stays out of the handout.
        trains: whether it trains a model.
    """

    name: str
    place: str
    points: Decimal
    title: str
    hint: str
    hidden: bool
    trains: bool

    @property
    def function(self) -> str:
        """The function's name, by which mutants know it."""
        return self.name.partition("[")[0]


def checks_of(folder: Path) -> tuple[About, ...]:
    """Return the checks in a folder, in order, without running any.

    Raises:
        BrokenLab: as for `run_checks`.
    """
    found: list[About] = []

    def look(run: RunChecks) -> None:
        items: Iterator[Any] = iter(run.__self__._items)  # type: ignore[attr-defined]
        for item in items:
            marks = (mark(item, "hint", ""), mark(item, "hidden", False), mark(item, "trains", False))
            title = (inspect.getdoc(item.function) or "").partition("\n")[0]
            found.append(About(item.name, place_of(item, folder), mark(item, "points", Decimal(0)), title, *marks))

    run_checks(folder, look)
    return tuple(found)


def points_of(folder: Path) -> dict[str, Decimal]:
    """Check name → points, without running anything.

    Raises:
        BrokenLab: as for `run_checks`.
    """
    return {check.name: check.points for check in checks_of(folder)}
