"""What a student is told of one item: the grade, how it came about, and the checks of the submissions that count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

from practicum.course.rounding import plain, rounded
from practicum.gradebook.gradebook import Gradebook, StudentGrade
from practicum.gradebook.scoring import NOT_LATE, ItemGrade, Status, Unit, duration, explain
from practicum.store.records import StoredResult

READY: tuple[Status, ...] = ("graded", "partly graded", "missing", "exempt", "withheld")
"""What a student is told of; anything else is not graded yet."""

_STATUS: Mapping[Status, str] = {
    "graded": "graded",
    "partly graded": "graded in part; the rest follows",
    "waiting": "submitted and not graded yet",
    "missing": "nothing was submitted",
    "open": "not due yet",
    "unmarked": "not graded yet",
    "withheld": "the grade is withheld while an integrity case is decided",
    "exempt": "you are exempt, so it does not count",
}


@dataclass(frozen=True, slots=True)
class Line:
    """How one part of the item came to its score, in words.

    Attributes:
        part: the part, or the whole item.
        earned: points before the late rule.
        late: by how long, if so.
        factor: what the late rule makes of it.
        counts: what counts.
        why: all of that in one sentence.
    """

    part: str
    earned: str
    late: str
    factor: str
    counts: str
    why: str


@dataclass(frozen=True, slots=True)
class LabFeedback:
    """A lab of the item: the result that counts, else the latest, and the student's other ones, the oldest first."""

    name: str
    title: str
    shown: StoredResult
    counts: bool
    every: tuple[StoredResult, ...]


@dataclass(frozen=True, slots=True)
class ItemFeedback:
    """All that a student is told of an item.

    Attributes:
        course: its title.
        item: the item's name.
        title: the item's title.
        student: the student's id; nothing on a page that is for a whole team.
        name: the student's name, or the word for the team.
        status: how far the item is.
        said: the status in words.
        score: the points that count.
        out_of: the points there are.
        lines: how they came about.
        labs: the labs of the item that were submitted.
        zone: of the times.
    """

    course: str
    item: str
    title: str
    student: str
    name: str
    status: Status
    said: str
    score: str
    out_of: str
    lines: tuple[Line, ...]
    labs: tuple[LabFeedback, ...]
    zone: tzinfo = UTC

    @property
    def total(self) -> str:
        """The grade in words."""
        return self.said if self.status in ("exempt", "withheld") else f"{self.score} of {self.out_of} points"


def feedback_of(
    book: Gradebook,
    row: StudentGrade,
    item: str,
    results: Iterable[StoredResult],
    titles: Mapping[str, str],
    *,
    notes: bool = False,
    zone: tzinfo = UTC,
) -> ItemFeedback:
    """Gather what a student is told of an item.

    Args:
        book: the grades.
        row: those of the student.
        item: the item's name.
        results: published results, those of others included: of them only what counts for this student is taken, which
            for a team is what a member submitted.
        titles: the labs' titles by name.
        notes: tell the notes of manual grades, why somebody is exempt and why an integrity case ended so, too; they were
            written for the gradebook.
        zone: for the times.
    """
    grade = next(grade for grade in row.items if grade.item.name == item)
    counted = {unit.counted[0].id: unit for unit in grade.units if unit.counted}
    labs: dict[str, list[StoredResult]] = {name: [] for name in grade.item.labs()}
    for result in results:
        own = result.submission.student == row.student.id
        if result.submission.lab in labs and (own or result.submission.uid in counted):
            labs[result.submission.lab].append(result)
    told = []
    for name, every in labs.items():
        if every:
            every.sort(key=lambda result: (result.submission.at, result.id))
            counting = [result for result in every if result.submission.uid in counted]
            shown = counting[-1] if counting else every[-1]
            told.append(LabFeedback(name, titles.get(name, name), shown, bool(counting), tuple(every)))
    parts = {path: part.title or part.name for path, part in grade.item.walk()}
    lines = [_line(unit, parts.get(unit.part, grade.item.label), notes) for unit in grade.units]
    said = _STATUS[grade.status] + (f": {grade.reason}" if notes and grade.reason else "")
    return ItemFeedback(
        book.course.title,
        item,
        grade.item.label,
        row.student.id,
        row.student.name,
        grade.status,
        said,
        plain(rounded(grade.score)),
        plain(grade.item.points),
        tuple(lines),
        tuple(told),
        zone,
    )


def for_team(members: Iterable[ItemFeedback], name: str) -> ItemFeedback:
    """Return what a whole team may read: what is the same for all members, and nobody's name or own grade.

    Args:
        members: what each member is told.
        name: what the team is called on the page.
    """
    first, *others = members
    same = all((other.status, other.score, other.lines) == (first.status, first.score, first.lines) for other in others)
    return ItemFeedback(
        first.course,
        first.item,
        first.title,
        "",
        name,
        first.status if same else "partly graded",
        first.said if same else "each member's own grade is in the gradebook",
        first.score if same else "",
        first.out_of,
        first.lines if same else (),
        first.labs,
        first.zone,
    )


def _line(unit: Unit, part: str, notes: bool) -> Line:
    if not notes:
        unit = unit._replace(notes="")
    why = explain(unit, reasons=notes)
    if unit.counted:  # what the store calls a submission says nothing to a student
        why = why.replace(f" (submission {unit.counted[0].id})", "")
    why = why.removeprefix(f"{unit.part}: ") if unit.part else why
    if unit.raw is None:
        return Line(part, "", "", "", "", why)
    late = unit.late > NOT_LATE
    return Line(
        part,
        f"{plain(rounded(unit.raw))} of {plain(unit.points)}",
        duration(unit.late) if late else "",
        unit.outcome.words() if late else "",
        plain(rounded(unit.score)),
        why,
    )


def graded(grade: ItemGrade) -> bool:
    """Return whether there is something to tell of an item."""
    return grade.status in READY
