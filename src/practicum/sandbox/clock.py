"""How much time a submission has used: its own, not what a busy machine made it wait.

Of the time that passes while a question is open counts what the submission computes and what it sleeps. Not counted is what
it stands ready to run and gets no processor, which the kernel adds up for every thread as soon as the wait is over (`run_delay`
in `/proc/…/schedstat`, <https://docs.kernel.org/scheduler/sched-stats.html>), what it waits for the disk, and what the grader
itself waits for a processor to take the answer. Several threads or processes that compute at once use as many seconds a second.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from typing import NamedTuple

from practicum.sandbox.limits import content

INTERRUPTED_SECONDS = 3.0  # for a cell to end once it was interrupted
TICK = 1.0 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01


class Reading(NamedTuple):
    """What the kernel tells of a process tree; seconds.

    Attributes:
        cpu: processor time, of children that have ended, too.
        delay: time that threads which are there now stood ready and did not run; None where the kernel does not count it.
        ready: whether one of its threads runs, stands ready to run, or waits for the disk at this moment.
    """

    cpu: float
    delay: float | None
    ready: bool = False


def read(pids: Iterable[int]) -> Reading:
    """Return the times of these processes together; one that ends meanwhile is left out."""
    cpu, delay, ready, counts = 0.0, 0.0, False, True
    for pid in pids:
        try:
            fields = _fields(f"/proc/{pid}/stat")
            ready = ready or fields[0] in "RD"
            ticks = [int(each) * TICK for each in fields[11:15]]  # user, system; of children that were waited for
            ran = 0.0
            for task in os.listdir(f"/proc/{pid}/task"):
                one = _schedstat(f"/proc/{pid}/task/{task}/schedstat")
                if one is None:
                    counts = False
                    continue
                ran, delay = ran + one[0], delay + one[1]
                if task != str(pid):
                    ready = ready or _fields(f"/proc/{pid}/task/{task}/stat")[0] in "RD"
        except (OSError, ValueError, IndexError):
            continue
        cpu += max(ticks[0] + ticks[1], ran) + ticks[2] + ticks[3]  # ticks are coarse, and `ran` lacks threads that have ended
    return Reading(cpu, delay if counts else None, ready)


def own_delay() -> float:
    """Return how long this very thread has stood ready to run and did not, in seconds."""
    one = _schedstat(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    return one[1] if one else 0.0


def _fields(path: str) -> list[str]:
    """Return what follows the name in a `stat` file, from the state on."""
    return content(path).rpartition(")")[2].split()


def _schedstat(path: str) -> tuple[float, float] | None:
    try:
        ran, waited, *_ = content(path).split()
    except (OSError, ValueError):
        return None
    return int(ran) / 1e9, int(waited) / 1e9


class Clock:
    """Adds up the seconds that count.

    Between two readings the wall clock stands for them, which is never too little: ask `update` before it is held against
    anybody.

    Args:
        begin: the reading to count from.

    Attributes:
        counted: seconds that count, up to the last reading.
        cpu: processor seconds, up to the last reading.
        open: wall seconds of questions since then.
    """

    def __init__(self, begin: Reading | None = None) -> None:
        self.counted = self.cpu = 0.0
        self.open = 0.0
        self._last = begin or Reading(0.0, 0.0)
        self._own = own_delay()

    def __call__(self) -> float:
        """Return the seconds that count, up to now, or more."""
        return self.counted + self.open

    def wait(self, seconds: float) -> None:
        """Add wall seconds in which a question was open."""
        self.open += seconds

    def update(self, now: Reading) -> None:
        """Put what the kernel tells in the place of the wall clock since the last reading."""
        own = own_delay()
        used = max(0.0, now.cpu - self._last.cpu)
        if now.delay is None or now.ready:  # the wait of this moment is not in `delay` yet
            slept = 0.0
        else:
            late = max(0.0, now.delay - (self._last.delay or 0.0)) + max(0.0, own - self._own)
            slept = self.open - late
        self.counted += max(used, slept)
        self.cpu += used
        self.open, self._last, self._own = 0.0, now, own


def backstop(seconds: float) -> float:
    """Return the wall seconds after which even a submission that got no processor for its own `seconds` is ended."""
    return 10.0 * seconds + 30.0


class Limit:
    """How much longer one request may run.

    Args:
        may_interrupt: it is interrupted first when its time is over.
        own: the submission's own time so far.
        seconds: of its own time that the request may take.
    """

    def __init__(self, may_interrupt: bool, own: Clock, seconds: float) -> None:
        self.may_interrupt, self._own = may_interrupt, own
        self._at = time.monotonic()
        self._end = own() + seconds
        self._backstop = self._at + backstop(seconds)

    def tick(self) -> None:
        """Hand the wall time since the last call to the clock."""
        now = time.monotonic()
        self._own.wait(now - self._at)
        self._at = now

    def left(self) -> float:
        """Return the seconds of its own that are left."""
        self.tick()
        return 0.0 if self.starved else self._end - self._own()

    @property
    def starved(self) -> bool:
        """Whether the wall clock has come to its end."""
        return self._at >= self._backstop

    def allow(self, seconds: float) -> None:
        """Give it that much from now on, to end by itself."""
        self.may_interrupt = False
        self._end, self._backstop = self._own() + seconds, self._at + backstop(seconds)
