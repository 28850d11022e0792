"""What Gradescope exports: a folder per submission, and `submission_metadata.yml`, which says whose it is and since when.

The file is YAML as Ruby writes it, with tags that make objects, so no YAML library reads it here: of each submission only
the lines of its submitters and its time are looked at, in exactly the form in which they are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from practicum.errors import PracticumError
from practicum.labs.intake.sources.found import Found, parse_time, told

METADATA = "submission_metadata.yml"

_SUBMISSION = re.compile(r"(submission_\d{1,18}):", re.ASCII)
_KEY = re.compile(r"  :(\w+):(?: (.*))?", re.ASCII)
_ITEM = re.compile(r"( {2,8})(- |  ):(\w+):(?: (.*))?", re.ASCII)  # the first or another line of a submitter
_UTC = re.compile(r"    utc: (?:&\d+ )?(.*)", re.ASCII)
_IDS = ("sid", "email", "name")


@dataclass
class _Submission:
    created: str = ""
    submitters: list[dict[str, str]] = field(default_factory=list)


def find_gradescope(folder: Path, refused: list[str]) -> Iterator[Found]:
    """Find the submissions of an export; who submitted together has it each.

    Raises:
        PracticumError: `submission_metadata.yml` is missing or of another form.
    """
    path = folder / METADATA
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as lines:
            submissions = _parse(lines)
    except OSError as error:
        raise PracticumError(f"{path}: cannot be read ({error.strerror})") from None
    if not submissions:
        raise PracticumError(f"{path}: expected lines like `submission_1:`, got none; is it Gradescope's export of submissions?")
    for name, submission in submissions.items():
        here = folder / name
        if here.is_symlink():
            continue  # told below
        if not here.is_dir():
            refused.append(f"{path}: {name} has no folder in the export")
            continue
        people = [tuple(s[key] for key in _IDS if s.get(key)) for s in submission.submitters]
        people = [ids for ids in people if ids]
        at = parse_time(_scalar(submission.created))
        notes = [] if at else ["the export holds no time that can be read"]
        if not people:
            notes.append("the export names no submitter whose number, e-mail address or name can be read")
        if len(people) > 1:
            notes.append(f"submitted by a group of {len(people)}")
        for ids in people or [(name,)]:
            yield Found(ids, here, at, tuple(notes))
    for other in sorted(folder.glob("submission_*")):
        if other.is_symlink():
            refused.append(f"{told(other)}: is a link, not followed")
        elif other.is_dir() and other.name not in submissions:
            yield Found((other.name,), other, notes=(f"{METADATA} does not say whose it is",))


def _parse(lines: Iterable[str]) -> dict[str, _Submission]:
    found: dict[str, _Submission] = {}
    submission, section, depth = _Submission(), "", ""
    for line in lines:
        line = line.rstrip("\r\n")
        if match := _SUBMISSION.fullmatch(line):
            submission, section = found.setdefault(match[1], _Submission()), ""
        elif match := _KEY.fullmatch(line):
            section = match[1]
            if section == "created_at":
                submission.created = match[2] or ""
        elif section == "created_at" and (match := _UTC.fullmatch(line)):
            submission.created = match[1]  # a time as an object, of which this is the part that counts
        elif section == "submitters" and (match := _ITEM.fullmatch(line)):
            if match[2] == "- " and (not depth or match[1] == depth or not submission.submitters):
                depth = match[1]
                submission.submitters.append({})
            if submission.submitters and match[1] == depth:
                submission.submitters[-1][match[3]] = _scalar(match[4] or "")
    return found


def _scalar(text: str) -> str:
    """Return a text or number as it is meant, or nothing for what is of another form."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'").strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            value = json.loads(re.sub(r"\\x([0-9A-Fa-f]{2})", r"\\u00\1", text))
        except ValueError:
            return ""
        return value.strip() if isinstance(value, str) else ""
    return "" if text in ("~", "null") or text[:1] in tuple("'\"!&*|>[{%@`?") else text
