"""The report for the people who teach: a page with the ranked pairs, a page for each side by side, and all as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from practicum.errors import PracticumError
from practicum.integrity.alignment import Match, align, renamings
from practicum.integrity.compare import LEAST_EVIDENCE, LEAST_STATEMENTS, Comparison, Found
from practicum.integrity.likeness.yardstick import LEAST_BITS
from practicum.integrity.plots import graph, histogram
from practicum.integrity.submissions import ComparedSubmission, with_code
from practicum.private import private_folder, write_private
from practicum.reports.pages import page, text

STYLE_SHEET = Path(__file__).parent / "style.css"
SHOWN = 10  # pairs below the threshold that get a page, too
MOST = 200  # flagged pairs that get one
_STRONG = 2.0  # nats: one in seven of those who work alike has it

CAVEAT = (
    "This report accuses nobody. It shows what two submissions have in common that the class has not. It does not say why: who "
    "took from whom, whether both used a third source, worked together where that was allowed, or had the same help. Read the "
    "pair side by side, and hear the people, before you decide anything."
)


@dataclass(frozen=True)
class About:
    """What a report is about.

    Attributes:
        title: of the lab.
        lab: its name.
        threshold: the p-value from which down pairs are flagged.
        given: in words, what counted for nothing.
    """

    title: str
    lab: str
    threshold: float
    given: tuple[str, ...]


def write_report(
    about: About,
    submissions: Sequence[ComparedSubmission],
    comparison: Comparison,
    into: Path,
) -> list[Path]:
    """Write the report.

    Args:
        about: the lab and how it was compared.
        submissions: of this and earlier terms, and published answers.
        comparison: what came of comparing them.
        into: the folder; pages of an earlier report in it are replaced.

    Returns:
        The files, index.html first.

    Raises:
        PracticumError: it cannot be written.
    """
    flagged = [one for one in comparison.found if one.flagged]
    others = [one for one in comparison.found if not one.flagged and (one.pair.evidence >= 1 or one.traces)]
    shown = flagged[:MOST] + others[:SHOWN] + comparison.own[:SHOWN]
    files = {
        "index.html": page(f"{about.title}: similarity", _index(about, submissions, comparison, shown), STYLE_SHEET),
        "pairs.csv": _csv(submissions, comparison),
        "pairs.json": _json(about, submissions, comparison),
    }
    for number, found in enumerate(shown, 1):
        first, second = with_code(submissions[found.pair.first]), with_code(submissions[found.pair.second])
        matches = align(comparison.cohort, first, second, found.pair.first, found.pair.second)
        rest = sum(not one.published for one in submissions) - sum(not one.published for one in (first, second))
        title = f"{first.name} and {second.name}"
        files[_page_name(number)] = page(title, _pair(about, rest, found, first, second, matches), STYLE_SHEET)
    try:
        private_folder(into)
        for old in into.glob("pair-*.html"):
            old.unlink()
        for name, content in files.items():
            write_private(into / name, content)
    except OSError as error:
        raise PracticumError(f"{into}: the report cannot be written ({error.strerror})") from None
    return [into / name for name in files]


def _index(about: About, submissions: Sequence[ComparedSubmission], comparison: Comparison, shown: Sequence[Found]) -> str:
    flagged = sum(one.flagged for one in comparison.found)
    published = [submission.name for submission in submissions if submission.published]
    earlier = sum(bool(submission.term) for submission in submissions) - len(published)
    facts = {
        "submissions": len(submissions) - earlier - len(published),
        "of earlier terms": earlier,
        "flagged pairs": flagged,
        "groups they form": len(comparison.clusters),
    }
    listed = "".join(f"<li><strong>{value}</strong><span>{name}</span></li>" for name, value in facts.items())
    parts = [
        f'<header><h1>{text(about.title)}</h1><p class="soft">Similarity · {text(about.lab)}</p></header>',
        f'<ul class="facts">{listed}</ul><p class="look">{CAVEAT}</p>',
    ]
    if comparison.note:
        parts.append(f'<p class="look">{text(comparison.note)}</p>')
    own = set(map(id, comparison.own))
    parts += [
        "<h2>Pairs</h2>",
        _table(submissions, [(n, one) for n, one in enumerate(shown, 1) if id(one) not in own]),
        '<p class="soft">Share is how much of their work the two have in common, of what not everybody has; bits, how many '
        "statements that is, those of many for less. Evidence counts statements by how rare they are among those who work alike: "
        "one of one in a hundred weighs 4.6. p is the chance that an honest class has a pair so much alike; it is 1 below "
        f"{LEAST_BITS:g} bits, an evidence of {LEAST_EVIDENCE:g} or {LEAST_STATEMENTS} statements. "
        f"A pair is flagged at p &lt; {about.threshold:g}, or when both submitted the same "
        "weights. Of each student with published answers only the most alike is shown.</p>",
    ]
    if flagged > MOST:
        parts.append(f"<p>{flagged - MOST} more pairs are flagged; they stand in pairs.csv.</p>")
    if comparison.clusters:
        parts += [
            "<h2>Groups</h2>",
            f"<figure>{graph(comparison.clusters, comparison.found, [w.name for w in submissions])}</figure>",
        ]
    students = [number for number, submission in enumerate(submissions) if not submission.term]
    if picture := histogram(comparison.found, students, about.threshold):
        parts += [
            "<h2>How far from chance</h2>",
            f"<figure>{picture}<figcaption>Bars: this term's submissions by the smallest p of their pairs. Red: flagged; left of "
            "the line for the same weights alone.</figcaption></figure>",
        ]
    if comparison.own:
        parts += [
            "<h2>The same student in an earlier term</h2>",
            _table(submissions, [(n, one) for n, one in enumerate(shown, 1) if id(one) in own]),
        ]
    given = "".join(f"<li>{text(each)}</li>" for each in about.given)
    parts.append(f"<h2>What counted for nothing</h2><ul>{given}<li>what is common in the class, by how common it is</li></ul>")
    if published:
        names = "".join(f"<li>{text(name)}</li>" for name in published)
        parts.append(f"<h2>Published answers they were compared with</h2><ul>{names}</ul>")
    if notes := [(submission, note) for submission in submissions for note in submission.notes]:
        rows = "".join(f"<li><strong>{text(submission.name)}</strong> {text(note)}</li>" for submission, note in notes[:200])
        parts.append(f"<h2>What could not be read</h2><ul>{rows}</ul>")
    return "\n".join(parts)


def _table(submissions: Sequence[ComparedSubmission], rows: Sequence[tuple[int, Found]]) -> str:
    lines = []
    for number, found in rows:
        pair = found.pair
        names = f"{text(submissions[pair.first].name)} and {text(submissions[pair.second].name)}"
        lines.append(
            f'<tr{" class=flagged" if found.flagged else ""}><th><a href="{_page_name(number)}">{names}</a></th>'
            f'<td class="n">{pair.share:.0%}</td><td class="n">{pair.bits:.0f}</td><td class="n">{pair.evidence:.0f}</td>'
            f'<td class="n">{pair.statements}</td><td class="n">{_p(pair.p)}</td><td>{text("; ".join(found.traces))}</td></tr>'
        )
    head = "<th>pair</th>" + "".join(f'<th class="n">{name}</th>' for name in ("share", "bits", "evidence", "statements", "p"))
    return f'<div class="wide"><table><thead><tr>{head}<th>also</th></tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _pair(
    about: About, others: int, found: Found, first: ComparedSubmission, second: ComparedSubmission, matches: Sequence[Match]
) -> str:
    pair = found.pair
    strong = sum(match.weight >= _STRONG for match in matches)
    said = (
        f"{strong} statements of {first.name} answer to one of {second.name} in a way that few of the other "
        f"{others} submissions show, not even those most like them; {len(matches) - strong} more do so weakly."
    )
    chance = (
        f"An honest class of this size has a pair this much alike with a probability of {_p(pair.p)}."
        if pair.p < 1
        else "That is no more than honest classes show."
    )
    parts = [
        f"<header><h1>{text(first.name)} and {text(second.name)}</h1>"
        f'<p class="soft"><a href="index.html">{text(about.title)}</a> · share {pair.share:.0%}, evidence {pair.evidence:.0f}'
        f"</p></header><p>{text(said)} {text(chance)}</p>",
    ]
    if found.traces:
        parts.append("<ul>" + "".join(f"<li>{text(trace)}</li>" for trace in found.traces) + "</ul>")
    renamed = [row for row in renamings(list(matches), first, second) if row[0] != row[1] and row[2] > 1][:12]
    if renamed:
        rows = "".join(
            f"<tr><td><code>{text(a)}</code></td><td><code>{text(b)}</code></td><td class=n>{n} of {of}</td></tr>"
            for a, b, n, of in renamed
        )
        parts.append(
            "<h2>Names in each other's place</h2><table class=names><thead><tr><th>here</th><th>there</th>"
            f"<th class=n>places</th></tr></thead><tbody>{rows}</tbody></table>"
        )
    parts += [
        "<h2>Side by side</h2>",
        '<p class="soft">Numbers lead to the matching place. Strong colour: rare even among those who work alike.</p>',
        f'<div class="sides">{_side("a", "b", first, [(m.first, m.weight) for m in matches])}'
        f"{_side('b', 'a', second, [(m.second, m.weight) for m in matches])}</div>",
        f'<p class="look">{CAVEAT}</p>',
    ]
    return "\n".join(parts)


def _side(here: str, there: str, submission: ComparedSubmission, matched: Sequence[tuple[int, float]]) -> str:
    """Return the code of one submission, its matched statements marked and numbered as on the other side."""
    begins: dict[int, list[int]] = {}
    strongest: dict[int, float] = {}
    for number, (statement, weight) in enumerate(matched, 1):
        found = submission.statements[statement]
        begins.setdefault(found.first, []).append(number)
        for at in range(found.first, min(found.last, found.first + 40) + 1):
            strongest[at] = max(strongest.get(at, 0.0), weight)
    rows = []
    place = ("", -1)
    for at, line in enumerate(submission.lines, 1):
        if (line.file, line.cell) != place:
            place = (line.file, line.cell)
            rows.append(f'<div class="file">{text(line.file)}{f", cell {line.cell}" if line.cell else ""}</div>')
        kind = "" if at not in strongest else " strong" if strongest[at] >= _STRONG else " weak"
        numbers = begins.get(at, [])
        badges = "".join(f'<a id="{here}{n}" href="#{there}{n}">{n if n == numbers[0] else ""}</a>' for n in numbers)
        code = f"<code>{text(line.text[:400])}</code>"
        rows.append(f'<div class="line{kind}"><span>{badges}</span><span>{line.number}</span>{code}</div>')
    return f'<section><h3>{text(submission.name)}</h3><div class="code">{"".join(rows)}</div></section>'


def _csv(submissions: Sequence[ComparedSubmission], comparison: Comparison) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["first", "second", "flagged", "evidence", "statements", "excess", "p", "also", "share", "bits"])
    for one in [*comparison.found, *comparison.own]:
        p = one.pair
        names = [_safe(submissions[p.first].name), _safe(submissions[p.second].name)]
        writer.writerow(
            [
                *(*names, int(one.flagged), f"{p.evidence:.2f}", p.statements, f"{p.excess:.3f}", f"{p.p:.3g}"),
                *("; ".join(one.traces), f"{p.share:.4f}", f"{p.bits:.1f}"),
            ]
        )
    return out.getvalue()


def _json(about: About, submissions: Sequence[ComparedSubmission], comparison: Comparison) -> str:
    rows = [
        {
            "first": submissions[one.pair.first].name,
            "second": submissions[one.pair.second].name,
            "same_student": one in comparison.own,
            "flagged": one.flagged,
            "evidence": round(one.pair.evidence, 3),
            "statements": one.pair.statements,
            "excess": round(one.pair.excess, 4),
            "share": round(one.pair.share, 4),
            "bits": round(one.pair.bits, 1),
            "p": one.pair.p,
            "also": list(one.traces),
        }
        for one in [*comparison.found, *comparison.own]
    ]
    published = [submission.name for submission in submissions if submission.published]
    about_it: dict[str, object] = {
        "lab": about.lab,
        "threshold": about.threshold,
        "submissions": len(submissions) - len(published),
        "note": comparison.note,
    }
    about_it |= {"given": list(about.given), "published": published}
    clusters = [[submissions[one].name for one in cluster] for cluster in comparison.clusters]
    return json.dumps({**about_it, "pairs": rows, "clusters": clusters}, ensure_ascii=False, indent=1) + "\n"


def _page_name(number: int) -> str:
    return f"pair-{number}.html"


def _p(p: float) -> str:
    return "1" if p > 0.995 else f"{p:.2f}" if p >= 0.01 else "< 1e-12" if p < 1e-12 else f"{p:.0e}".replace("e-0", "e-")


def _safe(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
