"""Reading the TOML files that people write: every mistake at once, each with file, line, key, and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from practicum.errors import PracticumError
from practicum.toml.lines import KeyPath, lines_of
from practicum.toml.words import mistakes, written

__all__ = ["Document", "KeyPath"]

Model = TypeVar("Model", bound=BaseModel)

# What the parser says, in the words of somebody who does not know how it works.
_PROBLEMS = (
    (r"Illegal character '\\n'", "a text is not closed on its line"),
    (r"Invalid value", "no value has this form; text stands in quotes"),
    (r"Invalid initial character for a key part", "a key is missing here; a table in { } stands on one line"),
    (r"Cannot (overwrite|declare|mutate) .*", "this name is taken: a key or [table] stands once, only a [[table]] again"),
    (r"Unclosed array", "after a value comes `,` or `]`; text stands in quotes"),
    (r"Unclosed inline table", "after a value comes `,` or `}`; text stands in quotes"),
    (r"Expected newline or .*", "one key and one value to a line; text stands in quotes, a date is 2027-02-22"),
)


@dataclass(frozen=True)
class Document:
    r"""A TOML file that has been read.

    Attributes:
        name: what errors call the file.
        text: as written, with `\n` at line ends and no byte-order mark.
        data: what it says; numbers with a point are exact decimals.
    """

    name: str
    text: str
    data: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read a file in UTF-8, with or without a byte-order mark.

        Raises:
            PracticumError: the file is missing, unreadable, in another encoding, or not TOML.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise PracticumError(f"{path}: expected a file, got nothing there") from None
        except OSError as error:
            raise PracticumError(f"{path}: expected a file that can be read, got: {error.strerror}") from None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            at = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
            line = data.count(b"\n", 0, at) + 1
            raise PracticumError(
                f"{path}:{line}: expected UTF-8 text, got byte 0x{data[at]:02x} at offset {at}; save the file as UTF-8"
            ) from None
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, name: str) -> Document:
        """Parse the text of a file.

        Raises:
            PracticumError: the text is not TOML; the message names file and line.
        """
        text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        try:
            return cls(name, text, tomllib.loads(text, parse_float=_number))
        except tomllib.TOMLDecodeError as error:
            raise PracticumError(f"{name}:{_not_toml(text, str(error))}") from None
        except RecursionError:
            raise PracticumError(f"{name}: expected valid TOML, got lists or tables that lie too deep in each other") from None
        except ValueError:  # Python reads no whole number this long
            raise PracticumError(f"{name}: expected valid TOML, got a number of more than 4300 digits") from None

    def into(self, model: type[Model]) -> Model:
        """Return the document as a pydantic model.

        Raises:
            PracticumError: one line `file:line: key: expected …, got …` for each mistake.
        """
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            raise self.error(mistakes(error, model, self.line)) from None

    def line(self, *path: str | int) -> int:
        """Return the line, from 1, of a key or a list's element; where it is not written down, of what should hold it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def place(self, *path: str | int) -> str:
        """Return `file:line` of a key or a list's element."""
        return f"{self.name}:{self.line(*path)}"

    def error(self, found: Iterable[tuple[KeyPath, str]]) -> PracticumError:
        """Return one error for all mistakes, a line each, in their order.

        Args:
            found: where each mistake is, and a sentence.
        """
        return PracticumError("\n".join(f"{self.place(*path)}: {_key(path)}{sentence}" for path, sentence in found))

    @cached_property
    def _lines(self) -> dict[KeyPath, int]:
        return lines_of(self.text)


def _key(path: KeyPath) -> str:
    return f"{written(path)}: " if path else ""


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond all decimals: infinite or zero, as a float would be
        return Decimal(float(text))


def _not_toml(text: str, message: str) -> str:
    """Return the line and a sentence for what the parser says."""
    at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    lines = text.split("\n")
    number = int(at[1]) if at and at[1] else len(lines)
    problem = message[: at.start()] if at else message
    for pattern, words in _PROBLEMS:
        problem = re.sub(pattern, words, problem)
    got = lines[number - 1].strip() if number <= len(lines) else ""
    if not got:
        return f"{number}: expected valid TOML, got the end of the file before something was closed"
    shown = repr(got if len(got) <= 80 else f"{got[:77]}...")
    return f"{number}: expected valid TOML, got {shown} ({problem[:1].lower()}{problem[1:]})"
