"""Who is meant: a student on the roster, found by any id that the roster knows, or by name."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from practicum.course.roster import Student
from practicum.course.roster.spelling import folded, letters
from practicum.errors import PracticumError

IDS = ("id", "login", "lms_id", "participants", "email")
"""The fields of a student that identify, the university's own id first."""


class AmbiguousIdentity(PracticumError):
    """What was written means more than one student."""


class Identities:
    """A roster, searched by id and by name.

    Spellings that `folded` makes alike are alike, so case, full-width forms and composed accents do not matter.
    """

    def __init__(self, roster: Sequence[Student]) -> None:
        self.roster = roster
        self._ids: dict[str, dict[str, tuple[Student, list[str]]]] = {}  # by spelling: by student's id, the fields that it is
        self._names: dict[str, dict[str, Student]] = {}
        self._mangled: dict[str, dict[str, Student]] = {}
        for student in roster:
            for what, text in _ids(student):
                self._ids.setdefault(folded(text), {}).setdefault(student.id, (student, []))[1].append(what)
            for name in _names(student):
                self._names.setdefault(folded(name), {})[student.id] = student
                self._mangled.setdefault(letters(name), {})[student.id] = student

    def find(self, text: str, kind: str = "") -> Student | None:
        """Return the student that an id belongs to, or None.

        Args:
            text: the id, in any spelling.
            kind: a field of a student; where several students answer to the id, the one whose field this is is meant.

        Raises:
            AmbiguousIdentity: it belongs to more than one; the message names them all.
        """
        found = self.matches(text)
        if len(found) > 1:
            of_kind = [(student, fields) for student, fields in found if kind in fields]
            if len(of_kind) != 1:
                readings = " and ".join(f"the {_words(fields[0])} of {shown(student)}" for student, fields in found)
                raise AmbiguousIdentity(f"`{text}` means more than one student: it is {readings}")
            found = of_kind
        return found[0][0] if found else None

    def matches(self, text: str) -> list[tuple[Student, list[str]]]:
        """Return every student that an id belongs to, each with the fields that it is."""
        return list(self._ids.get(folded(text), {}).values())

    def by_name(self, text: str) -> Student | None:
        """Return the one student with this full name (in either order), or None where there is none or more than one."""
        found = self._names.get(folded(text), {})
        return next(iter(found.values())) if len(found) == 1 else None

    def by_letters(self, text: str) -> Student | None:
        """Return the one student whose name has these letters once everything else is left out of it, or None."""
        found = self._mangled.get(letters(text), {})
        return next(iter(found.values())) if len(found) == 1 and letters(text) else None

    def near(self, text: str) -> str:
        """Return `` (did you mean `s0001`?)`` for the id or name closest to `text`, or nothing."""
        known = {spelling: student.id for spelling, found in self._ids.items() for student, _ in found.values()}
        known |= {spelling: next(iter(found)) for spelling, found in self._names.items() if len(found) == 1}
        close = get_close_matches(folded(text), known, n=1)
        return f" (did you mean `{known[close[0]]}`?)" if close else ""


def shown(student: Student) -> str:
    """Return a student as messages show one: `s0001 (Jo Doe)`."""
    return f"{student.id} ({student.name})" if student.name else student.id


def _ids(student: Student) -> Iterator[tuple[str, str]]:
    for what in IDS:
        value = getattr(student, what, "")
        for text in (value,) if isinstance(value, str) else value:
            if folded(text):
                yield what, text


def _names(student: Student) -> Iterator[str]:
    first, last = student.first, student.last
    words = student.name.replace(",", " ").split()
    turned = {" ".join(words[n:] + words[:n]) for n in range(len(words))}  # the family name may be any words at either end
    orders = {f"{first} {last}", f"{last} {first}", f"{last}{first}"} if first and last else set()
    yield from sorted(filter(None, {student.name, student.sortable, *turned, *orders}))


def _words(what: str) -> str:
    return {"lms_id": "platform's number", "participants": "participant number", "email": "e-mail address"}.get(what, what)
