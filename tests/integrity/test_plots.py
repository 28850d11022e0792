"""The report's pictures, read back from what is drawn."""

from __future__ import annotations

import math
import re

import pytest

from practicum.integrity.compare import Found
from practicum.integrity.likeness.evidence import Pair
from practicum.integrity.plots import histogram


def pair(first: int, second: int, p: float, flagged: bool) -> Found:
    return Found(Pair(first, second, 30.0, 1.0, p, 9), (), flagged)


def drawn(svg: str) -> tuple[dict[float, tuple[int, int]], float]:
    """Return the bars by their left edges, each with how many submissions it is of and how many are flagged, and the line."""
    groups = re.findall(r"<g><title>(\d+) submissions, (\d+) of them flagged</title>(.*?)</g>", svg)
    bars = {float(re.findall(r'<rect x="([\d.]+)"', body)[0]): (int(count), int(bad)) for count, bad, body in groups}
    for count, bad, body in groups:
        assert ("var(--bad)" in body, "var(--bar)" in body) == (bad != "0", bad != count)
    (line,) = re.findall(r'<line x1="([\d.]+)" y1="0"', svg)
    return bars, float(line)


@pytest.mark.parametrize("threshold", [0.5, 0.01, 0.0101, 1e-9])
def test_what_is_right_of_the_line_is_flagged(threshold: float) -> None:
    """At any threshold, p just above and just below it, p far below and too little evidence, and the same weights alone."""
    found = [
        pair(0, 1, math.nextafter(threshold, 0), True),
        pair(2, 3, threshold, False),
        pair(4, 5, threshold * 1.000001, False),
        pair(6, 7, 0.0, True),
        pair(8, 9, threshold / 1000, False),  # p is small, the evidence too little
        pair(8, 3, min(1.0, threshold * 1.5), False),
        pair(10, 11, 1.0, True),  # the same weights
        pair(6, 20, 1e-200, True),  # 20 is of an earlier term
    ]
    bars, line = drawn(histogram(found, range(13), threshold))
    right = [counts for edge, counts in bars.items() if edge >= line - 0.1]
    assert sum(count for count, _ in right) == sum(bad for _, bad in right) == 4
    assert sum(count for count, _ in bars.values()) == 13
    assert sum(bad for _, bad in bars.values()) == 6


def test_nothing_is_drawn_where_no_chance_is_known() -> None:
    assert histogram([pair(0, 1, 1.0, False)], range(2), 0.01) == ""
    assert "flagged from here" in histogram([pair(0, 1, 0.9, True)], range(2), 1)
