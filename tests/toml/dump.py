"""Write TOML, and say in which line each key and each list element came to stand."""

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal

from practicum.toml import KeyPath


def dump(data: Mapping[str, object]) -> tuple[str, dict[KeyPath, int]]:
    """Return the text and the line of every path."""
    lines: dict[KeyPath, int] = {}
    out: list[str] = []
    plain = {key: value for key, value in data.items() if not _nests(value)}
    for key, value in plain.items():
        _pair((key,), key, value, out, lines)
    _tables({key: value for key, value in data.items() if key not in plain}, (), (), out, lines)
    return "\n".join(out) + "\n", lines


def _nests(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and value != [] and all(isinstance(v, Mapping) for v in value))


def _tables(data: Mapping[str, object], keys: tuple[str, ...], path: KeyPath, out: list[str], lines: dict[KeyPath, int]) -> None:
    for key, value in data.items():
        header = ".".join(map(_key, (*keys, key)))
        tables = value if isinstance(value, list) else [value]
        for index, table in enumerate(tables):
            out += ["", f"[[{header}]]" if isinstance(value, list) else f"[{header}]"]
            here: KeyPath = (*path, key, index) if isinstance(value, list) else (*path, key)
            lines.setdefault((*path, key), len(out))
            lines[here] = len(out)
            for inner, content in table.items():
                if not _nests(content):
                    _pair((*here, inner), inner, content, out, lines)
            _tables({k: v for k, v in table.items() if _nests(v)}, (*keys, key), here, out, lines)


def _pair(path: KeyPath, key: str, value: object, out: list[str], lines: dict[KeyPath, int]) -> None:
    lines[path] = len(out) + 1
    out.append(f"{_key(key)} = ")
    _value(path, value, out, lines)


def _value(path: KeyPath, value: object, out: list[str], lines: dict[KeyPath, int]) -> None:
    if isinstance(value, list):
        out[-1] += "["
        for index, item in enumerate(value):
            out.append("  ")
            lines[(*path, index)] = len(out)
            _value((*path, index), item, out, lines)
            out[-1] += ","
        out[-1] += "]"
    elif isinstance(value, Mapping):
        out[-1] += "{"
        for number, (key, item) in enumerate(value.items()):
            out[-1] += ", " if number else ""
            lines[(*path, key)] = len(out)
            out[-1] += f"{_key(key)} = "
            _value((*path, key), item, out, lines)
        out[-1] += "}"
    else:
        out[-1] += _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        text = str(value).lower().replace("infinity", "inf")
        return text if any(sign in text for sign in ".en") else f"{text}.0"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def _key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)
