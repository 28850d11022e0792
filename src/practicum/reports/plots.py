"""The plots of a class report: Matplotlib draws them as SVG that takes the page's own colours, also in dark mode."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from practicum.reports.pages import text

# Colours that appear nowhere else stand for the page's own, which replace them below.
_COLOURS = {
    "ink": "#010203",
    "soft": "#010204",
    "line": "#010205",
    "bar": "#010206",
    "good-fill": "#010207",
    "part-fill": "#010208",
    "bad-fill": "#010209",
    "on-fill": "#01020a",
}
_WIDTH = 9.0


def totals(points: Sequence[float], out_of: float) -> str:
    """Return a histogram of what the class earned."""
    figure, axes = _figure(2.6)
    bins = np.linspace(0, out_of, 11)
    counts, _, _ = axes.hist(points, bins=bins, color=_COLOURS["bar"], rwidth=0.92)
    axes.set(xlim=(0, out_of), xlabel=f"points of {out_of:g}", ylabel="students")
    axes.set_xticks(bins)
    axes.set_xticklabels([f"{edge:g}" for edge in np.round(bins, 2)])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    said = ", ".join(f"{a:g} to {b:g}: {n:.0f}" for a, b, n in zip(bins, bins[1:], counts, strict=False) if n)
    return _svg(figure, "totals", f"Histogram of points. Students by points: {said}.")


def per_check(names: Sequence[str], full: Sequence[int], part: Sequence[int], none: Sequence[int]) -> str:
    """Return how many students got all, part or none of each check's points."""
    figure, axes = _figure(0.9 + 0.3 * len(names), left=0.36)
    rows, start = np.arange(len(names)), np.zeros(len(names))
    for counts, colour in ((full, "good-fill"), (part, "part-fill"), (none, "bad-fill")):
        axes.barh(rows, counts, left=start, height=0.72, color=_COLOURS[colour])
        for row, (begin, count) in enumerate(zip(start, counts, strict=True)):
            if count:
                axes.text(begin + count / 2, row, str(count), ha="center", va="center", fontsize=8, color=_COLOURS["on-fill"])
        start = start + np.asarray(counts)
    axes.set_yticks(rows, labels=[_short(name) for name in names])
    axes.set(xlim=(0, max(1, start.max())), xlabel="students")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(len(names) - 0.4, -0.6)
    said = "; ".join(f"{n}: {a} all, {b} part, {c} none" for n, a, b, c in zip(names, full, part, none, strict=True))
    return _svg(figure, "checks", f"Bars of students by points earned, per check. {said}.")


def times(seconds: Sequence[float]) -> str:
    """Return how long each submission took, from the fastest to the slowest."""
    figure, axes = _figure(2.4)
    ordered = np.sort(np.asarray(seconds, float))
    axes.bar(np.arange(1, len(ordered) + 1), ordered, width=0.92, color=_COLOURS["bar"])
    axes.set(xlim=(0.4, len(ordered) + 0.6), xlabel="submissions, the fastest first", ylabel="seconds")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    median = float(np.median(ordered))
    said = f"median {median:.2f} s, slowest {ordered[-1]:.2f} s"
    return _svg(figure, "times", f"Bars of grading time per submission: {said}.")


def _figure(height: float, left: float = 0.075) -> tuple[Figure, Any]:
    figure = Figure(figsize=(_WIDTH, height))
    FigureCanvasSVG(figure)
    axes = figure.add_axes((left, 0.5 / height, 0.99 - left, 1 - 0.58 / height))
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_COLOURS["line"])
    axes.tick_params(colors=_COLOURS["soft"], labelcolor=_COLOURS["ink"], labelsize=9)
    axes.xaxis.label.set(color=_COLOURS["soft"], fontsize=9)
    axes.yaxis.label.set(color=_COLOURS["soft"], fontsize=9)
    return figure, axes


def _svg(figure: Figure, name: str, description: str) -> str:
    """Return the figure as an element of the page: text stays text, ids are its own, and a screen reader hears the
    description.
    """
    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "practicum"}):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    for colour, code in _COLOURS.items():
        svg = svg.replace(code, f"var(--{colour})")
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#{name}-", svg)
    svg = re.sub(r"font: ([^;\"]*?)'[^;\"]*", r"font: \1system-ui, sans-serif", svg)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    opening, _, rest = svg.partition(">")
    label = f'role="img" aria-labelledby="{name}-title"'
    return f'{opening} {label}><title id="{name}-title">{text(description)}</title>{rest}'


def _short(name: str) -> str:
    return name if len(name) <= 44 else f"{name[:43]}…"
