"""Names in a folder of submissions: who submitted, and when.

An entry is called `STUDENT` or `STUDENT@STAMP`, with or without a file ending; the stamp is ISO basic, such as
`20270301T235900+0800`, `20270301T155900Z`, or without a zone, which then is the course's. What learning platforms call
their bulk downloads is understood too:

- Canvas, a file `lastfirst_123_456_name.py` or `lastfirst_LATE_123_456_name.py`: the student is `123`, Canvas' user id.
- Moodle, a folder `Full Name_123_assignsubmission_file_` or a file `Full Name_123_assignsubmission_file_name.py`:
  the student is `123`, the number of the participant in that assignment.

In both the number comes before anything the student chose, so no file name can pass for another student.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")

_CANVAS = re.compile(r"[^_]+?(?P<late>_late)?_(?P<id>\d{1,18})_\d{1,18}_(?P<file>.+)", re.IGNORECASE | re.ASCII)
_MOODLE = re.compile(r".+?_(?P<id>\d{1,18})_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)", re.ASCII | re.DOTALL)
_STAMP = re.compile(r"(\d{8}T\d{4}(?:\d{2})?)(?:(Z)|([+-])(\d{2}):?(\d{2}))?", re.ASCII)
_LONGEST_STUDENT = 64
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # no file of Windows may be called so


@dataclass(frozen=True)
class Entry:
    """What the name of an entry says.

    `file` is the name the student gave the file, where a platform kept it; `stamp` is None if the name holds no time.
    `platform` tells that several entries may belong to one submission.
    """

    student: str
    stamp: datetime | None = None
    file: str = ""
    platform: bool = False
    notes: tuple[str, ...] = ()


def parse_entry(name: str, *, is_folder: bool, zone: tzinfo) -> Entry:
    """Read the name of an entry in a folder of submissions."""
    if match := _MOODLE.fullmatch(name):
        return Entry(match["id"], file="" if is_folder else match["file"], platform=True)
    if not is_folder and (match := _CANVAS.fullmatch(name)):
        late = ("Canvas marks this as late",) if match["late"] else ()
        return Entry(match["id"], file=match["file"], platform=True, notes=late)
    stem = name if is_folder else without_ending(name)
    before, at, after = stem.rpartition("@")
    stamp = parse_stamp(after, zone) if at else None
    student, notes = safe_student(before if stamp else stem)
    if at and not stamp:
        notes += (f"expected a time like 20270301T235900+0800 after the @ in the name, got {shown(after)}",)
    return Entry(student, stamp, notes=notes)


def parse_stamp(text: str, zone: tzinfo) -> datetime | None:
    """Return a time in ISO basic form, or None. Without a zone it is in `zone`."""
    match = _STAMP.fullmatch(text)
    if not match:
        return None
    try:
        at = datetime.strptime(match[1], "%Y%m%dT%H%M%S" if len(match[1]) == 15 else "%Y%m%dT%H%M")
        if match[2]:
            return at.replace(tzinfo=UTC)
        if match[3]:
            offset = timedelta(hours=int(match[4]), minutes=int(match[5]))
            return at.replace(tzinfo=timezone(-offset if match[3] == "-" else offset))
        return at.replace(tzinfo=zone)
    except ValueError:
        return None


def safe_student(name: str) -> tuple[str, tuple[str, ...]]:
    """Return a student's id that is safe as a file name, and a note where it had to be changed.

    Letters and digits of any script, `.`, `_` and `-` stay, in Unicode's NFKC form. A name with anything else gets the
    start of its hash as well, so that two students never become one.
    """
    plain = unicodedata.normalize("NFKC", name)
    kept = "".join(c if unicodedata.category(c)[0] in "LNM" or c in "._-" else "-" for c in plain)
    safe = kept.strip(".-")[: _LONGEST_STUDENT - 9]
    fits = 0 < len(plain) <= _LONGEST_STUDENT and plain.strip(".") == plain
    if kept == plain and fits and not _RESERVED.match(plain):
        return plain, ()
    digest = hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    student = f"{safe or 'unnamed'}-{digest}"
    if _RESERVED.match(student):
        student = f"_{student}"
    return student, (f"the name {shown(name)} is no student id; it is kept as {student}",)


def without_ending(name: str) -> str:
    """Return a file's name without `.zip`, `.tar.gz`, `.py` and the like."""
    for ending in ARCHIVES:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name.rpartition(".")[0] or name


def shown(name: str) -> str:
    """Return a name as it can be shown: invisible and bidirectional characters as escapes, cut after 80."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in name[:80])
    return text + ("…" if len(name) > 80 else "")
