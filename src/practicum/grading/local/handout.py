"""What a handout says of its lab: which files are submitted, which libraries the grader has, how much they may use."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from practicum.errors import PracticumError
from practicum.labs.lab import Limits
from practicum.labs.libraries import lacking
from practicum.toml import Document


class HandoutLimits(Limits):
    """The lab's limits; one that only a later version knows is no mistake of the student's."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Handout(BaseModel):
    """What `lab.toml` of a handout says; one that was made by an earlier version may say nothing of `given` and `limits`."""

    model_config = ConfigDict(frozen=True)

    title: str
    submit: tuple[str, ...]
    points: float
    name: str = ""
    libraries: tuple[str, ...] = ()
    given: tuple[str, ...] | None = None
    limits: HandoutLimits = HandoutLimits()


def read_handout(folder: Path) -> Handout:
    """Return the handout in a folder.

    Raises:
        PracticumError: there is none.
    """
    path = folder / "lab.toml"
    if folder.is_file():
        raise PracticumError(f"{folder}: expected the folder of a handout, got a file; unpack it, and name the folder")
    if not path.is_file():
        raise PracticumError(f"{folder}: no lab.toml here; run this in the folder of a handout, or name that folder")
    try:
        handout = Document.read(path).into(Handout)
    except PracticumError as error:
        raise PracticumError(f"{error}\ntake {path.name} from the handout again") from None
    if not (folder / "checks").is_dir():
        raise PracticumError(f"{folder}: no checks/ here; take that folder from the handout again")
    if problem := lacking(handout.title, handout.libraries):
        raise PracticumError(problem)
    return handout
