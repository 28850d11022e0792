"""A student's feedback as plain text, and in the kinds of file that platforms take back: text, code, notebook, page, zip."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import PurePath

from practicum.reports.faults import fix_first
from practicum.reports.feedback.item import ItemFeedback, LabFeedback
from practicum.reports.feedback.page import item_page
from practicum.reports.pages import WORDS, plain_points, when_words

TEXTS = (".txt", ".md", ".rst", ".csv", ".tsv", ".tex", ".log")
COMMENTED = {".py": "#", ".r": "#", ".jl": "#", ".sh": "#", ".m": "%", ".toml": "#", ".yaml": "#", ".yml": "#"}
PAGES = (".html", ".htm")
KINDS = (".py", ".ipynb", *PAGES, *TEXTS, ".zip", *list(COMMENTED)[1:])
"""Endings of files that can carry feedback, the best first."""

ZIPPED_AT = (2000, 1, 1, 0, 0, 0)  # the same feedback makes the same file


def item_text(told: ItemFeedback) -> str:
    """Return the feedback as text: what the page says, in lines."""
    lines = [f"{told.title} ({told.course})", " ".join(filter(None, (told.name, told.student))), "", f"Grade: {told.total}"]
    if told.status not in ("graded", "exempt", "withheld"):
        lines.append(f"Status: {told.said}")
    lines += [f"  {line.part}: {line.why}" if line.part != told.title else f"  {line.why}" for line in told.lines]
    for lab in told.labs:
        lines += ["", *_lab_lines(told, lab)]
    return "\n".join(_clean(line) for line in lines) + "\n"


def in_short(told: ItemFeedback) -> str:
    """Return the feedback in one line: the grade, and what lost points."""
    lost = [
        f"{check.title}: {WORDS[check.outcome]}, {plain_points(check.points)} of {plain_points(check.out_of)}"
        for lab in told.labs
        for check in lab.shown.graded.checks
        if check.points < check.out_of
    ]
    words = [told.total, *(line.why for line in told.lines), *lost]
    return " · ".join(" ".join(_clean(word).split()) for word in words)


def as_file(told: ItemFeedback, name: str) -> bytes | None:
    """Return the feedback as the content of a file of this name, of the name's own kind; None if it cannot be one.

    A platform may show the feedback under the name of what the student submitted, so its kind must fit that name.
    """
    ending = PurePath(name).suffix.lower()
    if ending in PAGES:
        return item_page(told).encode()
    if ending in TEXTS:
        return item_text(told).encode()
    if ending in COMMENTED:
        mark = COMMENTED[ending]
        return "".join(f"{mark} {line}".rstrip() + "\n" for line in item_text(told).splitlines()).encode()
    if ending == ".ipynb":
        return _notebook(item_text(told)).encode()
    if ending == ".zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(zipfile.ZipInfo("feedback.html", ZIPPED_AT), item_page(told))
        return out.getvalue()
    return None


def _notebook(text: str) -> str:
    """Return a notebook with one cell of text. Indented, so that nothing in it is taken for Markdown or HTML."""
    cell = {
        "cell_type": "markdown",
        "id": "feedback",
        "metadata": {},
        "source": "# Feedback\n\n" + "".join(f"    {line}\n" for line in text.splitlines()),
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False, indent=1) + "\n"


def _lab_lines(told: ItemFeedback, lab: LabFeedback) -> Iterator[str]:
    graded = lab.shown.graded
    yield f"{lab.title}: {plain_points(graded.points)} of {plain_points(graded.out_of)} points of its checks"
    submitted = when_words(lab.shown.submission, told.zone, "%A %d %B %Y, %H:%M:%S %Z")
    yield f"submitted: {submitted}" + ("" if lab.counts else "; this submission does not count for the grade")
    yield from (f"Note: {note}" for note in graded.notes)
    if (first := fix_first(graded.checks)) is not None:
        yield from (f"Fix this first: {first[0]}", f"    {first[1]}")
    for check in graded.checks:
        hidden = " (hidden check)" if check.hidden else ""
        yield f"- {check.title}{hidden}: {WORDS[check.outcome]}, {plain_points(check.points)} of {plain_points(check.out_of)}"
        yield from (f"    {line}" for line in check.message.splitlines())
        if check.hint and check.points < check.out_of:
            yield f"    Hint: {check.hint}"


def _clean(line: str) -> str:
    """Return a line in which nothing moves a cursor, turns the direction of text around, or ends the line."""
    return "".join(c if c.isprintable() else " " if c.isspace() else f"\\u{{{ord(c):x}}}" for c in line)
