"""The zip that Moodle takes back under "upload multiple feedback files in a zip".

Moodle finds a student by the participant number in a folder's name, `Jo Doe_12345_assignfeedback_file`; the number is another
one in each assignment. The folders of a team's work hold the group's number, which Moodle would take for a participant's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from practicum.course.roster import Student
from practicum.course.roster.spelling import letters
from practicum.reports.feedback.pack import Feedback, Names, Pack, labelled
from practicum.reports.feedback.page import item_page

_FOLDER = re.compile(r"(?P<name>[^_/\\]+)_(?P<number>\d{1,18})_assignsubmission_[a-z]+(?:_.*)?", re.ASCII | re.DOTALL)
_MARK = "_assignsubmission_"
_UNSAFE = re.compile(r"""[&<>"'`|:\\/_]|[\x00-\x1f]""")


def moodle_pack(
    feedback: Feedback,
    roster: Sequence[Student],
    downloads: Sequence[Names],
    numbers: Mapping[str, str],
    *,
    teams: bool,
) -> Pack:
    """Make the zip.

    Args:
        feedback: who is told what.
        roster: the students, with the participant numbers known so far.
        downloads: the paths in each download that was graded, each of an assignment of its own.
        numbers: the roster's id by participant number, from a grading worksheet of this very assignment.
        teams: the item is team work, so that a folder's number is a group's.
    """
    pack = Pack()
    folders = {(own, number): _safe(feedback[own].student) for number, own in numbers.items() if own in feedback}
    paths = [path for names in downloads for path in names]
    seen = dict.fromkeys(part for path in paths if (part := next((p for p in path if _MARK in p), None)))
    teams_seen = False
    for name in seen:
        found = _FOLDER.fullmatch(name)
        if name.count(_MARK) > 1:
            pack.left_out.append(f"{name}: can be read as more than one student's")
        elif found is None or teams:
            student = _student(found["name"], found["number"], roster, numbers, strict=True) if found else None
            if student is None:
                teams_seen = True
            elif student.id in feedback and found:
                folders[student.id, found["number"]] = found["name"]
        elif student := _student(found["name"], found["number"], roster, numbers, strict=False):
            if student.id in feedback:
                folders[student.id, found["number"]] = found["name"]
        else:
            pack.left_out.append(
                f"{name}: participant {found['number']} is nobody on the roster; give the assignment's grading worksheet "
                "(--worksheet), or add it with `practicum roster import`"
            )
    for (own, number), name in folders.items():
        pack.files[f"{name}_{number}_assignfeedback_file/feedback.html"] = item_page(feedback[own].told).encode()
    why = (
        "submitted with a team, whose folder Moodle would take for somebody else's; with the assignment's grading worksheet "
        "(--worksheet) the members get folders of their own"
        if teams_seen
        else "no folder in the download"
    )
    reached = {own for own, _ in folders}
    pack.left_out += [f"{labelled(each.student)}: {why}" for own, each in feedback.items() if own not in reached]
    return pack


def _student(name: str, number: str, roster: Sequence[Student], numbers: Mapping[str, str], *, strict: bool) -> Student | None:
    """Return the student whose number it is, unless the name is another's; else the only one of the name.

    In team work (`strict`) the number may be a group's, so that the name must be the student's as well.
    """
    named = [student for student in roster if letters(student.name) == letters(name) != ""]
    known = [s for s in roster if number in s.participants or numbers.get(number) == s.id]
    if len(known) == 1:
        agrees = known[0] in named
        return known[0] if agrees or not (strict or named) else None
    return named[0] if not known and len(named) == 1 and not strict else None


def _safe(student: Student) -> str:
    """Return a name for a folder; Moodle reads only the number behind it."""
    return " ".join(_UNSAFE.sub(" ", student.name).split()).lstrip(".~ ")[:80] or "Participant"
