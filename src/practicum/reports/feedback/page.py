"""A student's page of one item: name, points, late factor, how the grade came about, and every lab of it."""

from __future__ import annotations

from practicum.reports.feedback.item import ItemFeedback, LabFeedback
from practicum.reports.pages import STYLE, page, plain_points, text
from practicum.reports.student_page import check_list, notes_section, submissions_table, submitted_at

_CAPTION = "Shown above is the one that counts, else the last one."


def item_page(told: ItemFeedback) -> str:
    """Return the page, as HTML."""
    who = " · ".join(filter(None, (told.name, told.student)))
    parts = [
        f'<header><h1>{text(told.title)}</h1><p class="soft">{text(told.course)}</p>',
        f'<p class="who"><strong>{text(who)}</strong></p></header>',
        _total(told),
        _how(told),
        "<main>",
        *(_lab(told, lab) for lab in told.labs),
        "</main>",
    ]
    title = f"{told.title}: {told.student or told.name}"
    return page(title, "\n".join(part for part in parts if part), STYLE / "student_page.css")


def _total(told: ItemFeedback) -> str:
    if told.status in ("exempt", "withheld") or not told.score:
        return f'<p class="total"><span>{text(told.said)}</span></p>'
    status = "" if told.status == "graded" else f" · {text(told.said)}"
    return f'<p class="total"><strong>{text(told.score)}</strong> <span>of {text(told.out_of)} points{status}</span></p>'


def _how(told: ItemFeedback) -> str:
    if not told.lines:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{text(line.part)}</th><td class="n">{text(line.earned)}</td><td>{text(line.late or "–")}</td>'
        f'<td>{text(line.factor or "–")}</td><td class="n">{text(line.counts)}</td></tr>'
        for line in told.lines
    )
    heads = "".join(
        f'<th scope="col"{style}>{name}</th>'
        for name, style in (
            ("part", ""),
            ("points", ' class="n"'),
            ("late by", ""),
            ("late rule", ""),
            ("counts", ' class="n"'),
        )
    )
    why = "".join(f"<li>{text(line.why)}</li>" for line in told.lines)
    return (
        "<section><h2>How the points came about</h2>"
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
        f'<ul class="why">{why}</ul></section>'
    )


def _lab(told: ItemFeedback, lab: LabFeedback) -> str:
    result = lab.shown
    counts = "counts for the grade" if lab.counts else "is your latest; it does not count for the grade"
    earned = f"{plain_points(result.graded.points)} of {plain_points(result.graded.out_of)} points of its checks"
    return (
        f"<section><h2>{text(lab.title)}</h2>"
        f'<p class="soft">submitted {submitted_at(result, told.zone)}: {earned}; this submission {counts}.</p>'
        f"{notes_section(result.graded.notes)}{check_list(result)}{submissions_table(lab.every, told.zone, _CAPTION)}</section>"
    )
