"""Two ways of doing the same work, measured in turns in one process: ours, the peer's, ours, the peer's…

The machine's other load then hits both alike, and the ratio of the medians stays near even where the times themselves don't.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A comparison.

    Attributes:
        name: what is measured.
        peer: with what it is compared, its settings included.
        ours_run: does our work once.
        peer_run: does the peer's work once.
        floor: the ratio that ours must reach, or None.
        work: units of work in one run (tokens, images), for a rate.
        unit: their name.
        note: what a reader must know.
    """

    name: str
    peer: str
    ours_run: Callable[[], object]
    peer_run: Callable[[], object]
    floor: float | None = None
    work: float = 1.0
    unit: str = "step"
    note: str = ""


@dataclass(frozen=True)
class Measured:
    """What came of a row: times in seconds per run.

    Attributes:
        row: what was measured.
        ours: one time per round.
        peers: one time per round.
    """

    row: Row
    ours: list[float]
    peers: list[float]

    @property
    def ratio(self) -> float:
        """How many times faster ours is: the median of the rounds' ratios."""
        return statistics.median(p / o for o, p in zip(self.ours, self.peers, strict=True))

    def line(self) -> str:
        """Return the row of a Markdown table."""
        floor = "–" if self.row.floor is None else f"≥ {self.row.floor:g} {'yes' if self.ratio >= self.row.floor else '**no**'}"
        ratios = [p / o for o, p in zip(self.ours, self.peers, strict=True)]
        rate = f"{self.row.work / statistics.median(self.ours):,.0f} {self.row.unit}s/s"
        return (
            f"| {self.row.name} | {self.row.peer} | {_times(self.ours)} | {_times(self.peers)} "
            f"| {self.ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f}) "
            f"| {floor} | {rate} | {self.row.note} |"
        )


HEAD = "| what | beside | ours, ms | the peer's, ms | times faster | floor | our rate | note |\n|---|---|---|---|---|---|---|---|"


def measure(row: Row, *, rounds: int = 9, seconds: float = 0.4) -> Measured:
    """Measure a row: after a warm-up, `rounds` rounds of both sides in turns, each long enough to be told from the clock's
    noise.

    Args:
        row: what to measure.
        rounds: at least 7 for a published number.
        seconds: that a side takes in a round, about; short runs are repeated.
    """
    times = {}
    for side in (row.ours_run, row.peer_run):
        side()
        began = time.perf_counter()
        side()
        times[side] = max(1, round(seconds / max(time.perf_counter() - began, 1e-7)))
    ours: list[float] = []
    peers: list[float] = []
    for number in range(rounds):
        pair = [(row.ours_run, ours), (row.peer_run, peers)]
        for side, found in pair if number % 2 else reversed(pair):
            began = time.perf_counter()
            for _ in range(times[side]):
                side()
            found.append((time.perf_counter() - began) / times[side])
    return Measured(row, ours, peers)


def _times(values: list[float]) -> str:
    low, middle, high = (1000 * value for value in (min(values), statistics.median(values), max(values)))
    digits = 2 if middle < 10 else 1 if middle < 100 else 0
    return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"
