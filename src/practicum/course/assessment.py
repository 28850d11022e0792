"""The lines of the gradebook: items, their parts, and what an item may be (an examination, a report, a talk)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from practicum.course.term import Material, Moment, Name, Points, Table, Text
from practicum.toml import KeyPath


class Part(Table):
    """A share of an item's points. With `lab`, results of that lab fill it; manual grades may fill any part.

    `sentence` is what the course's own rubric says of it.
    """

    name: Name
    title: str = ""
    sentence: str = ""
    points: Points
    lab: Name | None = None
    bonus: bool = False
    part: tuple["Part", ...] = ()
    files: tuple[str, ...] = ()
    settings: dict[str, object] = Field(default_factory=dict)
    notes: str = ""

    @property
    def most(self) -> Decimal:
        """The highest score, bonus included."""
        inside = sum((child.most for child in self.part if not child.bonus), Decimal(0))
        extra = sum((child.most for child in self.part if child.bonus), Decimal(0))
        return max(self.points, inside) + extra

    def walk(self, prefix: str = "") -> Iterator[tuple[str, "Part"]]:
        """Yield every part below this one with its dotted path."""
        for child in self.part:
            yield prefix + child.name, child
            yield from child.walk(f"{prefix}{child.name}.")

    def paths(self) -> Iterator[tuple[KeyPath, "Part"]]:
        """Yield every part below this one with its place in the file, as seen from here."""
        for p, child in enumerate(self.part):
            yield ("part", p), child
            yield from ((("part", p, *below), part) for below, part in child.paths())


class TeamSize(Table):
    """How many students submit together, and by when teams are formed."""

    min: Annotated[int, Field(ge=1)] = 1
    max: Annotated[int, Field(ge=1)] | None = None
    formed: Moment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise ValueError(f"expected `max` to be at least `min` ({self.min})")
        return self


class Scope(Table):
    """What an examination covers: sessions of a kind, first to last, both included.

    `sentence` is how the course's own document says it, where that leaves room for another reading.
    """

    kind: Literal["lecture", "lab", "tutorial"] = "lecture"
    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]
    sentence: str = ""


class Exam(Table):
    """A written examination."""

    minutes: Annotated[int, Field(ge=1)] | None = None
    questions_min: Annotated[int, Field(ge=1)] | None = None
    questions_max: Annotated[int, Field(ge=1)] | None = None
    written: bool = True
    on: Moment | None = None
    scope: Scope | None = None
    notes: str = ""


class Document(Table):
    """A report, proposal or poster: the form it must have, its sections and the questions that it answers."""

    kind: Literal["report", "proposal", "poster"]
    format: Literal["pdf"] = "pdf"
    typeset: str = ""
    template: str = ""
    columns: Literal[1, 2] | None = None
    max_pages: Annotated[int, Field(ge=1)] | None = None
    references: Literal["counted", "not counted", "alone on the last page"] = "counted"
    paper: str = ""
    width_mm: Annotated[int, Field(ge=1)] | None = None
    height_mm: Annotated[int, Field(ge=1)] | None = None
    sections: tuple[Text, ...] = ()
    answers: tuple[Text, ...] = ()
    notes: str = ""


class Talk(Table):
    """A presentation. `decided` is when its topic is settled; `answers` are the questions that it answers."""

    title: Text
    minutes: Annotated[int, Field(ge=1)] | None = None
    best_teams: Annotated[int, Field(ge=1)] | None = None
    ranked_by: Name | None = None
    others: Literal["poster"] | None = None
    decided: Moment | None = None
    answers: tuple[Text, ...] = ()
    notes: str = ""


class Checkpoint(Table):
    """Something due on the way that carries no points of its own."""

    title: Text
    due: Moment


class LmsColumns(Table):
    """The column an item already has in a learning-management system, so that an import finds it again."""

    canvas: str = ""
    blackboard: str = ""
    moodle: str = ""


class Item(Part):
    """One line of the gradebook: an assignment, an examination, a project. It is the root of its parts."""

    weight: Points | None = None
    out: Moment | None = None
    due: Moment | None = None
    late: Name | None = None
    submissions: Literal["best", "last"] | None = None
    team: TeamSize | None = None
    exam: Exam | None = None
    document: tuple[Document, ...] = ()
    talk: tuple[Talk, ...] = ()
    checkpoint: tuple[Checkpoint, ...] = ()
    topics: tuple[Name, ...] = ()
    handouts: tuple[Material, ...] = ()
    lms: LmsColumns = LmsColumns()

    @property
    def label(self) -> str:
        """The title, or the name where there is none."""
        return self.title or self.name

    def labs(self) -> tuple[str, ...]:
        """Return the labs that feed this item."""
        parts = [self, *(part for _, part in self.walk())]
        return tuple(part.lab for part in parts if part.lab)
