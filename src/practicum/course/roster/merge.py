"""Several roster files into one: students are the same where an id is shared, and each file adds the ids it alone knows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from practicum.course.roster.read import Roster
from practicum.course.roster.spelling import folded
from practicum.course.roster.student import Student
from practicum.errors import PracticumError

_IDS = ("id", "login", "lms_id", "email")
_CONFLICTING = ("login", "lms_id", "team")
"""Fields in which two files must not say different things of a student; names and sections may be spelled in other ways."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A roster with what a file adds to it.

    Attributes:
        students: those there were, in their order, then new ones.
        changes: what changed, a line per student.
        notes: what one should look at.
    """

    students: list[Student]
    changes: list[str]
    notes: list[str]


def merge_rosters(there: Sequence[Student], file: Roster) -> Merged:
    """Add a file to a roster.

    A student of the file is one of the roster's if they share an id, a login, a number of the platform, a participant
    number or an e-mail address; a student of whom the file knows none of these but the name, if the name is unique on
    both sides. What the roster says stays; what it does not say yet is taken from the file.

    Args:
        there: the roster.
        file: the file.

    Raises:
        PracticumError: a student of the file shares ids with two of the roster, two share ids with the same one, or the
            file says something else than the roster; the message names file and line.
    """
    known = Known(there)
    students = list(there)
    changes, notes = [], list(file.notes)
    met: dict[int, str] = {}
    origin = ["on the roster"] * len(students)
    for new, where in zip(file.students, file.where, strict=True):
        place = known.place(new, where)
        if place is None and (place := known.by_name(new, file.students)) is not None:
            notes.append(f"{where}: {new.name} was joined with `{there[place].id}` by the name alone")
        if place is None and not new.id:
            raise PracticumError(
                f"{where}: expected a student of the roster, got {new.name!r}: the file has no id, and the roster has not just "
                "one student of this name"
            )
        if place is None:
            students.append(new)
            origin.append(where)
            changes.append(f"{new.id} {new.name}".strip() + ": new")
            continue
        if place in met:
            raise PracticumError(
                f"{where}: expected one row for each student, got a second one for `{there[place].id}`; the first is {met[place]}"
            )
        met[place] = origin[place] = where
        notes += _doubts(there[place], new, where)
        students[place], added = _joined(there[place], new, where)
        if added:
            changes.append(f"{there[place].id} {there[place].name}".strip() + f": {', '.join(added)}")
    _unique(students, origin)
    return Merged(students, changes, notes)


class Known:
    """The roster's students by each of their ids, to find those of another file."""

    def __init__(self, students: Sequence[Student]) -> None:
        self.students = students
        self._by_id: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for place, student in enumerate(students):
            for key in _keys(student):
                self._by_id[key].add(place)
            if student.name:
                self._by_name[_name(student)].append(place)

    def place(self, new: Student, where: str) -> int | None:
        """Return where on the roster the student with one of these ids is.

        Args:
            new: a student of another file.
            where: file and line, for the message.

        Raises:
            PracticumError: the ids are those of two students.
        """
        found: set[int] = set().union(*(self._by_id.get(key, set()) for key in _keys(new)))
        if len(found) > 1:
            both = " and ".join(f"`{self.students[place].id}`" for place in sorted(found))
            raise PracticumError(f"{where}: expected the ids of one student, got `{new.id}`, who shares ids with {both}")
        return found.pop() if found else None

    def by_name(self, new: Student, others: Sequence[Student]) -> int | None:
        """Return where the only student of this name is, if the file knows no id of the roster's kind."""
        found = self._by_name.get(_name(new), [])
        same = [other for other in others if _name(other) == _name(new)]
        if len(found) != 1 or len(same) != 1 or not new.name:
            return None
        old = self.students[found[0]]
        both = [(getattr(old, field), getattr(new, field)) for field in _IDS[1:]]
        if _says_id(new) or any(one and other and folded(one) != folded(other) for one, other in both):
            return None  # of another student
        return found[0]


def _says_id(student: Student) -> bool:
    """Return whether the file has a number of the university's; else the id is one of the others."""
    return folded(student.id) not in {folded(other) for other in (student.email, student.login, student.lms_id)}


def _keys(student: Student) -> set[tuple[str, str]]:
    """Return a student's ids by kind: two kinds of numbers may hold the same one."""
    named = {("", folded(key)) for key in (student.id, student.login, student.email) if key}
    numbers = {("participant", number) for number in student.participants}
    return named | numbers | ({("lms_id", folded(student.lms_id))} if student.lms_id else set())


def _name(student: Student) -> str:
    return folded(student.name).replace(",", "")


def _doubts(old: Student, new: Student, where: str) -> Iterator[str]:
    """Yield what the file and the roster say differently, though it does no harm."""
    if old.name and new.name and set(_name(old).split()) != set(_name(new).split()):
        yield f"{where}: `{old.id}` is called {new.name!r} here and {old.name!r} on the roster"
    if _says_id(new) and folded(new.id) not in {key for _, key in _keys(old)}:
        if _says_id(old):
            raise PracticumError(f"{where}: expected id `{old.id}` as on the roster for who has the same ids, got `{new.id}`")
        yield f"{where}: `{old.id}` has the id `{new.id}` here; the roster keeps its own, which names folders and grades"


def _joined(old: Student, new: Student, where: str) -> tuple[Student, list[str]]:
    """Return the roster's student with what the file adds, and the additions in words."""
    for field in _CONFLICTING:
        one, other = getattr(old, field), getattr(new, field)
        if one and other and folded(one) != folded(other):
            raise PracticumError(f"{where}: expected {field} `{one}` of `{old.id}` as on the roster, got `{other}`")
    fields = {field: getattr(new, field) for field in ("email", "section", "team", "login", "lms_id") if not getattr(old, field)}
    if not old.name:
        fields |= {"name": new.name}
    if new.last and not old.last and not old.first and _name(old) in ("", _name(new)):
        fields |= {"first": new.first, "last": new.last}
    fields = {field: value for field, value in fields.items() if value}
    numbers = tuple(dict.fromkeys((*old.participants, *new.participants)))
    added = [f"{field} {value}" for field, value in fields.items()]
    if numbers != old.participants:
        added.append(f"participants {' '.join(numbers[len(old.participants) :])}")
    return replace(old, **fields, participants=numbers), added


def _unique(students: Iterable[Student], where: Sequence[str]) -> None:
    """Refuse a roster in which an id means two students; the files that led to it were of different courses, perhaps."""
    owners: dict[tuple[str, str], int] = {}
    listed = list(students)
    for place, student in enumerate(listed):
        for key in _keys(student) - {("", folded(student.email))}:
            other = owners.setdefault(key, place)
            if other != place:
                raise PracticumError(
                    f"{where[place]}: expected one student with {key[0] or 'the id'} `{key[1]}`, "
                    f"got `{listed[other].id}` ({where[other]}) and `{student.id}`"
                )
