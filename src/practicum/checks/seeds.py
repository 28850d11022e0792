"""Where the random numbers of a check come from: its inputs, and the generators of the student's code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Seeds:
    """What all random numbers of a graded submission are derived from.

    The two have nothing in common: whatever a submission sees of its own generators says nothing of the inputs.

    Attributes:
        inputs: of the checks. It holds a secret, so that not even a small seed of a run can be found by trying.
        sandbox: of the student's generators. No secret: a student may know it.
    """

    inputs: str
    sandbox: str = ""

    def rng(self, check: str) -> np.random.Generator:
        """Return the generator of a check's inputs; adding a check changes no other's."""
        return np.random.default_rng(int.from_bytes(_digest(f"rng:{self.inputs}:{check}")[:16], "big"))

    def number(self, check: str) -> int:
        """Return a number of the check's own, which it may pass on to the submission."""
        return _short(f"{self.inputs}:{check}")

    def generators(self, check: str = "") -> int:
        """Return the seed of the student's generators in a check, or while the submission is loaded."""
        return _short(f"{self.sandbox}:{check} in the sandbox")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _short(text: str) -> int:
    """31 bits, which every library takes as a seed."""
    return int.from_bytes(_digest(text)[:4], "big") >> 1
