"""The gradebook: a pure function of the course, the roster and what happened.

The order of events does not matter. Components add up the scores of their items by weight; an item from which a
student is exempt leaves, and its weight goes to the other items of its component in proportion to theirs (a component
with nothing left gives its weight to the other components in the same way). The total is capped, bonus and components
that "make up for lost grades" included.
"""

import gc
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import NamedTuple

from practicum.course.model import Component, Course
from practicum.course.roster import Student
from practicum.course.rounding import CONTEXT
from practicum.gradebook.event_index import EventIndex, IndexedItem, oldest_first
from practicum.gradebook.events import Case, Event, ManualGrade, Submitter
from practicum.gradebook.scoring import ZERO, ItemGrade, ScoredSubmission, grade_item


class ComponentGrade(NamedTuple):
    """What a student has for a component; `score` is in points of the final grade, out of `weight`."""

    component: Component
    score: Decimal
    weight: Decimal
    decided: Decimal


class StudentGrade(NamedTuple):
    """One row of the gradebook.

    Attributes:
        student: whose it is.
        items: in the order of the course file.
        components: in the order of the course file.
        total: the final grade as it stands; what is not decided yet counts nothing.
        decided: how many points of the final grade are decided.
        unused: points lost to the cap, for bonus and for components that make up for lost grades.
        override: the manual grade that stands in place of the computed total, if any.
        corrections: of who submitted, as far as they gave this student work or took it away.
        cases: the outcomes that hold of integrity cases about this student, by lab.
    """

    student: Student
    items: tuple[ItemGrade, ...]
    components: tuple[ComponentGrade, ...]
    total: Decimal
    decided: Decimal
    unused: Decimal
    override: ManualGrade | None = None
    corrections: tuple[Submitter, ...] = ()
    cases: tuple[Case, ...] = ()

    @property
    def failed(self) -> Case | None:
        """The case by whose outcome the student fails the course, if there is one."""
        return next((case for case in self.cases if case.outcome == "fail"), None)


@dataclass(frozen=True, slots=True)
class Gradebook:
    """Every student's grades, what the events say that cannot be right, and the labs that stay open as they do not exist."""

    course: Course
    students: tuple[StudentGrade, ...]
    problems: tuple[str, ...]
    unwritten: frozenset[str] = frozenset()

    def of(self, student: str) -> StudentGrade:
        """Return the row of a student.

        Raises:
            KeyError: no student has this id.
        """
        for row in self.students:
            if row.student.id == student:
                return row
        raise KeyError(student)


def gradebook(
    course: Course,
    roster: Sequence[Student],
    events: Iterable[Event],
    now: datetime | None = None,
    unwritten: Collection[str] = (),
) -> Gradebook:
    """Compute every grade.

    Args:
        course: the course.
        roster: its students, in the order wanted.
        events: everything that happened, in any order.
        now: decides what is still open; without it every deadline counts as past.
        unwritten: labs that do not exist; as long as nobody has anything for one, it is open and never missing.
    """
    with localcontext(CONTEXT), _collector_paused():
        known = EventIndex(course, roster, events, now, unwritten)
        rows = tuple(_student(student, known) for student in roster)
        if known.corrected:
            rows = tuple(row._replace(corrections=known.corrections_of(row.student.id)) for row in rows)
    return Gradebook(course, rows, tuple(known.problems), known.unwritten)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cyclic collector from walking a million grades again and again; nothing made here is cyclic."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _student(student: Student, known: EventIndex) -> StudentGrade:
    exempt = known.exempt.get(student.id, {})
    manual_grades = known.manual_grades.get(student.id, {})
    scored = known.submissions.get(student.id, {})
    cases = known.cases.get(student.id, {})
    special = student.id in known.special
    items: list[ItemGrade] = []
    components: list[ComponentGrade] = []
    lost = ZERO
    for component, lines in known.plan:
        grades = []
        for item, name, rules, _ in lines:
            if name in exempt:
                grades.append(ItemGrade(item, "exempt", None, ZERO, (), exempt[name]))
                continue
            submitted = scored
            if item.team:
                members = known.members(item, student.id)
                rules = known.rules_for(item, members)
                submitted = _pooled([known.submissions.get(member, {}) for member in members])
            elif special:
                rules = known.rules_for(item, [student.id])
            if cases:
                rules = rules._replace(cases=cases)
            grades.append(grade_item(item, rules, submitted, manual_grades.get(name)))
        items += grades
        graded = _component(component, lines, grades)
        components.append(graded)
        if not graded.weight:
            lost += component.weight
    out_of, cap = known.course.grade.out_of, known.course.grade.cap
    if lost and lost < out_of:
        components = [_scaled(c, out_of, out_of - lost) for c in components]
    row = _total(student, items, components, cap, manual_grades.get("total", {}).get(""))
    if cases:
        row = row._replace(cases=tuple(cases[lab] for lab in sorted(cases)))
    return row._replace(total=ZERO, decided=out_of, unused=ZERO) if row.failed else row


def _scaled(grade: ComponentGrade, out_of: Decimal, kept: Decimal) -> ComponentGrade:
    """Return a component that takes its share of what dropped components leave; multiplied first, so that halves stay exact."""
    score, weight, decided = (value * out_of / kept for value in (grade.score, grade.weight, grade.decided))
    return grade._replace(score=score, weight=weight, decided=decided)


def _total(
    student: Student, items: list[ItemGrade], components: list[ComponentGrade], cap: Decimal, override: ManualGrade | None
) -> StudentGrade:
    earned = sum((c.score for c in components), ZERO)
    total = min(earned, cap)  # so a component that makes up for lost grades fills what the others leave, and no more
    unused = earned - total
    if override is not None:
        total = min(override.points, cap)
    decided = sum((c.decided for c in components), ZERO)
    return StudentGrade(student, tuple(items), tuple(components), total, decided, unused, override)


def _component(component: Component, lines: Sequence[IndexedItem], grades: list[ItemGrade]) -> ComponentGrade:
    score = decided = dropped = ZERO
    for line, grade in zip(lines, grades, strict=True):
        status = grade.status
        if status == "exempt":
            dropped += line.weight
            continue
        if grade.score:
            score += grade.score * line.weight / line.item.points
        if status == "graded" or status == "missing":
            decided += line.weight
    if dropped and all(grade.status == "exempt" for grade in grades):
        return ComponentGrade(component, ZERO, ZERO, ZERO)
    if dropped:
        kept = component.weight - dropped
        score, decided = score * component.weight / kept, decided * component.weight / kept
    return ComponentGrade(component, score, component.weight, decided)


def _pooled(scored: list[dict[str, list[ScoredSubmission]]]) -> dict[str, list[ScoredSubmission]]:
    """Return what the members of a team submitted, together and oldest first."""
    pooled: dict[str, list[ScoredSubmission]] = defaultdict(list)
    for one in scored:
        for lab, submitted in one.items():
            pooled[lab] += submitted
    for submitted in pooled.values():
        submitted.sort(key=oldest_first)
    return pooled
