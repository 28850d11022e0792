"""What grader and sandbox say to each other: requests, answers, and the kinds of value that are no plain data."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

LOADS = ("module", "notebook", "cell")
"""The requests that load the submission. What it prints meanwhile is dropped, however much it is, and costs nothing."""


class ProtocolError(Exception):
    """A frame or a value that this protocol does not carry."""


MOST_FUNCTIONS = 200  # that are named of one object
Functions = Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_FUNCTIONS)]


class Handle(msgspec.Struct, frozen=True):
    """An object that stays in the sandbox, by number.

    Attributes:
        type: the name of its class.
        functions: names of it that are functions, methods or classes of the student's, as it says.
    """

    id: int
    type: str = "object"
    functions: Functions = ()


class Own(msgspec.Struct, frozen=True):
    """An object that is plain data and more: of a class of the student's that inherits from dict, list, tuple, float or an array.

    Attributes:
        handle: of the object.
        data: what it is as its base class.
        names: of the base class that its own class defines anew.
    """

    handle: Handle
    data: Any
    names: tuple[str, ...] = ()


class Tensor(msgspec.Struct, frozen=True):
    """An array that arrives in the sandbox as a torch tensor."""

    array: Any
    requires_grad: bool = False


class Request(msgspec.Struct, array_like=True):
    """One thing the grader asks for.

    Attributes:
        release: handles that are no longer needed.
        seed: of all generators, which are seeded before anything else is done.
    """

    id: int
    op: str
    handle: int = 0
    name: Any = None
    args: Any = None
    kwargs: Any = None
    as_handle: bool = False
    release: list[int] = []
    seed: int | None = None


class Failure(msgspec.Struct, array_like=True):
    """An exception of the student's code: its type, message and the lines it passed in the student's files."""

    type: str
    message: str = ""
    traceback: str = ""
    missing: bool = False


class Response(msgspec.Struct, array_like=True):
    """The answer to the request of the same `id`."""

    id: int
    value: Any = None
    failure: Failure | None = None
