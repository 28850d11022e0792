"""The entries of a folder of submissions: whose each is, and how many submissions it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import islice
from pathlib import Path

from practicum.labs.intake.archive_files import MOST_ENTRIES, some
from practicum.labs.intake.blackboard import read_receipt, receipt_of
from practicum.labs.intake.canvas import read_canvas
from practicum.labs.intake.names import ARCHIVES, Entry, parse_stamp, without_ending
from practicum.labs.intake.who import Submitters


@dataclass(frozen=True)
class Part:
    """What one entry of the folder holds of a submission, and whose it is."""

    entry: Entry
    path: Path
    students: tuple[str, ...]


def parts_of(path: Path, zone: tzinfo, submitters: Submitters) -> Iterator[Part]:
    """Yield the submissions in one entry: itself, or those in it that are called by their time.

    Raises:
        Refused: it is nobody's, or could be more than one student's.
    """
    is_folder = path.is_dir() and not path.is_symlink()
    receipt = receipt_of(path.name)
    if receipt == path.name and read_canvas(receipt) and not _has_files(path):
        receipt = ""  # an upload to Canvas, called like a receipt
    whose = submitters.whose(
        path.name, is_folder=is_folder, zone=zone, receipt=read_receipt(path.parent / receipt) if receipt else None
    )
    entry = replace(whose.entry, notes=(*whose.notes, *whose.entry.notes) if whose.notes else whose.entry.notes)
    if len(whose.students) > 1:
        entry = replace(entry, notes=(*entry.notes, f"submitted for a team: {', '.join(whose.students)}"))
    stamped: dict[Path, datetime] = {}
    others: list[str] = []
    # An entry that says its time itself is not searched: what is in it may all be the student's own. Nor is a file dated by
    # its name, which a student may choose; a folder or an archive in the entry is one of several submissions.
    for inner in _inside(path) if is_folder and not entry.platform and not entry.stamp else ():
        dated = inner.is_dir() or inner.name.lower().endswith(ARCHIVES)
        stamp = parse_stamp(inner.name if inner.is_dir() else without_ending(inner.name), zone) if dated else None
        if stamp:
            stamped[inner] = stamp
        elif not inner.name.startswith("."):
            others.append(inner.name)
    beside = (f"ignored beside the submissions: {some(others)}",) if others else ()
    for inner, stamp in stamped.items():
        yield Part(replace(entry, stamp=stamp, notes=entry.notes + beside), inner, whose.students)
    if not stamped:
        yield Part(entry, path, whose.students)


def _has_files(receipt: Path) -> bool:
    """Return whether files of the attempt lie beside its receipt."""
    start = f"{receipt.name.removesuffix('.txt')}_"
    return any(path.name.startswith(start) for path in _inside(receipt.parent))


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(islice(folder.iterdir(), MOST_ENTRIES))
    except OSError:  # noted when the folder is listed
        return []
