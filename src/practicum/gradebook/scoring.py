"""One item of one student: which submission counts, what the late rule leaves of it, and why.

Work comes in *units*. A part with a lab is a unit with its own submissions, so an early perceptron keeps full credit
beside a late MLP. All parts graded manually are one unit, submitted together, so that a cap on a late project caps the
project and not each of its parts. A manual grade on a part stands for everything below that part.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from types import MappingProxyType
from typing import Literal, NamedTuple

from practicum.course.assessment import Item, Part
from practicum.course.late import ON_TIME, LateOutcome, LateRule
from practicum.course.rounding import plain, rounded
from practicum.gradebook.cases import case_words
from practicum.gradebook.events import Case, ManualGrade, Result, Submission

Status = Literal["graded", "partly graded", "waiting", "missing", "open", "unmarked", "exempt", "withheld"]
"""How far an item or unit is: `waiting` is submitted and not graded, `missing` past its deadline with nothing handed
in, `open` before its deadline, `unmarked` for a manual grade to come, `withheld` while an integrity case is referred."""

ZERO = Decimal(0)
NOT_LATE = timedelta(0)
LEAST_LATE = timedelta(seconds=1)

_make = tuple.__new__  # for the hundreds of thousands of units of a large course: half the time of calling the class


ScoredSubmission = tuple[Submission, Result | None]
"""A submission with its result, if it has one. A plain tuple: there are hundreds of thousands."""


class Unit(NamedTuple):
    """What one unit contributes to an item.

    Attributes:
        part: dotted path of the part, or nothing for the item itself.
        status: how far it is.
        raw: the score in points of the item, before the late rule; None where there is none.
        points: what it is worth.
        late: elapsed time after the deadline.
        outcome: what the late rule makes of it.
        score: what counts.
        counted: the submission that counts, for work that a lab grades.
        notes: what the manual grades say, for work graded manually.
        newer: a newer submission waits to be graded.
        case: the outcome of an integrity case that decides what counts.
    """

    part: str
    status: Status
    raw: Decimal | None
    points: Decimal
    late: timedelta
    outcome: LateOutcome
    score: Decimal
    counted: ScoredSubmission | None = None
    notes: str = ""
    newer: bool = False
    case: Case | None = None

    @property
    def source(self) -> str:
        """Where the score comes from, in words."""
        submission, result = self.counted or (None, None)
        if submission and result:
            return f"{submission.lab} {plain(result.score)}/{plain(result.out_of)} (submission {submission.id})"
        return "graded manually" + (f" ({self.notes})" if self.notes else "")


class ItemGrade(NamedTuple):
    """What a student has for one item.

    Attributes:
        item: the item.
        status: how far it is.
        raw: the points before late rules, or None where nothing is graded.
        score: the points that count.
        units: what they are made of.
        reason: why the student is exempt, if so.
    """

    item: Item
    status: Status
    raw: Decimal | None
    score: Decimal
    units: tuple[Unit, ...]
    reason: str = ""

    @property
    def late(self) -> timedelta:
        """How late the latest unit that counts is."""
        return max((unit.late for unit in self.units), default=NOT_LATE)

    @property
    def decided(self) -> bool:
        """Return whether this item will not change without a new event."""
        return self.status in ("graded", "missing", "exempt")

    @property
    def why(self) -> str:
        """Says how the score came about, one line per unit."""
        if self.status == "exempt":
            return f"exempt: {self.reason}"
        return "\n".join(explain(unit) for unit in self.units)


def explain(unit: Unit, reasons: bool = True) -> str:
    """Say in one line where a unit's score comes from, what the late rule did, and what an integrity case, with its reason."""
    case = f"; {case_words(unit.case, reasons)}" if unit.case else ""
    name = f"{unit.part}: " if unit.part else ""
    if unit.raw is None:
        return f"{name}{'not graded' if unit.status == 'graded' else unit.status} ({plain(unit.points)} points){case}"
    text = f"{name}{unit.source} = {rounded(unit.raw)} of {plain(unit.points)}"
    timing = unit.counted[0].timing if unit.counted else "stated"
    if unit.late > NOT_LATE:
        by = duration(unit.late) if timing == "stated" else "by the platform's word, time unknown,"
        text += f", {by} late: {unit.outcome.words()} = {rounded(unit.score)}"
    elif timing == "late":
        text += ", late by the platform's word, time unknown; the deadline was moved: counted as on time"
    elif timing == "unknown":
        text += ", time unknown: counted as on time"
    return text + ("; a newer submission is not graded yet" if unit.newer else "") + case


