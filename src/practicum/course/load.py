"""Reading `course.toml`: a sound `Course`, or one message with file, line, what was expected and what came."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from practicum.course.errors import PracticumError, suggestion
from practicum.course.lines import line_of
from practicum.course.model import Course


def load_course(path: Path) -> Course:
    """Reads a course file.

    Raises:
        PracticumError: the file is missing, is not TOML, or does not describe a sound course.
    """
    return parse_course(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Reads a UTF-8 text file, with or without a byte-order mark.

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
    """Parses TOML with exact decimals for its numbers.

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
    """Parses the text of a course file.

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
    """Turns the first error, by line, into one sentence; says how many more there are."""
    found = sorted(((line_of(text, _path(one)), one) for one in error.errors()), key=lambda pair: pair[0])
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
    """The keys a table may have, found by walking the models along `path`."""
    here: Any = model
    for step in path:
        if isinstance(here, type) and issubclass(here, BaseModel):
            here = here.model_fields[str(step)].annotation if str(step) in here.model_fields else None
        here = _model_in(here, step)
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _model_in(hint: Any, step: str | int) -> Any:
    """The first model named inside a type hint such as `tuple[Item, ...]` or `When | None`."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    for inner in get_args(hint):
        found = _model_in(inner, step)
        if found is not None:
            return found
    return None
