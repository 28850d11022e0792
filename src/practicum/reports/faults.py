"""What to mend first: the checks that lost points, those that lost them to one and the same fault together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from practicum.store.results import CheckResult

_PLACE = re.compile(r"([\w-]+\.py|<cell \d+ of [\w-]+>):(\d+)|Cell In\[(\d+)\][^\n]*?, line (\d+)")
_RAISED = re.compile(r"your code raised (\w+)")
NOT_WRITTEN = "not written yet"
"""So begins the message of a check that met a part which is left to write."""
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")


@dataclass(frozen=True)
class Fault:
    """One fault, and all checks that it costs points.

    Attributes:
        message: what was said of it, of the first of these checks.
        checks: in order; at least one.
    """

    message: str
    checks: tuple[CheckResult, ...]

    @property
    def lost(self) -> Decimal:
        """Points that the checks lost."""
        return sum((check.out_of - check.points for check in self.checks), Decimal(0))


def faults(checks: Iterable[CheckResult]) -> list[Fault]:
    """Return the faults, the one that costs most points first.

    One fault is: an exception of one type from one line; the same part that is not written; the same message apart from its
    numbers. A hidden check that says nothing of why it failed stands alone.
    """
    found: dict[tuple[str, ...], list[CheckResult]] = {}
    for check in checks:
        if check.points < check.out_of and check.outcome != "broken":
            found.setdefault(_kind(check), []).append(check)
    groups = [Fault(next((c.message for c in group if not c.hidden), group[0].message), tuple(group)) for group in found.values()]
    return sorted(groups, key=lambda fault: -fault.lost)  # stable: of equals the first to come


def fix_first(checks: Iterable[CheckResult]) -> tuple[str, str] | None:
    """Return what to fix first, and what it costs, in words; nothing where at most one check lost points.

    Of the faults of which something is said, what is written and wrong comes before what is not written, and of the former
    the one that costs most points, of the latter the one whose check comes first.
    """
    checks = list(checks)
    found = faults(checks)
    wrong = [fault for fault in found if fault.message and not fault.message.startswith(NOT_WRITTEN)]
    told = wrong or sorted((fault for fault in found if fault.message), key=lambda fault: checks.index(fault.checks[0]))
    if not told or sum(len(fault.checks) for fault in found) < 2:
        return None
    top = told[0]
    points = f"{top.lost.normalize():f} point{'s' * (top.lost != 1)}"
    many = f"{len(top.checks)} checks" if len(top.checks) > 1 else "a check"
    titles = "; ".join(check.title for check in top.checks)
    return top.message.partition("\n")[0], f"This costs {points} in {many}: {titles}"


def _kind(check: CheckResult) -> tuple[str, ...]:
    if not check.message:
        return check.outcome, "", check.name
    places, raised = _PLACE.findall(check.message), _RAISED.match(check.message)
    if places and check.outcome in ("raised", "missing", "memory"):
        return check.outcome, raised[1] if raised else "", *places[-1]
    return check.outcome, _NUMBER.sub("#", check.message.partition("\n")[0])
