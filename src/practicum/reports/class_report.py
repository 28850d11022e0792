"""The class report: how a lab went, for the people who teach. One HTML file without scripts."""

from __future__ import annotations

import os
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from practicum.errors import PracticumError
from practicum.labs.lab import Lab
from practicum.private import private_folder, write_private
from practicum.reports.pages import STYLE, WORDS, page, plain_points, text, tone, when_words
from practicum.store.records import StoredResult
from practicum.store.results import CheckResult

_GLYPHS = {"good": "●", "part": "◐", "bad": "○"}
_ORDINARY = ("passed", "partial", "failed")
_READ = {"good": "all", "part": "part", "bad": "none"}


def write_report(
    lab: Lab,
    results: Iterable[StoredResult],
    file: Path,
    zone: tzinfo = UTC,
    names: Mapping[str, str] | None = None,
    pages: Path | None = None,
) -> Path:
    """Write the report.

    Args:
        lab: the lab.
        results: of all students; of several submissions the latest is reported.
        file: where it goes.
        zone: for the times in it.
        names: of students, by id.
        pages: the folder with the students' pages; those that are there are linked to.

    Raises:
        PracticumError: it cannot be written.
    """
    try:
        private_folder(file.parent)
        found = sorted(pages.glob("*.html")) if pages is not None else []
        links = {page.stem: quote(Path(os.path.relpath(page.absolute(), file.absolute().parent)).as_posix()) for page in found}
        write_private(file, class_report(lab, results, zone, names, links))
    except OSError as error:
        raise PracticumError(f"{file}: the report cannot be written ({error.strerror})") from None
    return file


def class_report(
    lab: Lab,
    results: Iterable[StoredResult],
    zone: tzinfo = UTC,
    names: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
) -> str:
    """Return the report, as HTML; `names` and `links` to pages are by student."""
    who = _Who(names or {}, links or {})
    every = sorted(results, key=lambda r: (r.submission.student, r.submission.at, r.id))
    latest = list({r.submission.student: r for r in every}.values())
    parts = [f'<header><h1>{text(lab.title)}</h1><p class="soft">Class report · {text(lab.name)}</p></header>']
    if latest:
        parts += [
            _facts(latest, len(every)),
            _broken(latest, who),
            _plots(lab, latest),
            _failed(latest),
            _students(latest, zone, who),
            _footer(latest, zone),
        ]
    else:
        parts.append("<p>Nothing is graded yet.</p>")
    return page(f"{lab.title}: class report", "\n".join(part for part in parts if part), STYLE / "class_report.css")


class _Who(NamedTuple):
    """Students' names and the addresses of their pages, by id."""

    names: Mapping[str, str]
    links: Mapping[str, str]

    def of(self, student: str) -> str:
        """Return a student's id, as a link where there is a page, and the name beside it."""
        shown = text(student)
        if student in self.links:
            shown = f'<a href="{text(self.links[student])}">{shown}</a>'
        return shown + (f'<span class="name">{text(self.names[student])}</span>' if self.names.get(student) else "")


def _facts(latest: Sequence[StoredResult], count: int) -> str:
    earned = [r.graded.points for r in latest]
    out_of = max(r.graded.out_of for r in latest)
    half = sum(2 * r.graded.points >= r.graded.out_of for r in latest)
    seconds = sum(r.graded.seconds for r in latest)
    facts = {
        "students": str(len(latest)),
        "submissions": str(count),
        f"median, of {plain_points(out_of)}": plain_points(statistics.median(earned)),
        "mean": plain_points(sum(earned, Decimal(0)) / len(earned)),
        "all points": str(sum(r.graded.points == r.graded.out_of for r in latest)),
        "half the points or more": str(half),
        "seconds of grading": f"{seconds:.1f}",
    }
    listed = "".join(f"<li><strong>{value}</strong><span>{name}</span></li>" for name, value in facts.items())
    return f'<ul class="facts">{listed}</ul>'


def _broken(latest: Sequence[StoredResult], who: _Who) -> str:
    """Return the checks that were at fault themselves."""
    found: dict[str, list[tuple[str, CheckResult]]] = {}
    for stored in latest:
        for check in stored.graded.checks:
            if check.outcome == "broken":
                found.setdefault(check.name, []).append((stored.submission.student, check))
    if not found:
        return ""
    items = "".join(
        f"<h3><code>{text(name)}</code></h3><p>{len(cases)} submission{'s' * (len(cases) > 1)}: "
        f"{', '.join(who.of(student) for student, _ in cases[:8])}{' …' * (len(cases) > 8)}</p>"
        f"<pre>{text(cases[0][1].private or cases[0][1].message)}</pre>"
        for name, cases in sorted(found.items())
    )
    return (
        '<section class="look"><h2>Checks that could not judge</h2>'
        "<p>Here the check failed, not the student: an error in it, or an answer of a form that it does not expect.</p>"
        f"{items}</section>"
    )


