"""What the readers of other tools' folders have in common: a submission that was found, and the times they write."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from practicum.labs.intake.names import shown

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d{1,12})? ?(.*)", re.ASCII)
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d):?(\d\d)", re.ASCII)
_ZONE = re.compile(r"[A-Za-z_]+(/[A-Za-z_+-]+){1,2}", re.ASCII)


@dataclass(frozen=True)
class Found:
    """A submission in a folder of another tool.

    Attributes:
        ids: what the tool calls the submitter, the most trustworthy first.
        path: its folder or file.
        at: when it was submitted, where the tool says so.
        notes: for the student.
    """

    ids: tuple[str, ...]
    path: Path
    at: datetime | None = None
    notes: tuple[str, ...] = ()


def told(path: Path) -> str:
    """Return a path as messages show one: a student may have named any part of it."""
    return os.sep.join(shown(part) for part in str(path).split(os.sep))


def parse_time(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Return a time like `2026-11-08 23:30:00.000000 UTC`, or None; without a zone of its own it is in `zone`."""
    match = _TIME.fullmatch(text.strip())
    if not match:
        return None
    try:
        at = datetime.fromisoformat(f"{match[1]}T{match[2]}")
        return at.replace(tzinfo=_zone(match[3], zone)) if 1970 <= at.year < 9999 else None
    except (ValueError, OSError, KeyError):  # no such day, hour or zone
        return None


def _zone(text: str, zone: tzinfo) -> tzinfo:
    if text in ("Z", "UTC", "GMT"):
        return UTC
    if match := _OFFSET.fullmatch(text):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    if _ZONE.fullmatch(text):
        return ZoneInfo(text)
    if text:
        raise ValueError(text)
    return zone
