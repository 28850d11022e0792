"""The pictures of a report, as SVG that takes the page's own colours: who shares what, and how far that is from chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from practicum.reports.pages import text

if TYPE_CHECKING:
    from practicum.integrity.compare import Found

_WIDE, _HIGH, _RADIUS = 240, 150, 48
_DECADES = 0.25  # powers of ten in the width of a bar, about
_SMALLEST = 12  # power of ten: smaller p-values are all one


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


def histogram(found: Sequence[Found], students: Sequence[int], threshold: float) -> str:
    """Return how many submissions have which smallest p, those that are flagged in another colour, and where flagging begins.

    A pair whose p is below the threshold and that is not flagged has too little evidence to count, and is not drawn. So
    everything right of the line is flagged.

    Args:
        found: the pairs.
        students: the submissions that are drawn.
        threshold: the p-value below which pairs are flagged.

    Returns:
        The picture; nothing where no pair has a p-value.
    """
    smallest = dict.fromkeys(students, 1.0)
    for pair in (each.pair for each in found if each.flagged or each.pair.p >= threshold):
        for one in {pair.first, pair.second} & smallest.keys():
            smallest[one] = min(smallest[one], pair.p)
    if all(p == 1 for p in smallest.values()):
        return ""
    flagged = {one for each in found if each.flagged for one in (each.pair.first, each.pair.second)}
    left = max(1, round(-math.log10(threshold) / _DECADES))  # bars from p = 1 to the threshold, besides those with p = 1
    step = -math.log10(threshold) / left if threshold < 1 else _DECADES
    before = left + 1 if threshold < 1 else 1
    bars = before + max(1, math.ceil(_SMALLEST / step) - before + 1)
    counts = [[0, 0] for _ in range(bars)]
    for one, p in smallest.items():
        place = math.ceil(-math.log10(max(p, 10**-_SMALLEST)) / step)
        place = min(place, before - 1) if p >= threshold else min(max(place, before), bars - 1)
        counts[place][one in flagged] += 1
    wide, height, top = 900 / bars, 180, max(map(sum, counts))

    def rectangle(place: int, low: int, count: int, colour: str) -> str:
        y, tall = height - (low + count) / top * (height - 10), count / top * (height - 10)
        return f'<rect x="{place * wide:.1f}" y="{y:.1f}" width="{wide - 1:.1f}" height="{tall:.1f}" fill="var(--{colour})"/>'

    drawn = []
    for place, (other, bad) in enumerate(counts):
        if other or bad:
            both = rectangle(place, 0, other, "bar") * bool(other) + rectangle(place, other, bad, "bad") * bool(bad)
            drawn.append(f"<g><title>{other + bad} submissions, {bad} of them flagged</title>{both}</g>")
    x = before * wide
    ticks = [(0.5 * wide, "1"), *(((at / step + 1) * wide, f"{10.0**-at:g}") for at in range(1, _SMALLEST + 1))]
    return (
        f'<svg viewBox="0 -4 900 {height + 36}" role="img" aria-label="Histogram of the smallest p of each submission; '
        f'flagged below {threshold:g}">{"".join(drawn)}'
        f'<line x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{height}" stroke="var(--bad)" stroke-width="1.5" stroke-dasharray="5 4"/>'
        f'<line x1="0" y1="{height}" x2="900" y2="{height}" stroke="var(--line)"/>'
        + "".join(
            f'<text x="{place:.1f}" y="{height + 16}" font-size="12" text-anchor="middle" fill="var(--soft)">{label}</text>'
            for place, label in ticks
            if place < 890
        )
        + f'<text x="{x + 5:.1f}" y="12" font-size="12" fill="var(--bad)">flagged from here</text></svg>'
    )
