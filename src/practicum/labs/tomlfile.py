"""Reading the TOML files that authors write, so that every mistake names its file and line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from practicum.course.lines import line_of
from practicum.errors import PracticumError, suggestion

Model = TypeVar("Model", bound=BaseModel)

# What to say was expected, by pydantic's name for the error.
_EXPECTED = {
    "string_type": "text in quotes",
    "string_too_short": "text that is not empty",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "tuple_type": "a list in [ ]",
    "list_type": "a list in [ ]",
    "too_short": "a list with at least one item",
    "model_type": "a table",
    "bool_type": "true or false",
}


def read_toml(path: Path, model: type[Model]) -> Model:
    """Read a TOML file into a pydantic model.

    Args:
        path: The file.
        model: What it must hold; keys the model does not know are errors.

    Raises:
        PracticumError: One line `path:line: expected …, got …` per mistake.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PracticumError(f"{path}: expected this file, got nothing there") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PracticumError(f"{path}: expected a readable text file in UTF-8, got {error}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        line = int(at[1]) if at and at[1] else text.count("\n") + 1
        problem = str(error)[: at.start()] if at else str(error)
        shown = text.splitlines()[line - 1].strip() if line <= len(text.splitlines()) else "the end of the file"
        raise PracticumError(f"{path}:{line}: expected valid TOML, got {shown!r} ({problem})") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = [(line_of(text, each["loc"]), _sentence(dict(each), model)) for each in error.errors()]
        raise PracticumError("\n".join(f"{path}:{line}: {sentence}" for line, sentence in sorted(found))) from None


def _sentence(error: dict[str, Any], model: type[BaseModel]) -> str:
    """Return one of pydantic's errors as `expected …, got …`."""
    *table, last = [part for part in error["loc"] if isinstance(part, str)] or ["the file"]
    context = error.get("ctx", {})
    if error["type"] == "missing":
        where = f" in [{table[-1]}]" if table else ""
        return f"expected the key `{last}`{where}, got no such key"
    if error["type"] == "extra_forbidden":
        known = _fields(model, table)
        return f"expected one of the keys {', '.join(f'`{key}`' for key in known)}, got `{last}`{suggestion(last, known)}"
    if error["type"] == "value_error":
        expected = str(context["error"])
    elif error["type"] == "greater_than":
        expected = f"a number above {context['gt']}"
    elif error["type"] == "less_than_equal":
        expected = f"a number of at most {context['le']}"
    else:
        expected = _EXPECTED.get(error["type"], error["msg"])
    return f"expected `{last}` to be {expected}, got {_shown(error['input'])}"


def _shown(value: Any) -> str:
    """Return a value as its author would write it, tables and long lists only named."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value and isinstance(value, dict):
        return "a table"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _fields(model: type[BaseModel], table: list[str]) -> list[str]:
    """Return the keys that may stand in a table of a model."""
    for name in table:
        annotation = model.model_fields[name].annotation
        inner = [annotation, *getattr(annotation, "__args__", ())]
        model = next(each for each in inner if isinstance(each, type) and issubclass(each, BaseModel))
    return list(model.model_fields)
