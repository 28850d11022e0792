"""The zip that Canvas takes back under "upload submissions": the names of its download, with feedback inside.

Canvas reads from a name whose submission and which file of it is meant: the first two parts that are all digits, after a
team's name and `LATE`. It shows the feedback to the student, and to the whole team, under the name the student gave the file,
so the feedback must be of that file's kind. A text or a link typed into Canvas has no file and gets none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from practicum.course.roster import Student
from practicum.course.roster.spelling import letters
from practicum.reports.feedback.item import ItemFeedback, for_team
from practicum.reports.feedback.pack import Addressed, Feedback, Names, Pack, labelled
from practicum.reports.feedback.words import KINDS, as_file

_TYPED = ("text.html", "link.html")


class _File(NamedTuple):
    """A reading of a file's name: the user's number, its place, what is before it, and the name that the student gave the file.

    A text or a link that was `typed` into Canvas has no such name.
    """

    name: str
    user: str
    original: str
    before: str
    place: int
    typed: bool = False


def canvas_pack(feedback: Feedback, roster: Sequence[Student], downloads: Sequence[Names], *, teams: bool) -> Pack:
    """Make the zip.

    Args:
        feedback: who is told what.
        roster: the students, with Canvas' numbers.
        downloads: the paths in each download that was graded. Each is of an assignment of its own and gets its own files;
            Canvas ignores those of the others.
        teams: the item is team work, so that names begin with the team's and all members see what one gets.
    """
    pack = Pack()
    files: dict[tuple[str, int], list[_File]] = {}
    for number, names in enumerate(downloads):
        for path in names:
            owner = _owner(path[-1], roster, teams, pack) if len(path) < 3 else None
            if owner:
                student, file = owner
                files.setdefault((student.id, number), []).append(file)
    reached: set[str] = set()
    unable: dict[str, str] = {}
    for (own, _), listed in files.items():
        if own not in feedback:
            continue
        best = [file for file in listed if not file.typed and PurePath(file.original).suffix.lower() in KINDS]
        if not best:
            unable[own] = _why_none(listed)
            continue
        best.sort(key=lambda file: KINDS.index(PurePath(file.original).suffix.lower()))
        addressed = feedback[own]
        content = as_file(_shared(addressed, feedback) if teams else addressed.told, best[0].original)
        if content is not None:
            pack.files[best[0].name] = content
            reached |= {own, *(addressed.members if teams else ())}
    missing = [own for own in feedback if own not in reached]
    pack.left_out += [f"{labelled(feedback[own].student)}: {unable.get(own, 'no file in the download')}" for own in missing]
    return pack


def _shared(addressed: Addressed, feedback: Mapping[str, Addressed]) -> ItemFeedback:
    """Return what the whole team may read, for Canvas shows it to all of them."""
    members = [feedback[own].told for own in addressed.members if own in feedback] or [addressed.told]
    return for_team(members, "Your team")


def _why_none(files: Sequence[_File]) -> str:
    if all(file.typed for file in files):
        return "submitted as a text or a link, for which Canvas takes no feedback file"
    kinds = sorted({PurePath(file.original).suffix.lower() or "no ending" for file in files if not file.typed})
    return f"submitted only files that cannot carry feedback ({', '.join(kinds)}): students see them under their own names"


def _owner(name: str, roster: Sequence[Student], teams: bool, pack: Pack) -> tuple[Student, _File] | None:
    """Return the student whose file this is, by Canvas' reading of its name; note what cannot be told."""
    tokens = name.split("_")
    if name.startswith("."):
        return None
    if "anon" in (tokens[0], tokens[1] if tokens[0] == "LATE" and len(tokens) > 1 else ""):
        pack.left_out.append(f"{name}: of an anonymous download, which does not say whose it is")
        return None
    readings = [file for place in range(1, len(tokens) - 1) if (file := _read(name, tokens, place))]
    if not readings:
        return None
    if teams:
        # What a team's name may end with is one number more; what comes later stands in the student's own name of the file.
        first = readings[0].place
        readings = [file for file in readings if file.place <= first + 1]
    elif readings[0].place != next(place for place, token in enumerate(tokens) if _is_number(token)):
        pack.left_out.append(f"{name}: Canvas would take the first number for the user's, which is not {readings[0].user}")
        return None
    else:
        readings = readings[:1]
    found = [(student, file) for file in readings if (student := _student(file, roster))]
    if len({student.id for student, _ in found}) > 1:
        both = " or ".join(f"{file.user}, {labelled(student)}" for student, file in found)
        pack.left_out.append(f"{name}: can be read as of {both}")
        return None
    if not found:
        pack.left_out.append(
            f"{name}: Canvas' user {readings[0].user} is nobody on the roster; `practicum roster import` takes the numbers "
            "from a gradebook export"
        )
        return None
    return found[0]


def _read(name: str, tokens: Sequence[str], place: int) -> _File | None:
    """Read a name with the user's number in one place of it."""
    user, rest = tokens[place], tokens[place + 1 :]
    if not _is_number(user):
        return None
    before = "_".join(token for token in tokens[:place] if token != "LATE")
    if "_".join(rest) in _TYPED:
        return _File(name, user, "", before, place, typed=True)
    if len(rest) < 2 or not _is_number(rest[0]):
        return None
    return _File(name, user, "_".join(rest[1:]), before, place)


def _is_number(token: str) -> bool:
    return token.isascii() and token.isdecimal()


def _student(file: _File, roster: Sequence[Student]) -> Student | None:
    """Return the student with the number, else the only one of the name whose number the roster does not know."""
    known = [student for student in roster if student.lms_id == file.user]
    named = [s for s in roster if letters(file.before) in (letters(s.sortable), letters(s.last + s.first)) and letters(s.name)]
    if known:
        return known[0] if len(known) == 1 else None
    return named[0] if len(named) == 1 and not named[0].lms_id else None
