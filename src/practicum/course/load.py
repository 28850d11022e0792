"""Reading `course.toml`: a sound `Course`, or one message with file, line, what was expected and what was got."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from practicum.course.lines import line_of
from practicum.course.model import Course
from practicum.errors import PracticumError, suggestion


def load_course(path: Path) -> Course:
    """Read a course file.

    Raises:
        PracticumError: the file is missing, is not TOML, or does not describe a sound course.
    """
    return parse_course(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Read a UTF-8 text file, with or without a byte-order mark.

    Raises:
        PracticumError: the file is missing, unreadable or in another encoding.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise PracticumError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise PracticumError(f"{path}: expected UTF-8 text, got other bytes at offset {error.start}") from None
    except OSError as error:
        raise PracticumError(f"{path}: cannot be read ({error.strerror})") from None


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """Parse TOML with exact decimals for its numbers.

    Raises:
        PracticumError: the text is not TOML; the message names file and line.
    """
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise PracticumError(f"{name}:{line}: not valid TOML: {message}") from None


def parse_course(text: str, name: str = "course.toml") -> Course:
    """Parse the text of a course file.

    Args:
        text: TOML.
        name: what errors call the file.

    Raises:
        PracticumError: the text does not describe a sound course.
    """
    text = text.replace("\r\n", "\n")
    data = parse_toml(text, name)
    try:
        return Course.model_validate(data)
    except ValidationError as error:
        raise PracticumError(describe(error, Course, text, name)) from None


def describe(error: ValidationError, model: type[BaseModel], text: str, name: str) -> str:
    """Turn the first error into one sentence, and say how many more there are.

    First is by line, but a key that is not known comes before one that is missing: they are often one misspelt key.
    A list counts as empty when what it holds is wrong; only the inner error is said.
    """
    errors = error.errors()
    errors = [one for one in errors if not (one["type"] == "too_short" and len(errors) > 1)]
    found = sorted(((line_of(text, _path(one)), one) for one in errors), key=lambda pair: (pair[1]["type"] == "missing", pair[0]))
    line, first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    path = _path(first)
    where = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, path)))
    return f"{name}:{line}: {where + ': ' if where else ''}{_sentence(first, model, path)}{more}"


def _path(error: ErrorDetails) -> tuple[str | int, ...]:
    path = error.get("ctx", {}).get("path")
    return tuple(path) if path else tuple(part for part in error["loc"] if part != "[key]")


def _sentence(error: ErrorDetails, model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    key = str(path[-1]) if path else ""
    kind = error["type"]
    if kind == "extra_forbidden":
        known = _fields(model, path[:-1])
        return f"unknown key `{key}`{suggestion(key, known)}; known here: {', '.join(sorted(known))}"
    if kind == "missing":
        return f"expected `{key}`, which is not there"
    if kind == "too_short":
        return "expected at least one"
    if kind == "disagreement":
        return error["msg"]
    if kind == "string_pattern_mismatch":
        return f"expected lower-case letters, digits and hyphens, got {error['input']!r}"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if not message.startswith(("expected", "no ", "`")):
        message = f"expected {message[0].lower()}{message[1:]}"
    value = error["input"]
    shown = f"a table with {', '.join(map(str, value))}" if isinstance(value, dict) else _shown(value)
    return f"{message}, got {shown}"


def _shown(value: object) -> str:
    text = f"{value}" if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _fields(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the table at `path` may have."""
    hints: list[Any] = [model]
    for step in path:
        hints = [inner for hint in hints for inner in _inside(hint, step)]
    return [key for hint in hints for table in _tables(hint) for key in table.model_fields]


def _inside(hint: Any, step: str | int) -> list[Any]:
    """Return the hints of what a value with this hint holds at `step`."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return [hint.model_fields[str(step)].annotation] if str(step) in hint.model_fields else []
    if get_origin(hint) in (dict, tuple):
        return [arg for arg in get_args(hint) if arg is not Ellipsis][-1:]
    return [inner for arg in get_args(hint) for inner in _inside(arg, step)]  # a union, or something annotated


def _tables(hint: Any) -> list[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return [hint]
    return [] if get_origin(hint) in (dict, tuple) else [table for arg in get_args(hint) for table in _tables(arg)]
