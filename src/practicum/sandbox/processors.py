"""Processors for a submission where no cgroup shares them out: as many as the lab's `threads`, other ones for each grader.

Without it, thirty busy children of one submission have thirty times a neighbour's share. A process can be bound to processors by
whoever started it, and `sched_setaffinity` is no call that a submission can make.
"""

from __future__ import annotations

import contextlib
import os
import socket

_ROUNDS = 16  # graders on one processor before one is left unbound


class Processors:
    """Some of this machine's processors, claimed until closed: among all graders here, each has its own as long as they last.

    A claim is the name of a local socket, which is free again when its process ends, however it ends.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self.numbers: set[int] = set()
        self._claims: list[socket.socket] = []
        available = sorted(os.sched_getaffinity(0))
        for turn in range(_ROUNDS):
            for number in available:
                if len(self.numbers) < min(count, len(available)) and number not in self.numbers:
                    self._claim(number, turn)

    def _claim(self, number: int, turn: int) -> None:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0practicum-processor-{number}-{turn}")
        except OSError:  # another grader's
            claim.close()
        else:
            self._claims.append(claim)
            self.numbers.add(number)

    def bind(self, pid: int) -> None:
        """Let a process, and what it will start, run on these alone."""
        if self.numbers:
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(pid, self.numbers)

    def close(self) -> None:
        """Give them back."""
        for claim in self._claims:
            claim.close()
        self._claims, self.numbers = [], set()
