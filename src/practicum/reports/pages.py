"""What feedback pages and class reports share: one HTML file each, without scripts, that needs nothing else."""

from __future__ import annotations

import html
from datetime import tzinfo
from decimal import Decimal
from pathlib import Path

from practicum.course.rounding import plain, rounded
from practicum.sandbox.outcome import Outcome
from practicum.store.records import StoredSubmission
from practicum.store.results import CheckResult

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STYLE = Path(__file__).parent / "style"

WORDS: dict[Outcome, str] = {
    "passed": "passed",
    "partial": "partly",
    "failed": "not right",
    "raised": "an error",
    "missing": "missing",
    "crashed": "crashed",
    "timeout": "out of time",
    "memory": "out of memory",
    "processes": "too many processes",
    "output": "printed too much",
    "protocol": "no valid answer",
    "broken": "could not be judged",
}
"""Each outcome as people read it."""


def page(title: str, body: str, style_sheet: Path) -> str:
    """Return a whole page; `title` is text, `body` is HTML, `style_sheet` is added to the one that all pages share."""
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in (STYLE / "page.css", style_sheet))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def text(value: object) -> str:
    """Return anything as HTML text: nothing in it is markup, and what has no glyph or turns the line around is spelled out."""
    shown = (c if c.isprintable() or c in "\n\t" else f"\\u{{{ord(c):x}}}" for c in str(value))
    return html.escape("".join(shown), quote=True)


def plain_points(points: Decimal) -> str:
    """Return points as people write them: at most two places, no zeros at the end."""
    return plain(rounded(points))


def share(points: Decimal, out_of: Decimal) -> float:
    """Return which part of the points was earned, 0 to 1."""
    return float(points / out_of) if out_of else 0.0


def tone(check: CheckResult) -> str:
    """Return the style of a check: all, part or none of its points."""
    return "good" if check.points >= check.out_of else "part" if check.points > 0 else "bad"


def when_words(submission: StoredSubmission, zone: tzinfo, form: str, *, short: bool = False) -> str:
    """Return when work was submitted, as pages show it.

    Args:
        submission: the submission.
        zone: for its time.
        form: of a time that is stated, as `strftime` takes it.
        short: only that the time is unknown, not how it counts.
    """
    if submission.timing == "stated":
        return submission.at.astimezone(zone).strftime(form)
    if submission.timing == "late":
        return "late, time unknown" if short else "late by the platform's word, time unknown"
    return "time unknown" if short else "time unknown: counted as on time"
