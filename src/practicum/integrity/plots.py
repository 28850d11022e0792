"""The pictures of a report, as SVG that takes the page's own colours: who shares what, and how far that is from chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

from practicum.integrity.compare import Found
from practicum.integrity.evidence import Cohort, Gumbel
from practicum.reports.pages import text

_WIDE, _HIGH, _RADIUS = 240, 150, 48


def graph(clusters: Sequence[Sequence[int]], found: Sequence[Found], names: Sequence[str]) -> str:
    """Return the flagged pairs as a graph: a circle of names for each cluster, thicker lines for more evidence.

    Args:
        clusters: groups of submissions.
        found: pairs; the flagged ones are drawn.
        names: of all submissions.
    """
    columns = min(4, len(clusters))
    places: dict[int, tuple[float, float]] = {}
    for number, cluster in enumerate(clusters):
        x, y = (number % columns + 0.5) * _WIDE, (number // columns + 0.5) * _HIGH
        for position, one in enumerate(cluster):
            angle = 2 * math.pi * position / len(cluster) + math.pi
            places[one] = (x + 1.3 * _RADIUS * math.cos(angle), y + _RADIUS * math.sin(angle))
    flagged = [each.pair for each in found if each.flagged]
    most = max((pair.evidence for pair in flagged), default=1.0)
    lines = [
        f'<line x1="{places[p.first][0]:.0f}" y1="{places[p.first][1]:.0f}" x2="{places[p.second][0]:.0f}" '
        f'y2="{places[p.second][1]:.0f}" stroke="var(--bar)" stroke-width="{1 + 5 * p.evidence / most:.1f}"/>'
        for p in flagged
    ]
    nodes = []
    for one, (x, y) in places.items():
        label = y + (20 if y % _HIGH > _HIGH / 2 + 1 else -11)  # away from the lines
        nodes.append(
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="6" fill="var(--ink)"/><text x="{x:.0f}" y="{label:.0f}" text-anchor="middle" '
            f'font-size="13" fill="var(--ink)">{text(names[one][:24])}</text>'
        )
    height = (len(clusters) + columns - 1) // columns * _HIGH
    said = "; ".join(" – ".join(text(names[one]) for one in cluster) for cluster in clusters)
    return (
        f'<svg viewBox="0 0 {columns * _WIDE} {height}" role="img" aria-label="Flagged submissions, connected: {said}" '
        f'style="max-width: {columns * 15}rem">{"".join(lines)}{"".join(nodes)}</svg>'
    )


def histogram(cohort: Cohort, threshold: float) -> str:
    """Return how far each submission's best match stands out, what is expected of honest ones, and where flagging begins.

    Args:
        cohort: a class, compared, with a fitted distribution.
        threshold: the p-value from which down pairs are flagged.
    """
    honest: Gumbel | None = cohort.honest
    if honest is None:
        return ""
    limit = honest.reached_with(1 - (1 - threshold) ** (1 / len(cohort.largest)))
    values = [max(float(value), 0.0) for value in cohort.largest]
    right = max(*values, limit) * 1.05
    bins = 60
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int(value / right * bins))] += 1
    expected = [len(values) * (honest.exceeds(right * b / bins) - honest.exceeds(right * (b + 1) / bins)) for b in range(bins)]
    top = max(*counts, *expected)
    width, height = 900, 180

    def y(count: float) -> float:
        return height - count / top * (height - 10)

    bars = "".join(
        f'<rect x="{b / bins * width:.1f}" y="{y(count):.1f}" width="{width / bins - 1:.1f}" height="{height - y(count):.1f}" '
        'fill="var(--bar)"/>'
        for b, count in enumerate(counts)
        if count
    )
    curve = " ".join(f"{(b + 0.5) / bins * width:.1f},{y(count):.1f}" for b, count in enumerate(expected))
    x = limit / right * width
    return (
        f'<svg viewBox="0 -4 {width} {height + 36}" role="img" aria-label="Histogram of each submission\'s largest excess, the '
        f'distribution fitted to honest ones, and the threshold at {limit:.1f}">{bars}'
        f'<polyline points="{curve}" fill="none" stroke="var(--ink)" stroke-width="1.5"/>'
        f'<line x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{height}" stroke="var(--bad)" stroke-width="1.5" stroke-dasharray="5 4"/>'
        f'<line x1="0" y1="{height}" x2="{width}" y2="{height}" stroke="var(--line)"/>'
        + "".join(
            f'<text x="{tick / right * width:.1f}" y="{height + 16}" font-size="12" fill="var(--soft)">{tick}</text>'
            for tick in range(0, int(right) + 1, max(1, int(right) // 8))
        )
        + f'<text x="{x + 5:.1f}" y="12" font-size="12" fill="var(--bad)">flagged from here</text></svg>'
    )
