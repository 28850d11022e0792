"""What a run and its workers say to each other. It loads neither pytest nor NumPy, which a run itself can do without.

A frame is `length (8 bytes) | MessagePack`; both ends are the grader's own.
"""

from __future__ import annotations

import struct
from typing import IO, Any

import msgspec

from practicum.labs.content_hash import ContentHash
from practicum.store.results import GradedSubmission

NOTE_BYTES = 512  # of the file in which the name of the running check stands


class GradingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One submission to grade: whose it is, what is in it, and with which seed.

    Attributes:
        student: who submitted it.
        submission: the hash of its files.
        files: what was submitted.
        seed: of the run; with `secret` it leads to the checks' inputs.
        secret: the store's own; without one the seed alone leads there.
        rehearsal: a number that changes what the student's generators give, to prove a lab with several.
        notes: of intake, for the student.
        training: whether the checks that train a model are run as well; without them the points are not the whole.
        overran: checks that are not run, since their own code computed for too long on what this submission returned.
    """

    student: str
    submission: ContentHash
    files: dict[str, bytes]
    seed: int
    secret: str = ""
    rehearsal: int = 0
    notes: tuple[str, ...] = ()
    training: bool = True
    overran: tuple[str, ...] = ()


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The checks are collected, and the sandbox waits for submissions."""

    notes: list[str]


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Nothing can be graded, and why."""

    reason: str


class Answer(msgspec.Struct, frozen=True, tag=True):
    """The result of the last request."""

    result: GradedSubmission


Message = Ready | Refused | Answer


def write_frame(stream: IO[bytes], message: Any) -> None:
    """Write one frame."""
    data = msgspec.msgpack.encode(message)
    stream.write(struct.pack(">Q", len(data)) + data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Read one frame, or None when the other side has closed."""
    prefix = stream.read(8)
    if len(prefix) < 8:
        return None
    (length,) = struct.unpack(">Q", prefix)
    data = stream.read(length)
    return data if len(data) == length else None
