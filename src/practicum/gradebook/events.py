"""What happens in a course: the events that the gradebook is a pure function of.

Times must carry their zone (and are kept in UTC) and scores must be exact decimals; anything else is refused when the
event is made.
An extension, exemption or manual grade is for one student or for one team: exactly one of the two is given.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NewType

SubmissionId = NewType("SubmissionId", str)
"""What the gradebook calls a submission; nobody reads it but programs."""

Timing = Literal["stated", "late", "unknown"]
"""What is known of when work was submitted: its time; that it was late, but not when; or nothing, and then it counts as on
time. Without a stated time `at` is only when the work was read, which keeps attempts in order."""

Outcome = Literal["cleared", "referred", "zero", "fail"]
"""What was decided about a suspicion that work is not a student's own: nothing is held against the student; others decide and
the mark is withheld meanwhile; the work counts 0; it counts 0 and the student fails the course."""

OUTCOMES: tuple[Outcome, ...] = ("cleared", "referred", "zero", "fail")
"""All of them, the gravest last."""

EXEMPT = "item"
"""The kind of an exemption that takes the whole item out of a student's grade."""


def _to_utc(event: object, name: str) -> None:
    """Put a time field into UTC, so that times of many zones compare fast and subtract without surprises."""
    at = getattr(event, name)
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise ValueError(f"{name}: expected a time with a time zone, got {at!r}")
    if at.tzinfo is not UTC:
        object.__setattr__(event, name, at.astimezone(UTC))


def _exact(name: str, number: Decimal) -> None:
    if not isinstance(number, Decimal) or not number.is_finite() or number < 0:
        raise ValueError(f"{name}: expected a Decimal that is not negative, got {number!r}")


def _one_owner(student: str, team: str) -> None:
    if bool(student) == bool(team):
        raise ValueError(f"expected a student or a team, got student {student!r} and team {team!r}")


@dataclass(frozen=True, slots=True)
class Submission:
    """A student submitted work for a lab (or, for work graded manually, under the item's own name)."""

    id: SubmissionId
    student: str
    lab: str
    at: datetime
    timing: Timing = "stated"

    def __post_init__(self) -> None:
        _to_utc(self, "at")


@dataclass(frozen=True, slots=True)
class Result:
    """A submission was graded: `score` out of `out_of`."""

    submission: SubmissionId
    student: str
    lab: str
    score: Decimal
    out_of: Decimal

    def __post_init__(self) -> None:
        _exact("score", self.score)
        _exact("out_of", self.out_of)
        if not self.out_of:
            raise ValueError("out_of: expected more than 0 points")


@dataclass(frozen=True, slots=True)
class Extension:
    """The deadline of an item moves to `until`; an earlier `until` than the deadline changes nothing."""

    item: str
    until: datetime
    reason: str
    student: str = ""
    team: str = ""

    def __post_init__(self) -> None:
        _to_utc(self, "until")
        _one_owner(self.student, self.team)


@dataclass(frozen=True, slots=True)
class Exemption:
    """An item does not count (`kind` "item"), or a certificate excuses from the end of its late rule."""

    item: str
    reason: str
    kind: str = EXEMPT
    student: str = ""
    team: str = ""

    def __post_init__(self) -> None:
        _one_owner(self.student, self.team)
        if not self.reason.strip():
            raise ValueError("reason: an exemption needs one")


@dataclass(frozen=True, slots=True)
class ManualGrade:
    """A manual grade, before late rules; it stands for everything below its part.

    Attributes:
        item: the item's name, or `total` to put the final grade in place of the computed one.
        points: the points given.
        part: the dotted path of a part (`report.writing`), or nothing for the whole item.
        at: when it was given. Of two grades for the same thing the later one counts.
        submitted: when the work was submitted, where the store does not know it.
        note: why, for whoever reads the gradebook.
    """

    item: str
    points: Decimal
    part: str = ""
    at: datetime | None = None
    submitted: datetime | None = None
    note: str = ""
    student: str = ""
    team: str = ""

    def __post_init__(self) -> None:
        _exact("points", self.points)
        _one_owner(self.student, self.team)
        if self.at is not None:
            _to_utc(self, "at")
        if self.submitted is not None:
            _to_utc(self, "submitted")


@dataclass(frozen=True, slots=True)
class Team:
    """Students who submit together: for one item, or (with no item) for every team item."""

    name: str
    members: tuple[str, ...]
    item: str = ""


@dataclass(frozen=True, slots=True)
class Submitter:
    """A correction of who submitted: the work of `submitter` is `student`'s.

    Attributes:
        submitter: as the store names whoever submitted: a student's id, or the name that joined nobody.
        student: whose work it is; nothing if it counts for nobody.
        lab: one lab, or the name of an item without one; nothing for all.
        at: when the correction was made. For one submitter and lab the later counts.
        note: why.
    """

    submitter: str
    student: str
    lab: str = ""
    at: datetime | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.submitter.strip():
            raise ValueError("submitter: a correction needs one")
        if self.at is not None:
            _to_utc(self, "at")


@dataclass(frozen=True, slots=True)
class Case:
    """The outcome of an integrity case about one student's work.

    Attributes:
        student: whose work it is.
        lab: the lab, or the name of an item without one.
        outcome: what was decided.
        at: when. Of several for one student and lab the latest counts.
        reason: why, for whoever reads the gradebook.
    """

    student: str
    lab: str
    outcome: Outcome
    at: datetime
    reason: str

    def __post_init__(self) -> None:
        _to_utc(self, "at")
        if self.outcome not in OUTCOMES:
            raise ValueError(f"outcome: expected one of {', '.join(OUTCOMES)}, got {self.outcome!r}")
        if not self.reason.strip():
            raise ValueError("reason: the outcome of a case needs one")


Event = Submission | Result | Extension | Exemption | ManualGrade | Team | Submitter | Case
