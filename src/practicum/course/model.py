"""The course file: what may stand in `course.toml`, and what it means.

Every table is a frozen model that refuses unknown keys. Numbers are exact decimals. What must agree between tables
(weights that add up, late rules that exist) is checked in `validate` when the file is read.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from practicum.course.assessment import Item
from practicum.course.late import NO_RULE, LateRule
from practicum.course.term import Clock, Material, Moment, Name, Points, Table, Term, Text, Weekday, When
from practicum.errors import suggestion
from practicum.toml import KeyPath


class Session(Table):
    """A lecture, lab, tutorial, examination or other meeting: when, what it teaches, and what goes with it.

    It may take several days; `week` alone is enough where the days are not known.
    """

    kind: Literal["lecture", "lab", "tutorial", "exam", "workshop", "presentations", "revision"]
    number: Annotated[int, Field(ge=1)] | None = None
    week: Annotated[int, Field(ge=1)] | None = None
    dates: tuple[Moment, ...] = ()
    title: Text
    topics: tuple[Name, ...] = ()
    optional_topics: tuple[Name, ...] = ()
    labs: tuple[Name, ...] = ()
    reading: tuple[Material, ...] = ()
    slides: tuple[Material, ...] = ()
    videos: tuple[Material, ...] = ()
    material: tuple[Material, ...] = ()
    notes: str = ""

    @field_validator("dates")
    @classmethod
    def _whole_days(cls, value: tuple[When, ...]) -> tuple[When, ...]:
        for when in value:
            if when.end_of_term or when.at or when.time or (when.week and not when.day):
                raise ValueError("expected days: dates, or tables with `week` and `day`")
        return value


class Component(Table):
    """A share of the grade; its items share its weight."""

    name: Name
    title: Text
    weight: Points
    makes_up: bool = False
    item: Annotated[tuple[Item, ...], Field(min_length=1)]
    steps: tuple[Text, ...] = ()
    notes: str = ""

    def weight_of(self, item: Item) -> Decimal:
        """Return the points of the final grade that `item` carries; equal shares where the file states none."""
        return item.weight if item.weight is not None else self.weight / len(self.item)


class Grade(Table):
    """The final grade: what the components add up to and the most anyone can have."""

    out_of: Points = Decimal(100)
    cap: Points = Decimal(100)
    late: Name | None = None
    submissions: Literal["best", "last"] = "best"


class Integrity(Table):
    """A rule of academic honesty and what follows from breaking it. Practicum states it; people decide it."""

    rule: Text
    consequence: str = ""
    applies_to: str = ""


class OfficeHour(Table):
    """When and where a member of staff can be asked, every week."""

    weekday: Weekday
    begins: Clock
    ends: Clock
    place: str = ""
    link: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends <= self.begins:
            raise ValueError(f"expected `ends` after `begins` ({self.begins})")
        return self


class Meeting(OfficeHour):
    """When and where the class meets, every week; in `remote_weeks` it meets on line only."""

    remote_weeks: tuple[Annotated[int, Field(ge=1, le=60)], ...] = ()
    notes: str = ""


class Staff(Table):
    """A lecturer or teaching assistant."""

    name: Text
    role: str = ""
    email: str = ""
    office_hour: tuple[OfficeHour, ...] = ()


class About(Table):
    """What a student reads first. What a document does not state stays empty."""

    institution: str = ""
    also_known_as: tuple[str, ...] = ()
    language: str = ""
    prerequisites: tuple[Text, ...] = ()
    philosophy: tuple[Text, ...] = ()
    tools: tuple[str, ...] = ()
    books: tuple[str, ...] = ()
    resources: tuple[Material, ...] = ()
    platform: str = ""
    computing: str = ""
    reports: str = ""
    source_code: str = ""
    hand_in: tuple[str, ...] = ()
    materials: str = ""
    feedback: str = ""
    office_hours: str = ""
    rules: tuple[Text, ...] = ()
    staff: tuple[Staff, ...] = ()
    meeting: tuple[Meeting, ...] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()


class Course(Table):
    """A course, whole: everything that stands in one `course.toml`."""

    name: Name
    title: Text
    code: str = ""
    about: About = About()
    term: Term
    grade: Grade = Grade()
    late: dict[Name, LateRule] = Field(default_factory=dict)
    topics: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    facts: dict[Name, tuple[Text, ...]] = Field(default_factory=dict)
    integrity: tuple[Integrity, ...] = ()
    session: tuple[Session, ...] = ()
    component: Annotated[tuple[Component, ...], Field(min_length=1)]

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every item, in the order of the file."""
        return tuple(item for component in self.component for item in component.item)

    @cached_property
    def labs(self) -> dict[str, Item]:
        """Each lab that feeds a grade, with the item it feeds."""
        return {lab: item for item in self.items for lab in item.labs()}

    def items_at(self) -> Iterator[tuple[KeyPath, Item]]:
        """Yield every item with its place in the file."""
        for c, component in enumerate(self.component):
            for i, item in enumerate(component.item):
                yield ("component", c, "item", i), item

    def moments(self) -> Iterator[tuple[KeyPath, When]]:
        """Yield every point in time that the file states, with its place there, but for the start and the holidays."""
        if self.term.end:
            yield ("term", "end"), self.term.end
        for s, session in enumerate(self.session):
            yield from ((("session", s, "dates", d), when) for d, when in enumerate(session.dates))
        for path, item in self.items_at():
            stated: dict[KeyPath, When | None] = {("out",): item.out, ("due",): item.due}
            stated[("team", "formed")] = item.team.formed if item.team else None
            stated[("exam", "on")] = item.exam.on if item.exam else None
            stated |= {("checkpoint", n, "due"): each.due for n, each in enumerate(item.checkpoint)}
            stated |= {("talk", n, "decided"): each.decided for n, each in enumerate(item.talk)}
            yield from (((*path, *below), when) for below, when in stated.items() if when)

    def find(self, name: str) -> Item:
        """Return the item of that name.

        Raises:
            KeyError: there is none; the message suggests the closest.
        """
        for item in self.items:
            if item.name == name:
                return item
        raise KeyError(f"no item `{name}` in course `{self.name}`{suggestion(name, [i.name for i in self.items])}")

    def late_rule(self, item: Item) -> LateRule:
        """Return the late rule of `item`: its own, else the course's, else none."""
        name = item.late or self.grade.late
        return self.late.get(name, NO_RULE) if name else NO_RULE

    def policy(self, item: Item) -> Literal["best", "last"]:
        """Return which of several submissions counts for `item`."""
        return item.submissions or self.grade.submissions

    def certificates(self) -> tuple[str, ...]:
        """Return the kinds of certificate that some late rule of this course asks for."""
        return tuple(dict.fromkeys(rule.excused.kind for rule in self.late.values() if rule.excused))

    def taught(self) -> tuple[str, ...]:
        """Return every topic this course names, once, in order of appearance."""
        named = [t for s in self.session for t in (*s.topics, *s.optional_topics)]
        named += [t for item in self.items for t in item.topics]
        named += [t for group in self.topics.values() for t in group]
        return tuple(dict.fromkeys(named))
