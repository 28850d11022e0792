"""What must agree inside a course file and no single table can see."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from practicum.course.assessment import Item, Part
from practicum.course.model import Component, Course
from practicum.course.rounding import plain
from practicum.errors import suggestion
from practicum.toml import KeyPath

Disagreement = tuple[KeyPath, str]

RESERVED = ("total", "none")
"""Names with a meaning of their own: the final grade in `marks.csv`, and the absence of a late rule."""


def disagreements(course: Course) -> Iterator[Disagreement]:
    """Yield what does not fit together, as the path in the file and a sentence."""
    yield from _names(course)
    yield from _weights(course)
    yield from _late_rules(course)
    yield from _labs(course)
    yield from _weeks(course)
    yield from _holidays(course)
    for path, item in course.items_at():
        yield from _parts(item, path)
        yield from _exam(course, item, path)


def _names(course: Course) -> Iterator[Disagreement]:
    seen: Counter[str] = Counter()
    for c, component in enumerate(course.component):
        seen[component.name] += 1
        if seen[component.name] > 1:
            yield ("component", c, "name"), f"expected a name of its own, got a second component `{component.name}`"
    seen.clear()
    for path, item in course.items_at():
        seen[item.name] += 1
        if seen[item.name] > 1:
            yield (*path, "name"), f"expected a name of its own, got a second item `{item.name}`"
        if item.name in RESERVED:
            yield (*path, "name"), f"expected another name, got `{item.name}`, which has a meaning of its own"
    for name in course.late:
        if name in RESERVED:
            yield ("late", name), f"expected another name, got `{name}`, which has a meaning of its own"


def _weights(course: Course) -> Iterator[Disagreement]:
    total = sum((component.weight for component in course.component), Decimal(0))
    if total != course.grade.out_of:
        due = f"`grade.out_of` ({plain(course.grade.out_of)})"
        yield ("component",), f"expected the weights of the components to add up to {due}, got {plain(total)}"
    for c, component in enumerate(course.component):
        yield from _item_weights(component, ("component", c))


def _item_weights(component: Component, path: KeyPath) -> Iterator[Disagreement]:
    stated = [item.weight for item in component.item if item.weight is not None]
    if stated and len(stated) != len(component.item):
        missing = next(i for i, item in enumerate(component.item) if item.weight is None)
        yield (
            (*path, "item", missing),
            "expected a `weight` as its neighbours have, got none; without any weight they share equally",
        )
    elif stated and sum(stated) != component.weight:
        due = f"that of the component ({plain(component.weight)})"
        yield (*path, "weight"), f"expected the weights of the items to add up to {due}, got {plain(Decimal(sum(stated)))}"


def _late_rules(course: Course) -> Iterator[Disagreement]:
    known = [*course.late, "none"]
    places: list[tuple[KeyPath, str | None]] = [(("grade", "late"), course.grade.late)]
    places += [((*path, "late"), item.late) for path, item in course.items_at()]
    for path, name in places:
        if name is not None and name not in known:
            yield path, f"expected the name of a late rule, got `{name}`{suggestion(name, known)}; known: {', '.join(known)}"


def _labs(course: Course) -> Iterator[Disagreement]:
    feeds: dict[str, str] = {}
    for path, item in course.items_at():
        for lab in item.labs():
            if lab in feeds:
                yield path, f"expected each lab in one part of one item, got lab `{lab}` here and already in `{feeds[lab]}`"
            feeds[lab] = item.name


def _weeks(course: Course) -> Iterator[Disagreement]:
    weeks = course.term.weeks
    for s, session in enumerate(course.session):
        if session.week is not None and session.week > weeks:
            yield ("session", s, "week"), f"expected a week of the term, 1 to {weeks}, got {session.week}"
    for path, when in course.moments():
        if when.week is not None and when.week > weeks:
            yield path, f"expected a week of the term, 1 to {weeks}, got {when.week}"
    for m, meeting in enumerate(course.about.meeting):
        for n, week in enumerate(meeting.remote_weeks):
            if week > weeks:
                yield ("about", "meeting", m, "remote_weeks", n), f"expected a week of the term, 1 to {weeks}, got {week}"


def _holidays(course: Course) -> Iterator[Disagreement]:
    for h, holiday in enumerate(course.term.holiday):
        first, last = course.term.days_of(holiday)
        if last < first:
            yield ("term", "holiday", h, "last"), f"expected `last` on or after `first` ({first}), got {last}"
        if (last - first).days > 366:
            yield ("term", "holiday", h, "last"), f"expected a holiday of at most a year, got {first} to {last}"


def _parts(part: Part, path: KeyPath) -> Iterator[Disagreement]:
    seen: Counter[str] = Counter()
    for p, child in enumerate(part.part):
        seen[child.name] += 1
        if seen[child.name] > 1:
            yield (*path, "part", p, "name"), f"expected a name of its own, got a second part `{child.name}`"
        if part.lab and any(below.lab for below in (child, *(deeper for _, deeper in child.walk()))):
            yield (
                (*path, "part", p),
                f"expected no lab in this part, got one inside lab `{part.lab}`, which fills it already",
            )
        yield from _parts(child, (*path, "part", p))
    inside = [child.points for child in part.part if not child.bonus]
    if inside and sum(inside) != part.points:
        yield (*path, "points"), (f"expected the parts to add up to {plain(part.points)}, got {plain(Decimal(sum(inside)))}")


def _exam(course: Course, item: Item, path: KeyPath) -> Iterator[Disagreement]:
    exam = item.exam
    if exam is None:
        return
    if exam.questions_min and exam.questions_max and exam.questions_max < exam.questions_min:
        yield (
            (*path, "exam", "questions_max"),
            f"expected at least `questions_min` ({exam.questions_min}), got {exam.questions_max}",
        )
    if exam.scope:
        numbers = {s.number for s in course.session if s.kind == exam.scope.kind}
        for edge in sorted({exam.scope.first, exam.scope.last} - numbers):
            yield (*path, "exam", "scope"), f"expected a {exam.scope.kind} that is in the plan, got {edge}"
        if exam.scope.last < exam.scope.first:
            yield (*path, "exam", "scope"), f"expected `last` at or after `first` ({exam.scope.first}), got {exam.scope.last}"