def duration(late: timedelta) -> str:
    """Write a lateness: `1 d 02:10:03`."""
    seconds = late.seconds
    days = f"{late.days} d " if late.days else ""
    return f"{days}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


class Rules(NamedTuple):
    """What holds for one student (or team) and one item."""

    due: datetime | None
    late: LateRule
    best: bool
    certificates: Collection[str]
    closed: bool
    extended: bool = False
    unwritten: Collection[str] = ()
    cases: Mapping[str, Case] = MappingProxyType({})  # by lab, or by the name of an item without one


def late_by(submission: Submission, rules: Rules) -> timedelta:
    """Return how late a submission is.

    Without a time it is on time. If only the platform says that it is late, it is late by the least there is, unless it was
    read before the deadline or the deadline was moved, of which the platform knows nothing.
    """
    if submission.timing == "stated":
        return lateness(submission.at, rules.due)
    late = submission.timing == "late" and not rules.extended and rules.due is not None and submission.at > rules.due
    return LEAST_LATE if late else NOT_LATE


def lateness(at: datetime, due: datetime | None) -> timedelta:
    """Return the elapsed time from the deadline to a submission, in whole seconds and never negative.

    Fractions of a second are dropped in the student's favour: what the clock showed as 23:59:59 is in time for 23:59:59.

    Args:
        at: when it was submitted, in UTC: between two times of one zone Python subtracts the clock faces, which is an
            hour off across a change of the clock.
        due: the deadline, in UTC.
    """
    if due is None or at <= due:
        return NOT_LATE
    if at.microsecond:
        at = at.replace(microsecond=0)
    return max(at - due, NOT_LATE)


def grade_item(
    item: Item, rules: Rules, scored: Mapping[str, Sequence[ScoredSubmission]], manual_grades: Mapping[str, ManualGrade] | None
) -> ItemGrade:
    """Grade one item.

    Args:
        item: the item.
        rules: deadline, late rule and policy for this student.
        scored: per lab (or item name), what was submitted, oldest first.
        manual_grades: per dotted part path, the manual grade that counts; `""` is the item.
    """
    if item.lab and not manual_grades and not rules.cases:  # most items of most students: one lab, no manual grade
        only = _lab(item, "", rules, scored.get(item.lab, ()))
        return _make(ItemGrade, (item, only.status, only.raw, only.score, (only,), ""))
    units = _units(item, rules, scored, manual_grades or {})
    if rules.cases:
        labs = {path: part.lab for path, part in item.walk()} | {"": item.lab}
        units = [_judged(unit, rules.cases.get(labs[unit.part] or item.name)) for unit in units]
    score = min(sum((unit.score for unit in units), ZERO), item.most)
    scores = [unit.raw for unit in units if unit.raw is not None]
    raw = sum(scores, ZERO) if scores else None
    return ItemGrade(item, _together([unit.status for unit in units]), raw, score, tuple(units))


def _judged(unit: Unit, case: Case | None) -> Unit:
    """Return what a unit contributes after the outcome of a case about it, whichever submission or manual grade counted."""
    if case is None or case.outcome == "cleared":
        return unit
    if case.outcome == "referred":
        return unit._replace(status="withheld", raw=None, late=NOT_LATE, outcome=ON_TIME, score=ZERO, case=case)
    return unit._replace(status="missing" if unit.status == "missing" else "graded", score=ZERO, case=case)


def _together(statuses: Sequence[Status]) -> Status:
    if "withheld" in statuses:
        return "withheld"
    if all(status in ("graded", "missing") for status in statuses):
        return "graded" if "graded" in statuses else "missing"
    if any(status in ("graded", "partly graded") for status in statuses):
        return "partly graded"
    order: tuple[Status, ...] = ("waiting", "open", "unmarked", "missing")
    return next(status for status in order if status in statuses)


