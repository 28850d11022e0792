"""Names in a folder of submissions: who submitted, and when.

An entry is called `STUDENT` or `STUDENT@STAMP`, with or without a file ending; the stamp is ISO basic, such as
`20270301T235900+0800`, `20270301T155900Z`, or without a zone, which then is the course's. What learning platforms call
their bulk downloads stands in `canvas`, `moodle` and `blackboard`, and whose an entry is in `who`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")

_STAMP = re.compile(r"(\d{8}T\d{4}(?:\d{2})?)(?:(Z)|([+-])(\d{2}):?(\d{2}))?", re.ASCII)
_LONGEST_STUDENT = 64
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # no file of Windows may be called so


@dataclass(frozen=True)
class Entry:
    """What the name of an entry says.

    Attributes:
        student: who submitted: an id that is safe as a file name, on a platform the platform's own id or number.
        stamp: when, if the name holds a time.
        file: the name the student gave the file, where a platform kept it.
        platform: which platform's name it is; then several entries may belong to one submission.
        attempt: tells a student's several submissions on a platform apart.
        name: the name of the person or group as the platform writes it; elsewhere the submitter as written.
        kind: which field of a student on the roster `student` is.
        late: the platform marks it as late.
        typed: it is no file, but a text or a link that was typed into the platform.
        notes: what the student should know.
    """

    student: str
    stamp: datetime | None = None
    file: str = ""
    platform: str = ""
    attempt: str = ""
    name: str = ""
    kind: str = ""
    late: bool = False
    typed: bool = False
    notes: tuple[str, ...] = ()


def plain_entry(name: str, *, is_folder: bool, zone: tzinfo) -> Entry:
    """Read `STUDENT` or `STUDENT@STAMP`."""
    stem = name if is_folder else without_ending(name)
    before, at, after = stem.rpartition("@")
    stamp = parse_stamp(after, zone) if at else None
    student, notes = safe_student(before if stamp else stem)
    if at and not stamp:
        notes += (f"expected a time like 20270301T235900+0800 after the @ in the name, got {shown(after)}",)
    return Entry(student, stamp, name=before if stamp else stem, notes=notes)


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
