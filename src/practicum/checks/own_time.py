"""A limit on what a check itself computes, in the grader's process: an answer of unexpected size costs that check, and no more.

Processor time is counted, so that neither a busy machine nor the wait for the submission uses it up.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

LEAST_SECONDS = 10.0
AGAIN_SECONDS = 1.0  # until it is interrupted again, should something have swallowed the first

Watch = Callable[[str, float], AbstractContextManager[None]]
"""Holds a check, by its name, to so many seconds of its own."""


class OwnTimeOver(BaseException):
    """The check's own code computed for too long. No `except Exception` of a check's hides it.

    Attributes:
        student: what the student reads.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the check's own code computed for more than {seconds:g} seconds and was ended. Either what the submission returned "
            "is far larger than the check expects (compare its shape before you compute with it), or the check needs a larger "
            "@timeout"
        )
        self.student = (
            f"to check what your code returned took more than {seconds:g} seconds of computing, so the check was ended; "
            "is it of the size that is asked for?"
        )


def own_seconds(timeout: float) -> float:
    """Return the processor seconds a check may use itself, of which the submission may use `timeout`."""
    return max(LEAST_SECONDS, timeout)


@contextmanager
def limited(name: str, seconds: float) -> Iterator[None]:
    """Raise `OwnTimeOver` in the body once this process has used so many processor seconds.

    Where there is no such timer (Windows), and outside the main thread, nothing is limited. One operation of NumPy's is never
    interrupted, only what follows it.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    armed = True

    def over(number: int, frame: object) -> None:
        if armed:
            raise OwnTimeOver(seconds)

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
