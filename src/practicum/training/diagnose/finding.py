"""A fault with its evidence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What is wrong.

    Attributes:
        name: the fault's name; the same fault always has the same.
        evidence: what was measured, with numbers.
        remedy: what to do about it.
    """

    name: str
    evidence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}. {self.remedy}."
