"""Whose an entry is: joining what platforms call their users to the roster.

A platform's number or login is looked up on the roster; the name beside it must not be another student's. Where the roster
does not know the number, a full name that one student alone has will do, and a note says so. What can be read in two
ways is refused. Without a roster everybody is called what the platform calls them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from practicum.course.roster import Person, Student
from practicum.course.roster.identities import AmbiguousIdentity, Identities
from practicum.course.roster.identities import shown as student_words
from practicum.course.roster.spelling import folded, letters
from practicum.labs.intake.blackboard import Receipt, read_blackboard, receipt_of
from practicum.labs.intake.canvas import read_canvas
from practicum.labs.intake.moodle import read_moodle
from practicum.labs.intake.names import Entry, plain_entry, safe_student, shown

_PREVIEW = "_previewuser"


def _readings(name: str, zone: tzinfo, receipt: Receipt | None) -> list[Entry]:
    """Return the ways to read a file's name on the platform that it is from.

    A student's own name for a file is always the last part and may look like the name that another platform gives. So the
    platform is the one whose part comes first, or Blackboard where there is a receipt: on Canvas no two files share a number,
    so that no upload can be the receipt of another.
    """
    moodle, blackboard, canvas = read_moodle(name, is_folder=False), read_blackboard(name, receipt, zone), read_canvas(name)
    if receipt and blackboard:
        canvas = []
    found = [(len(entries[0].name), entries) for entries in (moodle, canvas) if entries]
    if blackboard:
        found.append((len(receipt_of(name)) - len("2026-11-08-23-30-00.txt"), blackboard))
    return min(found, key=lambda each: each[0])[1] if found else []


def is_platforms(name: str) -> bool:
    """Return whether a file's name has the form that a platform gives to what students upload."""
    return bool(read_moodle(name, is_folder=False) or receipt_of(name) or read_canvas(name))


class Refused(Exception):
    """Why an entry is nobody's, in words for the teacher."""


@dataclass(frozen=True)
class Whose:
    """An entry as it was read, and the students whose it is: one, or the members of a team."""

    entry: Entry
    students: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Submitters:
    """A roster with its teams, and what worksheets say of participants.

    Args:
        roster: the students, or None where nobody knows them.
        teams: by name, the ids of the members.
        persons: by Moodle's participant number, from a grading worksheet.
    """

    def __init__(
        self, roster: Sequence[Student] | None, teams: Mapping[str, Sequence[str]], persons: Mapping[str, Person]
    ) -> None:
        self._roster = roster
        self._ids = Identities(_numbered(roster or (), persons))
        members: dict[str, dict[str, None]] = {}
        for name, ids in teams.items():
            members.setdefault(_group(name), {}).update(dict.fromkeys(ids))
        for number, person in persons.items():
            if person.group and (student := self.find(number)):
                members.setdefault(_group(person.group), {})[student.id] = None
        self._teams = {name: tuple(ids) for name, ids in members.items() if name}
        alone = [student.id for number, p in persons.items() if not p.group and (student := self.find(number))]
        self._default = tuple(alone) if self._teams and any(p.group for p in persons.values()) else ()

    def find(self, text: str) -> Student | None:
        """Return the one student with this id, or None."""
        try:
            return self._ids.find(text)
        except AmbiguousIdentity:
            return None

    def whose(self, name: str, *, is_folder: bool, zone: tzinfo, receipt: Receipt | None = None) -> Whose:
        """Return whose an entry is.

        Args:
            name: of the file or folder.
            is_folder: which of them it is.
            zone: for times in names that state none.
            receipt: of the attempt, on Blackboard.

        Raises:
            Refused: it can be read as more than one student's.
        """
        plain = plain_entry(name, is_folder=is_folder, zone=zone)
        readings = read_moodle(name, is_folder=True) if is_folder else _readings(name, zone, receipt)
        if self.find(plain.name) or not readings or (readings[0].platform == "Canvas" and not self._usual(readings)):
            readings = [plain]
        first = readings[0]
        if first.platform == "Moodle" and len(readings) > 1:
            raise Refused(_both([_words(entry) for entry in readings]))
        if first.platform == "Blackboard" and first.student.lower().endswith(_PREVIEW):
            raise Refused("is the teacher's preview user's, no student's")
        if self._roster is None:
            return Whose(first, (first.student,))
        if not first.platform:
            return self._plain(first)
        team = self._team(first)
        if first.platform == "Moodle" and team:  # the number is the group's, which may be a participant's as well
            return Whose(first, team)
        return self._by_number(readings) or self._by_name(readings) or self._unknown(first)

    def _usual(self, readings: Sequence[Entry]) -> bool:
        """Return whether a name like one of Canvas' is one: the usual form, or one that the roster knows."""
        return "_" not in readings[0].name or any(self._known(entry) or self._team(entry) for entry in readings)

    def _plain(self, entry: Entry) -> Whose:
        try:
            student = self._ids.find(entry.name)
        except AmbiguousIdentity as error:
            raise Refused(str(error)) from None
        if student is None and (team := self._team(entry)):
            return Whose(entry, team)
        if student is None and (student := self._ids.by_name(entry.name)):
            return Whose(entry, (student.id,), (_by_name(entry, student),))
        return Whose(entry, (student.id,)) if student else Whose(entry, (entry.student,), entry.notes)

    def _by_number(self, readings: Sequence[Entry]) -> Whose | None:
        found = [(entry, student) for entry in readings for student in self._known(entry)]
        if len({student.id for _, student in found}) > 1:
            agreeing = [(entry, student) for entry, student in found if _called(student, entry.name)]
            if len({student.id for _, student in agreeing}) != 1:
                raise Refused(_both([f"{entry.student}, {student_words(student)}," for entry, student in found]))
            found = agreeing
        if not found:
            return None
        entry, student = found[0]
        namesake = self._ids.by_letters(entry.name)
        if namesake and namesake.id != student.id and not _called(student, entry.name):
            raise Refused(
                _both([f"{entry.student}, {student_words(student)},", f"{shown(entry.name)}, {student_words(namesake)},"])
            )
        team = self._team(entry)
        return Whose(entry, team if student.id in team and not _called(student, entry.name) else (student.id,))

    def _known(self, entry: Entry) -> list[Student]:
        """Return the students who answer to the platform's number or login of an entry."""
        answers = self._ids.matches(entry.student)
        of_kind = [student for student, fields in answers if entry.kind in fields]
        return of_kind or [student for student, _ in answers if _could_be(student, entry)]

    def _by_name(self, readings: Sequence[Entry]) -> Whose | None:
        for entry in readings:
            student = self._ids.by_name(entry.name) or self._ids.by_letters(entry.name)
            if student and not _has_another(student, entry):
                return Whose(entry, (student.id,), (_by_name(entry, student),))
            if team := self._team(entry):
                return Whose(entry, team)
        return None

    def _team(self, entry: Entry) -> tuple[str, ...]:
        if entry.platform == "Moodle" and not entry.kind:
            return self._teams.get(_group(entry.name), ()) or self._default
        return self._teams.get(_group(entry.name), ())

    def _unknown(self, entry: Entry) -> Whose:
        # In work of teams the number is a group's, which must never be taken for a participant's later on; nor may a number
        # that is somebody else's id stand alone.
        if entry.platform == "Moodle" and self._teams and entry.name:
            return Whose(entry, (safe_student(entry.name)[0],))
        taken = self._ids.matches(entry.student)
        return Whose(entry, (f"{entry.platform.lower()}-{entry.student}" if taken else entry.student,))


