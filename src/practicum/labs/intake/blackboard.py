"""The names that Blackboard gives the files of an assignment's download, and the receipt that comes with each attempt.

    Lab 1_s0001_attempt_2026-11-08-23-30-00_original.py       Lab 1_s0001_attempt_2026-11-08-23-30-00.txt

The second is the receipt: Blackboard's own words on who submitted what and when. The word for an attempt is in the language
of the course (`_poging_`). A student's file always has `_` and a name after the time, so none can pass for a receipt; and what
a student writes stands in a receipt below the lines that are read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

from practicum.labs.intake.archive_files import Unreadable, open_regular
from practicum.labs.intake.names import Entry, safe_student

_NAME = re.compile(
    r"(?P<head>.+?)_(?P<word>[^\W\d_]+)_(?P<stamp>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|(?P<receipt>\.txt))", re.DOTALL
)
_WHO = re.compile(r"[^:：]+[:：]\s*(?P<name>.*?)\s*\((?P<login>[^()]+)\)\s*")
_DATE = re.compile(r"[^:：]+[:：]\s*.*\d{1,2}:\d\d:\d\d")
_ORIGINAL = re.compile(r"\t[^:：]+[:：] (?P<original>.+)\n\t[^:：]+[:：] (?P<name>.+)")
_RECEIPT_BYTES = 256 << 10
_HEADER_LINES = 6
# Hours from UTC of the zones that have one meaning; others (CST, IST, BST) are read as the course's own.
_ZONES = {"UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "HKT": 8, "JST": 9}
_ZONES |= {"EST": -5, "EDT": -4, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13}


@dataclass(frozen=True)
class Receipt:
    """What a receipt says; `originals` are the names that the student gave the files, by those they have now."""

    name: str
    login: str
    zone: str
    originals: dict[str, str]


def receipt_of(name: str) -> str:
    """Return what the receipt of the attempt is called that a file belongs to; nothing if it is no name of Blackboard."""
    match = _NAME.fullmatch(name)
    return name[: match.end("stamp")] + ".txt" if match else ""


def read_blackboard(name: str, receipt: Receipt | None, zone: tzinfo) -> list[Entry]:
    """Return the ways to read a name: one where there is a receipt; none if it is no name of Blackboard, or no date."""
    match = _NAME.fullmatch(name)
    try:
        at = datetime.strptime(match["stamp"], "%Y-%m-%d-%H-%M-%S") if match else None
    except ValueError:
        at = None
    if not match or not at:
        return []
    head, typed = match["head"], bool(match["receipt"])
    entry = Entry(
        "",
        stamp=at.replace(tzinfo=_zone(at, receipt.zone if receipt else "", zone)),
        file=(receipt.originals.get(name) if receipt else "") or match["file"] or "",
        platform="Blackboard",
        attempt=receipt_of(name),
        kind="login",
        typed=typed,
    )
    if receipt:
        return [replace(entry, student=safe_student(receipt.login)[0], name=receipt.name)]
    # Without a receipt every `_` in front of the word may be the one between the assignment and the login.
    cuts = [place for place, letter in enumerate(head) if letter == "_" and 0 < place < len(head) - 1]
    readings = [replace(entry, student=safe_student(head[place + 1 :])[0]) for place in cuts]
    return readings if len(readings) == 1 else [replace(entry, student=safe_student(head)[0]), *readings]


def read_receipt(path: Path) -> Receipt | None:
    """Read a receipt; None if it is not there or is none."""
    try:
        with open_regular(path) as file:
            data = file.read(_RECEIPT_BYTES)
    except Unreadable:
        return None
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace").replace("\r\n", "\n")
    # The first block of lines is Blackboard's; what the student wrote comes after it.
    header = text.partition("\n\n")[0].split("\n")[:_HEADER_LINES]
    who = _WHO.fullmatch(header[0])
    if not who:
        return None
    dates = [line for line in header[1:] if _DATE.match(line)]
    zone = dates[0].split()[-1] if dates else ""
    attempt = path.name.removesuffix(".txt") + "_"
    originals = {name: original for original, name in _ORIGINAL.findall(text) if name.startswith(attempt)}
    return Receipt(who["name"], who["login"], zone if re.fullmatch("[A-Z]{2,5}", zone) else "", originals)


def _zone(at: datetime, stated: str, zone: tzinfo) -> tzinfo:
    """Return the zone of a time: the one that the receipt states, where that is another than the course's and has one meaning."""
    if stated in ("", at.replace(tzinfo=zone).tzname()) or stated not in _ZONES:
        return zone
    return timezone(timedelta(hours=_ZONES[stated]))
