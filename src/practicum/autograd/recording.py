"""Whether operations are recorded, one switch per thread."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


class _Mode(threading.local):
    recording = True


mode = _Mode()


@contextmanager
def set_grad_enabled(enabled: bool) -> Iterator[None]:
    """Record operations inside the block, or do not. Also a decorator."""
    before, mode.recording = mode.recording, enabled
    try:
        yield
    finally:
        mode.recording = before


def no_grad() -> AbstractContextManager[None]:
    """Record nothing inside this block."""
    return set_grad_enabled(False)


def enable_grad() -> AbstractContextManager[None]:
    """Record operations inside this block, even within `no_grad`."""
    return set_grad_enabled(True)


def is_grad_enabled() -> bool:
    """Return whether operations are being recorded."""
    return mode.recording