def _plots(lab: Lab, latest: Sequence[StoredResult]) -> str:
    from practicum.reports import plots  # Matplotlib takes its time to import

    checks = _by_check(latest)
    names = [check[0].title for check in checks.values()]
    tones = [Counter(tone(check) for check in each) for each in checks.values()]
    out_of = float(max(r.graded.out_of for r in latest))
    keys = "".join(
        f'<span class="key" style="background: var(--{kind}-fill)"></span>{label}'
        for kind, label in (("good", "all points"), ("part", "part"), ("bad", "none"))
    )
    return (
        "<h2>Points</h2><figure>"
        + plots.totals([float(r.graded.points) for r in latest], out_of)
        + "</figure><h2>Points per check</h2><figure>"
        + plots.per_check(names, *([count[kind] for count in tones] for kind in ("good", "part", "bad")))
        + f"<figcaption>Students by what they earned at each check: {keys}</figcaption></figure>"
        + "<h2>Time to grade</h2><figure>"
        + plots.times([r.graded.seconds for r in latest])
        + "</figure>"
    )


def _failed(latest: Sequence[StoredResult]) -> str:
    """Return the checks by how many students did not get all their points, and what happened."""
    rows = []
    checks = _by_check(latest)
    for name, each in sorted(checks.items(), key=lambda item: -sum(tone(check) != "good" for check in item[1])):
        lost = [check for check in each if tone(check) != "good"]
        if not lost:
            continue
        outcomes = ", ".join(f"{WORDS[outcome]} {count}" for outcome, count in Counter(c.outcome for c in lost).most_common())
        missed = sum((check.out_of - check.points for check in lost), Decimal(0))
        kind = " (hidden)" if each[0].hidden else ""
        rows.append(
            f'<tr><th scope="row" class="words">{text(each[0].title)}<br><code class="soft">{text(name)}</code>{kind}</th>'
            f'<td class="n">{len(lost)} of {len(each)}</td><td class="n">{plain_points(missed / len(each))}</td>'
            f'<td class="words">{text(outcomes)}</td></tr>'
        )
    if not rows:
        return "<h2>Checks most failed</h2><p>None: everyone has all points.</p>"
    return (
        '<h2>Checks most failed</h2><div class="wide"><table><caption>Each check that somebody lost points at, the most failed '
        'first.</caption><thead><tr><th scope="col" class="words">check</th>'
        '<th scope="col" class="n">students</th><th scope="col" class="n">points lost, mean</th>'
        f'<th scope="col" class="words">how</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _students(latest: Sequence[StoredResult], zone: tzinfo, who: _Who) -> str:
    names = list(_by_check(latest))
    heads = "".join(f'<th scope="col" class="c"><abbr title="{text(name)}">{n}</abbr></th>' for n, name in enumerate(names, 1))
    rows = []
    for stored in latest:
        checks = {check.name: check for check in stored.graded.checks}
        cells = "".join(_cell(checks.get(name)) for name in names)
        trouble = "; ".join(dict.fromkeys(WORDS[c.outcome] for c in checks.values() if c.outcome not in _ORDINARY))
        at = when_words(stored.submission, zone, "%d %b %H:%M", short=True)
        rows.append(
            f'<tr><th scope="row">{who.of(stored.submission.student)}</th>'
            f'<td class="n"><strong>{plain_points(stored.graded.points)}</strong></td>{cells}'
            f'<td class="words">{text(trouble)}</td><td class="at">{at}</td>'
            f'<td class="n">{stored.graded.seconds:.2f}</td></tr>'
        )
    key = ", ".join(f"{_GLYPHS[kind]} {_READ[kind]}" for kind in _GLYPHS)
    numbered = ", ".join(f"{n} {text(name)}" for n, name in enumerate(names, 1))
    return (
        '<h2>Students</h2><div class="wide"><table class="students">'
        f"<caption>Points of each check: {key}. The checks: {numbered}.</caption>"
        f'<thead><tr><th scope="col">student</th><th scope="col" class="n">points</th>{heads}'
        '<th scope="col" class="words">trouble</th><th scope="col">submitted</th>'
        '<th scope="col" class="n">seconds</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(check: CheckResult | None) -> str:
    if check is None:
        return '<td class="c">–</td>'
    kind = tone(check)
    said = f"{plain_points(check.points)} of {plain_points(check.out_of)}: {WORDS[check.outcome]}"
    return f'<td class="c {kind}"><span role="img" aria-label="{said}" title="{said}">{_GLYPHS[kind]}</span></td>'


def _footer(latest: Sequence[StoredResult], zone: tzinfo) -> str:
    made = [r.graded.provenance for r in latest]
    facts = {
        "lab": _counted(p.lab_sha256[:16] for p in made),
        "seed": _counted(str(p.seed) for p in made),
        "sandbox": _counted(p.sandbox for p in made),
        "versions": _counted(", ".join(f"{name} {version}" for name, version in sorted(p.versions.items())) for p in made),
        "limits": _counted(", ".join(f"{name} {value:g}" for name, value in p.limits.items()) for p in made),
        "graded": f"{min(r.at for r in latest).astimezone(zone):%Y-%m-%d %H:%M} to "
        f"{max(r.at for r in latest).astimezone(zone):%Y-%m-%d %H:%M %Z}",
    }
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items())
    return f"<footer><dl>{listed}</dl></footer>"


def _counted(values: Iterable[str]) -> str:
    """Return what all have, or each with how many have it."""
    counts = Counter(values)
    if len(counts) == 1:
        return text(next(iter(counts)))
    return "; ".join(f"{text(value)} ({count})" for value, count in counts.most_common())


def _by_check(latest: Sequence[StoredResult]) -> dict[str, list[CheckResult]]:
    found: dict[str, list[CheckResult]] = {}
    for stored in latest:
        for check in stored.graded.checks:
            found.setdefault(check.name, []).append(check)
    return found