def _lab(part: Part, path: str, rules: Rules, scored: Sequence[ScoredSubmission]) -> Unit:
    """Return the unit of a part that a lab fills: the submission that counts, after the late rule."""
    chosen: Unit | None = None
    due, points = rules.due, part.points
    for dated in scored:
        submission, result = dated
        if result is None:
            continue
        raw = result.score * points / result.out_of
        if raw > points:
            raw = points
        late = late_by(submission, rules) if due is not None and submission.at > due else NOT_LATE
        outcome = rules.late.outcome(late, rules.certificates) if late else ON_TIME
        score = outcome.apply(raw, points) if late else raw
        if chosen is None or not rules.best or score > chosen.score:
            chosen = _make(Unit, (path, "graded", raw, points, late, outcome, score, dated, "", False, None))
    if chosen is None:
        missing = rules.closed and part.lab not in rules.unwritten  # nobody can hand in a lab that does not exist
        status: Status = "waiting" if scored else ("missing" if missing else "open")
        return Unit(path, status, None, points, NOT_LATE, ON_TIME, ZERO)
    return chosen if scored[-1][1] else chosen._replace(newer=True)


class _ManualParts:
    """Collects the parts graded manually into their one unit."""

    def __init__(self) -> None:
        self.points = self.raw = ZERO
        self.given: list[ManualGrade] = []
        self.wanting = 0

    def add(self, part: Part, manual_grade: ManualGrade | None, bonus: bool = False) -> None:
        self.points += ZERO if bonus else part.points
        if manual_grade is not None:
            self.raw += min(manual_grade.points, part.most)
            self.given.append(manual_grade)
        elif not bonus:  # a bonus that nobody gave leaves nothing open
            self.wanting += 1


def _units(
    item: Item, rules: Rules, scored: Mapping[str, Sequence[ScoredSubmission]], manual_grades: Mapping[str, ManualGrade]
) -> list[Unit]:
    units: list[Unit] = []
    manual = _ManualParts()

    def visit(part: Part, path: str, bonus: bool) -> None:
        manual_grade = manual_grades.get(path)
        if part.lab and manual_grade is None:
            units.append(_lab(part, path, rules, scored.get(part.lab, ())))
        elif part.lab and path and manual_grade is not None:
            own = _ManualParts()
            own.add(part, manual_grade)
            units.append(_manual_unit(own, path, rules, _late(manual_grade, [part.lab, item.name], scored, rules), False))
        elif manual_grade is not None or not part.part:
            manual.add(part, manual_grade, bonus)
        else:
            for child in part.part:
                visit(child, f"{path}.{child.name}".lstrip("."), bonus or child.bonus)

    visit(item, "", False)
    if manual.points or manual.given:
        names = [item.name, *item.labs()] if "" in manual_grades else [item.name]
        late = max((_late(manual_grade, names, scored, rules) for manual_grade in manual.given), default=NOT_LATE)
        units.append(_manual_unit(manual, "", rules, late, bool(scored.get(item.name))))
    return units


def _manual_unit(hand: _ManualParts, path: str, rules: Rules, late: timedelta, submitted: bool) -> Unit:
    if not hand.given:
        status: Status = "waiting" if submitted else ("open" if rules.due and not rules.closed else "unmarked")
        return Unit(path, status, None, hand.points, NOT_LATE, ON_TIME, ZERO)
    outcome = rules.late.outcome(late, rules.certificates) if late else ON_TIME
    score = outcome.apply(hand.raw, hand.points)
    notes = "; ".join(dict.fromkeys(manual_grade.note for manual_grade in hand.given if manual_grade.note))
    status = "partly graded" if hand.wanting else "graded"
    return Unit(path, status, hand.raw, hand.points, late, outcome, score, None, notes)


def _late(
    manual_grade: ManualGrade, names: Sequence[str], scored: Mapping[str, Sequence[ScoredSubmission]], rules: Rules
) -> timedelta:
    """Return how late the work behind a manual grade is: as the grade says, else the last submission before it."""
    if manual_grade.submitted is not None:
        return lateness(manual_grade.submitted, rules.due)
    submissions = [submission for name in names for submission, _ in scored.get(name, ())]
    before = [s for s in submissions if s.timing != "stated" or manual_grade.at is None or s.at <= manual_grade.at]
    return late_by(max(before, key=attrgetter("at")), rules) if before else NOT_LATE
