"""The names that Moodle gives in an assignment's download: folders, or files where the teacher chose a flat one.

    Jo Doe_12345_assignsubmission_file/…        Jo Doe_12345_assignsubmission_file_original.py
    Jo Doe_12345_assignsubmission_file_/…       (before 4.1)
    Participant_12345_assignsubmission_file     (blind marking, in the teacher's language)
    Group A_77_assignsubmission_file            (a team; 77 is the group's number and nobody's)
    Default group_assignsubmission_file         (all who are in no team)

Moodle takes `_` out of names, so the number in front of `_assignsubmission_` is Moodle's. A name with two of them can be read
in two ways, both of which are returned, and is then refused: older versions left `_` in names.
"""

from __future__ import annotations

import re

from practicum.labs.intake.names import Entry, safe_student

_MARK = re.compile(r"(?:_(?P<id>\d{1,18}))?_assignsubmission_(?P<plugin>[a-z]+?)(?=[_.]|$)", re.ASCII)


def read_moodle(name: str, *, is_folder: bool) -> list[Entry]:
    """Return the ways to read a name; none if it is no name of Moodle."""
    marks = [match for match in _MARK.finditer(name) if match.start()]
    numbered = [match for match in marks if match["id"]]
    return [_entry(name, match, is_folder) for match in (numbered or marks[:1])]


def _entry(name: str, match: re.Match[str], is_folder: bool) -> Entry:
    who = name[: match.start()]
    typed = match["plugin"] == "onlinetext"
    return Entry(
        match["id"] or safe_student(who)[0],
        file="" if is_folder else name[match.end() :].removeprefix("_"),
        platform="Moodle",
        name=who,
        kind="participants" if match["id"] else "",
        typed=typed,
        notes=("submitted as a text typed into Moodle, which no check reads",) if typed else (),
    )
