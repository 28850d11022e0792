"""The names that Canvas gives the files of an assignment's download.

    name[_LATE]_userid_fileid_originalname      name[_LATE]_userid_text.html  (or _link.html)
    group_userid_fileid_originalname            [LATE_]anon_xY3zQ_fileid_originalname

`name` is the sortable name without blanks and commas, and a group's name may hold `_` and digits, as may the original name:
`group_7_4711_998_a.py` can be read in two ways. All are returned; who is on the roster tells which is meant.
"""

from __future__ import annotations

import re

from practicum.labs.intake.names import Entry

_NUMBERS = re.compile(r"(?=_(\d{1,18})_\d{1,18}_(.+))", re.ASCII | re.DOTALL)
_TYPED = re.compile(r"(?P<name>.+)_(?P<id>\d{1,18})_(?P<what>text|link)\.html", re.ASCII | re.DOTALL)
_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<id>anon_[A-Za-z0-9]{1,16})_(?:\d{1,18}_(?P<file>.+)|(?P<what>text|link)\.html)", re.DOTALL
)
_LATE = "_late"
_MOST_READINGS = 8


def read_canvas(name: str) -> list[Entry]:
    """Return the ways to read a name, the usual one first; none if it is no name of Canvas."""
    if match := _ANONYMOUS.fullmatch(name):
        entry = Entry(match["id"], file=match["file"] or "", platform="Canvas", late=bool(match["late"]))
        return [_typed(entry, match["what"]) if match["what"] else entry]
    found = [_entry(name[: match.start()], match[1], match[2]) for match in _NUMBERS.finditer(name) if match.start()]
    if match := _TYPED.fullmatch(name):
        found.append(_typed(_entry(match["name"], match["id"], ""), match["what"]))
    # Nobody's name holds `_`; only a group's does, and then the roster must tell.
    return sorted(found[:_MOST_READINGS], key=lambda entry: "_" in entry.name)


def _entry(name: str, number: str, file: str) -> Entry:
    late = name.lower().endswith(_LATE)
    return Entry(number, file=file, platform="Canvas", name=name[: -len(_LATE)] if late else name, kind="lms_id", late=late)


def _typed(entry: Entry, what: str) -> Entry:
    note = f"submitted as a {what} typed into Canvas, which no check reads"
    return Entry(**{**vars(entry), "typed": True, "notes": (note,)})
