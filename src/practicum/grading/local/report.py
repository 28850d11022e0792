"""What a student reads of the public checks: in a terminal of any width, or below a notebook's cell."""

from __future__ import annotations

import msgspec

from practicum.grading.local.handout import Handout
from practicum.reports.faults import faults, fix_first
from practicum.store.results import CheckResult

_LINES = 20
"""So much of a message is shown."""


class LocalReport(msgspec.Struct, frozen=True):
    """The public checks' results, to be printed or shown in a notebook."""

    handout: Handout
    checks: tuple[CheckResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> tuple[float, float]:
        """Points earned, and points that public checks give."""
        return float(sum(c.points for c in self.checks)), float(sum(c.out_of for c in self.checks))

    def __str__(self) -> str:
        scores = [f"{float(check.points):g} / {float(check.out_of):g}" for check in self.checks]
        width = max(map(len, scores), default=0)
        firsts = {check.name: fault.checks[0] for fault in faults(self.checks) for check in fault.checks[1:]}
        lines = [f"{self.handout.title}: public checks", ""]
        for check, score in zip(self.checks, scores, strict=True):
            sign = {"passed": "✓", "partial": "~"}.get(check.outcome, "✗")
            lines.append(f"{sign} {score:>{width}}  {check.title}")
            if check.outcome == "passed":
                continue
            if first := firsts.get(check.name):
                lines.append(f"    the same as in “{first.title}”")
                continue
            lines += [f"    {line}" for line in (check.message or check.outcome).splitlines()[:_LINES]]
            lines += [f"    hint: {check.hint}"] if check.hint else []
        got, most = self.points
        rest = self.handout.points - most
        more = f"; hidden checks give {rest:g} more when it is graded" if rest > 0 else ""
        lines += ["", f"{got:g} of {most:g} public points{more}.", *self.notes]
        if (first_of_all := fix_first(self.checks)) is not None:
            lines += ["", f"Fix this first: {first_of_all[0]}", f"    {first_of_all[1]}"]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"
