"""What to say of each mistake that pydantic finds: `expected …, got …`, in the words of the file and not of pydantic."""

import re
from collections.abc import Callable, Iterator
from datetime import date, time
from decimal import Decimal
from json import dumps
from typing import Any, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails

from practicum.errors import suggestion
from practicum.toml.lines import KeyPath

_WHOLE = "a whole number"
_DATE = "a date such as 2027-02-22"
_DATE_TIME = "a date and time such as 2027-02-22T23:59:59"
_TIME = "a time such as 18:00:00"
_DURATION = "a length of time such as '24 h'"

EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "datetime_from_date_parsing": _DATE_TIME,
    "datetime_object_invalid": _DATE_TIME,
    "datetime_parsing": _DATE_TIME,
    "datetime_type": _DATE_TIME,
    "decimal_parsing": "a number",
    "decimal_type": "a number",
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "a whole number that is not as long as this",
    "int_type": _WHOLE,
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "list_type": "a list in [ ]",
    "literal_error": "{expected}",
    "model_type": "a table",
    "string_too_long": "text of at most {max_length} characters",
    "string_too_short": "text that is not empty",
    "string_type": "text in quotes",
    "time_delta_parsing": _DURATION,
    "time_delta_type": _DURATION,
    "time_parsing": _TIME,
    "time_type": _TIME,
    "too_long": "a list with at most {max_length} items",
    "too_short": "a list with at least one item",
    "tuple_type": "a list in [ ]",
    "value_error": "{error}",
}
"""What was expected, by pydantic's name for the error; the braces are what pydantic knows of it."""

_OTHER = "another value"  # safe for whatever is not in the table


def mistakes(error: ValidationError, model: type[BaseModel], line: Callable[..., int]) -> Iterator[tuple[KeyPath, str]]:
    """Yield where each mistake is and what is wrong there, by line.

    A misspelt key comes right before the missing key that it explains. A list that is too short only because what it
    holds is wrong is not a mistake of its own.

    Args:
        error: what pydantic found.
        model: what it checked against.
        line: gives the line of a path.
    """
    found = [(_path(each), each) for each in error.errors(include_url=False)]
    misspelt = {}
    for path, each in found:
        if each["type"] == "extra_forbidden" and (close := _close(path, model)):
            misspelt[close] = line(*path)
    entries = []
    for path, each in found:
        if each["type"] == "too_short" and any(len(other) > len(path) and other[: len(path)] == path for other, _ in found):
            continue
        after = misspelt.get(path) if each["type"] == "missing" else None
        entries.append((after or line(*path), after is not None, path, _sentence(each, path, model)))
    for _, _, path, sentence in sorted(entries, key=lambda entry: entry[:2]):
        yield path, sentence


def written(path: KeyPath) -> str:
    """Write a path as its author would: `component[0].item[1].due`."""
    keys = ""
    for step in path:
        if isinstance(step, int):
            keys += f"[{step}]"
        else:
            keys += f".{step if re.fullmatch(r'[A-Za-z0-9_-]+', step) else dumps(step, ensure_ascii=False)}"
    return keys.removeprefix(".")


def shown(value: object) -> str:
    """Write a value as its author did; long ones are cut, and of a table only the keys are named."""
    text = _toml(value)
    return text if len(text) <= 80 or isinstance(value, dict) else f"{text[:77]}..."


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= 10**60:  # Python writes no number out that is longer than it likes
            return "a number of more than 60 digits"
        case float():
            return f"{value:g}"
        case Decimal():
            return str(value).lower().replace("infinity", "inf")
        case date() | time():
            return value.isoformat()
        case dict():
            return f"a table with {', '.join(written((key,)) for key in value)}" if value else "an empty table"
        case list() | tuple():
            return f"[{', '.join('{…}' if isinstance(item, dict) else _toml(item) for item in value)}]"
        case _:
            return repr(value)


def _path(error: ErrorDetails) -> KeyPath:
    loc = error["loc"]
    of_key = loc[-1:] == ("[key]",) and error["type"] != "extra_forbidden"  # pydantic's mark for a key itself
    return loc[:-1] if of_key else loc


def _sentence(error: ErrorDetails, path: KeyPath, model: type[BaseModel]) -> str:
    kind, value = error["type"], error["input"]
    if kind == "missing":
        return "expected this key, got none"
    if kind == "extra_forbidden":
        known = _fields(model, path[:-1])
        key = str(path[-1])
        return f"expected a key that is known here, got `{written((key,))}`{suggestion(key, known)}; known: {', '.join(known)}"
    context = {
        name: _toml(known) if isinstance(known, float | Decimal) else known for name, known in error.get("ctx", {}).items()
    }
    expected = EXPECTED.get(kind, _OTHER).format(**context).removeprefix("expected ")
    meant = ""
    if kind == "literal_error" and isinstance(value, str):
        meant = suggestion(value, re.findall(r"'([^']*)'", context["expected"]))
    return f"expected {expected}, got {shown(value)}{meant}"


def _close(path: KeyPath, model: type[BaseModel]) -> KeyPath | None:
    """Return the path that an unknown key was probably meant to have."""
    meant = re.search(r"`(.*)`", suggestion(str(path[-1]), _fields(model, path[:-1])))
    return (*path[:-1], meant[1]) if meant else None


def _fields(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that the table at `path` may have."""
    hints: list[Any] = [model.model_fields["root"].annotation if issubclass(model, RootModel) else model]
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
