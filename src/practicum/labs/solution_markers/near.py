"""What looks like a solution's marker and is none: read as one by its author, and by nobody else, it would hand the solution out.

A line is looked at as it appears: without what has no width, with any space as a space, and with letters of other scripts,
full-width letters and digits as the Latin letters they look like. What then is a marker but for a slip is a near miss.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

_ANYWHERE = re.compile(r"(?<![A-Z])(BEGIN|END)[\W_]*SOLUTION")
_WORD = re.compile(r"[^\W\d_]{3}")
_BLANK = "\u115f\u1160\u2800"  # letters and signs without ink
_LOOKS_LIKE = str.maketrans(
    {
        **dict(zip("АВЕЅОІӀТԌԱՍΑΒΕΙΝΟΤЄΙ", "ABESOIITGUUABEINOTEI", strict=True)),
        **dict(zip("ᎠᎬᏀᏞᎡᏚᎢᏴᗅᗞՏՕⲞⲒⲚⲦⲈⲂ", "DEGLRSTBADSOOINTEB", strict=True)),
        **dict(zip("01358|!$ℓ", "OIESBIISL", strict=True)),
    }
)
_MARKERS = {"BEGINSOLUTION": 2, "ENDSOLUTION": 1}  # with how many slips each is still recognised: more make it other words
_LONGEST = 200  # characters of a line on which a slip is looked for


def is_near_marker(line: str) -> bool:
    """Return whether a line looks like the begin or end of a solution, exact or not."""
    seen = _as_it_appears(line)
    if _ANYWHERE.search(seen):
        return True
    if len(seen) > _LONGEST or not _WORD.search(line):  # tables of numbers are let through fast
        return False
    texts = {seen, seen.partition("#")[2], seen.rpartition("#")[2]}
    return any(_slips(_letters(text), marker) <= most for text in texts for marker, most in _MARKERS.items())


def is_near_starter(line: str) -> bool:
    """Return whether a comment looks like the line between a solution and what is handed out in its place."""
    seen = _as_it_appears(line).strip()
    return seen.startswith("#") and _slips(_letters(seen), "STARTER") <= 1


def markers_in(data: bytes, name: str) -> Iterator[tuple[int, str]]:
    """Yield every line of a file that looks like a marker, with its number from 1; of a notebook its text's, under line 1."""
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", errors="replace")
    lines = list(enumerate(text.split("\n"), 1))
    if name.endswith((".ipynb", ".json")):
        try:
            lines += [(1, line) for string in _strings(json.loads(text)) for line in string.split("\n")]
        except (ValueError, RecursionError):
            lines += []  # no JSON after all: its lines are looked at as they are
    yield from ((number, line.strip()) for number, line in lines if is_near_marker(line))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)


def _as_it_appears(line: str) -> str:
    if line.isascii():
        return line.upper().translate(_LOOKS_LIKE) if any(c in line for c in "01358|!$") else line.upper()
    drawn = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", line))
    kept = (c for c in drawn if unicodedata.category(c) not in ("Cc", "Cf", "Mn") and c not in _BLANK)
    return "".join(kept).upper().translate(_LOOKS_LIKE)


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalpha())


def _slips(text: str, marker: str) -> int:
    """Return how many letters must be changed, left out or put in to get the marker; a foreign letter may stand for any."""
    foreign = sum(not c.isascii() for c in text)
    if abs(len(text) - len(marker)) > 2 or foreign > 3:
        return len(marker)
    row = list(range(len(marker) + 1))
    for i, letter in enumerate(text, 1):
        above, row = row, [i]
        for j, wanted in enumerate(marker, 1):
            change = above[j - 1] + (letter != wanted and letter.isascii())
            row.append(min(change, above[j] + 1, row[j - 1] + 1))
    return row[-1]