def _numbered(roster: Sequence[Student], persons: Mapping[str, Person]) -> list[Student]:
    """Return the roster with the participant numbers that worksheets know."""
    ids = Identities(roster)
    numbers: dict[str, list[str]] = {}
    for number, person in persons.items():
        for text in filter(None, (person.id, person.login, person.email)):
            try:
                student = ids.find(text)
            except AmbiguousIdentity:
                continue
            if student:
                numbers.setdefault(student.id, []).append(number)
                break
        else:
            if student := ids.by_name(person.name):
                numbers.setdefault(student.id, []).append(number)
    return [replace(s, participants=tuple(dict.fromkeys((*s.participants, *numbers.get(s.id, ()))))) for s in roster]


def _could_be(student: Student, entry: Entry) -> bool:
    """Return whether an id that happens to be the platform's number can be meant by it."""
    return not _has_another(student, entry) and (not entry.name or not student.name or _called(student, entry.name))


def _has_another(student: Student, entry: Entry) -> bool:
    """Return whether the roster says that the platform calls this student something else."""
    own = {"lms_id": student.lms_id, "login": student.login}.get(entry.kind, "")
    return bool(own) and folded(own) != folded(entry.student)


def _called(student: Student, name: str) -> bool:
    return Identities([student]).by_letters(name) is not None


def _by_name(entry: Entry, student: Student) -> str:
    number = f", as the roster does not know {entry.student}" if entry.platform else ""
    return f"taken for {student.id}'s by the name {shown(entry.name)}{number}"


def _group(name: str) -> str:
    """Return a team's name for comparison: platforms put `_` for a blank, or a blank for `_`."""
    return letters(name).replace("_", "")


def _words(entry: Entry) -> str:
    return f"{entry.student}, {shown(entry.name)},"


def _both(readings: Sequence[str]) -> str:
    told = " or as ".join(f"{reading.removesuffix(',')}'s" for reading in dict.fromkeys(readings))
    return f"can be read as {told}, so nothing of it was taken; rename it to the student's id"
