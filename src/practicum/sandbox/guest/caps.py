"""How much may cross from a sandbox to the grader: in one answer, and in all answers of one check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .messages import ProtocolError

MAX_HEADER = 1 << 20
MAX_BLOB = 64 << 20
MAX_DEPTH = 32
MAX_VALUES = 250_000  # of plain data in one frame
MAX_ELEMENTS = 8 << 20  # of all arrays in one answer: 64 MiB as float64, which checks turn them into; a complex one counts twice
CHECK_VALUES, CHECK_ELEMENTS = 8 * MAX_VALUES, 8 * MAX_ELEMENTS  # of all answers in one check
CHECK_BYTES = 1 << 30  # of them, as they may lie in the grader's memory
_UNFOLDS = 32  # bytes of plain data take so much more memory when they are Python objects
MAX_ODD_KEYS = 5_000  # of sets and dicts, in one frame: keys whose hashes can be made to collide

_EVEN_KEYS = (str, bytes, int, float, bool, type(None))


def odd_keys(keys: Iterable[Any]) -> int:
    """Return how many keys are of kinds whose hashes their maker can choose to be all the same."""
    return sum(type(key) not in _EVEN_KEYS or (type(key) is int and not -(2**63) <= key < 2**64) for key in keys)


def elements(count: int, dtype: np.dtype[Any]) -> int:
    """Return what so many numbers of a dtype count for."""
    return count * (2 if dtype.kind == "c" else 1)


class Budget:
    """What the answers of one check may hold together: many that are small enough would fill the grader's memory, too."""

    def __init__(self) -> None:
        self.values, self.elements, self.bytes = CHECK_VALUES, CHECK_ELEMENTS, CHECK_BYTES

    def take(self, header: int, blob: int) -> None:
        """Make room for an answer of so many bytes of plain data and of arrays.

        Raises:
            ProtocolError: there is none left.
        """
        self.bytes -= _UNFOLDS * header + blob
        if self.bytes < 0:
            raise ProtocolError("more data in one check than a check may receive")
