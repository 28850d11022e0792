"""Ctrl-C and SIGTERM between two steps, not within one."""

import signal
import threading
from types import FrameType
from typing import Any, Self


class Interrupts:
    """While the block runs, the first Ctrl-C or SIGTERM is only noted: calling the object tells whether one came. The second
    acts at once.

    Outside the main thread, where Python delivers no signals, it notes nothing.
    """

    def __init__(self) -> None:
        self._came = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Return whether one came."""
        return self._came

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        # The old handlers come back at once, so that a second Ctrl-C ends a step that hangs.
        self._came = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
