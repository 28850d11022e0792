"""What a student gets back: one page with the points of each check, what was expected and what was got, and a hint.

Of a hidden check it shows title, points, hint and the message that is meant for students, never what is for the teacher
only, nor the seed, from which hidden inputs could be made, nor the times, which a submission could make depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from itertools import groupby
from pathlib import Path

from practicum.errors import PracticumError
from practicum.labs.lab import Lab
from practicum.private import private_folder, write_private
from practicum.reports.faults import fix_first
from practicum.reports.pages import STYLE, WORDS, page, plain_points, share, text, tone, when_words
from practicum.store.records import StoredResult
from practicum.store.results import CheckResult


def write_feedback(
    lab: Lab, results: Iterable[StoredResult], folder: Path, zone: tzinfo = UTC, names: Mapping[str, str] | None = None
) -> list[Path]:
    """Write a page per student.

    Args:
        lab: the lab.
        results: all submissions of each student; the latest is shown whole.
        folder: where the pages go, made if need be.
        zone: for the times on them.
        names: the students' names by id, as far as they are known.

    Returns:
        the pages, by student.

    Raises:
        PracticumError: they cannot be written.
    """
    written: list[Path] = []
    try:
        private_folder(folder)
        ordered = sorted(results, key=lambda r: (r.submission.student, r.submission.at, r.id))
        for student, own in groupby(ordered, key=lambda r: r.submission.student):
            file = folder / f"{student}.html"
            if file.parent != folder:
                raise PracticumError(f"{student!r} is no name for a file")
            write_private(file, feedback_page(lab, list(own), zone, (names or {}).get(student, "")))
            written.append(file)
    except OSError as error:
        raise PracticumError(f"{folder}: the feedback cannot be written ({error.strerror})") from None
    return written


def feedback_page(lab: Lab, results: Sequence[StoredResult], zone: tzinfo = UTC, name: str = "") -> str:
    """Return one student's page, as HTML.

    Args:
        lab: the lab.
        results: the student's results, the oldest first; at least one.
        zone: for the times on it.
        name: the student's, where it is known.
    """
    stored = results[-1]
    graded = stored.graded
    percent = 100 * share(graded.points, graded.out_of)
    parts = [
        f"<header><h1>{text(lab.title)}</h1>",
        f'<p class="soft">{text(f"{name} {graded.student}".strip())} · submitted {submitted_at(stored, zone)}</p></header>',
        f'<p class="total"><strong>{plain_points(graded.points)}</strong> '
        f"<span>of {plain_points(graded.out_of)} points</span></p>",
        f'<div class="bar" role="img" aria-label="{percent:.0f} percent of the points">',
        f'<div style="width: {percent:.1f}%"></div></div>',
        notes_section(graded.notes),
        f"<main><h2>Checks</h2>{check_list(stored)}</main>",
        submissions_table(results, zone),
        _footer(stored, zone),
    ]
    return page(f"{lab.title}: {graded.student}", "\n".join(part for part in parts if part), STYLE / "student_page.css")


def submitted_at(stored: StoredResult, zone: tzinfo) -> str:
    """Return when a result's work was submitted, as HTML, or that this is not known."""
    words = when_words(stored.submission, zone, "%A %d %B %Y, %H:%M:%S %Z")
    if stored.submission.timing != "stated":
        return f"<span>({words})</span>"
    return f'<time datetime="{stored.submission.at.isoformat()}">{words}</time>'


def check_list(stored: StoredResult) -> str:
    """Return the checks of a result as an HTML list: of each the points, what was expected and got, and a hint."""
    return f'{_fix_first(stored)}<ol class="checks">{"".join(_check(check) for check in stored.graded.checks)}</ol>'


def _fix_first(stored: StoredResult) -> str:
    first = fix_first(stored.graded.checks)
    if first is None:
        return ""
    return f'<section class="notes"><p><strong>Fix this first:</strong> {text(first[0])}<br>{text(first[1])}</p></section>'


def _check(check: CheckResult) -> str:
    kind = tone(check)
    lines = [
        f'<li class="is-{kind}"><div class="head"><h3>{text(check.title)}</h3>',
        '<span class="tag">hidden check</span>' if check.hidden else "",
        f'<span class="{kind}">{WORDS[check.outcome]}</span>',
        f'<span class="n"><strong>{plain_points(check.points)}</strong> / {plain_points(check.out_of)}</span></div>',
        f"<pre>{text(check.message)}</pre>" if check.message else "",
        f"<p><strong>Hint:</strong> {text(check.hint)}</p>" if check.hint and kind != "good" else "",
        "<p>The check itself is at fault here. Your teacher can see this, too.</p>" if check.outcome == "broken" else "",
        _times(check),
        "</li>",
    ]
    return "".join(lines)


def _times(check: CheckResult) -> str:
    """Return how long a check took, as HTML. Of a hidden one nothing: how long it took could carry its inputs out."""
    if check.hidden or not check.seconds:
        return ""
    return f'<p class="soft">{check.cpu_seconds:.2f} s of processor time, {check.seconds:.2f} s by the clock</p>'


def notes_section(notes: Sequence[str]) -> str:
    """Return what a student should know of what they submitted, as HTML."""
    if not notes:
        return ""
    listed = "".join(f"<li>{text(note)}</li>" for note in notes)
    return f'<section class="notes" aria-label="About what you submitted"><ul>{listed}</ul></section>'


LATEST = "The last one is shown above. Which one counts is for the course to say."


def submissions_table(results: Sequence[StoredResult], zone: tzinfo, caption: str = LATEST) -> str:
    """Return all submissions of a student with their points as an HTML table; nothing if there is but one."""
    if len(results) < 2:
        return ""
    rows = "".join(
        f'<tr><th scope="row" class="n">{number}</th><td>{when_words(each.submission, zone, "%Y-%m-%d %H:%M:%S %Z")}</td>'
        f'<td class="n">{plain_points(each.graded.points)} / {plain_points(each.graded.out_of)}</td></tr>'
        for number, each in enumerate(results, 1)
    )
    return (
        f"<section><h2>All your submissions</h2><table><caption>{text(caption)}</caption>"
        '<thead><tr><th scope="col" class="n">submission</th>'
        f'<th scope="col">submitted</th><th scope="col" class="n">points</th></tr></thead><tbody>{rows}</tbody></table></section>'
    )


def _footer(stored: StoredResult, zone: tzinfo) -> str:
    made = stored.graded.provenance
    facts = {
        "what you submitted": f"<code>{text(stored.graded.submission[:16])}</code>",
        "lab": f"<code>{text(stored.graded.lab)} {text(made.lab_sha256[:16])}</code>",
        "graded": f"{stored.at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}",
        "with": text(", ".join(f"{name} {version}" for name, version in sorted(made.versions.items()))),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items())
    return f"<footer><dl>{listed}</dl></footer>"
